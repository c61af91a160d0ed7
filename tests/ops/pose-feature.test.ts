import { describe, expect, it } from "vitest";
import { Tape } from "../../src/autograd/tape";
import * as F from "../../src/ops";
import { checkOp } from "../helpers/check-op";

describe("poseFeature", () => {
  it.each([
    [1, 2],
    [3, 16],
  ])("%i samples, %i joints", async (batch, joints) => {
    await checkOp({
      inputs: { x: [batch, joints, 3, 3] },
      op: ({ x }) => F.poseFeature(x),
      reference: ({ x }) => {
        const y: number[] = [];
        for (let b = 0; b < batch; b++)
          for (let k = 1; k < joints; k++)
            for (let row = 0; row < 3; row++)
              for (let column = 0; column < 3; column++)
                y.push(x[((b * joints + k) * 3 + row) * 3 + column] - (row === column ? 1 : 0));
        return y;
      },
    });
  });

  it("refuses rotations that are not matrices", () => {
    expect(() => F.poseFeature(new Tape("t").input("pose", [2, 16, 3]))).toThrow(
      'poseFeature: x has shape [2, 16, 3], expected [any, any, 3, 3] (tensor "pose")',
    );
  });
});
