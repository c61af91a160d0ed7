/** Rotations as row-major 3x3 matrices in flat arrays, axis-angle vectors in radians, and the 6D form. */
import { atan2, sin } from "../math";

/** Any flat array of numbers that can be read. */
export type Numbers = ArrayLike<number>;

/** Axis-angle [3] at `offset` to a rotation matrix [9] (Rodrigues; the series at small angles, so that 0 is exact). */
export function matrixFromAxisAngle(axisAngle: Numbers, offset = 0): Float64Array {
  const x = axisAngle[offset];
  const y = axisAngle[offset + 1];
  const z = axisAngle[offset + 2];
  const angle2 = x * x + y * y + z * z;
  let a = 1 - angle2 / 6; // sin(t) / t
  let b = 0.5 - angle2 / 24; // (1 - cos(t)) / t^2
  if (angle2 > 1e-8) {
    const angle = Math.sqrt(angle2);
    const half = sin(angle / 2);
    a = sin(angle) / angle;
    b = (2 * half * half) / angle2;
  }
  return Float64Array.of(
    1 - b * (y * y + z * z),
    b * x * y - a * z,
    b * x * z + a * y,
    b * x * y + a * z,
    1 - b * (x * x + z * z),
    b * y * z - a * x,
    b * x * z - a * y,
    b * y * z + a * x,
    1 - b * (x * x + y * y),
  );
}

/** Rotation matrix [9] at `offset` to a unit quaternion w, x, y, z with w >= 0 (Shepperd's method: never divides by a small number). */
export function quaternionFromMatrix(matrix: Numbers, offset = 0): Float64Array {
  const m = (row: number, column: number): number => matrix[offset + 3 * row + column];
  const trace = m(0, 0) + m(1, 1) + m(2, 2);
  const candidates = [trace, m(0, 0), m(1, 1), m(2, 2)];
  let largest = 0;
  for (let i = 1; i < 4; i++) if (candidates[i] > candidates[largest]) largest = i;
  const q = new Float64Array(4);
  if (largest === 0) {
    q.set([1 + trace, m(2, 1) - m(1, 2), m(0, 2) - m(2, 0), m(1, 0) - m(0, 1)]);
  } else {
    const i = largest - 1;
    const j = (i + 1) % 3;
    const k = (i + 2) % 3;
    q[0] = m(k, j) - m(j, k);
    q[1 + i] = 1 + m(i, i) - m(j, j) - m(k, k);
    q[1 + j] = m(j, i) + m(i, j);
    q[1 + k] = m(k, i) + m(i, k);
  }
  const norm = Math.sqrt(q[0] * q[0] + q[1] * q[1] + q[2] * q[2] + q[3] * q[3]) * (q[0] < 0 ? -1 : 1);
  return q.map((value) => value / norm);
}

/** Unit quaternion w, x, y, z to a rotation matrix [9]. */
export function matrixFromQuaternion(q: Numbers): Float64Array {
  const [w, x, y, z] = [q[0], q[1], q[2], q[3]];
  return Float64Array.of(
    1 - 2 * (y * y + z * z),
    2 * (x * y - w * z),
    2 * (x * z + w * y),
    2 * (x * y + w * z),
    1 - 2 * (x * x + z * z),
    2 * (y * z - w * x),
    2 * (x * z - w * y),
    2 * (y * z + w * x),
    1 - 2 * (x * x + y * y),
  );
}

/** Rotation matrix [9] at `offset` to axis-angle [3], angle in [0, pi]; exact at 0 and stable at pi. */
export function axisAngleFromMatrix(matrix: Numbers, offset = 0): Float64Array {
  const [w, x, y, z] = quaternionFromMatrix(matrix, offset);
  const length = Math.sqrt(x * x + y * y + z * z);
  const scale = length < 1e-12 ? 2 : (2 * atan2(length, w)) / length;
  return Float64Array.of(x * scale, y * scale, z * scale);
}

/** 6D form (two contiguous 3-vectors; Zhou et al. 2019) to a rotation matrix [9] whose columns are b1, b2, b3. Throws when degenerate. */
export function matrixFromSixD(sixD: Numbers, offset = 0): Float64Array {
  const a1 = [sixD[offset], sixD[offset + 1], sixD[offset + 2]];
  const a2 = [sixD[offset + 3], sixD[offset + 4], sixD[offset + 5]];
  const b1 = normalized(a1);
  const along = b1[0] * a2[0] + b1[1] * a2[1] + b1[2] * a2[2];
  const b2 = normalized([a2[0] - along * b1[0], a2[1] - along * b1[1], a2[2] - along * b1[2]]);
  const b3 = cross(b1, b2);
  return Float64Array.of(b1[0], b2[0], b3[0], b1[1], b2[1], b3[1], b1[2], b2[2], b3[2]);
}

/** First two columns of a rotation matrix [9] at `offset` as the 6D form [6]. */
export function sixDFromMatrix(matrix: Numbers, offset = 0): Float64Array {
  return Float64Array.from([0, 3, 6, 1, 4, 7], (i) => matrix[offset + i]);
}

/** a b of two row-major 3x3 matrices: rotate by b first, then by a. */
export function multiply(a: Numbers, b: Numbers): Float64Array {
  const out = new Float64Array(9);
  for (let row = 0; row < 3; row++) {
    for (let column = 0; column < 3; column++) {
      out[3 * row + column] = a[3 * row] * b[column] + a[3 * row + 1] * b[3 + column] + a[3 * row + 2] * b[6 + column];
    }
  }
  return out;
}

/** Transpose of a 3x3 matrix, the inverse of a rotation. */
export function transpose(m: Numbers): Float64Array {
  return Float64Array.of(m[0], m[3], m[6], m[1], m[4], m[7], m[2], m[5], m[8]);
}

/** The matrix [9] times the vector [3]. */
export function rotate(m: Numbers, v: Numbers): Float64Array {
  return Float64Array.of(
    m[0] * v[0] + m[1] * v[1] + m[2] * v[2],
    m[3] * v[0] + m[4] * v[1] + m[5] * v[2],
    m[6] * v[0] + m[7] * v[1] + m[8] * v[2],
  );
}

/** Two axis-angle rotations as one: first `b`, then `a`, both [3]. */
export function composeAxisAngle(a: Numbers, b: Numbers): Float64Array {
  return axisAngleFromMatrix(multiply(matrixFromAxisAngle(a), matrixFromAxisAngle(b)));
}

/** Cross product of two 3-vectors. */
export function cross(a: Numbers, b: Numbers): Float64Array {
  return Float64Array.of(a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]);
}

/** Vector of unit length. Throws when the vector is too short to have a direction. */
export function normalized(v: Numbers): Float64Array {
  const length = Math.sqrt(v[0] * v[0] + v[1] * v[1] + v[2] * v[2]);
  if (!(length > 1e-12)) throw new RangeError(`normalized: the vector [${v[0]}, ${v[1]}, ${v[2]}] has no direction`);
  return Float64Array.of(v[0] / length, v[1] / length, v[2] / length);
}
