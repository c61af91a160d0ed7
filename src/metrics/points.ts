/** Point sets are flat arrays [N, 3] in metres; every distance that leaves this folder is in millimetres. */
export type Points = Float64Array | Float32Array;

export const MILLIMETRES = 1000;

/** Number of points. Throws when the length is not a multiple of 3, when there is none, or when the two sets differ. */
export function countPoints(what: string, pred: Points, truth: Points): number {
  if (pred.length !== truth.length || pred.length === 0 || pred.length % 3 !== 0)
    throw new Error(
      `${what}: ${pred.length} predicted and ${truth.length} true coordinates, expected the same 3 N > 0`,
    );
  return pred.length / 3;
}

/** True when every coordinate is a finite number. */
export const isFinitePoints = (points: Points): boolean => {
  for (let i = 0; i < points.length; i++) if (!Number.isFinite(points[i])) return false;
  return true;
};

/** points minus one point, by default their own first (the wrist). */
export function relativeTo(points: Points, root: Points = points): Float64Array {
  const [x, y, z] = root;
  const result = new Float64Array(points.length);
  for (let i = 0; i < points.length; i += 3) {
    result[i] = points[i] - x;
    result[i + 1] = points[i + 1] - y;
    result[i + 2] = points[i + 2] - z;
  }
  return result;
}

/** Distance of each pair of points, millimetres, [N]. */
export function distancesMm(pred: Points, truth: Points): Float64Array {
  const count = countPoints("distances", pred, truth);
  const result = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const dx = pred[3 * i] - truth[3 * i];
    const dy = pred[3 * i + 1] - truth[3 * i + 1];
    const dz = pred[3 * i + 2] - truth[3 * i + 2];
    result[i] = MILLIMETRES * Math.sqrt(dx * dx + dy * dy + dz * dz);
  }
  return result;
}

/** Arithmetic mean, summed in order. Throws for no value: a metric over nothing has no value. */
export function mean(what: string, values: ArrayLike<number>): number {
  if (values.length === 0) throw new Error(`${what}: no valid sample, so there is nothing to average`);
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i];
  return sum / values.length;
}
