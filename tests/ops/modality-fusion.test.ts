import { describe, expect, it } from "vitest";
import { Plan } from "../../src/autograd/plan";
import { Tape } from "../../src/autograd/tape";
import * as F from "../../src/ops";
import { checkOp, pseudoRandom } from "../helpers/check-op";
import { testGpu } from "../helpers/gpu";

describe("modalityFusion", () => {
  for (const [batch, tokens, cols] of [
    [2, 3, 4],
    [3, 4, 16],
    [4, 5, 7],
  ]) {
    it(`[${batch}, ${tokens}, ${cols}]`, async () => {
      const hasDepth = [1, 0, 0, 1].slice(0, batch);
      const size = tokens * cols;
      const shape = [batch, tokens, cols];
      await checkOp({
        inputs: { rgb: shape, depth: shape, placeholder: [1, tokens, cols], hasDepth: [batch] },
        values: { hasDepth },
        fixed: ["hasDepth"],
        op: ({ rgb, depth, placeholder, hasDepth }) => F.modalityFusion(rgb, depth, placeholder, hasDepth),
        reference: ({ rgb, depth, placeholder }) =>
          rgb.map((v, i) => v + (hasDepth[Math.floor(i / size)] ? depth[i] : placeholder[i % size])),
      });
    });
  }

  it("NaN depth of a sample without depth goes nowhere; its gradient is exactly 0", async () => {
    const tape = new Tape("fusion");
    const inputs = ["rgb", "depth"].map((name) => tape.input(name, [2, 1, 4], { needsGrad: true }));
    const placeholder = tape.input("placeholder", [1, 1, 4], { needsGrad: true });
    const hasDepth = tape.input("hasDepth", [2]);
    const y = F.modalityFusion(inputs[0], inputs[1], placeholder, hasDepth);
    tape.backward(F.dot(y, tape.constant("twos", [8], new Float32Array(8).fill(2))));
    const plan = await Plan.compile(await testGpu(), tape, undefined, { reuse: false });
    plan.write(inputs[0], Float32Array.from(pseudoRandom(8, 1)));
    plan.write(inputs[1], new Float32Array([...new Array(4).fill(Number.NaN), 1, 2, 3, 4]));
    plan.write(placeholder, new Float32Array([1, 1, 1, 1]));
    plan.write(hasDepth, new Float32Array([0, 1]));
    plan.run();
    const [got, d_depth, d_placeholder] = await plan.read(y, tape.grad(inputs[1]), tape.grad(placeholder));
    expect(got.every(Number.isFinite)).toBe(true);
    expect([...d_depth]).toEqual([0, 0, 0, 0, 2, 2, 2, 2]);
    expect([...d_placeholder]).toEqual([2, 2, 2, 2]);
    plan.destroy();
  });

  it("names a placeholder of another size", () => {
    const tape = new Tape("errors");
    const rgb = tape.input("rgb", [2, 3, 4]);
    const wrong = tape.input("depth_placeholder", [1, 2, 4]);
    expect(() => F.modalityFusion(rgb, rgb, wrong, tape.input("hasDepth", [2]))).toThrow(
      'modalityFusion: placeholder has shape [1, 2, 4], expected [1, 3, 4] (tensor "depth_placeholder")',
    );
  });
});
