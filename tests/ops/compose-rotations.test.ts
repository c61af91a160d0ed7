import { describe, expect, it } from "vitest";
import { Tape } from "../../src/autograd/tape";
import * as F from "../../src/ops";
import { type Arrays, checkOp } from "../helpers/check-op";
import { matmul3 } from "../helpers/rotations";

function reference({ a, b }: Arrays): Float64Array {
  const y = new Float64Array(a.length);
  for (let i = 0; i < a.length; i += 9) y.set(matmul3(a.subarray(i, i + 9), b.subarray(i, i + 9)), i);
  return y;
}

describe("composeRotations", () => {
  it.each([[[3, 3]], [[2, 16, 3, 3]]])("%j", async (shape) => {
    await checkOp({ inputs: { a: shape, b: shape }, op: ({ a, b }) => F.composeRotations(a, b), reference });
  });

  it("squares one tensor", async () => {
    await checkOp({
      inputs: { a: [5, 3, 3] },
      op: ({ a }) => F.composeRotations(a, a),
      reference: ({ a }) => reference({ a, b: a }),
    });
  });

  it("refuses shapes that differ", () => {
    const tape = new Tape("t");
    expect(() => F.composeRotations(tape.input("left", [2, 3, 3]), tape.input("right", [3, 3]))).toThrow(
      'composeRotations: b has shape [3, 3], expected [2, 3, 3] (tensor "right")',
    );
    expect(() => F.composeRotations(tape.input("left", [2, 9]), tape.input("right", [2, 9]))).toThrow(
      'composeRotations: a has shape [2, 9], expected [..., 3, 3] (tensor "left")',
    );
  });
});
