/**
 * An evaluation by ranks in threads, seen from the command's thread. There is no recovery as in training: an evaluation is
 * short, so a rank that fails ends it with a sentence, and it is made again.
 */
import { join } from "node:path";
import { proxy, type Remote } from "comlink";
import { abortGroup, abortOf, createGroup, type GroupMemory } from "../../ranks/group-memory";
import { Watchdog } from "../../ranks/watchdog";
import { projectRoot } from "../host";
import { endProcess, type RankThread, startThreads, THREAD_WATCHDOG, type ThreadStarter } from "../rank-threads";
import { clock, openGpu } from "../run-setup";
import type { CheckpointFile } from "./checkpoint-file";
import { type EvaluationChoice, type EvaluationData, shareEvaluation } from "./data";
import { type EvaluationRankApi, PATIENCE_MS } from "./rank";
import { type Scored, scoreTables } from "./score";
import type { Scorer } from "./scorer";

/** A rank that is built says something at least so often, ms: kernels compile in between. */
const BUILD_SILENCE_MS = 300_000;
/** How long threads may take to end, ms; one that still compiles or computes ends after that, on a busy machine late. */
const END_MS = 60_000;

/** Starts and builds the ranks. Throws a sentence that names the rank when one cannot be built; then all have ended. */
export async function startRanks(
  choice: EvaluationChoice,
  checkpoint: CheckpointFile,
  data: EvaluationData,
  program: string = join(projectRoot(), "dist/node/evaluate-worker.js"),
): Promise<Scorer> {
  // Names the Vulkan driver for all threads, and is the place to hear that there is no adapter.
  (await openGpu()).destroy();
  const ranks = new Ranks(choice, data, startThreads<EvaluationRankApi>(program, {}));
  await ranks.build(checkpoint);
  return ranks;
}

class Ranks implements Scorer {
  readonly #threads: RankThread<EvaluationRankApi>[] = [];
  readonly #lost: Promise<never>;
  #lose: (error: Error) => void = () => undefined;
  #memory: GroupMemory | undefined;
  #isSoftware = false;

  constructor(
    private readonly choice: EvaluationChoice,
    private readonly data: EvaluationData,
    private readonly starter: ThreadStarter<EvaluationRankApi>,
  ) {
    this.#lost = new Promise((_, reject) => {
      this.#lose = reject;
    });
    this.#lost.catch(() => undefined);
  }

  build(checkpoint: CheckpointFile): Promise<void> {
    const { choice, data } = this;
    return this.#orEnd(async () => {
      const shared = await shareEvaluation(data);
      for (let rank = 0; rank < choice.ranks; rank++) this.#start(rank);
      const silence = new Silence(this.#lose);
      try {
        const built = await this.#each(async (api, rank) => {
          const tell = proxy(() => silence.heard());
          const answer = await api.build({ rank, choice, checkpoint, shared }, tell);
          silence.heard();
          return answer;
        });
        this.#isSoftware = built.some(({ softwareAdapter }) => softwareAdapter);
      } finally {
        silence.end();
      }
    });
  }

  score(onProgress: (done: number, total: number) => void): Promise<Scored> {
    const { choice, data } = this;
    return this.#orEnd(async () => {
      const memory = createGroup({
        worldSize: choice.ranks,
        // Nothing is trained: any tree with a leaf for each rank.
        microBatches: 2 ** Math.ceil(Math.log2(choice.ranks)),
        buckets: [],
        tables: scoreTables(data, choice.wantsPredictions),
      });
      this.#memory = memory;
      const done = new Array<number>(choice.ranks).fill(0);
      const endWatch = watch(memory, this.#lose);
      try {
        const [found] = await this.#each((api, rank) => {
          const tell = (own: number): void => {
            done[rank] = own;
            onProgress(
              done.reduce((sum, each) => sum + each, 0),
              data.loader.ids.length,
            );
          };
          return api.evaluate(memory, this.#isSoftware, proxy(tell));
        });
        if (found === undefined) throw new Error("rank 0 gave no result");
        return found;
      } finally {
        endWatch();
      }
    });
  }

  async close(): Promise<void> {
    const left = await this.#endThreads();
    if (left === 0) return;
    // The results have left this process before it ends.
    await new Promise((resolve) => process.stdout.write("", resolve));
    process.stderr.write(`handloom: ${left} ranks did not end; the evaluation is complete\n`);
    endProcess();
  }

  #start(rank: number): void {
    const thread = this.starter.start(rank);
    thread.onEnd((why) => {
      const text = `rank ${rank}: its thread ended: ${why}`;
      if (this.#memory) abortGroup(this.#memory, { reason: "ended", rank, text });
      this.#lose(new Error(text));
    });
    this.#threads.push(thread);
  }

  /** The same call to every rank. Rejects with the first error, which names its rank, also when a thread ends. */
  #each<T>(call: (api: Remote<EvaluationRankApi>, rank: number) => Promise<T>): Promise<T[]> {
    const calls = this.#threads.map(async ({ api }, rank) => {
      try {
        return await call(api, rank);
      } catch (error) {
        const { message } = error as Error;
        throw new Error(message.startsWith("rank ") ? message : `rank ${rank}: ${message}`);
      }
    });
    return Promise.race([Promise.all(calls), this.#lost]);
  }

  /** Does `work`; when it fails ends all threads and throws one sentence. */
  async #orEnd<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      // What happened first; others only say that the group has ended.
      const abort = this.#memory && abortOf(this.#memory);
      const text = abort?.text ?? (error as Error).message;
      const sentence = `evaluate: ${text}; nothing was evaluated, so run it again, or with fewer --ranks`;
      if (this.#memory) abortGroup(this.#memory, { reason: "stopped", rank: -1, text });
      if ((await this.#endThreads()) > 0) {
        process.stderr.write(`handloom: ${sentence}\n`);
        endProcess();
      }
      throw new Error(sentence);
    }
  }

  /** Asks all threads to end; how many have not in time. */
  #endThreads(): Promise<number> {
    for (const { api, isRunning } of this.#threads) if (isRunning()) void api.close().catch(() => undefined);
    return this.starter.ended(END_MS);
  }
}

/** Ends the group when a rank hangs, so that the others come out; returns what ends the watch. */
function watch(memory: GroupMemory, lose: (error: Error) => void): () => void {
  const watchdog = new Watchdog(memory, clock.now(), { ...THREAD_WATCHDOG, idleMs: PATIENCE_MS });
  const timer = setInterval(() => {
    const found = watchdog.look(clock.now());
    if (!found) return;
    abortGroup(memory, found);
    lose(new Error(found.text));
  }, watchdog.everyMs);
  return () => clearInterval(timer);
}

/** Loses the ranks when none of those that are built says a word for too long. */
class Silence {
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly lose: (error: Error) => void) {
    this.heard();
  }

  heard(): void {
    clearTimeout(this.#timer);
    const text = `no rank said anything for ${BUILD_SILENCE_MS / 1000} s while they were built`;
    this.#timer = setTimeout(() => this.lose(new Error(text)), BUILD_SILENCE_MS);
  }

  end(): void {
    clearTimeout(this.#timer);
  }
}
