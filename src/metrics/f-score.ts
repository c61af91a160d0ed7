import { MILLIMETRES, type Points } from "./points";

const TABLE_BITS = 10;
const TABLE = 1 << TABLE_BITS;

/**
 * F-scores of two point sets at ascending thresholds in mm: the harmonic mean of the share of predicted points that have
 * a true point nearer than the threshold, and the reverse; 0 where both shares are 0. Knapitsch et al. 2017, "Tanks and
 * Temples"; HO-3D's eval.py. The sets may differ in size. Throws when one is empty.
 */
export function fScores(pred: Points, truth: Points, thresholdsMm: readonly number[]): number[] {
  if (pred.length === 0 || truth.length === 0) throw new Error("F-score: a mesh without vertices");
  const precision = sharesNear(pred, truth, thresholdsMm);
  const recall = sharesNear(truth, pred, thresholdsMm);
  return thresholdsMm.map((_, k) => {
    const sum = precision[k] + recall[k];
    return sum === 0 ? 0 : (2 * precision[k] * recall[k]) / sum;
  });
}

/** Share of `points` whose nearest neighbour in `others` is nearer than each threshold. */
function sharesNear(points: Points, others: Points, thresholdsMm: readonly number[]): number[] {
  const smallest = (thresholdsMm[0] / MILLIMETRES) ** 2;
  const cells = new Cells(others, thresholdsMm[thresholdsMm.length - 1] / MILLIMETRES);
  const limits = thresholdsMm.map((t) => (t / MILLIMETRES) ** 2);
  const counts = thresholdsMm.map(() => 0);
  for (let i = 0; i < points.length; i += 3) {
    const nearest = cells.nearestSquared(points[i], points[i + 1], points[i + 2], i, smallest);
    for (let k = 0; k < limits.length; k++) if (nearest < limits[k]) counts[k]++;
  }
  return counts.map((n) => n / (points.length / 3));
}

/** Points in cells of a hashed grid; a search looks at the 27 cells round a point, so it is exact up to one cell's side. */
class Cells {
  readonly #start = new Uint32Array(TABLE + 1);
  readonly #sorted: Float64Array;

  constructor(
    private readonly points: Points,
    private readonly side: number,
  ) {
    const count = points.length / 3;
    const cells = new Uint32Array(count);
    for (let i = 0; i < count; i++) {
      cells[i] = this.#cell(points[3 * i], points[3 * i + 1], points[3 * i + 2], 0, 0, 0);
      this.#start[cells[i] + 1]++;
    }
    for (let c = 0; c < TABLE; c++) this.#start[c + 1] += this.#start[c];
    const next = this.#start.slice();
    this.#sorted = new Float64Array(3 * count);
    for (let i = 0; i < count; i++) {
      const at = 3 * next[cells[i]]++;
      this.#sorted[at] = points[3 * i];
      this.#sorted[at + 1] = points[3 * i + 1];
      this.#sorted[at + 2] = points[3 * i + 2];
    }
  }

  #cell(x: number, y: number, z: number, dx: number, dy: number, dz: number): number {
    const a = Math.imul(Math.floor(x / this.side) + dx, 73856093);
    const b = Math.imul(Math.floor(y / this.side) + dy, 19349663);
    const c = Math.imul(Math.floor(z / this.side) + dz, 83492791);
    return (a ^ b ^ c) & (TABLE - 1);
  }

  /**
   * Squared distance to the nearest point; a number below `enough` may be that of any point nearer than that. The point
   * numbered `hint` (offset of its x) is looked at first: it is near when both sets are the same mesh.
   */
  nearestSquared(x: number, y: number, z: number, hint: number, enough: number): number {
    let best = Number.POSITIVE_INFINITY;
    if (hint < this.points.length) best = squared(this.points, hint, x, y, z);
    if (best < enough) return best;
    for (let dx = -1; dx <= 1; dx++) {
      for (let dy = -1; dy <= 1; dy++) {
        for (let dz = -1; dz <= 1; dz++) {
          const cell = this.#cell(x, y, z, dx, dy, dz);
          for (let i = 3 * this.#start[cell]; i < 3 * this.#start[cell + 1]; i += 3) {
            best = Math.min(best, squared(this.#sorted, i, x, y, z));
          }
          if (best < enough) return best;
        }
      }
    }
    return best;
  }
}

function squared(points: Points, i: number, x: number, y: number, z: number): number {
  const [dx, dy, dz] = [points[i] - x, points[i + 1] - y, points[i + 2] - z];
  return dx * dx + dy * dy + dz * dz;
}
