import { type Config, microBatchesOf } from "../config";
import { type CropSet, importCrops } from "../data/crop-set";
import { requireFit } from "../data/import-plan";
import { Loader, type LoaderOptions } from "../data/loader";
import type { SampleOptions } from "../data/sample";
import { defaultThreads, type SamplePool, samplePool, type ThreadHost } from "../data/sample-pool";
import type { OpenedSet } from "../data/shards/types";
import { canShareCrops, cropsFromShared, type SharedCrops, sharedPlace } from "../data/shared-crops";
import { splitIds } from "../data/split";
import type { FrameSet, ImportReport } from "../data/types";
import { MeanPose } from "../metrics/baselines";

/** What a run reads: frames in their files, or the records of an imported set. */
export type RunData = FrameSet | OpenedSet;

/** A data set made ready for a run. */
export interface PreparedData {
  /** All records; `shareCrops` makes of them what other workers take in place of an import. */
  readonly set: CropSet;
  readonly train: Loader;
  readonly val: Loader;
  /** Training samples in order and unchanged. */
  readonly trainPlain: Loader;
  /** Where the loaders make samples. */
  readonly pool: SamplePool;
  /** Mean wrist-relative joints of the training samples, [63] metres; of 2000 of them, evenly chosen, where there are more. */
  readonly meanPose: Float64Array;
  /** Where whole frames can be read again; undefined for an imported set, which keeps crops alone. */
  readonly frames: FrameSet | undefined;
  readonly report: ImportReport;
  /** Sentences for the log: what was dropped and why, leaks of the split, threads and memory. */
  readonly notes: readonly string[];
}

/** How samples are shown in an evaluation, beside as they are. */
export type EvaluationView = Pick<SampleOptions, "useDepth" | "boxJitter">;

export interface PrepareOptions extends EvaluationView {
  /** Batches of a training step: `optim.batch` is cut into so many. `microBatchesOf(config)` when undefined. */
  readonly microBatches?: number;
  /** Records that another worker imported: nothing is imported. Without a meaning for sets that are opened from shards. */
  readonly crops?: SharedCrops;
  /** Imports into shared memory where there is such, so that `shareCrops` copies nothing. */
  readonly forOthers?: boolean;
}

/**
 * Imports every frame once, splits, and makes the loaders. Throws a sentence when no frame is usable or a batch cannot be filled.
 */
export async function prepareData(
  frames: RunData,
  config: Config,
  host: ThreadHost,
  onProgress: (done: number, total: number) => void,
  signal?: AbortSignal,
  { microBatches = microBatchesOf(config), crops, forOthers = false, ...view }: PrepareOptions = {},
): Promise<PreparedData> {
  const { data, optim, run } = config;
  const quirks = new Set<string>(config.quirks);
  const set = await importFrames(frames, config, onProgress, { signal, crops, forOthers });
  const options = { by: data.splitBy, fraction: data.valFraction, seed: run.seed, quirks };
  const split = data.overfit ? { train: set.ids, validation: set.ids, warning: undefined } : splitIds(set.ids, options);
  const pool = configuredPool(config, host);
  const shared = { ...sampleOptions(config), pool };
  const evaluated = { ...shared, mode: "evaluate", batchSize: optim.batch } as const;
  const mean = new MeanPose();
  for (const id of evenly(split.train, MEAN_POSE_SAMPLES)) mean.add((await set.read(id)).joints3d);
  return {
    set,
    train: new Loader(set, {
      ...shared,
      mode: "train",
      batchSize: optim.batch / microBatches,
      stepBatches: microBatches,
      ids: split.train,
      augment: data.augment,
    }),
    val: new Loader(set, { ...evaluated, ...view, ids: split.validation }),
    // For single samples that somebody looks at.
    trainPlain: new Loader(set, { ...evaluated, ids: split.train, ahead: 0 }),
    pool,
    meanPose: mean.joints,
    frames: "info" in frames ? undefined : frames,
    report: set.report,
    notes: [...notesOf(set, config), threadsNote(pool, host, config), ...(split.warning ? [split.warning] : [])],
  };
}

/** All frames of a data set, in order and unchanged: an evaluation split. */
export interface PreparedEvaluation {
  readonly loader: Loader;
  readonly pool: SamplePool;
  readonly set: CropSet;
  readonly notes: readonly string[];
}

/** Imports every frame once for an evaluation of all of them. Throws a sentence when no frame is usable. */
export async function prepareEvaluation(
  frames: RunData,
  config: Config,
  host: ThreadHost,
  onProgress: (done: number, total: number) => void,
  { crops, forOthers, ...view }: EvaluationView & Pick<PrepareOptions, "crops" | "forOthers"> = {},
): Promise<PreparedEvaluation> {
  const set = await importFrames(frames, config, onProgress, { crops, forOthers });
  const pool = configuredPool(config, host);
  const options = { ...sampleOptions(config), ...view, mode: "evaluate", batchSize: config.optim.batch, pool } as const;
  const loader = new Loader(set, options);
  return { loader, pool, set, notes: [...notesOf(set, config), threadsNote(pool, host, config)] };
}

/** Samples of which the mean pose is made at most: joints differ by about 30 mm, so the mean of 2000 is off by less than 1 mm. */
const MEAN_POSE_SAMPLES = 2000;

/** At most `most` of `all`, at even distances, the first one included. */
export function evenly<T>(all: readonly T[], most: number): readonly T[] {
  if (all.length <= most) return all;
  return Array.from({ length: most }, (_, i) => all[Math.floor((i * all.length) / most)]);
}

function configuredPool({ data }: Config, host: ThreadHost): SamplePool {
  return samplePool(host, data.threads ?? defaultThreads(host.cores));
}

function threadsNote({ threads }: SamplePool, { cores }: ThreadHost, { data }: Config): string {
  const why =
    data.threads === undefined
      ? `as there ${cores === 1 ? "is 1 processor" : `are ${cores} processors`}`
      : "as data.threads says";
  const who = threads === 0 ? "the thread that trains" : threads === 1 ? "1 thread" : `${threads} threads`;
  return `${who} makes the samples, ${why}`.replace("threads makes", "threads make");
}

/** Records of all frames; those of an imported set are there already, and are checked to be what the configuration needs. */
async function importFrames(
  frames: RunData,
  { model, data, quirks }: Config,
  onProgress: (done: number, total: number) => void,
  from: Pick<PrepareOptions, "crops" | "forOthers"> & { readonly signal?: AbortSignal } = {},
): Promise<CropSet> {
  const options = {
    size: model.height,
    boxScale: data.boxScale,
    quirks: new Set<string>(quirks),
    cacheBytes: data.memoryMiB * 2 ** 20,
  };
  if ("info" in frames) {
    requireFit(frames.info, options);
    return frames;
  }
  if (from.crops !== undefined) return cropsFromShared(from.crops, frames, options);
  const place = from.forOthers && canShareCrops() ? sharedPlace(frames.name) : undefined;
  return importCrops(frames, { ...options, onProgress, place, signal: from.signal });
}

function sampleOptions({
  model,
  data,
  run,
  quirks,
}: Config): Pick<LoaderOptions, "size" | "width" | "seed" | "depthCube" | "quirks"> {
  const { height: size, width } = model;
  return { size, width, seed: run.seed, depthCube: data.depthCube, quirks: new Set<string>(quirks) };
}

function notesOf({ report: { dropped, notes }, memory }: CropSet, { data }: Config): string[] {
  const mebibytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(0);
  const kept = memory && `${memory.records} records in ${mebibytes(memory.bytes)} MiB of memory`;
  return [
    ...(kept ? [`${kept}, of at most ${data.memoryMiB} MiB (data.memoryMiB)`] : []),
    ...[...dropped].map(([reason, { count, example }]) => `${count} frames dropped: ${reason} (first: ${example})`),
    ...[...notes].map(([note, { count, example }]) => `${count} frames: ${note} (first: ${example})`),
  ];
}
