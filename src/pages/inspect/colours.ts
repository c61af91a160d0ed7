/** Numbers as colours: pixels of heat maps, and the ranges that their legends tell. Pure. */
import { significant } from "../format";
import { heatColour } from "../viewer/palette";

export interface Span {
  readonly low: number;
  readonly high: number;
}

/** Least and largest of the values that are finite; 0 to 1 where there is none, and never empty. */
export function spanOf(values: ArrayLike<number>): Span {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = 0; i < values.length; i++) {
    if (!Number.isFinite(values[i])) continue;
    low = Math.min(low, values[i]);
    high = Math.max(high, values[i]);
  }
  if (low > high) return { low: 0, high: 1 };
  return high > low ? { low, high } : { low, high: low + (Math.abs(low) || 1) };
}

/** Numbers of a legend: both ends and the middle, the last one with the unit. */
export const spanNumbers = ({ low, high }: Span, unit = ""): string[] =>
  [low, (low + high) / 2, high].map((value, i) => `${significant(value, 3)}${i === 2 ? unit : ""}`);

/** Place of a value in a span, 0 to 1, clamped; NaN stays NaN. */
export function shareOf(value: number, { low, high }: Span): number {
  return Number.isNaN(value) ? value : Math.max(0, Math.min(1, (value - low) / (high - low)));
}

/** How much of the picture below a heat map is hidden: little where there is little. */
export function opacityOf(share: number): number {
  return Number.isNaN(share) ? 0.6 : 0.2 + 0.6 * share;
}

/** RGBA of a heat map [rows * columns, 4]; over a picture, small values let it through. */
export function heatPixels(
  values: ArrayLike<number>,
  span: Span,
  isOverPicture: boolean,
): Uint8ClampedArray<ArrayBuffer> {
  const out = new Uint8ClampedArray(4 * values.length);
  for (let i = 0; i < values.length; i++) {
    const share = shareOf(values[i], span);
    out.set(heatColour(share), 4 * i);
    out[4 * i + 3] = isOverPicture ? 255 * opacityOf(share) : 255;
  }
  return out;
}

/** Value below which `share` of the finite values lie: a legend's end that a few outliers do not move. */
export function quantile(values: ArrayLike<number>, share: number): number {
  const sorted = Float64Array.from(values).filter(Number.isFinite).sort();
  if (sorted.length === 0) return Number.NaN;
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
}
