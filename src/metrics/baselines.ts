import { type Points, relativeTo } from "./points";

/** What a predictor of nothing says: all 21 joints at the true wrist, [21, 3] metres. Its MPJPE is the hand's mean reach. */
export function zeroPose(truth: Points): Float64Array {
  const [x, y, z] = truth;
  return Float64Array.from(truth, (_, i) => [x, y, z][i % 3]);
}

/** Mean of the training set's wrist-relative joints: what a model says that has seen labels and no image. */
export class MeanPose {
  #sum: Float64Array | undefined;
  #count = 0;

  /** Adds one training sample's joints [21, 3], metres. Throws when their number changes or one is not finite. */
  add(joints: Points): void {
    this.#sum ??= new Float64Array(joints.length);
    if (joints.length !== this.#sum.length)
      throw new Error(`mean pose: ${joints.length / 3} joints, expected ${this.#sum.length / 3}`);
    const relative = relativeTo(joints);
    if (!relative.every(Number.isFinite)) throw new Error("mean pose: a training joint is not a finite number");
    for (let i = 0; i < relative.length; i++) this.#sum[i] += relative[i];
    this.#count++;
  }

  /** Wrist-relative joints [21, 3]. Throws when no sample was added. */
  get joints(): Float64Array {
    if (!this.#sum) throw new Error("mean pose: no training sample was added");
    return this.#sum.map((x) => x / this.#count);
  }
}

/** The mean pose put at a sample's true wrist, [21, 3]. */
export const meanPoseAt = (meanJoints: Points, truth: Points): Float64Array =>
  Float64Array.from(meanJoints, (x, i) => x + truth[i % 3]);
