/** The benchmark of the all-reduce: threads of Node that share gradients through host memory, without a GPU. */
import { availableParallelism } from "node:os";
import { performance } from "node:perf_hooks";
import { Worker } from "node:worker_threads";
import { median } from "../bench/measure";
import { ProcessGroup } from "../ranks/group";
import { abortGroup, createGroup, type GroupMemory } from "../ranks/group-memory";

const MICRO_BATCHES = 4;
/** Repetitions, and those before them that are not counted: engines compile meanwhile. */
const TIMED = 40;
const UNTIMED = 10;
const MIB = 2 ** 20;

/** Floats of the buckets of a step: `tiny`'s gradients, running statistics and losses; and a larger network's gradients. */
const BUCKETS = {
  tiny: [669_696, 896, 8],
  "20 MiB": Array.from({ length: 5 }, () => MIB),
} as const;

/** What a thread is started with. */
interface BenchRank {
  readonly benchRank: number;
  readonly memory: GroupMemory;
}

/** Medians of one rank, milliseconds a step. */
interface RankTimes {
  /** Copying its sums into the slots. */
  readonly publishMs: number;
  /** Adding its share of every bucket, and waiting for the others. */
  readonly reduceMs: number;
  readonly stepMs: number;
}

/** True for the `workerData` of a thread of this benchmark. */
export const isBenchRank = (data: unknown): data is BenchRank =>
  typeof data === "object" && data !== null && "benchRank" in data;

/** What one thread does: all-reduces of numbers as gradients are, one after the other. Throws when a mean is wrong. */
export function runBenchRank({ benchRank: rank, memory }: BenchRank): RankTimes {
  const group = new ProcessGroup(rank, memory);
  const leaf = memory.buckets.map((floats) => Float32Array.from({ length: floats }, (_, i) => Math.sin(i + 1)));
  const sums = group.subtrees.map(({ first, end }) => leaf.map((values) => values.map((x) => x * (end - first))));
  const [publish, reduce, step]: number[][] = [[], [], []];
  for (let i = 0; i < UNTIMED + TIMED; i++) {
    group.barrier();
    const start = performance.now();
    let publishMs = 0;
    for (const [subtree, buckets] of sums.entries()) {
      for (const [bucket, values] of buckets.entries()) {
        const before = performance.now();
        group.publish(bucket, subtree, values);
        publishMs += performance.now() - before;
        group.reduceReady();
      }
    }
    const [mean] = group.finishMean();
    const stepMs = performance.now() - start;
    if (mean[0] !== leaf[0][0]) throw new Error(`the mean is ${mean[0]}, expected ${leaf[0][0]}`);
    if (i < UNTIMED) continue;
    publish.push(publishMs);
    reduce.push(stepMs - publishMs);
    step.push(stepMs);
  }
  group.leave();
  return { publishMs: median(publish), reduceMs: median(reduce), stepMs: median(step) };
}

/** The times of every rank; `program` runs `runBenchRank` and posts what it returns. */
async function timesOf(program: string, memory: GroupMemory): Promise<RankTimes[]> {
  const workers: Worker[] = [];
  try {
    const ranks = Array.from({ length: memory.worldSize }, (_, benchRank) => {
      const start: BenchRank = { benchRank, memory };
      const worker = new Worker(program, { workerData: start });
      workers.push(worker);
      return new Promise<RankTimes>((resolve, reject) => {
        const fail = (text: string): void => {
          abortGroup(memory, { reason: "ended", rank: benchRank, text: `rank ${benchRank}'s thread ended: ${text}` });
          reject(new Error(`bench: rank ${benchRank} of ${memory.worldSize}: ${text}`));
        };
        worker.on("message", resolve);
        worker.on("error", (error) => fail(error.message));
        worker.on("exit", (code) => fail(`exit code ${code}`));
      });
    });
    return await Promise.all(ranks);
  } finally {
    for (const worker of workers) await worker.terminate();
  }
}

/** Prints a table of the all-reduce's cost for 1, 2 and 4 ranks, the slowest rank of each. Measure on a machine at rest. */
export async function benchRanks(program: string, print: (line: string) => void): Promise<void> {
  print(
    `All-reduce of ${MICRO_BATCHES} micro-batches in host memory, medians of ${TIMED} in ms; ${availableParallelism()} processors.`,
  );
  print("");
  print("| Buckets | Ranks | Copy to slots | Add and wait | Together | ms per MB |");
  print("|---|---|---|---|---|---|");
  for (const [name, buckets] of Object.entries(BUCKETS)) {
    const megabytes = buckets.reduce((sum, floats) => sum + 4 * floats, 0) / 1e6;
    for (const worldSize of [1, 2, 4]) {
      const times = await timesOf(
        program,
        createGroup({ worldSize, microBatches: MICRO_BATCHES, buckets, tables: {} }),
      );
      const most = (key: keyof RankTimes): number => Math.max(...times.map((each) => each[key]));
      const stepMs = most("stepMs");
      const cells = [most("publishMs"), most("reduceMs"), stepMs].map((ms) => ms.toFixed(2));
      print(
        `| ${name}, ${megabytes.toFixed(1)} MB | ${worldSize} | ${cells.join(" | ")} | ${(stepMs / megabytes).toFixed(2)} |`,
      );
    }
  }
}
