import type { Difference } from "./types";

/** What float32 sums of a few hundred terms may be off. */
export const TOLERANCE = 1e-5;

/** Compares two arrays number by number. Throws when their lengths differ. */
export function compare(got: Float32Array, expected: Float32Array): Difference {
  if (got.length !== expected.length) throw new Error(`compare: ${got.length} numbers, expected ${expected.length}`);
  let [error, norm, maxAbs, worst] = [0, 0, 0, 0];
  for (let i = 0; i < got.length; i++) {
    const away = Math.abs(got[i] - expected[i]);
    if (!Number.isFinite(away)) {
      const at = { index: i, got: got[i], expected: expected[i] };
      return { relative: Number.POSITIVE_INFINITY, maxAbs: Number.POSITIVE_INFINITY, worst: at };
    }
    error += away ** 2;
    norm += expected[i] ** 2;
    if (away > maxAbs) [maxAbs, worst] = [away, i];
  }
  const relative = error === 0 ? 0 : Math.sqrt(error / norm);
  return { relative, maxAbs, worst: { index: worst, got: got[worst], expected: expected[worst] } };
}

/** Numbers in [-1, 1), the same in every run and on every machine (mulberry32). */
export function seeded(count: number, seed: number): Float32Array<ArrayBuffer> {
  let state = Math.imul(seed + 1, 0x9e3779b9) >>> 0;
  return Float32Array.from({ length: count }, () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t ^= t + Math.imul(t ^ (t >>> 7), 61 | t);
    return (((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * 2 - 1;
  });
}
