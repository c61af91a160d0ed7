import { describe, expect, it } from "vitest";
import { Tape } from "../../src/autograd/tape";
import * as F from "../../src/ops";
import { type Arrays, checkOp, pseudoRandom } from "../helpers/check-op";

const reference = ({ x }: Arrays): Float64Array =>
  x.map((v, i) => (i % 3 === 0 ? Math.max(v, 0) + Math.log1p(Math.exp(-Math.abs(v))) : v));

describe("positiveCamera", () => {
  it.each([1, 2, 23])("batch %i", async (batch) => {
    const values = { x: pseudoRandom(3 * batch, 5).map((v) => 6 * v) };
    await checkOp({ inputs: { x: [batch, 3] }, values, op: ({ x }) => F.positiveCamera(x), reference });
  });

  it.each([-60, -20, -5, -0.001, 0, 0.001, 5, 20, 100])("keeps relative accuracy at %f", async (raw) => {
    await checkOp({
      inputs: { x: [1, 3] },
      values: { x: [raw, 0, 0] },
      op: ({ x }) => F.positiveCamera(x),
      reference,
      tolerance: 1e-5,
    });
  });

  it("refuses four numbers a sample", () => {
    expect(() => F.positiveCamera(new Tape("t").input("camera", [2, 4]))).toThrow(
      'positiveCamera: x has shape [2, 4], expected [any, 3] (tensor "camera")',
    );
  });
});
