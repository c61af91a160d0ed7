/** The true, the coarse and the refined hand of a look, with where they lie in the picture. */
import type { Sample } from "../../data/types";
import type { Predicted } from "../gather";
import { projectPoints } from "../sample-view";
import { fromWrist } from "./numbers";
import { toInputPixels } from "./pictures";
import type { HandView, TrueHand } from "./types";

export interface Shape {
  readonly height: number;
  readonly width: number;
}

/**
 * A hand that the network's camera [s, tx, ty] sees with `focal`: it lies at the distance 2 f / s. `keypoints2d` [21, 2] are the
 * joints in the picture as the network itself gives them, where it does.
 */
export function predictedHand(
  { joints, vertices }: Pick<Predicted, "joints" | "vertices">,
  camera: Float32Array,
  focal: number,
  { height, width }: Shape,
  keypoints2d?: Float32Array,
): HandView {
  const [s, tx, ty] = camera;
  const pixels = (points: Float32Array): Float32Array =>
    toInputPixels(projectPoints(points, camera, focal), 2, width, height);
  return {
    joints: fromWrist(joints, joints),
    vertices: fromWrist(vertices, joints),
    wrist: [joints[0] + tx, joints[1] + ty, joints[2] + (2 * focal) / s],
    joints2d: keypoints2d ? toInputPixels(keypoints2d, 2, width, height) : pixels(joints),
    vertices2d: pixels(vertices),
  };
}

/** The annotation as the loss and the metrics have it. */
export function trueHand(
  sample: Sample,
  { truthJoints, truthVertices }: Predicted,
  { height, width }: Shape,
): TrueHand {
  const { focal, principal, joints2d } = sample;
  return {
    joints: fromWrist(truthJoints, truthJoints),
    vertices: truthVertices && fromWrist(truthVertices, truthJoints),
    wrist: [truthJoints[0], truthJoints[1], truthJoints[2]],
    joints2d: toInputPixels(joints2d, 3, width, height),
    vertices2d: truthVertices && toInputPixels(projectTruth(truthVertices, focal, principal), 2, width, height),
    confidence: Float32Array.from({ length: 21 }, (_, j) => joints2d[3 * j + 2]),
  };
}

/** focal (X, Y) / Z + principal, in units of the crop's side. */
export function projectTruth(points: Float32Array, focal: number, principal: ArrayLike<number>): Float32Array {
  const out = new Float32Array((2 * points.length) / 3);
  for (let i = 0; i < out.length / 2; i++) {
    const [x, y, z] = points.subarray(3 * i);
    out[2 * i] = (focal * x) / z + principal[0];
    out[2 * i + 1] = (focal * y) / z + principal[1];
  }
  return out;
}
