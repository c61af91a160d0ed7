import type { Batch } from "../data/batch";
import type { Loader } from "../data/loader";
import { sequenceOf } from "../data/split";
import { Evaluation, type EvaluationReport, type Measures, type Modality } from "../metrics/evaluation";
import { METRIC_NAMES, type MetricName } from "../metrics/judge";
import type { EvaluationRecord, LossName, PoseMetrics } from "./events";
import type { Recording } from "./record";
import { LOSS_NAMES, writeBatch } from "./recording-io";

export type Scores = Omit<EvaluationRecord, "step" | "epoch" | "split" | "ms">;

/** What the network says of one sample, and what is known of it; metres, the crop's camera frame. */
export interface Predicted {
  readonly id: string;
  /** What the network was shown. */
  readonly modality: Modality;
  /** The sample has a depth image that the network was not shown. */
  readonly isDepthHidden: boolean;
  readonly joints: Float32Array; // [21, 3]
  readonly vertices: Float32Array; // [V, 3]
  readonly truthJoints: Float64Array; // [21, 3]
  /** The annotated hand's mesh [V, 3] at the true wrist; undefined where the sample has no MANO parameters. */
  readonly truthVertices: Float32Array | undefined;
  /** Unweighted terms of the loss. */
  readonly terms: Readonly<Record<string, number>>;
}

const TERMS = LOSS_NAMES.filter((name) => name !== "total_loss");

/** How a batch is shown: as it comes, or once more without its depth. */
type View = "as given" | "without depth";

const AS_GIVEN: readonly View[] = ["as given"];
const BOTH_VIEWS: readonly View[] = ["as given", "without depth"];

/** Predicts every sample of `loader` once for each view, in order, with the weights as they are; rows that fill the last batch are left out. */
export async function* predict(
  recording: Recording,
  loader: Loader,
  onProgress: (done: number, total: number) => void,
  views: readonly View[] = AS_GIVEN,
): AsyncGenerator<Predicted> {
  let done = 0;
  for (let index = 0; index < loader.batchesPerEpoch; index++) {
    const batch = await loader.batch(0, index);
    for (const view of views) yield* predictBatch(recording, batch, view);
    done += batch.count;
    onProgress(done, loader.ids.length);
  }
}

async function* predictBatch(recording: Recording, batch: Batch, view: View): AsyncGenerator<Predicted> {
  const { plan, outputs, losses } = recording;
  const perSample = TERMS.map((name) => losses.perSample[name as keyof typeof losses.perSample]);
  const shown = view === "as given" ? batch : withoutDepth(batch);
  // Without a depth image to hide the second view would be the first again.
  if (shown !== batch && !batch.hasDepth.subarray(0, batch.count).includes(1)) return;
  writeBatch(recording, shown);
  plan.run();
  const { truth } = losses;
  const read = await plan.read(outputs.keypoints3d, outputs.vertices, truth.vertices, truth.joints, ...perSample);
  const [joints, vertices, meshes, meshJoints, ...values] = read;
  const meshSize = vertices.length / batch.size;
  for (let row = 0; row < batch.count; row++) {
    const isDepthHidden = batch.hasDepth[row] === 1 && shown.hasDepth[row] === 0;
    if (shown !== batch && !isDepthHidden) continue;
    const of = (array: Float32Array, size: number): Float32Array => array.subarray(row * size, (row + 1) * size);
    const joint = (i: number): number => batch.joints3d[row * 84 + Math.floor(i / 3) * 4 + (i % 3)];
    // The annotated mesh comes without its translation; its wrist goes to the annotated one.
    const shift = [0, 1, 2].map((i) => joint(i) - meshJoints[63 * row + i]);
    yield {
      id: batch.ids[row],
      modality: shown.hasDepth[row] === 1 ? "RGB-D" : "RGB",
      isDepthHidden,
      joints: of(joints, 63),
      vertices: of(vertices, meshSize),
      truthJoints: Float64Array.from({ length: 63 }, (_, i) => joint(i)),
      truthVertices: batch.hasMano[row] === 1 ? of(meshes, meshSize).map((x, i) => x + shift[i % 3]) : undefined,
      terms: Object.fromEntries(TERMS.map((name, i) => [name, values[i][row]])),
    };
  }
}

/** The batch as samples without a depth image are made. */
const withoutDepth = (batch: Batch): Batch => ({
  ...batch,
  depth: new Float32Array(batch.depth.length).fill(1),
  hasDepth: new Float32Array(batch.hasDepth.length),
});

/** What an evaluation may be given besides. */
export interface EvaluateOptions {
  /** Sees every prediction, with the true mesh that it is scored against; its arrays stay as they are. */
  readonly onPrediction?: (sample: Predicted) => void;
  /** True mesh [V, 3] of a sample in metres where the data set brings one, camera frame. */
  readonly truthVertices?: (id: string) => Promise<Float32Array | undefined>;
  /** Predicts every sample that has a depth image a second time without it, for the figures of "RGB". */
  readonly alsoWithoutDepth?: boolean;
}

/** What `evaluate` finds: a line for metrics.jsonl, and all of it for evaluation.json. */
export interface Evaluated {
  readonly scores: Scores;
  readonly report: EvaluationReport;
}

/**
 * Predicts every sample of `loader` once with the weights as they are and scores the predictions. Rows that fill the last
 * batch are not counted; non-finite predictions are counted and left out. Losses are means over samples. The overall figures are
 * those of the samples as they come; "RGB-D" and "RGB" are scored apart.
 */
export async function evaluate(
  recording: Recording,
  loader: Loader,
  meanPose: Float64Array,
  onProgress: (done: number, total: number) => void,
  options: EvaluateOptions = {},
): Promise<Evaluated> {
  const evaluation = new Evaluation({ meanPose });
  const imageOnly = new Evaluation({ meanPose });
  const sums = new Map<LossName, number>(LOSS_NAMES.map((name) => [name, 0]));
  let samples = 0;
  const views = options.alsoWithoutDepth ? BOTH_VIEWS : AS_GIVEN;
  for await (const predicted of predict(recording, loader, onProgress, views)) {
    const { id, joints, truthJoints, vertices, terms, modality, isDepthHidden } = predicted;
    const truthVertices = (await options.truthVertices?.(id)) ?? predicted.truthVertices;
    const meshes = truthVertices && { vertices, truthVertices };
    const judged = { id, modality, sequence: sequenceOf(id), joints, truthJoints, ...meshes };
    if (modality === "RGB" && options.alsoWithoutDepth) imageOnly.add(judged);
    if (isDepthHidden) continue;
    evaluation.add(judged);
    for (const name of TERMS) sums.set(name, sums.get(name)! + terms[name]);
    samples++;
    options.onPrediction?.({ ...predicted, truthVertices });
  }
  const report = evaluation.report();
  const RGB = options.alsoWithoutDepth ? imageOnly.summary() : report.modalities.RGB;
  const means = Object.fromEntries(TERMS.map((name) => [name, sums.get(name)! / samples]));
  const losses = { ...means, total_loss: recording.totalOf(means) } as Record<LossName, number>;
  return {
    scores: { ...overall(report), losses },
    report: { ...report, modalities: { ...report.modalities, RGB } },
  };
}

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
