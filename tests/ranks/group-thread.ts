/**
 * A rank of the tests in a thread of Node. Run as a process of its own, it launches such threads: three ranks at barriers
 * until a line comes in, with patience for half a second.
 */
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { abortGroup, createGroup, WORD, wordOf } from "../../src/ranks/group-memory";
import { Watchdog } from "../../src/ranks/watchdog";
import { type RankAnswer, type RankStart, runRank } from "../helpers/group-job";

const PATIENCE_MS = 500;

/** Barriers without end; "stopped" ends them. */
function supervise(): void {
  const memory = createGroup({ worldSize: 3, microBatches: 4, buckets: [1], tables: {} });
  const words = new Int32Array(memory.control);
  const answers: RankAnswer[] = [];
  const watchdog = new Watchdog(memory, performance.now(), { silentMs: PATIENCE_MS, everyMs: 50 });
  const arrived = (): number => Atomics.load(words, wordOf(0, WORD.arrived));
  const timer = setInterval(() => {
    const abort = watchdog.look(performance.now());
    if (abort) abortGroup(memory, abort);
    process.stdout.write(`${arrived()}\n`);
  }, watchdog.everyMs);
  for (let rank = 0; rank < 3; rank++) {
    const job = { kind: "barriers", count: Number.POSITIVE_INFINITY } as const;
    const start: RankStart = { rank, memory, job, timeoutMs: PATIENCE_MS };
    const worker = new Worker(process.argv[1], { workerData: start });
    worker.on("message", (answer: RankAnswer) => {
      answers.push(answer);
      if (answers.length < 3) return;
      clearInterval(timer);
      process.stdout.write(`${JSON.stringify(answers)}\n`);
      process.stdin.unref();
    });
  }
  process.stdin.once("data", () => abortGroup(memory, { reason: "stopped", rank: -1, text: "asked to stop" }));
}

if (isMainThread) supervise();
else void runRank(workerData as RankStart, () => process.exit(3)).then((answer) => parentPort?.postMessage(answer));
