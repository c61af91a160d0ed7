import { describe, it } from "vitest";
import * as F from "../../src/ops";
import { type Arrays, checkOp } from "../helpers/check-op";

const EPS = 1e-6;

function reference({ x, weight, bias }: Arrays): Float64Array {
  const cols = weight.length;
  const y = new Float64Array(x.length);
  for (let row = 0; row < x.length / cols; row++) {
    const values = x.subarray(row * cols, (row + 1) * cols);
    const mean = values.reduce((sum, v) => sum + v, 0) / cols;
    const variance = values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / cols;
    for (let c = 0; c < cols; c++)
      y[row * cols + c] = ((values[c] - mean) / Math.sqrt(variance + EPS)) * weight[c] + bias[c];
  }
  return y;
}

describe("layerNorm", () => {
  // Below, at and across a workgroup of 64 columns or of 32 rows; below and across a chunk of 64 rows.
  for (const [rows, cols] of [
    [3, 5],
    [2, 64],
    [4, 130],
    [65, 7],
    [65, 8],
    [32, 4],
    [3, 132],
  ]) {
    it(`[${rows}, ${cols}]`, async () => {
      await checkOp({
        inputs: { x: [rows, cols], weight: [cols], bias: [cols] },
        op: ({ x, weight, bias }) => F.layerNorm(x, weight, bias, EPS),
        reference,
        styles: ["cpu", "gpu"],
      });
    });
  }
});
