import { describe, expect, it } from "vitest";
import { Plan } from "../../src/autograd/plan";
import { Tape } from "../../src/autograd/tape";
import * as F from "../../src/ops";
import { type Arrays, checkOp, pseudoRandom } from "../helpers/check-op";
import { erf } from "../helpers/erf";
import { testGpu } from "../helpers/gpu";

const ACTIVATIONS = {
  none: (v: number) => v,
  gelu: (v: number) => 0.5 * v * (1 + erf(v / Math.SQRT2)),
  relu: (v: number) => Math.max(v, 0),
};

function reference(
  activation: keyof typeof ACTIVATIONS,
  { x, weight, bias, residual, rowScale }: Arrays,
): Float64Array {
  const out = bias?.length ?? 6;
  const inner = weight.length / out;
  const rows = x.length / inner;
  const y = new Float64Array(rows * out);
  for (let row = 0; row < rows; row++) {
    for (let col = 0; col < out; col++) {
      let sum = bias?.[col] ?? 0;
      for (let i = 0; i < inner; i++) sum += x[row * inner + i] * weight[col * inner + i];
      const scale = rowScale ? rowScale[Math.floor((row * rowScale.length) / rows)] : 1;
      y[row * out + col] = scale * ACTIVATIONS[activation](sum) + (residual?.[row * out + col] ?? 0);
    }
  }
  return y;
}

describe("linear", () => {
  for (const [rows, inner, out] of [
    [3, 8, 12],
    [5, 7, 6],
    [9, 12, 3],
    [130, 5, 10],
  ]) {
    it(`[${rows}, ${inner}] -> ${out}`, async () => {
      await checkOp({
        inputs: { x: [rows, inner], weight: [out, inner], bias: [out] },
        op: ({ x, weight, bias }) => F.linear(x, weight, bias),
        reference: (a) => reference("none", a),
      });
    });
  }

  it("splits the weight gradient of 300 rows into slices", async () => {
    await checkOp({
      inputs: { x: [300, 4], weight: [8, 4], bias: [8] },
      op: ({ x, weight, bias }) => F.linear(x, weight, bias),
      reference: (a) => reference("none", a),
      gradientTolerance: 2e-4,
    });
  });

  it("without bias", async () => {
    await checkOp({
      inputs: { x: [2, 3, 4], weight: [6, 4] },
      op: ({ x, weight }) => F.linear(x, weight),
      reference: (a) => reference("none", a),
    });
  });

  for (const activation of ["gelu", "relu"] as const) {
    it(`${activation}`, async () => {
      await checkOp({
        inputs: { x: [5, 4], weight: [12, 4], bias: [12] },
        op: ({ x, weight, bias }) => F.linear(x, weight, bias, { activation }),
        reference: (a) => reference(activation, a),
      });
    });
  }

  for (const activation of ["none", "gelu", "relu"] as const) {
    it(`${activation}, residual, drop-path`, async () => {
      await checkOp({
        inputs: { x: [3, 2, 4], weight: [5, 4], bias: [5], residual: [3, 2, 5], rowScale: [3] },
        values: { rowScale: [1.25, 0, 1.25] },
        fixed: ["rowScale"],
        op: ({ x, weight, bias, residual, rowScale }) => F.linear(x, weight, bias, { activation, residual, rowScale }),
        reference: (a) => reference(activation, a),
      });
    });
  }

  for (const out of [6, 8]) {
    it(`workgroup tiles, everything at once, ${out} outputs`, async () => {
      await checkOp({
        inputs: { x: [2, 3, 4], weight: [out, 4], bias: [out], residual: [2, 3, out], rowScale: [2] },
        values: { rowScale: [0, 1.25] },
        fixed: ["rowScale"],
        styles: ["gpu"],
        op: ({ x, weight, bias, residual, rowScale }) =>
          F.linear(x, weight, bias, { activation: "gelu", residual, rowScale }),
        reference: (a) => reference("gelu", a),
      });
    });
  }

  it("residual alone", async () => {
    await checkOp({
      inputs: { x: [70, 4], weight: [4, 4], bias: [4], residual: [70, 4] },
      op: ({ x, weight, bias, residual }) => F.linear(x, weight, bias, { residual }),
      reference: (a) => reference("none", a),
    });
  });

  it("a dropped sample is exactly its residual and has no gradient, even where the branch is NaN", async () => {
    const tape = new Tape("drop");
    const x = tape.input("x", [2, 4], { needsGrad: true });
    const weight = tape.input("weight", [4, 4], { needsGrad: true });
    const residual = tape.input("residual", [2, 4], { needsGrad: true });
    const rowScale = tape.input("rowScale", [2]);
    const y = F.linear(x, weight, undefined, { activation: "gelu", residual, rowScale });
    tape.backward(F.dot(y, tape.constant("ones", [8], new Float32Array(8).fill(1))));
    const plan = await Plan.compile(await testGpu(), tape, undefined, { reuse: false });
    const values = Float32Array.from(pseudoRandom(8, 3));
    values.fill(Number.NaN, 0, 4);
    const kept = Float32Array.from(pseudoRandom(8, 5));
    plan.write(x, values);
    plan.write(weight, Float32Array.from(pseudoRandom(16, 4)));
    plan.write(residual, kept);
    plan.write(rowScale, new Float32Array([0, 2]));
    plan.run();
    const [got, d_x, d_residual] = await plan.read(y, tape.grad(x), tape.grad(residual));
    expect([...got.subarray(0, 4)]).toEqual([...kept.subarray(0, 4)]);
    expect([...d_x.subarray(0, 4)]).toEqual([0, 0, 0, 0]);
    expect(got.every(Number.isFinite) && d_x.every(Number.isFinite)).toBe(true);
    expect([...d_residual]).toEqual(new Array(8).fill(1));
    plan.destroy();
  });

  it("names the tensor that does not fit", () => {
    const tape = new Tape("errors");
    const x = tape.input("x", [2, 4]);
    const weight = tape.input("blocks.0.weight", [6, 5]);
    expect(() => F.linear(x, weight)).toThrow(
      'linear: weight has shape [6, 5], expected [any, 4] (tensor "blocks.0.weight")',
    );
    const right = tape.input("right", [6, 4]);
    expect(() => F.linear(x, right, tape.input("bias", [5]))).toThrow("linear: bias has shape [5], expected [6]");
    expect(() => F.linear(x, right, undefined, { residual: x })).toThrow(
      "linear: residual has shape [2, 4], expected [2, 6]",
    );
    expect(() => F.linear(x, right, undefined, { rowScale: right })).toThrow(
      "linear: rowScale has shape [6, 4], expected [2]",
    );
  });
});
