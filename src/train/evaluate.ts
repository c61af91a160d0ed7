import type { Batch } from "../data/batch";
import type { Loader } from "../data/loader";
import type { EvaluationReport, Measures } from "../metrics/evaluation";
import { METRIC_NAMES, type MetricName } from "../metrics/judge";
import type { EvaluationRecord, LossName, PoseMetrics } from "./events";
import {
  batchesOf,
  type Gathered,
  type GatheredPrediction,
  type GatherOptions,
  gather,
  gatherPredictions,
  type Predicted,
  type PredictedSample,
} from "./gather";
import type { TrainGroup } from "./ranks";
import type { Recording } from "./record";
import { writeBatch } from "./recording-io";
import { TERMS } from "./score-rows";

export type Scores = Omit<EvaluationRecord, "step" | "epoch" | "split" | "ms">;

type Progress = (done: number, total: number) => void;

/** What an evaluation may be given besides. */
export interface EvaluateOptions extends Omit<GatherOptions, "group" | "vertices"> {
  /** Ranks that share the evaluation; each must call it with the same loader, weights and options. */
  readonly group?: TrainGroup;
  /** Gathers the predictions of all ranks, for which the group needs a table. */
  readonly wantsPredictions?: boolean;
}

/** What `evaluate` finds: a line for metrics.jsonl, and all of it for evaluation.json. */
export interface Evaluated extends Pick<Gathered, "report" | "predictions" | "measures"> {
  readonly scores: Scores;
}

/**
 * Predicts every sample of `loader` once with the weights as they are and scores the predictions; of several ranks each takes every
 * n-th batch, and all have the same result. Rows that fill the last batch are not counted; non-finite predictions are counted and left
 * out. Losses are means over samples. The overall figures are those of the samples as they come; "RGB-D" and "RGB" are scored apart.
 * `onProgress` hears of this rank's samples. Throws when a sample is missing or counted twice.
 */
export async function evaluate(
  recording: Recording,
  loader: Loader,
  meanPose: Float64Array,
  onProgress: Progress,
  options: EvaluateOptions = {},
): Promise<Evaluated> {
  const { group, alsoWithoutDepth = false, wantsPredictions } = options;
  const samples = predict(recording, loader, onProgress, alsoWithoutDepth, group);
  const vertices = wantsPredictions ? vertexCount(recording) : undefined;
  const { terms, ...gathered } = await gather(samples, loader.ids, meanPose, { ...options, vertices });
  const losses = { ...terms, total_loss: recording.totalOf(terms) } as Record<LossName, number>;
  return { scores: { ...overall(gathered.report), losses }, ...gathered };
}

/** Predicts every sample of `loader`, where nothing is known to score the predictions against; otherwise as `evaluate`. */
export function predictAll(
  recording: Recording,
  loader: Loader,
  onProgress: Progress,
  group?: TrainGroup,
): Promise<GatheredPrediction[]> {
  const samples = predict(recording, loader, onProgress, false, group);
  return gatherPredictions(samples, loader.ids, vertexCount(recording), group);
}

const vertexCount = ({ outputs, batch }: Recording): number => outputs.vertices.size / batch / 3;

/** Predicts this rank's samples, in order; rows that fill the last batch are left out. */
async function* predict(
  recording: Recording,
  loader: Loader,
  onProgress: Progress,
  alsoWithoutDepth: boolean,
  group: TrainGroup | undefined,
): AsyncGenerator<PredictedSample> {
  const { rank, worldSize } = group ?? { rank: 0, worldSize: 1 };
  const batches = batchesOf({ rank, worldSize }, loader.batchesPerEpoch);
  // Else it would prepare the batches of other ranks.
  loader.share = { first: rank, end: rank + 1, of: worldSize };
  const total = batches.reduce((sum, index) => sum + loader.idsOf(0, index).length, 0);
  let done = 0;
  for (const index of batches) {
    const batch = await loader.batch(0, index);
    group?.beat();
    const given = await predictBatch(recording, batch, batch, group);
    // Without a depth image to hide the second view would be the first again.
    const isHidden = alsoWithoutDepth && batch.hasDepth.subarray(0, batch.count).includes(1);
    const second = isHidden ? await predictBatch(recording, batch, withoutDepth(batch), group) : undefined;
    for (let row = 0; row < batch.count; row++) {
      const hidden = batch.hasDepth[row] === 1 ? second?.[row] : undefined;
      yield { place: index * batch.size + row, given: given[row], withoutDepth: hidden };
    }
    done += batch.count;
    onProgress(done, total);
  }
}

/** Predictions of the samples of `batch`, which the network sees as `shown`. */
export async function predictBatch(
  recording: Recording,
  batch: Batch,
  shown: Batch,
  group?: TrainGroup,
): Promise<Predicted[]> {
  const [joints, vertices, meshes, meshJoints, ...values] = await run(recording, shown, group);
  const meshSize = vertices.length / batch.size;
  return Array.from({ length: batch.count }, (_, row) => {
    const of = (array: Float32Array, size: number): Float32Array => array.subarray(row * size, (row + 1) * size);
    const joint = (i: number): number => batch.joints3d[row * 84 + Math.floor(i / 3) * 4 + (i % 3)];
    // The annotated mesh comes without its translation; its wrist goes to the annotated one.
    const shift = [0, 1, 2].map((i) => joint(i) - meshJoints[63 * row + i]);
    return {
      id: batch.ids[row],
      modality: shown.hasDepth[row] === 1 ? "RGB-D" : "RGB",
      joints: of(joints, 63),
      vertices: of(vertices, meshSize),
      truthJoints: Float64Array.from({ length: 63 }, (_, i) => joint(i)),
      truthVertices: batch.hasMano[row] === 1 ? of(meshes, meshSize).map((x, i) => x + shift[i % 3]) : undefined,
      terms: Object.fromEntries(TERMS.map((name, i) => [name, values[i][row]])),
    };
  });
}

/** Joints [B, 21, 3], vertices [B, V, 3], the annotated hand's mesh and joints, and each term of the loss [B]. */
async function run(recording: Recording, shown: Batch, group: TrainGroup | undefined): Promise<Float32Array[]> {
  const { plan, outputs, losses } = recording;
  const perSample = TERMS.map((name) => losses.perSample[name as keyof typeof losses.perSample]);
  await group?.acquireSubmission();
  try {
    writeBatch(recording, shown);
    plan.run();
    const { truth } = losses;
    const answer = plan.read(outputs.keypoints3d, outputs.vertices, truth.vertices, truth.joints, ...perSample);
    return await (group ? group.reading(answer) : answer);
  } finally {
    group?.releaseSubmission();
  }
}

/** The batch as samples without a depth image are made. */
export const withoutDepth = (batch: Batch): Batch => ({
  ...batch,
  depth: new Float32Array(batch.depth.length).fill(1),
  hasDepth: new Float32Array(batch.hasDepth.length),
});

/** The line of metrics.jsonl, without its losses. */
function overall({ samples, non_finite, metrics, baselines }: EvaluationReport): Omit<Scores, "losses"> {
  const each = <T>(of: (name: MetricName) => T): Record<MetricName, T> =>
    Object.fromEntries(METRIC_NAMES.map((name) => [name, of(name)])) as Record<MetricName, T>;
  const pose = ({ mpjpe_mm, pa_mpjpe_mm }: Partial<Measures>): PoseMetrics => ({
    mpjpe_mm: mpjpe_mm?.value ?? null,
    pa_mpjpe_mm: pa_mpjpe_mm?.value ?? null,
  });
  return {
    ...{ samples, non_finite },
    ...each((name) => metrics[name].value),
    n: each((name) => metrics[name].n),
    refused: METRIC_NAMES.flatMap((name) => metrics[name].refused ?? []),
    meshes: metrics.mpvpe_mm.n,
    baselines: { zero_pose: pose(baselines.zero_pose), mean_pose: pose(baselines.mean_pose) },
  };
}
