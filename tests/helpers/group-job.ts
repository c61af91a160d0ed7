/** What a rank of the tests does: the same in a thread of Node and in a worker of a page. */
import { ProcessGroup } from "../../src/ranks/group";
import { type AbortReason, GroupError, type GroupMemory, SUBMISSIONS_WORD } from "../../src/ranks/group-memory";
import { sumLeaves } from "../../src/ranks/mean-reduction";

export type Job =
  /** All-reduces of hashed values; `pipelined` publishes bucket by bucket between awaits, as a rank with a GPU. */
  | { readonly kind: "mean"; readonly steps: number; readonly pipelined?: boolean }
  | { readonly kind: "barriers"; readonly count: number }
  /** Rank r writes rows r, r + n, ...; twice, so that the second time finds the first one's rows. */
  | { readonly kind: "gather"; readonly rows: number; readonly skip?: number; readonly twice?: number }
  | { readonly kind: "broadcast"; readonly length: number; readonly from: number }
  | { readonly kind: "agree" }
  /** Each rank's number, its times, and `count` submissions of which at most two are in flight; answers the most seen. */
  | { readonly kind: "words"; readonly count: number }
  /** Each rank calls another collective. */
  | { readonly kind: "differ" }
  /** Works outside of collectives until the group ends. */
  | { readonly kind: "work" };

/** Before all-reduce or barrier `at`, on one rank. */
export interface Fault {
  readonly rank: number;
  readonly at: number;
  readonly how: "throw" | "exit" | "stick" | "block-while-reading";
}

export interface RankStart {
  readonly rank: number;
  readonly memory: GroupMemory;
  readonly job: Job;
  readonly fault?: Fault;
  readonly timeoutMs?: number;
  readonly startTimeoutMs?: number;
}

export type RankAnswer =
  | { readonly rank: number; readonly result: unknown }
  | { readonly rank: number; readonly error: string; readonly reason?: AbortReason; readonly culprit?: number };

/** Numbers at which a GPU and a host may differ, and those that others may lose: denormals, both zeros, the smallest normal. */
const EDGES = [
  2 ** -149,
  -(2 ** -149),
  2 ** -127,
  -0,
  0,
  2 ** -126,
  -(2 ** -126),
  2 ** -125,
  1.5 * 2 ** -126,
  2 ** -123,
  2 ** -101,
];

/** Any float32 that a gradient may be, of either sign and very different sizes; a function of its place alone. */
export function valueAt(step: number, microBatch: number, bucket: number, i: number): number {
  let h = Math.imul(step + 1, 0x9e3779b1) ^ Math.imul(microBatch + 1, 0x85ebca6b) ^ Math.imul(bucket + 1, 0xc2b2ae35);
  h = Math.imul(h ^ (i + 0x165667b1), 0x27d4eb2f);
  h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d);
  h ^= h >>> 13;
  // At the same places in all micro-batches: beside greater numbers they are lost in rounding.
  if (i % 3 === 0) return EDGES[(h >>> 8) % EDGES.length];
  const exponent = (h & 31) - 16;
  return Math.fround(((h >> 5) / 2 ** 26) * 2 ** exponent);
}

export const valuesOf = (step: number, microBatch: number, bucket: number, floats: number): Float32Array =>
  Float32Array.from({ length: floats }, (_, i) => valueAt(step, microBatch, bucket, i));

/** The sum of a subtree's micro-batches, [bucket][floats]. */
export const sumsOf = (step: number, { first, end }: { first: number; end: number }, buckets: readonly number[]) =>
  buckets.map((floats, bucket) =>
    sumLeaves(Array.from({ length: end - first }, (_, i) => valuesOf(step, first + i, bucket, floats))),
  );

/** The bits of buckets as one number (FNV-1a). */
export function digest(buckets: readonly Float32Array[]): string {
  let h = 0x811c9dc5;
  for (const bucket of buckets)
    for (const word of new Uint32Array(bucket.slice().buffer)) h = Math.imul(h ^ word, 0x01000193) >>> 0;
  return h.toString(16).padStart(8, "0");
}

const later = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

async function fail({ how }: Fault, group: ProcessGroup, exit: () => void): Promise<void> {
  if (how === "throw") throw new Error("injected");
  if (how === "exit") {
    exit();
    await new Promise(() => undefined);
  }
  // Nobody notifies it: a thread that stands still without taking a processor from the others.
  if (how === "stick") Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20_000);
  if (how === "block-while-reading") {
    void group.reading(later());
    group.barrier();
  }
}

async function work(group: ProcessGroup, { job, fault }: RankStart, exit: () => void): Promise<unknown> {
  const { rank, worldSize, memory, subtrees } = group;
  const meetFault = async (at: number): Promise<void> => {
    if (fault?.rank === rank && fault.at === at) await fail(fault, group, exit);
  };
  switch (job.kind) {
    case "mean": {
      const digests: string[] = [];
      for (let step = 0; step < job.steps; step++) {
        await meetFault(step);
        const values = subtrees.map((subtree) => sumsOf(step, subtree, memory.buckets));
        if (!job.pipelined) {
          digests.push(digest(group.allReduceMean(values)));
          continue;
        }
        for (const [i, buckets] of values.entries()) {
          for (const [bucket, each] of buckets.entries()) {
            await group.reading(later());
            group.publish(bucket, i, each);
            group.reduceReady();
          }
        }
        digests.push(digest(group.finishMean()));
      }
      return digests;
    }
    case "barriers": {
      for (let i = 0; i < job.count; i++) {
        await meetFault(i);
        group.barrier();
      }
      return job.count;
    }
    case "gather": {
      const rounds: number[][] = [];
      for (let round = 0; round < 2; round++) {
        const table = group.table("scores", job.rows);
        for (let row = rank; row < job.rows; row += worldSize)
          if (row !== job.skip || round === 0) table.write(row, [row, row === 3 ? Number.NaN : row / 3 + round]);
        if (job.twice !== undefined && rank === worldSize - 1) table.write(job.twice, [0, 0]);
        rounds.push([...table.finish()]);
      }
      return rounds;
    }
    case "broadcast": {
      const values = Float32Array.from({ length: job.length }, (_, i) => valueAt(rank, 0, 0, i));
      group.broadcast(values, job.from);
      return digest([values]);
    }
    case "agree":
      return [group.agree(1 << rank), group.agree(rank === worldSize - 1 ? 4 : 0), group.agree(0)];
    case "words": {
      group.reportTimes({ dataMs: rank, computeMs: 1, readMs: 2, reduceMs: 3, waitMs: 4, updateMs: 5, overlap: 0.5 });
      const words = [...group.gatherWord(rank === 0 ? -1 : 0x7fff0000 + rank)];
      const times = Array.from({ length: worldSize }, (_, each) => group.timesOf(each)).map(
        ({ dataMs, overlap }) => dataMs + overlap,
      );
      const shared = new Int32Array(memory.control);
      let most = 0;
      for (let i = 0; i < job.count; i++) {
        await group.acquireSubmission();
        most = Math.max(most, Atomics.load(shared, SUBMISSIONS_WORD));
        await later();
        group.releaseSubmission();
      }
      group.barrier();
      return { words, times, most: most >= 1 && most <= 2, left: Atomics.load(shared, SUBMISSIONS_WORD) };
    }
    case "differ":
      if (rank === 0) group.barrier();
      else group.broadcast(new Float32Array(8), 0);
      return undefined;
    case "work":
      for (;;) {
        await later();
        group.beat();
        group.check();
      }
  }
}

/** Runs the job and answers; an error of this rank ends the group. `exit` ends the thread without a word. */
export async function runRank(start: RankStart, exit: () => void): Promise<RankAnswer> {
  const { rank, memory, timeoutMs, startTimeoutMs } = start;
  const group = new ProcessGroup(rank, memory, { timeoutMs, startTimeoutMs, submissions: 2 });
  const stop = group.keepAlive(50);
  try {
    const result = await work(group, start, exit);
    group.leave();
    return { rank, result };
  } catch (error) {
    group.abort(error);
    const abort = error instanceof GroupError ? error.abort : undefined;
    return { rank, error: (error as Error).message, reason: abort?.reason, culprit: abort?.rank };
  } finally {
    stop();
  }
}

/** Digests of the means of steps 0 to 2, 4 micro-batches of buckets of 67, 5 and 130 floats, in Node and in browsers. */
export const MEAN_DIGESTS: readonly string[] = ["4687df98", "756fdc0d", "aac4607f"];
