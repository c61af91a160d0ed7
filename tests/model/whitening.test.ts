import { describe, expect, it } from "vitest";
import { random } from "../../src/data/random";
import { whitening } from "../../src/model/whitening";

const stream = random(1, "test", 0, "whitening");
const vectors = Array.from({ length: 16 }, () => {
  const common = stream.normal();
  return [common, 0.9 * common + 0.01 * stream.normal(), 3 + 0.2 * stream.normal()];
});

describe("whitening", () => {
  it("makes the covariance of the vectors the identity", () => {
    const w = whitening(vectors, 0);
    const mean = [0, 1, 2].map((i) => vectors.reduce((sum, x) => sum + x[i], 0) / 16);
    const white = vectors.map((x) =>
      [0, 1, 2].map((i) => [0, 1, 2].reduce((sum, k) => sum + w[3 * i + k] * (x[k] - mean[k]), 0)),
    );
    for (let i = 0; i < 3; i++) {
      for (let j = 0; j < 3; j++) {
        const covariance = white.reduce((sum, x) => sum + x[i] * x[j], 0) / 16;
        expect(covariance).toBeCloseTo(i === j ? 1 : 0, 8);
      }
    }
  });

  it("leaves a direction without variance finite", () => {
    const flat = vectors.map(([x, y]) => [x, y, 3]);
    expect(Math.max(...whitening(flat, 1e-4).map(Math.abs))).toBeLessThanOrEqual(1e4);
  });

  it("is the identity for equal vectors", () => {
    expect(whitening([vectors[0], vectors[0]], 1e-4)).toEqual([1, 0, 0, 0, 1, 0, 0, 0, 1]);
  });
});
