import { describe, expect, it } from "vitest";
import { Tape } from "../../src/autograd/tape";
import * as F from "../../src/ops";
import { type Arrays, checkOp } from "../helpers/check-op";

function reference({ base, dirs, coefficients }: Arrays, batch: number): Float64Array {
  const count = coefficients.length / batch;
  const rows = dirs.length / count;
  return Float64Array.from({ length: batch * rows }, (_, i) => {
    let sum = base[i % base.length];
    for (let n = 0; n < count; n++)
      sum += dirs[(i % rows) * count + n] * coefficients[Math.floor(i / rows) * count + n];
    return sum;
  });
}

describe("blendShapes", () => {
  // Batches below, at and across 8 samples; coordinates below and across a chunk of 64; coefficients across 64.
  it.each([
    { batch: 1, vertices: 5, count: 10, shared: true },
    { batch: 8, vertices: 22, count: 3, shared: true },
    { batch: 3, vertices: 25, count: 135, shared: false },
    { batch: 9, vertices: 4, count: 65, shared: false },
  ])("%j", async ({ batch, vertices, count, shared }) => {
    await checkOp({
      inputs: {
        base: shared ? [vertices, 3] : [batch, vertices, 3],
        dirs: [vertices, 3, count],
        coefficients: [batch, count],
      },
      fixed: ["dirs"],
      op: ({ base, dirs, coefficients }) => F.blendShapes(base, dirs, coefficients),
      reference: (v) => reference(v, batch),
      maxElements: 60,
    });
  });

  it("refuses shapes that do not fit, and directions that want a gradient", () => {
    const tape = new Tape("t");
    const [base, coefficients] = [tape.input("template", [7, 3]), tape.input("betas", [2, 10])];
    expect(() => F.blendShapes(base, tape.input("dirs", [7, 3, 9]), coefficients)).toThrow(
      'blendShapes: dirs has shape [7, 3, 9], expected [any, 3, 10] (tensor "dirs")',
    );
    expect(() => F.blendShapes(base, tape.input("dirs", [8, 3, 10]), coefficients)).toThrow(
      'blendShapes: base has shape [7, 3], expected [8, 3] (tensor "template")',
    );
    expect(() => F.blendShapes(base, tape.input("dirs", [7, 3, 10], { needsGrad: true }), coefficients)).toThrow(
      'blendShapes: dirs has no gradient, but "dirs" asks for one',
    );
  });
});
