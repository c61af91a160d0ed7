import { describe, expect, it } from "vitest";
import { Plan } from "../../src/autograd/plan";
import { Tape } from "../../src/autograd/tape";
import type { Tensor } from "../../src/autograd/tensor";
import * as F from "../../src/ops";
import { type Arrays, checkOp, expectClose, pseudoRandom } from "../helpers/check-op";
import { testGpu } from "../helpers/gpu";

const EPS = 1e-5;

function columns(x: ArrayLike<number>, channels: number): { mean: number; variance: number }[] {
  const rows = x.length / channels;
  return Array.from({ length: channels }, (_, c) => {
    const values = Array.from({ length: rows }, (_row, row) => x[row * channels + c]);
    const mean = values.reduce((sum, v) => sum + v, 0) / rows;
    return { mean, variance: values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / rows };
  });
}

const reference =
  (training: boolean, relu: boolean) =>
  ({ x, weight, bias, mean, variance }: Arrays): Float64Array => {
    const channels = weight.length;
    const stats = training ? columns(x, channels) : Array.from(mean, (m, c) => ({ mean: m, variance: variance[c] }));
    return x.map((v, i) => {
      const c = i % channels;
      const value = ((v - stats[c].mean) / Math.sqrt(stats[c].variance + EPS)) * weight[c] + bias[c];
      return relu ? Math.max(value, 0) : value;
    });
  };

/** Without a gradient of their own, so that the running statistics can be written on the way. */
const plain = (tape: Tape, name: string, channels: number): Tensor => tape.input(name, [channels]);

describe("batchNorm", () => {
  for (const activation of ["none", "relu"] as const) {
    // Rows below, at and across a chunk of 16, and beyond it; channels across a workgroup.
    for (const shape of [
      [2, 4],
      [4, 2, 2, 8],
      [2, 3, 3, 4],
      [300, 4],
      [3, 260],
    ]) {
      it(`training, ${activation}, [${shape}]`, async () => {
        const channels = shape[shape.length - 1];
        await checkOp({
          inputs: { x: shape, weight: [channels], bias: [channels] },
          op: ({ x, weight, bias }, tape) =>
            F.batchNorm(x, weight, bias, plain(tape, "mean", channels), plain(tape, "variance", channels), {
              training: true,
              activation,
            }),
          reference: reference(true, activation === "relu"),
          maxElements: 30,
          // Two rows per channel and a variance near eps: the derivative is steep there.
          gradientTolerance: shape[0] === 2 && shape.length === 2 ? 2e-3 : 2e-4,
          h: 1e-6,
        });
      });
    }

    it(`evaluation, ${activation}`, async () => {
      await checkOp({
        inputs: { x: [2, 3, 3, 8], weight: [8], bias: [8], mean: [8], variance: [8] },
        values: { variance: [0.1, 0.2, 0.5, 1, 2, 3, 0, 9] },
        fixed: ["mean", "variance"],
        op: ({ x, weight, bias, mean, variance }) =>
          F.batchNorm(x, weight, bias, mean, variance, { training: false, activation }),
        reference: reference(false, activation === "relu"),
        maxElements: 60,
        h: 1e-6,
      });
    });
  }

  it.each([true, false])("keeps running statistics as torch does, training %s", async (training) => {
    const [rows, channels] = [40, 4];
    const tape = new Tape("t");
    const x = tape.input("x", [rows, channels]);
    const [weight, bias, mean, variance] = ["w", "b", "m", "v"].map((name) => plain(tape, name, channels));
    const numBatchesTracked = tape.input("n", []);
    F.batchNorm(x, weight, bias, mean, variance, { training, momentum: 0.3, numBatchesTracked });
    const plan = await Plan.compile(await testGpu(), tape, undefined, { reuse: false });
    let [wantMean, wantVariance] = [
      [1, 2, 3, 4],
      [1, 1, 2, 2],
    ];
    plan.write(mean, Float32Array.from(wantMean));
    plan.write(variance, Float32Array.from(wantVariance));
    if (training) plan.write(numBatchesTracked, Float32Array.of(7));
    for (let step = 0; step < 2; step++) {
      const values = Float32Array.from(pseudoRandom(rows * channels, step + 1), (v) => 5 + 3 * v);
      plan.write(x, values);
      plan.run();
      if (!training) continue;
      const stats = columns(values, channels);
      wantMean = wantMean.map((m, c) => 0.7 * m + 0.3 * stats[c].mean);
      wantVariance = wantVariance.map((v, c) => 0.7 * v + (0.3 * stats[c].variance * rows) / (rows - 1));
    }
    const [gotMean, gotVariance] = await plan.read(mean, variance);
    expectClose("running mean", gotMean, wantMean, 1e-6);
    expectClose("running variance", gotVariance, wantVariance, 1e-6);
    if (training) expect([...(await plan.read(numBatchesTracked))[0]]).toEqual([9]);
    plan.destroy();
  });

  it("is accurate far from zero, where E[x^2] - mean^2 is not", async () => {
    await checkOp({
      inputs: { x: [64, 4], weight: [4], bias: [4] },
      values: { x: pseudoRandom(256, 4).map((v) => 1000 + v) },
      op: ({ x, weight, bias }, tape) =>
        F.batchNorm(x, weight, bias, plain(tape, "m", 4), plain(tape, "v", 4), { training: true }),
      reference: reference(true, false),
      tolerance: 1e-4,
      gradientTolerance: 1e-2,
      maxElements: 20,
    });
  });

  it("refuses other shapes, channels that do not come in fours, and training on one row", () => {
    const tape = new Tape("t");
    const [four, six] = [4, 6].map((n) => tape.input(`c${n}`, [n]));
    const options = { training: true };
    expect(() => F.batchNorm(tape.input("map", [2, 4]), four, four, four, six, options)).toThrow(
      'batchNorm: runningVar has shape [6], expected [4] (tensor "c6")',
    );
    expect(() => F.batchNorm(tape.input("map", [2, 6]), six, six, six, six, options)).toThrow(
      'batchNorm: x has 6 channels, expected a multiple of 4 (tensor "map")',
    );
    expect(() => F.batchNorm(tape.input("map", [1, 4]), four, four, four, four, options)).toThrow(
      'batchNorm: x has shape [1, 4], one row, training needs two (tensor "map")',
    );
  });
});
