/** The statistics that a rig does not have, by design: shape directions, pose correctives, mean pose. MANO's rest frame, metres. */
import type { JointAxes } from "../../data/hand/anatomy";

/** What a direction is built from. */
export interface RestHand {
  readonly vertices: Float64Array; // [V * 3]
  readonly normals: Float64Array; // [V * 3] outward
  readonly weights: Float64Array; // [V * 16]
  readonly joints: readonly (readonly number[])[]; // [16][3]
  readonly tips: readonly (readonly number[])[]; // [5][3] thumb, index, middle, ring, pinky
  readonly axes: JointAxes;
}

type Vector = readonly number[];
/** First joints of index, middle, pinky, ring, thumb, and each one's tip. */
const CHAINS = [
  { first: 1, tip: 1 },
  { first: 4, tip: 2 },
  { first: 7, tip: 4 },
  { first: 10, tip: 3 },
  { first: 13, tip: 0 },
] as const;

/** Stretch of a hand: relative growth of bones in length and girth, and of the palm along x (length), y (thickness), z (width). */
interface Stretch {
  /** Growth of finger length by chain: index, middle, pinky, ring, thumb. */
  readonly length?: Vector;
  /** Growth of finger girth by chain. */
  readonly girth?: Vector;
  /** Growth of girth at the last bone less that at the first. */
  readonly taper?: number;
  /** Growth of the last two bones less that of the first, fingers and thumb. */
  readonly reach?: number;
  readonly palm?: Vector;
}

/** MANO's first directions are mostly size; the others follow in falling size. RMS over the vertices in millimetres at beta = 1. */
const DIRECTIONS: readonly { readonly rmsMm: number; readonly stretch: Stretch }[] = [
  { rmsMm: 4.0, stretch: { length: [1, 1, 1, 1, 1], girth: [1, 1, 1, 1, 1], palm: [1, 1, 1] } },
  { rmsMm: 2.4, stretch: { length: [1, 1, 1, 1, 1] } },
  { rmsMm: 1.8, stretch: { palm: [0, 0.3, 1] } },
  { rmsMm: 1.0, stretch: { girth: [1, 1, 1, 1, 1] } },
  { rmsMm: 1.4, stretch: { palm: [1, 0, 0] } },
  { rmsMm: 1.0, stretch: { palm: [0, 1, 0] } },
  { rmsMm: 1.3, stretch: { length: [0, 0, 0, 0, 1], girth: [0, 0, 0, 0, 0.5] } },
  { rmsMm: 1.2, stretch: { length: [1, 0.3, -1, -0.6, 0] } },
  { rmsMm: 0.7, stretch: { girth: [0, 0, 0, 0, 0], taper: 1 } },
  { rmsMm: 0.9, stretch: { reach: 1 } },
];

const subtract = (a: Vector, b: Vector): number[] => a.map((value, c) => value - b[c]);
const dot = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
};

/** Displacement [V * 3] of one stretch: every bone is an affine field, blended by the skin weights, so that it is smooth. */
function displacement(hand: RestHand, stretch: Stretch): Float64Array {
  const { length = [], girth = [], taper = 0, reach = 0, palm = [0, 0, 0] } = stretch;
  const palmField = (p: Vector): number[] => subtract(p, hand.joints[0]).map((value, c) => value * palm[c]);
  const fields: ((p: Vector) => number[])[] = [palmField];
  CHAINS.forEach(({ first, tip }, f) => {
    let offset = palmField(hand.joints[first]);
    for (let i = 0; i < 3; i++) {
      const start = hand.joints[first + i];
      const bone = subtract(i < 2 ? hand.joints[first + i + 1] : hand.tips[tip], start);
      const size = Math.sqrt(dot(bone, bone));
      const direction = bone.map((value) => value / size);
      const along = (length[f] ?? 0) + (i === 0 ? -reach : reach);
      const around = (girth[f] ?? 0) + taper * (i - 1);
      const base = offset;
      fields[first + i] = (p) => {
        const d = subtract(p, start);
        const t = dot(d, direction);
        return d.map((value, c) => base[c] + along * t * direction[c] + around * (value - t * direction[c]));
      };
      offset = base.map((value, c) => value + along * size * direction[c]);
    }
  });
  const out = new Float64Array(hand.vertices.length);
  for (let v = 0; 3 * v < out.length; v++) {
    const p = Array.from(hand.vertices.subarray(3 * v, 3 * v + 3));
    for (let k = 0; k < 16; k++) {
      const w = hand.weights[16 * v + k];
      if (w > 0)
        fields[k](p).forEach((value, c) => {
          out[3 * v + c] += w * value;
        });
    }
  }
  return out;
}

/**
 * Shape directions [V * 3 * 10]: mutually orthogonal columns (Gram-Schmidt in order), without net translation, each of
 * the given RMS displacement, so that beta of one is a few millimetres as with MANO's standard deviations.
 */
export function shapeDirections(hand: RestHand): Float64Array {
  const columns: Float64Array[] = [];
  const count = hand.vertices.length / 3;
  for (const { stretch } of DIRECTIONS) {
    const column = displacement(hand, stretch);
    for (let c = 0; c < 3; c++) {
      let mean = 0;
      for (let v = 0; v < count; v++) mean += column[3 * v + c] / count;
      for (let v = 0; v < count; v++) column[3 * v + c] -= mean;
    }
    // Twice, because one pass leaves rounding behind.
    for (let pass = 0; pass < 2; pass++) {
      for (const other of columns) {
        const share = dot(column, other);
        for (let i = 0; i < column.length; i++) column[i] -= share * other[i];
      }
    }
    const norm = Math.sqrt(dot(column, column));
    columns.push(column.map((value) => value / norm));
  }
  const out = new Float64Array(count * 3 * columns.length);
  columns.forEach((column, k) => {
    const scale = (DIRECTIONS[k].rmsMm / 1000) * Math.sqrt(count);
    column.forEach((value, i) => {
      out[i * columns.length + k] = value * scale;
    });
  });
  return out;
}

/** Largest outward push of a bent joint (metres at 90 degrees) and its reach (share of the bone behind it). */
const BULGE = 0.0018;
const BULGE_REACH = 0.009;

/**
 * Pose correctives [V * 3 * 135]: bending joint k by t pushes the skin around it outward by (1 - cos t) times a bell of
 * the distance, against the loss of volume of linear blend skinning. (1 - cos t) = -<R - I, K K> / 2 with K the
 * cross-product matrix of the bending axis, so the corrective is linear in MANO's pose feature.
 */
export function poseCorrectiveDirections(hand: RestHand): Float64Array {
  const out = new Float64Array(hand.vertices.length * 135);
  for (let k = 1; k < 16; k++) {
    const [x, y, z] = hand.axes.flexion.subarray(3 * (k - 1), 3 * k);
    const squared = [x * x - 1, x * y, x * z, x * y, y * y - 1, y * z, x * z, y * z, z * z - 1];
    for (let v = 0; 3 * v < hand.vertices.length; v++) {
      const moved = hand.weights.subarray(16 * v + k, 16 * v + k + 1)[0];
      const d = [0, 1, 2].map((c) => hand.vertices[3 * v + c] - hand.joints[k][c]);
      const bell = Math.exp(-0.5 * (dot(d, d) / (BULGE_REACH * BULGE_REACH)));
      // Only skin that both bones share: neighbouring fingers lie within reach too.
      const shared = bell * Math.min(1, 4 * moved * (1 - moved) + 0.25 * moved);
      if (shared < 1e-4) continue;
      for (let c = 0; c < 3; c++) {
        const push = BULGE * shared * hand.normals[3 * v + c];
        squared.forEach((value, i) => {
          out[(3 * v + c) * 135 + 9 * (k - 1) + i] += (-push * value) / 2;
        });
      }
    }
  }
  return out;
}

/** Degrees of bending of joints 1..15 (index, middle, pinky, ring, thumb) in the mean pose: relaxed, slightly curled. */
const RELAXED = [...[14, 24, 12], ...[20, 28, 14], ...[28, 30, 16], ...[24, 30, 15], ...[4, 10, 12]];

/** Mean pose [45], axis-angle of joints 1..15. */
export function relaxedPose(axes: JointAxes): Float64Array {
  return axes.flexion.map((value, i) => (value * RELAXED[Math.floor(i / 3)] * Math.PI) / 180);
}
