import { describe, expect, it } from "vitest";
import { Tape } from "../../src/autograd/tape";
import * as F from "../../src/ops";
import { checkOp } from "../helpers/check-op";

describe("meanVertices", () => {
  it.each([
    [1, 3, 2],
    [2, 5, 65],
    [3, 70, 4],
  ])("[%i, %i, %i]", async (batch, vertices, channels) => {
    await checkOp({
      inputs: { x: [batch, vertices, channels] },
      op: ({ x }) => F.meanVertices(x),
      reference: ({ x }) =>
        Float64Array.from({ length: batch * channels }, (_, i) => {
          const [b, c] = [Math.floor(i / channels), i % channels];
          let sum = 0;
          for (let v = 0; v < vertices; v++) sum += x[(b * vertices + v) * channels + c];
          return sum / vertices;
        }),
      maxElements: 80,
    });
  });

  it("refuses two axes", () => {
    expect(() => F.meanVertices(new Tape("t").input("features", [2, 8]))).toThrow(
      'meanVertices: x has shape [2, 8], expected [any, any, any] (tensor "features")',
    );
  });
});
