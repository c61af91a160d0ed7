import { type Points, relativeTo } from "./points";
import { procrustes, transform } from "./procrustes";

/** What a predictor of nothing says: all 21 joints at the true wrist, [21, 3] metres. Its MPJPE is the hand's mean reach. */
export function zeroPose(truth: Points): Float64Array {
  const [x, y, z] = truth;
  return Float64Array.from(truth, (_, i) => [x, y, z][i % 3]);
}

/**
 * What a model says that has seen labels and no image: the mean hand of the training set. Joints are wrist-relative. Where
 * hands are seen from all sides their plain mean is no hand but a heap near the wrist, so each sample is first turned
 * (rotation only, orthogonal Procrustes) to the first one; the mean of those is then turned to lie closest to the plain mean.
 */
export class MeanPose {
  #first: Float64Array | undefined;
  #plain = new Float64Array(0);
  #turned = new Float64Array(0);
  #count = 0;

  /** Adds one training sample's joints [21, 3], metres. Throws when their number changes or one is not finite. */
  add(joints: Points): void {
    const relative = relativeTo(joints);
    if (!relative.every(Number.isFinite)) throw new Error("mean pose: a training joint is not a finite number");
    if (!this.#first) {
      this.#first = relative;
      this.#plain = new Float64Array(joints.length);
      this.#turned = new Float64Array(joints.length);
    }
    if (joints.length !== this.#first.length)
      throw new Error(`mean pose: ${joints.length / 3} joints, expected ${this.#first.length / 3}`);
    const turned = turnedTo(relative, this.#first);
    for (let i = 0; i < relative.length; i++) {
      this.#plain[i] += relative[i];
      this.#turned[i] += turned[i];
    }
    this.#count++;
  }

  /** Wrist-relative joints [21, 3]. Throws when no sample was added. */
  get joints(): Float64Array {
    if (!this.#first) throw new Error("mean pose: no training sample was added");
    const mean = (sum: Float64Array): Float64Array => sum.map((x) => x / this.#count);
    return relativeTo(turnedTo(mean(this.#turned), mean(this.#plain)));
  }
}

/** points [N, 3] turned about the wrist to lie closest to truth; size is kept. */
function turnedTo(points: Float64Array, truth: Float64Array): Float64Array {
  const { rotation } = procrustes(points, truth);
  return transform({ scale: 1, rotation, translation: [0, 0, 0], collapsed: false }, points);
}

/** The mean pose put at a sample's true wrist, [21, 3]. */
export const meanPoseAt = (meanJoints: Points, truth: Points): Float64Array =>
  Float64Array.from(meanJoints, (x, i) => x + truth[i % 3]);
