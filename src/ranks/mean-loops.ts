/**
 * The loops of the all-reduce, one rule on host and GPU (shaders/accumulate.wgsl), so that bits do not depend on which of
 * them adds: add(a, b) = flush(fl32(flush(a) + flush(b))), where flush(x) is +0 for denormals and for both zeros and x
 * otherwise; mean(sum) is +0 where |sum| < M * 2^-126, else sum / M, which is exact for the power of two M. A GPU may or may
 * not keep denormals and the sign of zero; a sum of two normal float32 that falls below 2^-126 is exact, so that no rounding
 * precedes the flush. NaN and infinities pass through.
 *
 * Each is a function of its own that only ever sees Float32Array, so that engines compile it once, without checks of other
 * kinds: the same loop inside a handler is five times slower. A sum of two float32 taken in float64 and rounded to float32
 * is the correctly rounded float32 sum.
 */

/** The smallest normal float32. */
const MIN = 2 ** -126;

/** sum = add(sum, x) for elements `from` to `to - 1`. */
export function addTo(sum: Float32Array, x: Float32Array, from: number, to: number): void {
  for (let i = from; i < to; i++) {
    const p = sum[i];
    const q = x[i];
    const s = Math.fround((p < MIN && p > -MIN ? 0 : p) + (q < MIN && q > -MIN ? 0 : q));
    sum[i] = s < MIN && s > -MIN ? 0 : s;
  }
}

/** mean = mean(a) for elements `from` to `to - 1`; `count` is a power of two, as in all of these. */
export function mean1(mean: Float32Array, a: Float32Array, count: number, from: number, to: number): void {
  const factor = 1 / count;
  const least = count * MIN;
  for (let i = from; i < to; i++) {
    const s = a[i];
    mean[i] = s < least && s > -least ? 0 : s * factor;
  }
}

/** mean = mean(a + b) for elements `from` to `to - 1`, the sum by `add`. */
export function mean2(
  mean: Float32Array,
  a: Float32Array,
  b: Float32Array,
  count: number,
  from: number,
  to: number,
): void {
  const factor = 1 / count;
  const least = count * MIN;
  for (let i = from; i < to; i++) {
    const p = a[i];
    const q = b[i];
    const s = Math.fround((p < MIN && p > -MIN ? 0 : p) + (q < MIN && q > -MIN ? 0 : q));
    mean[i] = s < least && s > -least ? 0 : s * factor;
  }
}

/** mean = mean((a + b) + c) for elements `from` to `to - 1`, sums by `add`. */
export function mean3(
  mean: Float32Array,
  a: Float32Array,
  b: Float32Array,
  c: Float32Array,
  count: number,
  from: number,
  to: number,
): void {
  const factor = 1 / count;
  const least = count * MIN;
  for (let i = from; i < to; i++) {
    const p = a[i];
    const q = b[i];
    const r = c[i];
    const s = Math.fround((p < MIN && p > -MIN ? 0 : p) + (q < MIN && q > -MIN ? 0 : q));
    const t = Math.fround((s < MIN && s > -MIN ? 0 : s) + (r < MIN && r > -MIN ? 0 : r));
    mean[i] = t < least && t > -least ? 0 : t * factor;
  }
}

/** mean = mean((a + b) + (c + d)) for elements `from` to `to - 1`, sums by `add`. */
export function mean4(
  mean: Float32Array,
  a: Float32Array,
  b: Float32Array,
  c: Float32Array,
  d: Float32Array,
  count: number,
  from: number,
  to: number,
): void {
  const factor = 1 / count;
  const least = count * MIN;
  for (let i = from; i < to; i++) {
    const p = a[i];
    const q = b[i];
    const r = c[i];
    const s = d[i];
    const t = Math.fround((p < MIN && p > -MIN ? 0 : p) + (q < MIN && q > -MIN ? 0 : q));
    const u = Math.fround((r < MIN && r > -MIN ? 0 : r) + (s < MIN && s > -MIN ? 0 : s));
    const v = Math.fround((t < MIN && t > -MIN ? 0 : t) + (u < MIN && u > -MIN ? 0 : u));
    mean[i] = v < least && v > -least ? 0 : v * factor;
  }
}
