import { describe, expect, it } from "vitest";
import { Tape } from "../../src/autograd/tape";
import * as F from "../../src/ops";
import { checkOp, pseudoRandom } from "../helpers/check-op";
import { matrixExponential } from "../helpers/rotations";

const op = ({ x }: { x?: Parameters<typeof F.axisAngleToMatrix>[0] }) => F.axisAngleToMatrix(x!);

describe("axisAngleToMatrix", () => {
  it.each([[[3]], [[2, 16, 3]], [[65, 3]]])("%j", async (shape) => {
    const count = shape.reduce((a, b) => a * b, 1);
    await checkOp({
      inputs: { x: shape },
      values: { x: pseudoRandom(count, 3).map((v) => 3 * v) },
      op,
      reference: ({ x }) => matrixExponential(x),
      tolerance: 1e-6,
    });
  });

  // One angle at a time: beside large ones a wrong small one would not show in the norm.
  it.each([0, 1e-20, 1e-4, 1e-3, 0.3, 0.999999, 1.000001, Math.PI - 1e-3, Math.PI, Math.PI + 1e-3, 2 * Math.PI, 40])(
    "value and gradient at %f rad",
    async (angle) => {
      const axis = [0.48, -0.6, 0.64];
      await checkOp({
        inputs: { x: [2, 3] },
        values: { x: [...axis.map((v) => v * angle), angle, 0, 0] },
        op,
        reference: ({ x }) => (angle < 10 ? matrixExponential(x) : longWayRound(x)),
        tolerance: angle < 10 ? 1e-6 : 1e-5,
        gradientTolerance: angle < 10 ? 3e-6 : 1e-5,
        h: 1e-4,
      });
    },
  );

  it("refuses a last axis that is not 3", () => {
    expect(() => F.axisAngleToMatrix(new Tape("t").input("pose", [2, 16, 6]))).toThrow(
      'axisAngleToMatrix: x has shape [2, 16, 6], expected [..., 3] (tensor "pose")',
    );
  });
});

/** The exponential of angles too large for its series: whole turns are taken off first. */
function longWayRound(x: Float64Array): Float64Array {
  const out = x.slice();
  for (let i = 0; i < x.length; i += 3) {
    const angle = Math.hypot(x[i], x[i + 1], x[i + 2]);
    for (let c = 0; c < 3; c++) out[i + c] *= (angle % (2 * Math.PI)) / angle;
  }
  return matrixExponential(out);
}
