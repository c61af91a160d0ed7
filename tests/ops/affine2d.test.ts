import { describe, expect, it } from "vitest";
import { Tape } from "../../src/autograd/tape";
import * as F from "../../src/ops";
import { checkOp } from "../helpers/check-op";

describe("affine2d", () => {
  it.each([
    [1, 3],
    [2, 32],
    [3, 23],
  ])("batch %i, %i points", async (batch, points) => {
    await checkOp({
      inputs: { x: [batch, points, 2] },
      op: ({ x }) => F.affine2d(x, [16, -12], [7.5, 5.5]),
      reference: ({ x }) => x.map((v, i) => v * [16, -12][i % 2] + [7.5, 5.5][i % 2]),
    });
  });

  it("refuses points in space", () => {
    expect(() => F.affine2d(new Tape("t").input("joints", [2, 21, 3]), [1, 1], [0, 0])).toThrow(
      'affine2d: x has shape [2, 21, 3], expected [any, any, 2] (tensor "joints")',
    );
  });
});
