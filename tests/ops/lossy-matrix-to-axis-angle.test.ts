import { describe, expect, it } from "vitest";
import { Plan } from "../../src/autograd/plan";
import { Tape } from "../../src/autograd/tape";
import * as F from "../../src/ops";
import { type Arrays, checkOp, expectClose, pseudoRandom } from "../helpers/check-op";
import { testGpu } from "../helpers/gpu";
import { matrixExponential } from "../helpers/rotations";

function reference({ x }: Arrays): Float64Array {
  const y = new Float64Array(x.length / 3);
  for (let i = 0; i < x.length / 9; i++) {
    const r = x.subarray(9 * i, 9 * i + 9);
    const limit = Math.fround(1 - 1e-7);
    const angle = Math.acos(Math.min(limit, Math.max(-limit, (r[0] + r[4] + r[8] - 1) / 2)));
    if (angle < 1e-3) continue;
    const scale = angle / (2 * Math.sin(angle));
    y.set([(r[7] - r[5]) * scale, (r[2] - r[6]) * scale, (r[3] - r[1]) * scale], 3 * i);
  }
  return y;
}

/** Output and d(sum of output) of one rotation by `angle` about x. */
async function at(angle: number): Promise<{ y: Float32Array; d_x: Float32Array }> {
  const tape = new Tape("t");
  const x = tape.input("x", [1, 3, 3], { needsGrad: true });
  const y = F.lossyMatrixToAxisAngle(x);
  tape.backward(F.dot(y, tape.constant("ones", [3], new Float32Array(3).fill(1))));
  const plan = await Plan.compile(await testGpu(), tape, undefined, { reuse: false });
  plan.write(x, Float32Array.from(matrixExponential([angle, 0, 0])));
  plan.run();
  const [values, gradient] = await plan.read(y, tape.grad(x));
  plan.destroy();
  return { y: values, d_x: gradient };
}

describe("lossyMatrixToAxisAngle", () => {
  it.each([[[3, 3]], [[2, 16, 3, 3]], [[65, 3, 3]]])("%j, moderate angles", async (shape) => {
    const count = shape.reduce((a, b) => a * b, 1) / 9;
    const vectors = pseudoRandom(3 * count, 7).map((v) => 0.3 * Math.sign(v) + v);
    await checkOp({
      inputs: { x: shape },
      values: { x: matrixExponential(vectors) },
      op: ({ x }) => F.lossyMatrixToAxisAngle(x),
      reference,
    });
  });

  it.each([0, 1e-4, 9e-4])("is zero, with zero gradient, at %f rad", async (angle) => {
    const { y, d_x } = await at(angle);
    expect([...y]).toEqual([0, 0, 0]);
    expect([...d_x].every((v) => v === 0)).toBe(true);
  });

  it("returns the rotation where the original does", async () => {
    for (const angle of [0.01, 1, 3]) expectClose(`${angle} rad`, (await at(angle)).y, [angle, 0, 0], 1e-3);
  });

  it("is as wrong near pi as the original: 3.1415 rad come back as 0.596, with a gradient of thousands", async () => {
    const { y, d_x } = await at(Math.PI - 9.265e-5);
    expect(y[0]).toBeCloseTo(0.596, 2);
    expect(d_x[7]).toBeGreaterThan(3000);
    expect(d_x[7] - d_x[5]).toBeCloseTo(6434, -2);
    // The trace was clamped, so that no gradient goes through the angle.
    expect([d_x[0], d_x[4], d_x[8]]).toEqual([0, 0, 0]);
  });

  it("loses half a turn altogether", async () => {
    expect(Math.abs((await at(Math.PI)).y[0])).toBeLessThan(1e-2);
  });

  it("refuses what does not end in 3, 3", () => {
    expect(() => F.lossyMatrixToAxisAngle(new Tape("t").input("r", [2, 9]))).toThrow(
      'lossyMatrixToAxisAngle: x has shape [2, 9], expected [..., 3, 3] (tensor "r")',
    );
  });
});
