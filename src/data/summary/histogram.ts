/** Distributions of one number over frames, with bins whose edges are round numbers. */

/** How a number is spread. Plain data. */
export interface Histogram {
  readonly label: string;
  readonly unit: string;
  /** Left edge of the first bin and the width of each. */
  readonly from: number;
  readonly step: number;
  readonly counts: readonly number[];
  /** Values that were counted, and frames (or joints) that have none. */
  readonly n: number;
  readonly missing: number;
  readonly low: number;
  readonly p5: number;
  readonly median: number;
  readonly p95: number;
  readonly high: number;
}

/** Smallest of 1, 2, 5 times a power of ten that is at least `least`. */
function roundStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least));
  return power * ([1, 2, 5].find((factor) => factor * power >= least * (1 - 1e-9)) ?? 10);
}

/** Value below which the share `q` of the sorted values lies, linear between neighbours; NaN for none. */
export function quantile(sorted: ArrayLike<number>, q: number): number {
  if (sorted.length === 0) return Number.NaN;
  const at = q * (sorted.length - 1);
  const low = Math.floor(at);
  const high = Math.min(low + 1, sorted.length - 1);
  return sorted[low] + (at - low) * (sorted[high] - sorted[low]);
}

/**
 * At most `bins` bins over the finite values; undefined and NaN are counted as missing. Undefined when there is no value.
 * The highest value is inside the last bin, not on its edge.
 */
export function histogram(
  label: string,
  unit: string,
  values: readonly (number | undefined)[],
  bins = 24,
): Histogram | undefined {
  const sorted = Float64Array.from(
    values.filter((value) => value !== undefined && Number.isFinite(value)) as number[],
  ).sort();
  if (sorted.length === 0) return undefined;
  const [low, high] = [sorted[0], sorted[sorted.length - 1]];
  let step = roundStep(Math.max((high - low) / bins, Math.abs(high) * 1e-6, 1e-9));
  let from = Math.floor(low / step) * step;
  // Round edges may need one bin more than the spread alone.
  while (Math.floor((high - from) / step) + 1 > bins) {
    step = roundStep(step * 1.01);
    from = Math.floor(low / step) * step;
  }
  const counts = new Array<number>(Math.floor((high - from) / step) + 1).fill(0);
  for (const value of sorted) counts[Math.min(counts.length - 1, Math.floor((value - from) / step))]++;
  return {
    label,
    unit,
    from,
    step,
    counts,
    n: sorted.length,
    missing: values.length - sorted.length,
    low,
    p5: quantile(sorted, 0.05),
    median: quantile(sorted, 0.5),
    p95: quantile(sorted, 0.95),
    high,
  };
}
