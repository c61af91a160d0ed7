/** Ends and lengths on scales, sums over pictures, words that fit. Pure. */
import { niceCeiling } from "../viewer/palette";
import { quantile } from "./colours";

/** Largest error of heat maps in mm: the 98th percentile, up to a round number; a few vertices far out would leave the rest in one colour. */
export const errorLimitOf = (errors: ArrayLike<number>): number => niceCeiling(quantile(errors, 0.98));

/** Length of a bar of `value` as a share: linear from 0, or logarithmic from a decade below the least to the largest. */
export function barShare(value: number, values: readonly number[], isLog: boolean): number {
  const positive = values.filter((each) => each > 0 && Number.isFinite(each));
  if (!(value > 0) || positive.length === 0) return 0;
  const most = Math.max(...positive);
  if (!isLog) return Math.min(1, value / most);
  const { low, high } = decades(positive);
  return Math.max(0, Math.min(1, (Math.log10(value) - low) / (high - low)));
}

/** The whole decades that hold positive values, with an empty one at most below the least. */
export function decades(positive: readonly number[]): { readonly low: number; readonly high: number } {
  const logs = positive.map(Math.log10);
  const high = Math.ceil(Math.max(...logs) + 1e-9);
  return { low: Math.min(high - 1, Math.floor(Math.min(...logs) - 1e-9)), high };
}

/** Length over the channels of a gradient [channels, pixels], [pixels]. */
export function lengthOverChannels(values: Float32Array, pixels: number): Float32Array {
  const out = new Float32Array(pixels);
  for (let i = 0; i < values.length; i++) out[i % pixels] += values[i] ** 2;
  return out.map(Math.sqrt);
}

/** Share of the values, largest first, that make up half of their sum: 0.5 where all are alike. */
export function halfShare(values: ArrayLike<number>): number {
  const sorted = Float64Array.from(values).sort().reverse();
  const half = sorted.reduce((sum, value) => sum + value, 0) / 2;
  let sum = 0;
  for (let i = 0; i < sorted.length; i++) {
    sum += sorted[i];
    if (sum >= half && half > 0) return (i + 1) / sorted.length;
  }
  return Number.NaN;
}

/** A dotted name, without its first parts when it does not fit. */
export function fitted(name: string, fits: (text: string) => boolean): string {
  let rest = name;
  while (!fits(rest === name ? name : `…${rest}`)) {
    const dot = rest.indexOf(".");
    if (dot < 0) break;
    rest = rest.slice(dot + 1);
  }
  return rest === name ? name : `…${rest}`;
}

/** Lines of `text` no wider than `width`, broken at spaces. Pure but for `measure`. */
export function wrap(text: string, width: number, measure: (text: string) => number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (line !== "" && measure(longer) > width) {
      lines.push(line);
      line = word;
    } else line = longer;
  }
  return [...lines, line];
}
