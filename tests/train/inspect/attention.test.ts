import { describe, expect, it } from "vitest";
import { Plan } from "../../../src/autograd/plan";
import { Tape } from "../../../src/autograd/tape";
import { attention } from "../../../src/ops";
import { attentionProbabilities } from "../../../src/train/inspect/attention";
import { testGpu } from "../../helpers/gpu";

const [TOKENS, HEADS, DIM] = [11, 3, 4];
const WIDTH = 3 * HEADS * DIM;

describe("attention probabilities", () => {
  it("are those that the kernel weighs values with, of each head", async () => {
    const gpu = await testGpu();
    const tape = new Tape("attention", { style: gpu.kernelStyle });
    const input = tape.input("qkv", [1, TOKENS, WIDTH]);
    const y = attention(input, HEADS);
    tape.keep(y);
    const plan = await Plan.compile(gpu, tape);
    const qkv = Float32Array.from({ length: TOKENS * WIDTH }, (_, i) => 3 * Math.sin(1.7 * i + (i % 7)));
    plan.write(input, qkv);
    plan.run();
    const [values] = await plan.read(y);
    plan.destroy();
    for (let head = 0; head < HEADS; head++) {
      const p = attentionProbabilities(qkv, TOKENS, HEADS, head);
      for (let query = 0; query < TOKENS; query++) {
        const row = p.subarray(query * TOKENS, (query + 1) * TOKENS);
        expect(row.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 6);
        for (let i = 0; i < DIM; i++) {
          const column = head * DIM + i;
          const mixed = row.reduce((sum, w, key) => sum + w * qkv[key * WIDTH + 2 * HEADS * DIM + column], 0);
          expect(Math.abs(mixed - values[query * HEADS * DIM + column])).toBeLessThan(1e-5);
        }
      }
    }
  });

  it("need a head that there is", () => {
    expect(() => attentionProbabilities(new Float32Array(TOKENS * WIDTH), TOKENS, HEADS, 3)).toThrow("expected 0 to 2");
  });
});
