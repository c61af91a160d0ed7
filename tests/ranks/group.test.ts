import { type ChildProcess, spawn } from "node:child_process";
import { Worker } from "node:worker_threads";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ProcessGroup } from "../../src/ranks/group";
import {
  abortGroup,
  createGroup,
  type GroupMemory,
  type GroupShape,
  placeOf,
  reformGroup,
  WORD,
  wordOf,
} from "../../src/ranks/group-memory";
import { Watchdog, type WatchdogOptions } from "../../src/ranks/watchdog";
import { type BuiltPrograms, buildPrograms } from "../helpers/built-programs";
import type { Fault, Job, RankAnswer, RankStart } from "../helpers/group-job";

let programs: BuiltPrograms;
let program = "";
beforeAll(async () => {
  programs = await buildPrograms("tests/ranks/group-thread.ts");
  program = programs.path("group-thread");
});
afterAll(() => programs.remove());

const SHAPE = {
  microBatches: 4,
  buckets: [67, 5, 130],
  tables: { scores: { rows: 101, columns: 2, type: "f64" } },
} as const;
const groupOf = (worldSize: number, shape: Partial<GroupShape> = {}): GroupMemory =>
  createGroup({ ...SHAPE, ...shape, worldSize });

interface Launch {
  readonly fault?: Fault;
  readonly timeoutMs?: number;
  readonly startTimeoutMs?: number;
  readonly watchdog?: WatchdogOptions;
  /** Starts ranks by and by; all at once when undefined. */
  readonly order?: (start: (rank: number) => void) => void;
  /** Ranks whose answer is waited for; all when undefined. */
  readonly answering?: readonly number[];
}

/** One worker for each rank; a worker that ends without an answer ends the group, as a launcher would have it. */
async function launch(memory: GroupMemory, job: Job, options: Launch = {}): Promise<RankAnswer[]> {
  const { fault, timeoutMs, startTimeoutMs, order } = options;
  const ranks = Array.from({ length: memory.worldSize }, (_, rank) => rank);
  const workers: Worker[] = [];
  const watchdog = options.watchdog && new Watchdog(memory, performance.now(), options.watchdog);
  const timer = setInterval(() => {
    const abort = watchdog?.look(performance.now());
    if (abort) abortGroup(memory, abort);
  }, watchdog?.everyMs ?? 1000);
  const answers = new Map<number, RankAnswer>();
  try {
    await new Promise<void>((done) => {
      const answering = options.answering ?? ranks;
      const start = (rank: number): void => {
        const data: RankStart = { rank, memory, job, fault, timeoutMs, startTimeoutMs };
        const worker = new Worker(program, { workerData: data });
        workers.push(worker);
        const note = (answer: RankAnswer): void => {
          if (!answers.has(rank)) answers.set(rank, answer);
          if (answering.every((each) => answers.has(each))) done();
        };
        worker.on("message", note);
        worker.on("exit", (code) => {
          if (answers.has(rank)) return;
          abortGroup(memory, { reason: "ended", rank, text: `rank ${rank}'s worker ended with code ${code}` });
          note({ rank, error: "ended" });
        });
      };
      if (order) order(start);
      else for (const rank of ranks) start(rank);
    });
  } finally {
    clearInterval(timer);
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
  return ranks.map((rank) => answers.get(rank)!);
}

const resultsOf = (answers: readonly RankAnswer[]): unknown[] =>
  answers.map((answer) => {
    if ("error" in answer) throw new Error(answer.error);
    return answer.result;
  });

/** Looks until `condition` holds; the test's own limit ends it. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

test("1, 2, 3 and 4 ranks make the same bits, in one go and bucket by bucket", async () => {
  const [expected] = resultsOf(await launch(groupOf(1), { kind: "mean", steps: 6 }));
  expect(new Set(expected as string[]).size).toBe(6);
  for (const worldSize of [1, 2, 3, 4])
    for (const pipelined of [false, true])
      expect(resultsOf(await launch(groupOf(worldSize), { kind: "mean", steps: 6, pipelined }))).toEqual(
        Array(worldSize).fill(expected),
      );
});

test("eight micro-batches on three ranks as on one", async () => {
  const shape = { microBatches: 8 };
  const [expected] = resultsOf(await launch(groupOf(1, shape), { kind: "mean", steps: 2 }));
  expect(resultsOf(await launch(groupOf(3, shape), { kind: "mean", steps: 2 }))).toEqual(Array(3).fill(expected));
});

test("a thousand barriers", async () => {
  const memory = groupOf(4);
  expect(resultsOf(await launch(memory, { kind: "barriers", count: 1000 }))).toEqual([1000, 1000, 1000, 1000]);
  expect(placeOf(memory, 2)).toBe("it has left after barrier 1000");
});

test("rows of all ranks at their places, odd numbers and fewer than ranks", async () => {
  for (const [rows, worldSize] of [
    [0, 2],
    [1, 3],
    [7, 4],
    [101, 3],
  ]) {
    const rounds = [0, 1].map((round) =>
      Array.from({ length: rows }, (_, row) => [row, row === 3 ? Number.NaN : row / 3 + round]).flat(),
    );
    const answers = await launch(groupOf(worldSize), { kind: "gather", rows });
    expect(resultsOf(answers)).toEqual(Array(worldSize).fill(rounds));
  }
});

test("a row that nobody wrote, or two did, ends every rank", async () => {
  // Written in the first round: an old row must not pass for a new one.
  const missing = await launch(groupOf(2), { kind: "gather", rows: 7, skip: 5 });
  for (const rank of [0, 1])
    expect(missing[rank]).toMatchObject({
      error: `rank ${rank}, all-gather 4: 1 of 7 rows of table "scores" were written by no rank, the first is 5`,
      reason: "mismatch",
    });
  const twice = await launch(groupOf(2), { kind: "gather", rows: 7, twice: 1 });
  for (const rank of [0, 1])
    expect(twice[rank]).toMatchObject({
      error: expect.stringMatching(
        new RegExp(
          `^rank ${rank}, (all-gather [12]|outside of a collective): row 1 of table "scores" was written twice, by rank 1 and by rank 1$`,
        ),
      ),
    });
});

test("a broadcast gives every rank the bits of one, through the stage piece by piece", async () => {
  const length = 150_000;
  const [alone] = resultsOf(await launch(groupOf(1), { kind: "broadcast", length, from: 0 }));
  const fromLast = resultsOf(await launch(groupOf(3), { kind: "broadcast", length, from: 2 }));
  expect(new Set(fromLast).size).toBe(1);
  expect(fromLast[0]).not.toBe(alone);
  expect(resultsOf(await launch(groupOf(3), { kind: "broadcast", length, from: 0 }))).toEqual([alone, alone, alone]);
});

test("all ranks agree on what any of them asks for", async () => {
  expect(resultsOf(await launch(groupOf(3), { kind: "agree" }))).toEqual(Array(3).fill([7, 4, 0]));
});

test("says how many buckets of this step are reduced, all of them too", () => {
  const memory = groupOf(2, { microBatches: 2 });
  const [early, late] = [0, 1].map((rank) => new ProcessGroup(rank, memory));
  for (let step = 0; step < 2; step++) {
    const publish = (group: ProcessGroup, bucket: number): void =>
      group.publish(bucket, 0, new Float32Array(SHAPE.buckets[bucket]));
    const ready: number[] = [];
    for (const bucket of SHAPE.buckets.keys()) {
      publish(early, bucket);
      ready.push(early.reduceReady());
    }
    for (const bucket of SHAPE.buckets.keys()) {
      publish(late, bucket);
      ready.push(late.reduceReady());
    }
    expect([...ready, early.reduceReady()]).toEqual([0, 0, 0, 1, 2, 3, 3]);
    for (const group of [early, late]) group.finishMean();
    expect(early.reduceReady()).toBe(0);
  }
});

test("words and times of all ranks; never more submissions in flight than allowed", async () => {
  const words = [-1, 0x7fff0001, 0x7fff0002, 0x7fff0003];
  const expected = { words, times: [0.5, 1.5, 2.5, 3.5], most: true, left: 0 };
  expect(resultsOf(await launch(groupOf(4), { kind: "words", count: 20 }))).toEqual(Array(4).fill(expected));
});

test("who waits to submit goes on when another is done, ends with the group, and gives back only what it has", async () => {
  const memory = groupOf(2);
  const [a, b] = [0, 1].map((rank) => new ProcessGroup(rank, memory, { submissions: 1 }));
  await a.acquireSubmission();
  let hasSubmitted = false;
  const second = b.acquireSubmission().then(() => {
    hasSubmitted = true;
  });
  await new Promise((resolve) => setTimeout(resolve, 0));
  expect(hasSubmitted).toBe(false);
  a.releaseSubmission();
  await second;
  expect(() => a.releaseSubmission()).toThrow("rank 0: a submission was released, but none is in flight");
  const third = a.acquireSubmission();
  abortGroup(memory, { reason: "ended", rank: 1, text: "rank 1's worker ended" });
  await expect(third).rejects.toThrow("rank 0, outside of a collective: rank 1's worker ended");
});

test("without Atomics.waitAsync a submission is waited for as well", async () => {
  const { waitAsync } = Atomics;
  try {
    Object.assign(Atomics, { waitAsync: undefined });
    const memory = groupOf(2);
    const [a, b] = [0, 1].map((rank) => new ProcessGroup(rank, memory, { submissions: 1 }));
    await a.acquireSubmission();
    const second = b.acquireSubmission();
    a.releaseSubmission();
    await second;
  } finally {
    Object.assign(Atomics, { waitAsync });
  }
});

test("a rank that rests is neither stuck nor waited for in vain", async () => {
  const memory = groupOf(2);
  const words = new Int32Array(memory.control);
  const resting = new ProcessGroup(0, memory).rest(1);
  const progress = (): number => Atomics.load(words, wordOf(0, WORD.progress));
  const before = progress();
  await until(() => progress() > before + 3);
  resting();
  const after = progress();
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(progress()).toBe(after);
});

test("ranks that call different collectives end at once, naming both", async () => {
  const answers = await launch(groupOf(3), { kind: "differ" });
  for (const [rank, answer] of answers.entries()) {
    expect(answer).toMatchObject({ reason: "mismatch", culprit: 1 });
    expect(answer).toMatchObject({
      error: `rank ${rank}, ${rank === 0 ? "barrier" : "broadcast"} 1: rank 0 called barrier, rank 1 broadcast of 8 numbers from rank 0`,
    });
  }
});

test("a rank that throws, before a barrier and between two means", async () => {
  const fault = { rank: 2, at: 3, how: "throw" } as const;
  for (const [job, where] of [
    [{ kind: "barriers", count: 9 }, "barrier 4"],
    [{ kind: "mean", steps: 9 }, "all-reduce 4"],
  ] as const) {
    const answers = await launch(groupOf(4), job, { fault });
    expect(answers[2]).toEqual({ rank: 2, error: "injected", reason: undefined, culprit: undefined });
    for (const rank of [0, 1, 3])
      expect(answers[rank]).toEqual({
        rank,
        error: `rank ${rank}, ${where}: rank 2 threw: injected`,
        reason: "threw",
        culprit: 2,
      });
  }
});

test("a rank whose thread ends", async () => {
  const fault = { rank: 0, at: 2, how: "exit" } as const;
  const answers = await launch(groupOf(3), { kind: "mean", steps: 9 }, { fault });
  for (const rank of [1, 2])
    expect(answers[rank]).toMatchObject({
      error: `rank ${rank}, all-reduce 3: rank 0's worker ended with code 3`,
      reason: "ended",
      culprit: 0,
    });
});

test("a rank that stands still is found by those who wait for it", async () => {
  const fault = { rank: 1, at: 2, how: "stick" } as const;
  const options = { fault, timeoutMs: 400, answering: [0, 2, 3] };
  const answers = await launch(groupOf(4), { kind: "barriers", count: 9 }, options);
  for (const rank of [0, 2, 3])
    expect(answers[rank]).toMatchObject({
      error: expect.stringMatching(
        new RegExp(
          `^rank ${rank}, barrier 3: rank 1 did no work for 0.4 s while rank [023] waited; it was last in barrier 2$`,
        ),
      ),
      reason: "timeout",
      culprit: 1,
    });
});

test("a rank that stands still is found by the watchdog long before that", async () => {
  const fault = { rank: 1, at: 2, how: "stick" } as const;
  const options = { fault, watchdog: { silentMs: 500, everyMs: 50 }, answering: [0, 2] };
  const answers = await launch(groupOf(3), { kind: "mean", steps: 9 }, options);
  for (const rank of [0, 2])
    expect(answers[rank]).toMatchObject({
      error: expect.stringMatching(
        new RegExp(
          `^rank ${rank}, all-reduce 3: rank 1 showed no sign of life for 0\\.[5-9] s; it was last in all-reduce 2$`,
        ),
      ),
      reason: "stuck",
      culprit: 1,
    });
});

test("an abort from outside reaches ranks that wait and ranks at work", async () => {
  for (const job of [{ kind: "barriers", count: 1 }, { kind: "work" }] as const) {
    const memory = groupOf(3);
    const words = new Int32Array(memory.control);
    const order = (start: (rank: number) => void): void => {
      start(0);
      start(1);
      // Rank 2 never comes.
      void until(() => [0, 1].every((rank) => Atomics.load(words, wordOf(rank, WORD.progress)) > 1)).then(() =>
        abortGroup(memory, { reason: "stopped", rank: -1, text: "the page was closed" }),
      );
    };
    const answers = await launch(memory, job, { order, answering: [0, 1] });
    const where = job.kind === "work" ? "outside of a collective" : "barrier 1";
    for (const rank of [0, 1])
      expect(answers[rank]).toMatchObject({ error: `rank ${rank}, ${where}: the page was closed`, reason: "stopped" });
  }
});

test("a rank that starts late is waited for, one that never does is named", async () => {
  const memory = groupOf(2);
  const order = (start: (rank: number) => void): void => {
    start(0);
    void until(() => placeOf(memory, 0) === "it waits in all-reduce 1").then(() => start(1));
  };
  const late = resultsOf(await launch(memory, { kind: "mean", steps: 2 }, { order }));
  expect(late).toEqual(resultsOf(await launch(groupOf(2), { kind: "mean", steps: 2 })));

  const alone = await launch(
    groupOf(2),
    { kind: "mean", steps: 2 },
    {
      order: (start) => start(0),
      answering: [0],
      startTimeoutMs: 300,
    },
  );
  expect(alone[0]).toMatchObject({
    error: "rank 0, all-reduce 1: rank 1 did no work for 0.3 s while rank 0 waited; it has not started",
    culprit: 1,
  });
});

test("a rank that would block with a read-back pending is stopped", async () => {
  const fault = { rank: 1, at: 1, how: "block-while-reading" } as const;
  const answers = await launch(groupOf(2), { kind: "barriers", count: 3 }, { fault });
  const sentence =
    "rank 1, barrier 2: 1 read-backs of the GPU are pending, expected none; await them before a collective that blocks";
  expect(answers[1]).toMatchObject({ error: sentence });
  expect(answers[0]).toMatchObject({ error: `rank 0, barrier 2: rank 1 threw: ${sentence}` });
});

test("a machine that sleeps longer than everybody's patience loses no rank", async () => {
  const child: ChildProcess = spawn(process.execPath, [program], { stdio: ["pipe", "pipe", "inherit"] });
  try {
    const lines: string[] = [];
    let rest = "";
    child.stdout!.on("data", (data: Buffer) => {
      rest += data.toString();
      lines.push(...rest.split("\n").slice(0, -1));
      rest = rest.split("\n").at(-1)!;
    });
    const barriers = (): number => Number(lines.at(-1) ?? 0);
    for (let sleep = 0; sleep < 2; sleep++) {
      const before = barriers();
      await until(() => barriers() > before + 20);
      child.kill("SIGSTOP");
      // The fault itself: twice as long as the program's ranks and watchdog wait.
      await new Promise((resolve) => setTimeout(resolve, 1000));
      child.kill("SIGCONT");
    }
    const before = barriers();
    await until(() => barriers() > before + 20 || child.exitCode !== null);
    child.stdin!.write("\n");
    await until(() => child.exitCode !== null);
    const answers = JSON.parse(lines.at(-1)!) as RankAnswer[];
    expect(answers.map((answer) => ("reason" in answer ? answer.reason : "none"))).toEqual(Array(3).fill("stopped"));
  } finally {
    child.kill("SIGKILL");
  }
});

test("a group that forms again has new buffers, which a rank of the old one cannot reach", () => {
  const old = groupOf(2);
  const zombie = new ProcessGroup(0, old, {});
  const formed = reformGroup(old);
  expect(formed).toMatchObject({ generation: 2, worldSize: 2, buckets: SHAPE.buckets });
  const buffersOf = (memory: GroupMemory): ArrayBufferLike[] => [
    ...[memory.control, memory.stage, ...memory.means, ...memory.slots.flat()],
    ...[...Object.values(memory.tableData), ...Object.values(memory.tableRows)],
  ];
  for (const buffer of buffersOf(formed)) expect(buffersOf(old)).not.toContain(buffer);
  zombie.publish(0, 0, new Float32Array(67).fill(2));
  expect(new Float32Array(old.slots[0][0])).toContain(2);
  for (const buffer of buffersOf(formed)) expect(new Uint8Array(buffer).every((byte) => byte === 0)).toBe(true);
  expect(() => new ProcessGroup(0, old)).toThrow("rank 0 of generation 1 is taken; a group that forms again needs new");
  expect(() => new ProcessGroup(2, formed)).toThrow("rank 2 of a group of 2, expected 0 to 1");
});

test("the first abort counts, and its text is cut where the memory ends", () => {
  const memory = groupOf(2);
  const rank = new ProcessGroup(0, memory);
  expect(abortGroup(memory, { reason: "ended", rank: 1, text: `rank 1 ended: ${"ä".repeat(600)}` })).toBe(true);
  expect(abortGroup(memory, { reason: "stuck", rank: 0, text: "later" })).toBe(false);
  expect(() => rank.barrier()).toThrow(/^rank 0, barrier 1: rank 1 ended: ä+/);
  expect(() => rank.check()).toThrow("rank 0, outside of a collective: rank 1 ended");
});

test("one rank alone waits for nobody and needs no shared memory", () => {
  const shared = globalThis.SharedArrayBuffer;
  try {
    Object.assign(globalThis, { SharedArrayBuffer: undefined });
    expect(() => groupOf(2)).toThrow(
      "2 ranks share memory, which this page may not: its server must send Cross-Origin",
    );
    const rank = new ProcessGroup(0, groupOf(1));
    rank.barrier();
    expect(rank.agree(5)).toBe(5);
    const sums = [SHAPE.buckets.map((n) => new Float32Array(n).fill(6))];
    expect(rank.allReduceMean(sums)[0][0]).toBe(1.5);
    const table = rank.table("scores", 2);
    table.write(1, [3, 4]);
    table.write(0, [1, 2]);
    expect([...table.finish()]).toEqual([1, 2, 3, 4]);
  } finally {
    Object.assign(globalThis, { SharedArrayBuffer: shared });
  }
});

test("what is out of order or of another size is refused with a sentence", () => {
  expect(() => groupOf(1, { microBatches: 6 })).toThrow("6 micro-batches a step, expected a power of two (1, 2, 4, 8)");
  // Of 8 micro-batches the second of three ranks takes 2 to 4: one pair and a single one.
  const middle = new ProcessGroup(1, groupOf(3, { microBatches: 8 }));
  const [a, b, c] = SHAPE.buckets.map((floats) => new Float32Array(floats));
  expect(middle.subtrees).toEqual([
    { first: 2, end: 4 },
    { first: 4, end: 5 },
  ]);
  expect(() => middle.finishMean()).toThrow("rank 1, all-reduce 1: bucket 0 lacks subtree 0, expected 0 to 1");
  for (const [bucket, values] of [a, b, c].entries()) middle.publish(bucket, 0, values);
  expect(() => middle.publish(1, 1, b)).toThrow("rank 1: bucket 1 of the last subtree was published, expected 0");
  expect(() => middle.publish(0, 0, a)).toThrow("subtree 0 of bucket 0 was published, expected 1 of 0 to 1 in order");
  middle.publish(0, 1, a);
  expect(() => middle.publish(0, 0, a)).toThrow("rank 1: bucket 0 was published again before the mean was finished");
  const rank = new ProcessGroup(0, groupOf(1));
  rank.publish(0, 0, a);
  expect(() => rank.finishMean()).toThrow("bucket 1 lacks subtree 0");
  expect(() => new ProcessGroup(0, groupOf(1), { submissions: 0 })).toThrow(
    "at most 0 submissions in flight, expected 1",
  );
  expect(() => rank.table("poses", 3)).toThrow('rank 0: there is no table "poses" in the group; it has scores');
  expect(() => rank.table("scores", 102)).toThrow('rank 0: table "scores" was asked for 102 rows, it has 101');
  const table = rank.table("scores", 3);
  expect(() => table.write(3, [1, 2])).toThrow('rank 0: row 3 of table "scores", expected 0 to 2');
  expect(() => table.write(2, [1])).toThrow('rank 0: row 2 of table "scores" has 1 numbers, expected 2');
});
