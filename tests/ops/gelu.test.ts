import { describe, expect, it } from "vitest";
import { Plan } from "../../src/autograd/plan";
import { Tape } from "../../src/autograd/tape";
import * as F from "../../src/ops";
import { checkOp } from "../helpers/check-op";
import { erf } from "../helpers/erf";
import { testGpu } from "../helpers/gpu";

const gelu = (x: number): number => 0.5 * x * (1 + erf(x / Math.SQRT2));
const density = (x: number): number => Math.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI);

describe("gelu", () => {
  for (const size of [3, 64, 130]) {
    it(`[${size}]`, async () => {
      await checkOp({ inputs: { x: [size] }, op: ({ x }) => F.gelu(x), reference: ({ x }) => x.map(gelu) });
    });
  }

  it("value and derivative within 3e-7 (1 + |x|) from -8 to 8, where erf changes its formula included", async () => {
    const values = Float32Array.from({ length: 4001 }, (_, i) => -8 + i * 0.004);
    values[0] = Math.SQRT2;
    values[1] = -Math.SQRT2;
    values[2] = 0;
    const tape = new Tape("gelu");
    const x = tape.input("x", [values.length], { needsGrad: true });
    const y = F.gelu(x);
    tape.backward(F.dot(y, tape.constant("ones", [values.length], new Float32Array(values.length).fill(1))));
    const plan = await Plan.compile(await testGpu(), tape, undefined, { reuse: false });
    plan.write(x, values);
    plan.run();
    const [got, d_x] = await plan.read(y, tape.grad(x));
    let worst = 0;
    for (const [i, v] of values.entries()) {
      const slope = 0.5 * (1 + erf(v / Math.SQRT2)) + v * density(v);
      worst = Math.max(worst, Math.abs(got[i] - gelu(v)) / (1 + Math.abs(v)), Math.abs(d_x[i] - slope));
    }
    expect(worst).toBeLessThan(3e-7);
    plan.destroy();
  });
});
