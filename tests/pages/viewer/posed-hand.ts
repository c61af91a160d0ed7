/** Hands to look at: OpenHand, its fingers bent, round its wrist. */
import { handForward, joints21 } from "../../../src/data/hand/forward";
import type { HandModel } from "../../../src/data/types";

export interface PosedHand {
  readonly joints: Float32Array; // [21, 3] metres
  readonly vertices: Float32Array; // [778, 3]
  readonly faces: Uint32Array;
}

/** Every finger's joints bent by `bend` radians; turned so that the fingers point up and the back of the hand to the camera. */
export function posedHand(model: HandModel, bend: number): PosedHand {
  const pose = new Float64Array(48);
  // Axis-angle of the wrist: half a turn about x brings OpenGL's y up to OpenCV's y down.
  pose[0] = Math.PI;
  for (let joint = 1; joint < 16; joint++) pose[3 * joint + 2] = bend;
  const result = handForward(model, { pose });
  const joints = joints21(model, result);
  const wrist = joints.slice(0, 3);
  const relative = (points: Float64Array): Float32Array =>
    Float32Array.from(points, (value, i) => value - wrist[i % 3]);
  return { joints: relative(joints), vertices: relative(result.vertices), faces: Uint32Array.from(model.faces) };
}
