import { describe, expect, it } from "vitest";
import { Tape } from "../../src/autograd/tape";
import * as F from "../../src/ops";
import { checkOp } from "../helpers/check-op";

describe("batchMean", () => {
  it.each([1, 3, 64, 70])("mean and sum of %i samples", async (size) => {
    for (const sum of [false, true]) {
      await checkOp({
        inputs: { x: [size] },
        op: (t) => F.batchMean(t.x, { sum }),
        reference: (v) => [v.x.reduce((s, x) => s + x, 0) / (sum ? 1 : size)],
      });
    }
  });

  it("refuses what is not [B]", () => {
    const tape = new Tape("t");
    expect(() => F.batchMean(tape.input("x", [2, 2]))).toThrow(
      'batchMean: x has shape [2, 2], expected [any] (tensor "x")',
    );
  });
});
