/**
 * The loops of the all-reduce. Each is a function of its own that only ever sees Float32Array, so that engines compile it
 * once, without checks of other kinds: the same loop inside a handler is five times slower. A sum of two float32 taken in
 * float64 and rounded to float32 is the correctly rounded float32 sum, and so is a quotient; with `Math.fround` round every
 * operand engines divide in float32, in half the time.
 */

/** sum += x for elements `from` to `to - 1`. */
export function addTo(sum: Float32Array, x: Float32Array, from: number, to: number): void {
  for (let i = from; i < to; i++) sum[i] = sum[i] + x[i];
}

/** mean = a / count for elements `from` to `to - 1`. */
export function mean1(mean: Float32Array, a: Float32Array, count: number, from: number, to: number): void {
  const divisor = Math.fround(count);
  for (let i = from; i < to; i++) mean[i] = Math.fround(a[i] / divisor);
}

/** mean = (a + b) / count for elements `from` to `to - 1`. */
export function mean2(
  mean: Float32Array,
  a: Float32Array,
  b: Float32Array,
  count: number,
  from: number,
  to: number,
): void {
  const divisor = Math.fround(count);
  for (let i = from; i < to; i++) mean[i] = Math.fround(Math.fround(a[i] + b[i]) / divisor);
}

/** mean = ((a + b) + c) / count for elements `from` to `to - 1`. */
export function mean3(
  mean: Float32Array,
  a: Float32Array,
  b: Float32Array,
  c: Float32Array,
  count: number,
  from: number,
  to: number,
): void {
  const divisor = Math.fround(count);
  for (let i = from; i < to; i++) {
    mean[i] = Math.fround(Math.fround(Math.fround(a[i] + b[i]) + c[i]) / divisor);
  }
}

/** mean = ((a + b) + (c + d)) / count for elements `from` to `to - 1`. */
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
  const divisor = Math.fround(count);
  for (let i = from; i < to; i++) {
    mean[i] = Math.fround(Math.fround(Math.fround(a[i] + b[i]) + Math.fround(c[i] + d[i])) / divisor);
  }
}
