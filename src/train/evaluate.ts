import type { Loader } from "../data/loader";
import { Evaluation } from "../metrics/evaluation";
import type { EvaluationRecord, LossName } from "./events";
import type { Recording } from "./record";
import { LOSS_NAMES, writeBatch } from "./recording-io";

export type Scores = Omit<EvaluationRecord, "step" | "epoch" | "split" | "ms">;

/** What the network says of one sample, and what is known of it; metres, the crop's camera frame. */
export interface Predicted {
  readonly id: string;
  readonly joints: Float32Array; // [21, 3]
  readonly vertices: Float32Array; // [V, 3]
  readonly truthJoints: Float64Array; // [21, 3]
  /** The annotated hand's mesh [V, 3] at the true wrist; undefined where the sample has no MANO parameters. */
  readonly truthVertices: Float32Array | undefined;
  /** Unweighted terms of the loss. */
  readonly terms: Readonly<Record<string, number>>;
}

const TERMS = LOSS_NAMES.filter((name) => name !== "total_loss");

/** Predicts every sample of `loader` once, in order, with the weights as they are; rows that fill the last batch are left out. */
export async function* predict(
  recording: Recording,
  loader: Loader,
  onProgress: (done: number, total: number) => void,
): AsyncGenerator<Predicted> {
  const { plan, outputs, losses } = recording;
  const perSample = TERMS.map((name) => losses.perSample[name as keyof typeof losses.perSample]);
  let done = 0;
  for (let index = 0; index < loader.batchesPerEpoch; index++) {
    const batch = await loader.batch(0, index);
    writeBatch(recording, batch);
    plan.run();
    const { truth } = losses;
    const read = await plan.read(outputs.keypoints3d, outputs.vertices, truth.vertices, truth.joints, ...perSample);
    const [joints, vertices, meshes, meshJoints, ...values] = read;
    const meshSize = vertices.length / batch.size;
    for (let row = 0; row < batch.count; row++) {
      const of = (array: Float32Array, size: number): Float32Array => array.subarray(row * size, (row + 1) * size);
      const joint = (i: number): number => batch.joints3d[row * 84 + Math.floor(i / 3) * 4 + (i % 3)];
      // The annotated mesh comes without its translation; its wrist goes to the annotated one.
      const shift = [0, 1, 2].map((i) => joint(i) - meshJoints[63 * row + i]);
      yield {
        id: batch.ids[row],
        joints: of(joints, 63),
        vertices: of(vertices, meshSize),
        truthJoints: Float64Array.from({ length: 63 }, (_, i) => joint(i)),
        truthVertices: batch.hasMano[row] === 1 ? of(meshes, meshSize).map((x, i) => x + shift[i % 3]) : undefined,
        terms: Object.fromEntries(TERMS.map((name, i) => [name, values[i][row]])),
      };
    }
    done += batch.count;
    onProgress(done, loader.ids.length);
  }
}

/** What an evaluation may be given besides. */
export interface EvaluateOptions {
  /** Sees every prediction; its arrays stay as they are. */
  readonly onPrediction?: (sample: Predicted) => void;
  /** True mesh [V, 3] of a sample in metres where the data set brings one, camera frame. */
  readonly truthVertices?: (id: string) => Promise<Float32Array | undefined>;
}

/**
 * Predicts every sample of `loader` once with the weights as they are and scores the predictions. Rows that fill the last
 * batch are not counted; non-finite predictions are counted and left out. Losses are means over samples.
 */
export async function evaluate(
  recording: Recording,
  loader: Loader,
  meanPose: Float64Array,
  onProgress: (done: number, total: number) => void,
  options: EvaluateOptions = {},
): Promise<Scores> {
  const evaluation = new Evaluation({ meanPose });
  const sums = new Map<LossName, number>(LOSS_NAMES.map((name) => [name, 0]));
  let samples = 0;
  for await (const sample of predict(recording, loader, onProgress)) {
    const { id, joints, truthJoints, vertices, terms } = sample;
    const truthVertices = (await options.truthVertices?.(id)) ?? sample.truthVertices;
    evaluation.add({ id, joints, truthJoints, ...(truthVertices && { vertices, truthVertices }) });
    for (const name of TERMS) sums.set(name, sums.get(name)! + terms[name]);
    samples++;
    options.onPrediction?.(sample);
  }
  const summary = evaluation.summary();
  const means = Object.fromEntries(TERMS.map((name) => [name, sums.get(name)! / samples]));
  return {
    samples: summary.samples,
    non_finite: summary.nonFinite,
    mpjpe_mm: summary.mpjpeMm,
    pa_mpjpe_mm: summary.paMpjpeMm,
    meshes: summary.meshes,
    mpvpe_mm: summary.mpvpeMm ?? null,
    pa_mpvpe_mm: summary.paMpvpeMm ?? null,
    losses: { ...means, total_loss: recording.totalOf(means) } as Record<LossName, number>,
    baselines: {
      zero_pose: { mpjpe_mm: summary.zeroPoseMpjpeMm, pa_mpjpe_mm: summary.zeroPosePaMpjpeMm },
      mean_pose: { mpjpe_mm: summary.meanPoseMpjpeMm!, pa_mpjpe_mm: summary.meanPosePaMpjpeMm! },
    },
  };
}
