/**
 * Whether the parts of a frame's label agree: MANO of the annotated parameters against the annotated joints. Wrong hand file,
 * pose convention, joint order, frame or side all show here and nowhere else.
 */
import { type AdapterName, handFor, isMano, leftTipsFor } from "./adapter";
import { blendShapes, handForward, joints21, regressJoints } from "./hand/forward";
import { mirrorMano, mirrorPoints } from "./mirror";
import type { Frame, HandModel } from "./types";

export type Mano = NonNullable<Frame["mano"]>;

/** Parameters that miss their own joints by more are not used, metres. Rounded and float32 labels stay below 0.1 mm. */
export const LARGEST_LABEL_GAP = 0.001;

/**
 * A hand with the same 21 joints as `hand` and 21 vertices: the five tips and each of the 16 rest joints. Some thirty times
 * quicker than the whole mesh, and computed by the same code.
 */
export function jointsOnly(hand: HandModel, tips: HandModel["tips"] = hand.tips): HandModel {
  const { vertexCount: v, shapeCount: n } = hand;
  const rows = (from: Float64Array, width: number): number[] =>
    tips.flatMap((tip) => [...from.subarray(tip * width, (tip + 1) * width)]);
  const direction = (k: number): Float64Array => {
    const column = Float64Array.from({ length: 3 * v }, (_, i) => hand.shapedirs[i * n + k]);
    return regressJoints(hand, column);
  };
  const directions = Array.from({ length: n }, (_, k) => direction(k));
  return {
    ...hand,
    vertexCount: 21,
    vTemplate: Float64Array.from([...rows(hand.vTemplate, 3), ...regressJoints(hand, hand.vTemplate)]),
    shapedirs: Float64Array.from([
      ...rows(hand.shapedirs, 3 * n),
      ...Array.from({ length: 48 * n }, (_, i) => directions[i % n][Math.floor(i / n)]),
    ]),
    posedirs: Float64Array.from([...rows(hand.posedirs, 3 * 135), ...new Float64Array(48 * 135)]),
    jRegressor: Float64Array.from({ length: 16 * 21 }, (_, i) => (i % 21 === 5 + Math.floor(i / 21) ? 1 : 0)),
    weights: Float64Array.from([...rows(hand.weights, 16), ...new Float64Array(256)]),
    tips: [0, 1, 2, 3, 4],
  };
}

/** Largest distance between two sets of joints, metres. */
export function largestGap(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let worst = 0;
  for (let i = 0; i < a.length; i += 3) {
    const gap = Math.hypot(a[i] - b[i], a[i + 1] - b[i + 1], a[i + 2] - b[i + 2]);
    // A gap that is not a number is the largest of all.
    if (!(gap <= worst)) worst = Number.isNaN(gap) ? Number.POSITIVE_INFINITY : gap;
  }
  return worst;
}

/** What a file says of one hand: OpenCV, metres, OpenPose order, of its own side. */
export interface SideLabel {
  readonly side: "right" | "left";
  readonly joints3d: Float64Array; // [21, 3]
  /** [48] axis-angle; its 45 finger numbers absolute or relative to hands_mean, as the data set's row says. */
  readonly pose: Float64Array;
  readonly shape: Float64Array; // [10]
}

/** A label of the same side with MANO's parameters complete, or why it has none. */
export interface CheckedLabel {
  readonly joints3d: Float64Array; // [21, 3]
  readonly mano: Mano | undefined;
  /** Why `mano` is undefined, for a count. */
  readonly note: string | undefined;
  /** Largest distance between MANO's joints and the annotated ones, metres. */
  readonly gap: number;
}

/**
 * Completes and checks labels of one data set. The translation is the one that puts the wrist where it is annotated; a left
 * hand is checked as the right hand that it becomes. Tips of left hands that were taken at other vertices than those of right
 * hands are moved, by the distance of the two vertices, to where the one hand model has them.
 */
export function labelChecker(
  hand: HandModel,
  name: AdapterName,
  isAbsolute: boolean,
): (label: SideLabel) => CheckedLabel {
  const own = handFor(hand, name);
  const right = jointsOnly(own);
  const left = jointsOnly(own, leftTipsFor(hand, name));
  // MANO_LEFT.pkl has the sign of its shape directions' x wrong, and most fits of left hands were made with it as it is.
  const unsigned = { ...left, shapedirs: left.shapedirs.map((s, i) => (Math.floor(i / left.shapeCount) % 3 ? s : -s)) };
  const rest = (model: HandModel, shape: Float64Array): Float64Array =>
    regressJoints(model, blendShapes(model, shape)).subarray(0, 3);
  const jointsOf = (model: HandModel, mano: Mano): Float64Array => joints21(model, handForward(model, mano));
  return ({ side, joints3d, pose, shape }) => {
    const isLeft = side === "left";
    const joints = isLeft ? mirrorPoints(joints3d) : joints3d;
    const absolute = pose.map((value, i) => (isLeft && i % 3 !== 0 ? -value : value));
    if (!isAbsolute) for (let i = 3; i < 48; i++) absolute[i] += hand.handsMean[i - 3];
    const placed = (model: HandModel): Mano => {
      const wrist = rest(model, shape);
      return { pose: absolute, shape, trans: wrist.map((value, c) => joints[c] - value) };
    };
    const model = isLeft ? left : right;
    const mano = placed(model);
    const gap = largestGap(jointsOf(model, mano), joints);
    if (gap <= LARGEST_LABEL_GAP) {
      if (!isLeft) return { joints3d, mano, note: undefined, gap };
      const [from, to] = [jointsOf(left, mano), jointsOf(right, mano)];
      const moved = joints.map((value, i) => value + (to[i] - from[i]));
      return { joints3d: mirrorPoints(moved), mano: mirrorMano(mano), note: undefined, gap };
    }
    const isUnsigned = isLeft && largestGap(jointsOf(unsigned, placed(unsigned)), joints) <= LARGEST_LABEL_GAP;
    const note = isUnsigned
      ? "MANO parameters left out: the shape belongs to MANO_LEFT.pkl as it is, whose shape directions have a wrong sign"
      : `MANO parameters left out: with ${hand.name} they miss the annotated joints by more than ${1000 * LARGEST_LABEL_GAP} mm${isMano(hand) ? "" : "; choose MANO_RIGHT.pkl"}`;
    return { joints3d, mano: undefined, note, gap };
  };
}
