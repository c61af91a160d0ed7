/** The benchmark of ranks in real training: the built program trains `tiny` on 1, 2 and 4 of them, one run after the other. */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { median } from "../bench/measure";
import type { RankTimesRecord, RunInfo, StepRecord, TimesRecord } from "../train/events";
import { say, temporaryFolder } from "./host";

const RANKS = [1, 2, 4] as const;
const FRAMES = 32;
const BATCH = 8;
/** First steps that are left out: engines and drivers compile meanwhile. */
const UNTIMED = 5;
/** Fewer would leave no line of times.jsonl behind the untimed steps. */
export const FEWEST_STEPS = 10;

/** The files of one run, as text. */
export interface RankRun {
  readonly ranks: number;
  /** Trainable numbers of the network: the all-reduce moves 4 bytes for each. */
  readonly parameters: number;
  readonly metrics: string;
  readonly times: string;
}

/** The two lines that rows of `rankRunRow` stand under. */
export const RANK_RUN_HEAD: readonly string[] = [
  "| Ranks | ms a step | samples/s | compute | read back | reduce | wait | update | all-reduce's share | overlap | ms per MB |",
  `|${"---|".repeat(11)}`,
];

const PARTS = ["data_ms", "compute_ms", "read_ms", "reduce_ms", "wait_ms", "update_ms"] as const;

const linesOf = <T>(text: string): T[] =>
  text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as T);

/**
 * A row of the table. Medians over the steps after the fifth: of all steps for their time, which is rank 0's, of those in times.jsonl
 * for the parts, each first averaged over the ranks, so that the parts make up the step. The all-reduce is read back, reduce and wait. One
 * rank has none, and its update is part of compute. Throws a sentence when a step was made by another number of ranks.
 */
export function rankRunRow({ ranks, parameters, metrics, times }: RankRun): string {
  const steps = linesOf<StepRecord>(metrics).filter(({ split, step }) => split === "train" && step > UNTIMED);
  const parts = linesOf<TimesRecord>(times).filter(({ step }) => step > UNTIMED);
  const made = [
    ...steps.map(({ step, ranks: count }) => ({ step, count })),
    ...parts.map(({ step, ranks: each }) => ({ step, count: each.length })),
  ];
  const other = made.find(({ count }) => count !== ranks);
  if (other !== undefined)
    throw new Error(`bench: step ${other.step} was made by ${other.count} ranks, expected ${ranks}; see its log`);
  if (steps.length === 0 || parts.length === 0)
    throw new Error(
      `bench: the run on ${ranks} ranks tells of no step after step ${UNTIMED}, expected ${FEWEST_STEPS} steps`,
    );
  const stepMs = median(steps.map(({ ms }) => ms));
  const rate = (1000 * steps[0].samples) / stepMs;
  const over = (figure: (mean: (key: keyof RankTimesRecord) => number) => number): number =>
    median(parts.map((each) => figure((key) => each.ranks.reduce((sum, rank) => sum + rank[key], 0) / ranks)));
  const ofPart = (key: keyof RankTimesRecord): string => over((mean) => mean(key)).toFixed(1);
  const percent = (share: number): string => `${(100 * share).toFixed(0)} %`;
  type Mean = (key: keyof RankTimesRecord) => number;
  const reduceMs = (mean: Mean): number => mean("read_ms") + mean("reduce_ms") + mean("wait_ms");
  const wholeMs = (mean: Mean): number => PARTS.reduce((sum, key) => sum + mean(key), 0);
  const shared = [
    ...(["read_ms", "reduce_ms", "wait_ms", "update_ms"] as const).map(ofPart),
    percent(over((mean) => reduceMs(mean) / wholeMs(mean))),
    percent(over((mean) => mean("overlap"))),
    (over(reduceMs) / ((4 * parameters) / 1e6)).toFixed(1),
  ];
  const cells = [
    stepMs.toFixed(1),
    rate.toFixed(1),
    ofPart("compute_ms"),
    ...(ranks === 1 ? shared.map(() => "–") : shared),
  ];
  return `| ${[ranks, ...cells].join(" | ")} |`;
}

export interface RankRunOptions {
  readonly runtime: "node" | "chromium" | "firefox";
  readonly steps: number;
}

/**
 * Prints the table; `program` is the built `handloom.js`. Throws a sentence with the last words of a run that fails. Measure on a
 * machine at rest.
 */
export async function benchRankRuns(
  program: string,
  { runtime, steps }: RankRunOptions,
  print: (line: string) => void,
): Promise<void> {
  let isInterrupted = false;
  // The run hears of Ctrl-C as well and ends after its step; a second one ends both at once.
  const interrupt = (): void => {
    isInterrupted = true;
  };
  process.once("SIGINT", interrupt);
  try {
    for (const ranks of RANKS) {
      say(`training on ${ranks} of ${RANKS.join(", ")} ranks in ${runtime}, ${steps} steps`);
      const { info, ...run } = await trained(program, ranks, { runtime, steps });
      if (isInterrupted) throw new Error(`bench: interrupted in the run on ${ranks} ranks`);
      if (ranks === RANKS[0]) for (const line of caption(info, runtime, steps)) print(line);
      print(rankRunRow(run));
    }
  } finally {
    process.off("SIGINT", interrupt);
  }
}

function caption(
  { preset, adapter, batch, microBatches, parameters }: RunInfo,
  runtime: string,
  steps: number,
): string[] {
  const megabytes = ((4 * parameters) / 1e6).toFixed(1);
  return [
    `Training of ${preset} in ${runtime}, ${adapter}: batch ${batch} in ${microBatches} micro-batches, ${megabytes} MB of gradients; ${availableParallelism()} processors.`,
    `Medians of steps ${UNTIMED + 1} to ${steps} in ms; parts of every fifth step, mean over ranks. The all-reduce is read back, reduce and wait; wait holds that for slower ranks,`,
    "also before a step, which ms a step leaves out. One rank's update is part of its compute.",
    "",
    ...RANK_RUN_HEAD,
  ];
}

/** Trains in a process of its own, in a temporary folder; what it left. */
async function trained(
  program: string,
  ranks: number,
  { runtime, steps }: RankRunOptions,
): Promise<RankRun & { readonly info: RunInfo }> {
  const folder = temporaryFolder("bench-ranks");
  try {
    const out = join(folder.path, "run");
    const args = ["train", "--config", "tiny", "--data", `synthetic:${FRAMES}`, "--batch", String(BATCH), "--json"];
    args.push("--steps", String(steps), "--ranks", String(ranks), "--runtime", runtime, "--out", out);
    // Only steps count; the last one evaluates and saves in any case.
    for (const key of ["evaluateEvery", "checkpointEvery"]) args.push("--set", `run.${key}=${steps}`);
    const stdout = await output(program, args, `bench: training on ${ranks} ranks in ${runtime}`);
    const info = JSON.parse(stdout.slice(0, stdout.indexOf("\n"))) as RunInfo;
    const read = (name: string): string => readFileSync(join(out, name), "utf8");
    return { ranks, parameters: info.parameters, metrics: read("metrics.jsonl"), times: read("times.jsonl"), info };
  } finally {
    folder.remove();
  }
}

/** What a program of Node writes on stdout. Throws what it said last on stderr when it fails. */
function output(program: string, args: readonly string[], who: string): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [program, ...args], { maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
      if (error === null) return resolve(stdout);
      const said = stderr.split(/[\r\n]+/).filter((line) => line !== "" && !line.startsWith("saved in "));
      const ended = error.signal ? `was ended by ${error.signal}` : `ended with exit code ${error.code}`;
      reject(new Error(`${who} ${ended}: ${said.at(-1)?.replace(/^handloom: /, "") ?? "it said nothing"}`));
    });
  });
}
