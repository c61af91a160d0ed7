import { describe, expect, it } from "vitest";
import { Tape } from "../../src/autograd/tape";
import * as F from "../../src/ops";
import { checkOp, pseudoRandom } from "../helpers/check-op";
import { skinned } from "../helpers/mini-mano";

/** Weights [V, K], most of them zero, as MANO's. */
const sparseWeights = (vertices: number, joints: number): number[] =>
  pseudoRandom(vertices * joints, 8).map((v) => (v > 0 ? Math.fround(v) : 0));

describe("skin", () => {
  // Vertices below, at and across a chunk of 64.
  it.each([
    [1, 5, 3],
    [2, 64, 16],
    [5, 70, 16],
  ])("batch %i, %i vertices, %i joints", async (batch, vertices, joints) => {
    const sample = (a: Float64Array, b: number): Float64Array =>
      a.subarray((b * a.length) / batch, ((b + 1) * a.length) / batch);
    await checkOp({
      inputs: {
        x: [batch, vertices, 3],
        transforms: [batch, joints, 3, 4],
        rest: [batch, joints, 3],
        weights: [vertices, joints],
      },
      values: { weights: sparseWeights(vertices, joints) },
      fixed: ["weights"],
      op: ({ x, transforms, rest, weights }) => F.skin(x, transforms, rest, weights),
      reference: (a) =>
        Array.from({ length: batch }, (_, b) =>
          skinned(sample(a.x, b), sample(a.transforms, b), sample(a.rest, b), a.weights),
        ).flat(),
      maxElements: 24,
    });
  });

  it("refuses shapes that do not fit, and weights that want a gradient", () => {
    const tape = new Tape("t");
    const x = tape.input("x", [2, 7, 3]);
    const [transforms, rest] = [tape.input("g", [2, 3, 3, 4]), tape.input("j", [2, 3, 3])];
    expect(() => F.skin(x, transforms, rest, tape.input("w", [3, 7]))).toThrow(
      'skin: weights has shape [3, 7], expected [7, 3] (tensor "w")',
    );
    expect(() => F.skin(x, tape.input("g", [2, 3, 4, 4]), rest, tape.input("w", [7, 3]))).toThrow(
      'skin: transforms has shape [2, 3, 4, 4], expected [2, any, 3, 4] (tensor "g")',
    );
    expect(() => F.skin(x, transforms, rest, tape.input("w", [7, 3], { needsGrad: true }))).toThrow(
      'skin: weights have no gradient, but "w" asks for one',
    );
  });
});
