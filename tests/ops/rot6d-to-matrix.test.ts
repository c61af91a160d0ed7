import { describe, expect, it } from "vitest";
import { Tape } from "../../src/autograd/tape";
import * as F from "../../src/ops";
import { type Arrays, checkOp } from "../helpers/check-op";

const inner = (a: number[], b: number[]): number => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
const unit = (a: number[]): number[] => a.map((v) => v / Math.max(Math.sqrt(inner(a, a)), 1e-12));

function reference({ x }: Arrays): Float64Array {
  const y = new Float64Array((x.length / 6) * 9);
  for (let i = 0; i < x.length / 6; i++) {
    const [a1, a2] = [Array.from(x.subarray(6 * i, 6 * i + 3)), Array.from(x.subarray(6 * i + 3, 6 * i + 6))];
    const b1 = unit(a1);
    const b2 = unit(a2.map((v, c) => v - inner(b1, a2) * b1[c]));
    const b3 = [0, 1, 2].map((c) => b1[(c + 1) % 3] * b2[(c + 2) % 3] - b1[(c + 2) % 3] * b2[(c + 1) % 3]);
    for (let row = 0; row < 3; row++) y.set([b1[row], b2[row], b3[row]], 9 * i + 3 * row);
  }
  return y;
}

describe("rot6dToMatrix", () => {
  it.each([[[6]], [[2, 16, 6]], [[65, 6]]])("%j", async (shape) => {
    await checkOp({ inputs: { x: shape }, op: ({ x }) => F.rot6dToMatrix(x), reference });
  });

  it("is exact at the identity, at half a turn about x, and for vectors that are long or nearly parallel", async () => {
    await checkOp({
      inputs: { x: [4, 6] },
      values: {
        x: [1, 0, 0, 0, 1, 0, 1, 0, 0, 0, -1, 0, 120, -40, 70, 3, 200, -90, 1, 0.5, -0.25, 1.01, 0.5, -0.25],
      },
      op: ({ x }) => F.rot6dToMatrix(x),
      reference,
      h: 1e-6,
      tolerance: 3e-5,
      gradientTolerance: 1e-3,
    });
  });

  it("refuses a last axis that is not 6", () => {
    expect(() => F.rot6dToMatrix(new Tape("t").input("pose", [2, 16, 3]))).toThrow(
      'rot6dToMatrix: x has shape [2, 16, 3], expected [..., 6] (tensor "pose")',
    );
  });
});
