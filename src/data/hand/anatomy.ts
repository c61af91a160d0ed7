/** How each joint of a hand in MANO's layout bends, found from its rest joints, so that it holds for OpenHand and MANO alike. */
import type { HandModel } from "../types";
import { blendShapes, MANO_JOINTS, regressJoints } from "./forward";
import { cross, matrixFromAxisAngle, type Numbers, normalized, rotate } from "./rotations";

/** Unit axes in the rest frame, one 3-vector for each of joints 1..15. Positive angles bend, spread and twist as said below. */
export interface JointAxes {
  /** Bends towards the palm; for the thumb across the palm. */
  readonly flexion: Float64Array; // [15 * 3]
  /** Moves the finger towards the thumb's side; lifts the thumb away from the palm. */
  readonly abduction: Float64Array; // [15 * 3]
  /** Along the bone, towards the tip. */
  readonly twist: Float64Array; // [15 * 3]
}

/**
 * First joint of each finger but the thumb (index, middle, pinky, ring), the place of its tip in `HandModel.tips`, and how
 * far the palm's arch rolls its bending axis about the finger (radians, as in the rig that OpenHand is made from).
 */
const FINGERS = [
  { first: 1, tip: 1, roll: -0.05 },
  { first: 4, tip: 2, roll: 0.02 },
  { first: 7, tip: 4, roll: 0.25 },
  { first: 10, tip: 3, roll: 0.13 },
] as const;
const MIDDLE_FINGER = 4;
const THUMB = 13;

const minus = (a: Numbers, b: Numbers): Float64Array => Float64Array.of(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
const plus = (a: Numbers, b: Numbers): Float64Array => Float64Array.of(a[0] + b[0], a[1] + b[1], a[2] + b[2]);

/** Axes of the 15 joints from the model's rest joints. */
export function jointAxes(model: HandModel): JointAxes {
  const rest = blendShapes(model, new Float64Array(model.shapeCount));
  return axesFromJoints(
    regressJoints(model, rest),
    model.tips.map((tip) => rest.subarray(3 * tip, 3 * tip + 3)),
  );
}

/** Axes from rest joints [16 * 3] and the five tips (thumb, index, middle, ring, pinky). */
export function axesFromJoints(joints: Numbers, tips: readonly Numbers[]): JointAxes {
  const at = (k: number): Float64Array => Float64Array.of(joints[3 * k], joints[3 * k + 1], joints[3 * k + 2]);
  const axes: JointAxes = {
    flexion: new Float64Array(3 * (MANO_JOINTS - 1)),
    abduction: new Float64Array(3 * (MANO_JOINTS - 1)),
    twist: new Float64Array(3 * (MANO_JOINTS - 1)),
  };
  const store = (k: number, bone: Float64Array, flexion: Float64Array): void => {
    axes.twist.set(bone, 3 * (k - 1));
    axes.flexion.set(flexion, 3 * (k - 1));
    axes.abduction.set(cross(bone, flexion), 3 * (k - 1));
  };
  // Out of the back of a right hand: from the little finger's side to the index finger's, seen from the wrist.
  const dorsal = normalized(cross(minus(at(7), at(0)), minus(at(1), at(0))));
  const forward = normalized(minus(at(MIDDLE_FINGER + 1), at(MIDDLE_FINGER)));
  for (const { first, tip, roll } of FINGERS) {
    for (let i = 0; i < 3; i++) {
      const next = i < 2 ? at(first + i + 1) : tips[tip];
      const bone = normalized(minus(next, at(first + i)));
      const across = normalized(minus(at(first + 1), at(first)));
      // Spread fingers come together as they bend, so the axis lies between the finger's own and the middle finger's.
      const heading = normalized(plus(across, forward));
      const flat = cross(dorsal, heading);
      const along = flat[0] * bone[0] + flat[1] * bone[1] + flat[2] * bone[2];
      const plain = normalized(
        minus(
          flat,
          bone.map((value) => value * along),
        ),
      );
      store(first + i, bone, rotate(matrixFromAxisAngle(bone.map((value) => value * roll)), plain));
    }
  }
  // The thumb bends towards the base of the little finger, on the palm's side of it.
  const target = minus(
    at(7),
    dorsal.map((value) => value * 0.02),
  );
  for (let i = 0; i < 3; i++) {
    const next = i < 2 ? at(THUMB + i + 1) : tips[0];
    const bone = normalized(minus(next, at(THUMB + i)));
    store(THUMB + i, bone, normalized(cross(bone, minus(target, at(THUMB + i)))));
  }
  return axes;
}
