import { describe, expect, it } from "vitest";
import { Tape } from "../../src/autograd/tape";
import * as F from "../../src/ops";
import { checkOp } from "../helpers/check-op";

const slice = (x: Float64Array, batch: number, tokens: number, cols: number, start: number, count: number): number[] =>
  Array.from({ length: batch }, (_, b) => [
    ...x.subarray((b * tokens + start) * cols, (b * tokens + start + count) * cols),
  ]).flat();

describe("sliceTokens", () => {
  for (const [batch, tokens, cols, start, count] of [
    [2, 4, 5, 1, 2],
    [1, 8, 8, 0, 8],
    [3, 5, 9, 4, 1],
  ]) {
    it(`tokens ${start} to ${start + count} of [${batch}, ${tokens}, ${cols}]`, async () => {
      await checkOp({
        inputs: { x: [batch, tokens, cols] },
        op: ({ x }) => F.sliceTokens(x, start, count),
        reference: ({ x }) => slice(x, batch, tokens, cols, start, count),
      });
    });
  }

  it("the gradients of several slices of one tensor, overlapping or not, add up", async () => {
    await checkOp({
      inputs: { x: [2, 6, 3] },
      op: ({ x }) => [F.sliceTokens(x, 0, 1), F.sliceTokens(x, 3, 2), F.sliceTokens(x, 2, 3)],
      reference: ({ x }) => [slice(x, 2, 6, 3, 0, 1), slice(x, 2, 6, 3, 3, 2), slice(x, 2, 6, 3, 2, 3)],
    });
  });

  it("names a range that leaves the tokens", () => {
    const x = new Tape("errors").input("x", [2, 6, 3]);
    expect(() => F.sliceTokens(x, 5, 2)).toThrow(
      'sliceTokens: tokens 5 to 7 of x with shape [2, 6, 3], expected a range within 6 (tensor "x")',
    );
  });
});
