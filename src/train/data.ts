import type { Config } from "../config";
import { type CropSet, importCrops } from "../data/crop-set";
import { Loader, type LoaderOptions } from "../data/loader";
import { splitIds } from "../data/split";
import type { FrameSet, ImportReport } from "../data/types";
import { MeanPose } from "../metrics/baselines";

/** A data set made ready for a run. */
export interface PreparedData {
  readonly train: Loader;
  readonly val: Loader;
  /** Training samples in order and unchanged. */
  readonly trainPlain: Loader;
  /** Mean wrist-relative joints of the training samples, [63] metres. */
  readonly meanPose: Float64Array;
  readonly report: ImportReport;
  /** Sentences for the log: what was dropped and why, leaks of the split. */
  readonly notes: readonly string[];
}

/**
 * Imports every frame once, splits, and makes the loaders. Throws a sentence when no frame is usable or a batch cannot be filled.
 */
export async function prepareData(
  frames: FrameSet,
  config: Config,
  onProgress: (done: number, total: number) => void,
  signal?: AbortSignal,
): Promise<PreparedData> {
  const { data, optim, run } = config;
  const quirks = new Set<string>(config.quirks);
  const set = await importFrames(frames, config, onProgress, signal);
  const options = { by: data.splitBy, fraction: data.valFraction, seed: run.seed, quirks };
  const split = data.overfit ? { train: set.ids, validation: set.ids, warning: undefined } : splitIds(set.ids, options);
  const shared = sampleOptions(config);
  const evaluated = { ...shared, mode: "evaluate", batchSize: optim.batch } as const;
  const mean = new MeanPose();
  for (const id of split.train) mean.add((await set.read(id)).joints3d);
  return {
    train: new Loader(set, {
      ...shared,
      mode: "train",
      batchSize: optim.batch,
      ids: split.train,
      augment: data.augment,
    }),
    val: new Loader(set, { ...evaluated, ids: split.validation }),
    trainPlain: new Loader(set, { ...evaluated, ids: split.train }),
    meanPose: mean.joints,
    report: set.report,
    notes: [...notesOf(set.report), ...(split.warning ? [split.warning] : [])],
  };
}

/** All frames of a data set, in order and unchanged: an evaluation split. */
export interface PreparedEvaluation {
  readonly loader: Loader;
  readonly set: CropSet;
  readonly notes: readonly string[];
}

/** Imports every frame once for an evaluation of all of them. Throws a sentence when no frame is usable. */
export async function prepareEvaluation(
  frames: FrameSet,
  config: Config,
  onProgress: (done: number, total: number) => void,
): Promise<PreparedEvaluation> {
  const set = await importFrames(frames, config, onProgress);
  const loader = new Loader(set, { ...sampleOptions(config), mode: "evaluate", batchSize: config.optim.batch });
  return { loader, set, notes: notesOf(set.report) };
}

function importFrames(
  frames: FrameSet,
  { model, data, quirks }: Config,
  onProgress: (done: number, total: number) => void,
  signal?: AbortSignal,
): Promise<CropSet> {
  const options = { size: model.height, boxScale: data.boxScale, quirks: new Set<string>(quirks) };
  return importCrops(frames, { ...options, onProgress, signal });
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

function notesOf({ dropped, notes }: ImportReport): string[] {
  return [
    ...[...dropped].map(([reason, { count, example }]) => `${count} frames dropped: ${reason} (first: ${example})`),
    ...[...notes].map(([note, { count, example }]) => `${count} frames: ${note} (first: ${example})`),
  ];
}
