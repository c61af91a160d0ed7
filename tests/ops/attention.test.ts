import { describe, expect, it } from "vitest";
import { Plan } from "../../src/autograd/plan";
import { Tape } from "../../src/autograd/tape";
import * as F from "../../src/ops";
import { checkOp, pseudoRandom } from "../helpers/check-op";
import { testGpu } from "../helpers/gpu";

/** softmax(q k^T / sqrt(D)) v with the whole score matrix, in float64. */
function reference(qkv: Float64Array, batch: number, tokens: number, heads: number, dim: number): Float64Array {
  const y = new Float64Array(batch * tokens * heads * dim);
  const at = (b: number, t: number, part: number, h: number, d: number): number =>
    qkv[(((b * tokens + t) * 3 + part) * heads + h) * dim + d];
  for (let b = 0; b < batch; b++) {
    for (let h = 0; h < heads; h++) {
      for (let i = 0; i < tokens; i++) {
        const scores = Array.from({ length: tokens }, (_, j) => {
          let sum = 0;
          for (let d = 0; d < dim; d++) sum += at(b, i, 0, h, d) * at(b, j, 1, h, d);
          return sum / Math.sqrt(dim);
        });
        const highest = Math.max(...scores);
        const weights = scores.map((s) => Math.exp(s - highest));
        const total = weights.reduce((sum, w) => sum + w, 0);
        for (let d = 0; d < dim; d++) {
          let sum = 0;
          for (let j = 0; j < tokens; j++) sum += (weights[j] / total) * at(b, j, 2, h, d);
          y[((b * tokens + i) * heads + h) * dim + d] = sum;
        }
      }
    }
  }
  return y;
}

describe("attention", () => {
  // Tokens below, at and across the tiles of 8 rows and 8 keys; the head sizes in use.
  for (const [batch, tokens, heads, dim] of [
    [2, 1, 1, 4],
    [1, 3, 2, 8],
    [2, 8, 1, 12],
    [1, 17, 3, 32],
    [1, 5, 1, 64],
    [1, 9, 1, 80],
  ]) {
    it(`${batch} x ${tokens} tokens, ${heads} heads of ${dim}`, async () => {
      await checkOp({
        inputs: { qkv: [batch, tokens, 3 * heads * dim] },
        op: ({ qkv }) => F.attention(qkv, heads),
        reference: ({ qkv }) => reference(qkv, batch, tokens, heads, dim),
        maxElements: 120,
      });
    });
  }

  it("scores far from zero, which overflow exp unless the highest is subtracted", async () => {
    const shape = [1, 10, 3 * 8];
    await checkOp({
      inputs: { qkv: shape },
      values: { qkv: pseudoRandom(240, 1).map((v) => 20 * v) },
      op: ({ qkv }) => F.attention(qkv, 1),
      reference: ({ qkv }) => reference(qkv, 1, 10, 1, 8),
      gradientTolerance: 1e-3,
    });
  });

  it("gives the same bits however the columns are divided between threads", async () => {
    const gpu = await testGpu();
    const values = Float32Array.from(pseudoRandom(2 * 9 * 3 * 2 * 40, 7));
    const results: Float32Array[][] = [];
    for (const style of ["cpu", "gpu"] as const) {
      const tape = new Tape("columns", { style });
      const qkv = tape.input("qkv", [2, 9, 3 * 2 * 40], { needsGrad: true });
      const y = F.attention(qkv, 2);
      tape.backward(F.dot(y, tape.constant("ones", [y.size], new Float32Array(y.size).fill(1))));
      const plan = await Plan.compile(gpu, tape, undefined, { reuse: false });
      plan.write(qkv, values);
      plan.run();
      results.push(await plan.read(y, tape.grad(qkv)));
      plan.destroy();
    }
    expect(results[1]).toEqual(results[0]);
  });

  it("names a width that the heads do not divide", () => {
    const tape = new Tape("errors");
    const qkv = tape.input("blocks.0.qkv", [1, 5, 30]);
    expect(() => F.attention(qkv, 3)).toThrow(/3 heads of 3.333.* \(tensor "blocks.0.qkv"\)/);
    expect(() => F.attention(tape.input("wide", [1, 5, 3 * 96]), 1)).toThrow(
      "1 heads of 96, expected a multiple of 4 up to 80",
    );
  });
});
