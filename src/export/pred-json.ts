/** HO-3D's submission, pred.json: [joints of all frames, vertices of all frames], metres, OpenGL, HO-3D's joint order. */

export interface Prediction {
  /** Frame id, for messages. */
  readonly id: string;
  readonly joints: Float32Array | Float64Array; // [21, 3] metres, OpenCV camera frame, OpenPose order
  readonly vertices: Float32Array | Float64Array; // [778, 3]
}

/** OpenPose to HO-3D: wrist, then index, middle, pinky, ring, thumb without tips, then the tips thumb first. */
export const HO3D_FROM_OPENPOSE = [0, 5, 6, 7, 9, 10, 11, 17, 18, 19, 13, 14, 15, 1, 2, 3, 4, 8, 12, 16, 20] as const;

const JOINTS = 21;
const VERTICES = 778;
const DECIMALS = 7;

/**
 * pred.json in pieces: a whole evaluation split exceeds the longest string. `predictions` in evaluation.txt's order.
 * Throws, naming the frame, for a wrong number of points, a non-finite number, or a hand behind the camera (HO-3D's own
 * pred.py refuses a forgotten flip too).
 */
export function* predJson(predictions: readonly Prediction[]): Generator<string> {
  for (const prediction of predictions) check(prediction);
  const inOrder = Array.from({ length: VERTICES }, (_, i) => i);
  yield "[[";
  for (const [i, { joints }] of predictions.entries())
    yield (i === 0 ? "" : ",") + openGlPoints(joints, HO3D_FROM_OPENPOSE);
  yield "],[";
  for (const [i, { vertices }] of predictions.entries()) yield (i === 0 ? "" : ",") + openGlPoints(vertices, inOrder);
  yield "]]\n";
}

/** Moves a prediction so that its wrist lies at the wrist that HO-3D gives for its evaluation frames, as is usual. */
export function placeAtWrist(prediction: Prediction, wrist: readonly [number, number, number]): Prediction {
  const shift = wrist.map((x, c) => x - prediction.joints[c]);
  const move = (points: Float32Array | Float64Array): Float64Array =>
    Float64Array.from(points, (x, i) => x + shift[i % 3]);
  return { id: prediction.id, joints: move(prediction.joints), vertices: move(prediction.vertices) };
}

/** The numbers that stand in the file: what is scored must be what is submitted. */
export function asWritten({ id, joints, vertices }: Prediction): Prediction {
  const rounded = (points: Prediction["joints"]): Float64Array => Float64Array.from(points, round);
  return { id, joints: rounded(joints), vertices: rounded(vertices) };
}

/** A tenth of a micrometre is left. */
const round = (x: number): number => Number(x.toFixed(DECIMALS));

function check({ id, joints, vertices }: Prediction): void {
  if (joints.length !== 3 * JOINTS || vertices.length !== 3 * VERTICES) {
    throw new Error(
      `pred.json: frame ${id} has ${joints.length / 3} joints and ${vertices.length / 3} vertices, expected ${JOINTS} and ${VERTICES}`,
    );
  }
  for (const points of [joints, vertices]) {
    if (!points.every(Number.isFinite)) throw new Error(`pred.json: frame ${id} holds a number that is not finite`);
  }
  if (!(joints[2] > 0)) {
    throw new Error(
      `pred.json: the wrist of frame ${id} has z = ${joints[2]} m, expected a hand in front of the camera; wrist-relative predictions must be placed at the given wrist first`,
    );
  }
}

function openGlPoints(points: Float32Array | Float64Array, order: readonly number[]): string {
  const text = (x: number): string => String(round(x));
  return `[${order.map((i) => `[${text(points[3 * i])},${text(-points[3 * i + 1])},${text(-points[3 * i + 2])}]`).join(",")}]`;
}
