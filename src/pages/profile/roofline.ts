/** The roofline model (Williams, Waterman, Patterson 2009) as data. Knows no DOM. */
import type { Peaks, ProfileReport } from "../../train/events";

/** A dispatch that counts operations. */
export interface RooflineDot {
  readonly row: number;
  /** Floating-point operations per byte, modelled. */
  readonly intensity: number;
  /** 1e9 operations per second: modelled over measured. */
  readonly gflops: number;
  /** Part of all kernels' time, 0 to 1. */
  readonly share: number;
}

/** Dispatches with operations, bytes and an accepted time, longest first, so that small dots lie over large ones. */
export function rooflineDots({ rows }: ProfileReport): RooflineDot[] {
  const total = rows.reduce((sum, { ms }) => sum + (Number.isFinite(ms) ? ms : 0), 0);
  return rows
    .flatMap(({ flops, bytes, ms }, row) =>
      flops > 0 && bytes > 0 && ms > 0
        ? [{ row, intensity: flops / bytes, gflops: flops / ms / 1e6, share: ms / total }]
        : [],
    )
    .sort((a, b) => b.share - a.share);
}

/** What the adapter gives at best at an intensity, 1e9 operations per second. */
export const roofAt = ({ gflops, gbps }: Peaks, intensity: number): number => Math.min(gflops, gbps * intensity);

/**
 * Dispatches faster than the roof by more than a twentieth: above its flat part, where nothing should be, and how many times at
 * most; and above its slope alone, where caches put them.
 */
export function aboveRoof(
  dots: readonly RooflineDot[],
  peaks: Peaks,
): { readonly flat: number; readonly slope: number; readonly times: number } {
  const isAbove = (gflops: number, roof: number): boolean => gflops > 1.05 * roof;
  const flat = dots.filter(({ gflops }) => isAbove(gflops, peaks.gflops));
  const above = dots.filter(({ gflops, intensity }) => isAbove(gflops, roofAt(peaks, intensity)));
  const times = Math.max(...flat.map(({ gflops }) => gflops / peaks.gflops), 0);
  return { flat: flat.length, slope: above.length - flat.length, times };
}

/** Powers of ten around all dots, and around both roofs: [low, high] of each axis. */
export function rooflineBounds(
  dots: readonly RooflineDot[],
  peaks: Peaks | undefined,
): { readonly x: readonly [number, number]; readonly y: readonly [number, number] } {
  const xs = dots.map(({ intensity }) => intensity);
  const ys = dots.map(({ gflops }) => gflops);
  if (peaks !== undefined) {
    xs.push(peaks.gflops / peaks.gbps);
    ys.push(peaks.gflops);
  }
  return { x: powers(xs), y: powers(ys) };
}

function powers(values: readonly number[]): readonly [number, number] {
  if (values.length === 0) return [0.1, 10];
  const low = 10 ** Math.floor(Math.log10(Math.min(...values)));
  const high = 10 ** Math.ceil(Math.log10(Math.max(...values)) + 1e-9);
  return [low, high > low ? high : 10 * low];
}

/** Powers of ten from `low` to `high`. */
export function decades([low, high]: readonly [number, number]): number[] {
  const first = Math.round(Math.log10(low));
  return Array.from({ length: Math.round(Math.log10(high)) - first + 1 }, (_, i) => Number(`1e${first + i}`));
}
