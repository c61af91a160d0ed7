import { describe, expect, it } from "vitest";
import { Plan } from "../../src/autograd/plan";
import { Tape } from "../../src/autograd/tape";
import * as F from "../../src/ops";
import { pseudoRandom } from "../helpers/check-op";
import { testGpu } from "../helpers/gpu";

describe("bucket", () => {
  it("packs, adds and unpacks with a factor, in f32", async () => {
    const size = 64 * 5;
    const tape = new Tape("bucket", { pass: "update" });
    const [a, b, sum, gradients] = ["a", "b", "sum", "gradients"].map((name) => tape.input(name, [size]));
    F.packBucket(a, sum);
    F.addBucket(sum, b);
    F.unpackBucket(sum, gradients, 0.5);
    const plan = await Plan.compile(await testGpu(), tape);
    const [x, y] = [1, 2].map((seed) => Float32Array.from(pseudoRandom(size, seed)));
    plan.write(a, x);
    plan.write(b, y);
    plan.write(sum, new Float32Array(size).fill(Number.NaN));
    plan.run();
    const [summed, mean] = await plan.read(sum, gradients);
    expect([...summed]).toEqual([...x].map((v, i) => Math.fround(v + y[i])));
    expect([...mean]).toEqual([...summed].map((v) => v / 2));
    plan.destroy();
  });

  it("refuses buckets of different sizes by name", () => {
    const tape = new Tape("t");
    expect(() => F.packBucket(tape.input("gradients.0", [64]), tape.input("staging", [128]))).toThrow(
      'packBucket: "gradients.0" has 64 floats, "staging" 128, expected the same number, a multiple of 4',
    );
  });
});
