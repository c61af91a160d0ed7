import { describe, expect, it } from "vitest";
import { Plan } from "../../src/autograd/plan";
import { Tape } from "../../src/autograd/tape";
import * as F from "../../src/ops";
import { checkOp } from "../helpers/check-op";
import { testGpu } from "../helpers/gpu";

describe("relu", () => {
  for (const size of [3, 64, 130]) {
    it(`[${size}]`, async () => {
      await checkOp({
        inputs: { x: [size] },
        op: ({ x }) => F.relu(x),
        reference: ({ x }) => x.map((v) => Math.max(v, 0)),
      });
    });
  }

  it("lets NaN through and has no gradient at 0", async () => {
    const tape = new Tape("relu");
    const x = tape.input("x", [3], { needsGrad: true });
    const y = F.relu(x);
    tape.backward(F.dot(y, tape.constant("ones", [3], new Float32Array([1, 1, 1]))));
    const plan = await Plan.compile(await testGpu(), tape, undefined, { reuse: false });
    plan.write(x, new Float32Array([Number.NaN, 0, 2]));
    plan.run();
    const [got, d_x] = await plan.read(y, tape.grad(x));
    expect([...got]).toEqual([Number.NaN, 0, 2]);
    expect([...d_x.subarray(1)]).toEqual([0, 1]);
    plan.destroy();
  });
});
