/** What Procrustes alignment does to a hand, in words. Pure. */
import { procrustes } from "../../metrics/procrustes";

export interface Alignment {
  /** Angle of the turn, degrees. */
  readonly degrees: number;
  readonly scale: number;
  /** How far the middle of the joints moves, mm. */
  readonly moveMm: number;
}

/** The best similarity from `joints` [21, 3] to `truth` [21, 3], metres, both round their wrist. Throws when a joint is not finite. */
export function alignmentOf(joints: Float32Array, truth: Float32Array): Alignment {
  const { rotation, scale } = procrustes(joints, truth);
  const cosine = (rotation[0] + rotation[4] + rotation[8] - 1) / 2;
  const [from, to] = [joints, truth].map(middleOf);
  return {
    degrees: (Math.acos(Math.max(-1, Math.min(1, cosine))) * 180) / Math.PI,
    scale,
    moveMm: 1000 * Math.hypot(...from.map((value, k) => to[k] - value)),
  };
}

const middleOf = (points: Float32Array): number[] =>
  [0, 1, 2].map((k) => points.reduce((sum, value, i) => (i % 3 === k ? sum + value : sum), 0) / (points.length / 3));
