import { expect, test } from "vitest";
import { ProcessGroup } from "../../src/ranks/group";
import { abortGroup, createGroup, type GroupMemory } from "../../src/ranks/group-memory";
import { Watchdog } from "../../src/ranks/watchdog";
import { type Fault, type Job, MEAN_DIGESTS, type RankAnswer, type RankStart } from "../helpers/group-job";

const groupOf = (worldSize: number): GroupMemory =>
  createGroup({
    ...{ worldSize, microBatches: 4, buckets: [67, 5, 130] },
    tables: { scores: { rows: 101, columns: 2, type: "f64" } },
  });

/** The answers of `answering`, all ranks when undefined; every worker is ended. */
async function launch(memory: GroupMemory, job: Job, fault?: Fault, answering?: readonly number[]) {
  const workers: Worker[] = [];
  const watchdog = new Watchdog(memory, performance.now(), { silentMs: 500, everyMs: 50 });
  const timer = setInterval(() => {
    const abort = watchdog.look(performance.now());
    if (abort) abortGroup(memory, abort);
  }, watchdog.everyMs);
  const asked = answering ?? Array.from({ length: memory.worldSize }, (_, rank) => rank);
  const answers = Array.from({ length: memory.worldSize }, (_, rank) => {
    const worker = new Worker(new URL("../browser/group-rank.ts", import.meta.url), { type: "module" });
    workers.push(worker);
    const start: RankStart = { rank, memory, job, fault };
    return new Promise<RankAnswer>((resolve, reject) => {
      worker.onmessage = ({ data }: MessageEvent<RankAnswer>) => resolve(data);
      worker.onerror = ({ message }) => reject(new Error(`rank ${rank}: ${message}`));
      worker.postMessage(start);
    });
  });
  try {
    return await Promise.all(asked.map((rank) => answers[rank]));
  } finally {
    clearInterval(timer);
    for (const worker of workers) worker.terminate();
  }
}

test("workers of a page make the same bits on 1, 2, 3 and 4 ranks", async () => {
  expect(crossOriginIsolated).toBe(true);
  const job = { kind: "mean", steps: 3, pipelined: true } as const;
  const [alone] = await launch(groupOf(1), job);
  for (const worldSize of [2, 3, 4]) {
    const answers = await launch(groupOf(worldSize), job);
    for (const [rank, answer] of answers.entries()) expect(answer).toEqual({ ...alone, rank });
  }
  expect(alone).toMatchObject({ result: MEAN_DIGESTS });
});

test("a rank that throws and one that stands still are named by the others", async () => {
  const job = { kind: "barriers", count: 9 } as const;
  const thrown = await launch(groupOf(3), job, { rank: 1, at: 4, how: "throw" });
  for (const rank of [0, 2])
    expect(thrown[rank]).toMatchObject({ error: `rank ${rank}, barrier 5: rank 1 threw: injected` });
  const stuck = await launch(groupOf(3), job, { rank: 2, at: 4, how: "stick" }, [0, 1]);
  for (const rank of [0, 1])
    expect(stuck[rank]).toMatchObject({
      error: expect.stringMatching(
        new RegExp(
          `^rank ${rank}, barrier 5: rank 2 showed no sign of life for 0\\.[5-9] s; it was last in barrier 4$`,
        ),
      ),
      culprit: 2,
    });
});

test("the page's main thread is no rank of several", () => {
  expect(() => new ProcessGroup(0, groupOf(2))).toThrow(
    "rank 0: this thread may not wait for others, as a page's main thread; run the rank in a worker",
  );
  new ProcessGroup(0, groupOf(1)).barrier();
});
