import type { Config } from "../config";
import { importCrops } from "../data/crop-set";
import { Loader } from "../data/loader";
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
 * Imports every frame once, splits, and makes the loaders. `validation` undefined splits `frames`; given, it is a data
 * set of its own (an evaluation split). Throws a sentence when no frame is usable or a batch cannot be filled.
 */
export async function prepareData(
  frames: FrameSet,
  config: Config,
  onProgress: (done: number, total: number) => void,
  signal?: AbortSignal,
): Promise<PreparedData> {
  const { data, model, optim, run } = config;
  const quirks = new Set<string>(config.quirks);
  const set = await importCrops(frames, { size: model.height, boxScale: data.boxScale, quirks, onProgress, signal });
  const options = { by: data.splitBy, fraction: data.valFraction, seed: run.seed, quirks };
  const split = data.overfit ? { train: set.ids, validation: set.ids, warning: undefined } : splitIds(set.ids, options);
  const shared = { size: model.height, width: model.width, seed: run.seed, depthCube: data.depthCube, quirks };
  const evaluated = { ...shared, mode: "evaluate", batchSize: optim.batch } as const;
  const mean = new MeanPose();
  for (const id of split.train) mean.add((await set.read(id)).joints3d);
  const dropped = [...set.report.dropped].map(
    ([reason, { count, example }]) => `${count} frames dropped: ${reason} (first: ${example})`,
  );
  const noted = [...set.report.notes].map(
    ([note, { count, example }]) => `${count} frames: ${note} (first: ${example})`,
  );
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
    notes: [...dropped, ...noted, ...(split.warning ? [split.warning] : [])],
  };
}
