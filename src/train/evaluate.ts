import type { Loader } from "../data/loader";
import { Evaluation } from "../metrics/evaluation";
import type { EvaluationRecord, LossName } from "./events";
import type { Recording } from "./record";
import { LOSS_NAMES, writeBatch } from "./recording-io";

export type Scores = Omit<EvaluationRecord, "step" | "epoch" | "split" | "ms">;

/**
 * Predicts every sample of `loader` once with the weights as they are and scores the predictions. Rows that fill the last
 * batch are not counted; non-finite predictions are counted and left out. Losses are means over samples.
 */
export async function evaluate(
  recording: Recording,
  loader: Loader,
  meanPose: Float64Array,
  onProgress: (done: number, total: number) => void,
): Promise<Scores> {
  const { plan, outputs, losses } = recording;
  const evaluation = new Evaluation({ meanPose });
  const terms = LOSS_NAMES.filter((name) => name !== "total_loss");
  const sums = new Map<LossName, number>(LOSS_NAMES.map((name) => [name, 0]));
  let samples = 0;
  for (let index = 0; index < loader.batchesPerEpoch; index++) {
    const batch = await loader.batch(0, index);
    writeBatch(recording, batch);
    plan.run();
    const perSample = terms.map((name) => losses.perSample[name as keyof typeof losses.perSample]);
    const [joints, vertices, truth, ...values] = await plan.read(
      outputs.keypoints3d,
      outputs.vertices,
      losses.truth.vertices,
      ...perSample,
    );
    const meshSize = vertices.length / batch.size;
    const annotated = batch.hasMano.every((flag) => flag === 1);
    for (let row = 0; row < batch.count; row++) {
      const of = (array: Float32Array, size: number): Float32Array => array.subarray(row * size, (row + 1) * size);
      evaluation.add({
        id: batch.ids[row],
        joints: of(joints, 63),
        truthJoints: Float64Array.from(
          { length: 63 },
          (_, i) => batch.joints3d[row * 84 + Math.floor(i / 3) * 4 + (i % 3)],
        ),
        ...(annotated && { vertices: of(vertices, meshSize), truthVertices: of(truth, meshSize) }),
      });
      for (const [i, name] of terms.entries()) sums.set(name, sums.get(name)! + values[i][row]);
    }
    samples += batch.count;
    onProgress(samples, loader.ids.length);
  }
  const summary = evaluation.summary();
  const means = Object.fromEntries(terms.map((name) => [name, sums.get(name)! / samples]));
  return {
    samples: summary.samples,
    non_finite: summary.nonFinite,
    mpjpe_mm: summary.mpjpeMm,
    pa_mpjpe_mm: summary.paMpjpeMm,
    mpvpe_mm: summary.mpvpeMm ?? null,
    pa_mpvpe_mm: summary.paMpvpeMm ?? null,
    losses: { ...means, total_loss: recording.totalOf(means) } as Record<LossName, number>,
    baselines: {
      zero_pose: { mpjpe_mm: summary.zeroPoseMpjpeMm, pa_mpjpe_mm: summary.zeroPosePaMpjpeMm },
      mean_pose: { mpjpe_mm: summary.meanPoseMpjpeMm!, pa_mpjpe_mm: summary.meanPosePaMpjpeMm! },
    },
  };
}
