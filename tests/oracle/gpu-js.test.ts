/**
 * An oracle of another author: gpu.js runs each formula, written here as text from the definition, with its own compiler
 * and its plain JavaScript back end; our WGSL kernels must agree. Texts, because a minifier's shadowing breaks gpu.js.
 */
import { GPU } from "gpu.js";
import { describe, it } from "vitest";
import { Plan } from "../../src/autograd/plan";
import { Tape } from "../../src/autograd/tape";
import * as F from "../../src/ops";
import { expectClose, pseudoRandom } from "../helpers/check-op";
import { testGpu } from "../helpers/gpu";

const MATRIX_PRODUCT = `function (x, weight, bias) {
  let sum = bias[this.thread.x];
  for (let k = 0; k < this.constants.inner; k++) {
    sum += x[this.thread.y * this.constants.inner + k] * weight[this.thread.x * this.constants.inner + k];
  }
  return sum;
}`;

const LAYER_NORM = `function (x, weight, bias) {
  let mean = 0;
  for (let c = 0; c < this.constants.cols; c++) {
    mean += x[this.thread.y * this.constants.cols + c];
  }
  mean = mean / this.constants.cols;
  let variance = 0;
  for (let c = 0; c < this.constants.cols; c++) {
    const away = x[this.thread.y * this.constants.cols + c] - mean;
    variance += away * away;
  }
  variance = variance / this.constants.cols;
  const centred = x[this.thread.y * this.constants.cols + this.thread.x] - mean;
  return (centred / Math.sqrt(variance + 0.000001)) * weight[this.thread.x] + bias[this.thread.x];
}`;

const random = (count: number, seed: number): Float32Array<ArrayBuffer> => Float32Array.from(pseudoRandom(count, seed));

/** Runs a gpu.js kernel over [rows, cols] and returns the numbers row by row. */
async function oracle(
  source: string,
  rows: number,
  cols: number,
  constants: Record<string, number>,
  inputs: Float32Array[],
) {
  const gpu = new GPU({ mode: "cpu" });
  const kernel = gpu.createKernel(source as never, { output: [cols, rows], constants });
  const result = (await kernel(...(inputs as never[]))) as unknown as Float32Array[];
  const flat = Float32Array.from(result.flatMap((row) => [...row]));
  await gpu.destroy();
  return flat;
}

describe("gpu.js agrees", () => {
  it("on linear", async () => {
    const [rows, inner, cols] = [13, 20, 9];
    const [x, weight, bias] = [random(rows * inner, 1), random(cols * inner, 2), random(cols, 3)];
    const tape = new Tape("oracle");
    const y = F.linear(
      tape.constant("x", [rows, inner], x),
      tape.constant("weight", [cols, inner], weight),
      tape.constant("bias", [cols], bias),
    );
    tape.keep(y);
    const plan = await Plan.compile(await testGpu(), tape);
    plan.run();
    const [got] = await plan.read(y);
    expectClose("linear", got, await oracle(MATRIX_PRODUCT, rows, cols, { inner }, [x, weight, bias]), 1e-6);
    plan.destroy();
  });

  it("on layerNorm", async () => {
    const [rows, cols] = [7, 70];
    const [x, weight, bias] = [random(rows * cols, 4), random(cols, 5), random(cols, 6)];
    const tape = new Tape("oracle");
    const y = F.layerNorm(
      tape.constant("x", [rows, cols], x),
      tape.constant("weight", [cols], weight),
      tape.constant("bias", [cols], bias),
    );
    tape.keep(y);
    const plan = await Plan.compile(await testGpu(), tape);
    plan.run();
    const [got] = await plan.read(y);
    expectClose("layerNorm", got, await oracle(LAYER_NORM, rows, cols, { cols }, [x, weight, bias]), 1e-5);
    plan.destroy();
  });
});
