import { describe, expect, it } from "vitest";
import { Plan } from "../../src/autograd/plan";
import { Tape } from "../../src/autograd/tape";
import * as F from "../../src/ops";
import { checkOp } from "../helpers/check-op";
import { testGpu } from "../helpers/gpu";

describe("dropPath", () => {
  for (const [batch, tokens, cols] of [
    [3, 1, 4],
    [2, 4, 8],
    [3, 5, 9],
  ]) {
    it(`[${batch}, ${tokens}, ${cols}]`, async () => {
      const mask = [0, 1.25, 1.25].slice(0, batch);
      await checkOp({
        inputs: { x: [batch, tokens, cols], mask: [batch] },
        values: { mask },
        fixed: ["mask"],
        op: ({ x, mask }) => F.dropPath(x, mask),
        reference: ({ x }) => x.map((v, i) => v * mask[Math.floor(i / (tokens * cols))]),
      });
    });
  }

  it("a dropped sample is exactly 0, even where x is NaN", async () => {
    const tape = new Tape("drop");
    const x = tape.input("x", [2, 2], { needsGrad: true });
    const mask = tape.input("mask", [2]);
    const y = F.dropPath(x, mask);
    tape.backward(F.dot(y, tape.constant("ones", [4], new Float32Array(4).fill(1))));
    const plan = await Plan.compile(await testGpu(), tape, undefined, { reuse: false });
    plan.write(x, new Float32Array([Number.NaN, Number.POSITIVE_INFINITY, 1, 2]));
    plan.write(mask, new Float32Array([0, 2]));
    plan.run();
    const [got, d_x] = await plan.read(y, tape.grad(x));
    expect([...got]).toEqual([0, 0, 2, 4]);
    expect([...d_x]).toEqual([0, 0, 2, 2]);
    plan.destroy();
  });

  it("names a mask of another size", () => {
    const tape = new Tape("errors");
    const x = tape.input("x", [2, 2]);
    expect(() => F.dropPath(x, tape.input("keep", [3]))).toThrow(
      'dropPath: mask has shape [3], expected [2] (tensor "keep")',
    );
  });
});
