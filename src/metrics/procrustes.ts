import { countPoints, type Points } from "./points";

/** aligned = scale * rotation * pred + translation. */
export interface Similarity {
  readonly scale: number;
  /** Row-major 3x3, determinant +1; -1 only where a reflection was allowed. */
  readonly rotation: Float64Array;
  readonly translation: readonly [number, number, number];
  /** True when all predicted points coincide; the scale is 0 then and every point goes to the truth's centroid. */
  readonly collapsed: boolean;
}

/** A similarity, and whether the same with a reflection would lie closer: then the prediction looks like a mirrored hand. */
export interface ProperFit extends Similarity {
  readonly mirrorIsCloser: boolean;
}

/**
 * The similarity without reflection that brings pred [N, 3] closest to truth [N, 3] in the sum of squares.
 * Horn 1987, "Closed-form solution of absolute orientation using unit quaternions", whose quaternion cannot reflect; the
 * scale is the asymmetric one (Umeyama 1991, eq. 42). Throws when the counts differ or a coordinate is not finite.
 */
export function procrustes(pred: Points, truth: Points): ProperFit {
  const { a, b, spread, collapsed, proper, mirrored } = solve(pred, truth);
  const rotation = collapsed ? IDENTITY.slice() : proper.rotation;
  const scale = collapsed ? 0 : proper.trace / spread;
  const mirrorIsCloser = !collapsed && mirrored.trace > TIE * proper.trace;
  return { scale, rotation, translation: carried(a, b, scale, rotation), collapsed, mirrorIsCloser };
}

/**
 * HO-3D's alignment (eval.py, align_w_scale): the best orthogonal matrix (scipy's orthogonal_procrustes), which is a REFLECTION
 * where that lies closer, and norms enlarged by 1e-8 m before they divide. Throws as `procrustes`.
 */
export function procrustesOfHo3d(pred: Points, truth: Points): Similarity {
  const { a, b, spread, collapsed, proper, mirrored } = solve(pred, truth);
  const { rotation, trace } = mirrored.trace > TIE * proper.trace ? mirrored : proper;
  const scale = collapsed ? 0 : trace / (Math.sqrt(spread) + NORM_EPSILON) ** 2;
  return { scale, rotation, translation: carried(a, b, scale, rotation), collapsed };
}

const IDENTITY = Float64Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1);
/** Planar points lie as close mirrored as turned; rounding must not decide which it is. */
const TIE = 1 + 1e-12;
const NORM_EPSILON = 1e-8;

interface Turn {
  readonly rotation: Float64Array;
  /** trace(rotation h): what the sum of squares is least for. */
  readonly trace: number;
}

function solve(
  pred: Points,
  truth: Points,
): {
  readonly a: readonly number[];
  readonly b: readonly number[];
  /** Sum of squares of pred about its centroid. */
  readonly spread: number;
  readonly collapsed: boolean;
  readonly proper: Turn;
  readonly mirrored: Turn;
} {
  const count = countPoints("procrustes", pred, truth);
  const a = centroid(pred, count);
  const b = centroid(truth, count);
  // h[3 r + c] = sum of pred_r truth_c; both about their centroids.
  const h = new Float64Array(9);
  let spread = 0;
  let size = 0;
  for (let i = 0; i < 3 * count; i += 3) {
    const [x, y, z] = [pred[i] - a[0], pred[i + 1] - a[1], pred[i + 2] - a[2]];
    const [u, v, w] = [truth[i] - b[0], truth[i + 1] - b[1], truth[i + 2] - b[2]];
    spread += x * x + y * y + z * z;
    size += pred[i] * pred[i] + pred[i + 1] * pred[i + 1] + pred[i + 2] * pred[i + 2];
    h[0] += x * u;
    h[1] += x * v;
    h[2] += x * w;
    h[3] += y * u;
    h[4] += y * v;
    h[5] += y * w;
    h[6] += z * u;
    h[7] += z * v;
    h[8] += z * w;
  }
  if (!Number.isFinite(spread) || !h.every(Number.isFinite))
    throw new Error("procrustes: a coordinate is not a finite number");
  // Below the rounding of the coordinates themselves there is no shape left to align.
  const collapsed = spread <= 1e-24 * size || spread === 0;
  const { largest, least } = extremeEigenpairs(hornMatrix(h));
  // A reflection is -1 times a rotation, and -h has Horn's matrix with the opposite sign: its best rotation is that of the
  // least eigenvalue.
  return {
    ...{ a, b, spread, collapsed },
    proper: { rotation: matrixOf(largest.quaternion), trace: largest.value },
    mirrored: { rotation: matrixOf(least.quaternion).map((x) => -x), trace: -least.value },
  };
}

/** b - scale * rotation * a. */
const carried = (
  a: readonly number[],
  b: readonly number[],
  scale: number,
  rotation: Float64Array,
): [number, number, number] =>
  [0, 1, 2].map(
    (r) => b[r] - scale * (rotation[3 * r] * a[0] + rotation[3 * r + 1] * a[1] + rotation[3 * r + 2] * a[2]),
  ) as [number, number, number];

/** scale * rotation * points + translation, [N, 3]. */
export function transform({ scale, rotation: r, translation: t }: Similarity, points: Points): Float64Array {
  const result = new Float64Array(points.length);
  for (let i = 0; i < points.length; i += 3) {
    const [x, y, z] = [points[i], points[i + 1], points[i + 2]];
    result[i] = scale * (r[0] * x + r[1] * y + r[2] * z) + t[0];
    result[i + 1] = scale * (r[3] * x + r[4] * y + r[5] * z) + t[1];
    result[i + 2] = scale * (r[6] * x + r[7] * y + r[8] * z) + t[2];
  }
  return result;
}

/** pred aligned to truth, [N, 3]. */
export const align = (pred: Points, truth: Points): Float64Array => transform(procrustes(pred, truth), pred);

function centroid(points: Points, count: number): [number, number, number] {
  const sum: [number, number, number] = [0, 0, 0];
  for (let i = 0; i < points.length; i += 3) {
    sum[0] += points[i];
    sum[1] += points[i + 1];
    sum[2] += points[i + 2];
  }
  return [sum[0] / count, sum[1] / count, sum[2] / count];
}

/** Horn's symmetric 4x4 matrix: its largest eigenvalue is the trace of rotation * h, its eigenvector the quaternion. */
function hornMatrix([xx, xy, xz, yx, yy, yz, zx, zy, zz]: Float64Array): Float64Array {
  return Float64Array.of(
    ...[xx + yy + zz, yz - zy, zx - xz, xy - yx],
    ...[yz - zy, xx - yy - zz, xy + yx, zx + xz],
    ...[zx - xz, xy + yx, yy - xx - zz, yz + zy],
    ...[xy - yx, zx + xz, yz + zy, zz - xx - yy],
  );
}

interface Eigenpair {
  readonly value: number;
  readonly quaternion: readonly number[];
}

/** Cyclic Jacobi rotations on a symmetric 4x4 matrix: slow to no one, exact for degenerate ones (planar, collinear points). */
function extremeEigenpairs(m: Float64Array): { readonly largest: Eigenpair; readonly least: Eigenpair } {
  const q = Float64Array.of(1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1);
  for (let sweep = 0; sweep < 30; sweep++) {
    let rotated = false;
    for (let i = 0; i < 3; i++) {
      for (let j = i + 1; j < 4; j++) {
        const off = m[4 * i + j];
        if (Math.abs(off) <= 1e-17 * (Math.abs(m[5 * i]) + Math.abs(m[5 * j]))) continue;
        rotated = true;
        const theta = (m[5 * j] - m[5 * i]) / (2 * off);
        const t = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
        const c = 1 / Math.sqrt(t * t + 1);
        const s = t * c;
        for (let k = 0; k < 4; k++) rotate(m, 4 * k + i, 4 * k + j, c, s);
        for (let k = 0; k < 4; k++) rotate(m, 4 * i + k, 4 * j + k, c, s);
        for (let k = 0; k < 4; k++) rotate(q, 4 * k + i, 4 * k + j, c, s);
      }
    }
    if (!rotated) break;
  }
  const order = [0, 1, 2, 3].sort((i, j) => m[5 * i] - m[5 * j]);
  const pair = (i: number): Eigenpair => ({ value: m[5 * i], quaternion: [0, 1, 2, 3].map((k) => q[4 * k + i]) });
  return { largest: pair(order[3]), least: pair(order[0]) };
}

function rotate(m: Float64Array, i: number, j: number, c: number, s: number): void {
  const [a, b] = [m[i], m[j]];
  m[i] = c * a - s * b;
  m[j] = s * a + c * b;
}

/** Rotation matrix of the unit quaternion (w, x, y, z). */
function matrixOf([w, x, y, z]: readonly number[]): Float64Array {
  return Float64Array.of(
    ...[w * w + x * x - y * y - z * z, 2 * (x * y - w * z), 2 * (x * z + w * y)],
    ...[2 * (x * y + w * z), w * w - x * x + y * y - z * z, 2 * (y * z - w * x)],
    ...[2 * (x * z - w * y), 2 * (y * z + w * x), w * w - x * x - y * y + z * z],
  );
}
