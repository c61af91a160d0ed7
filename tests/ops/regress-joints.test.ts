import { describe, expect, it } from "vitest";
import { Tape } from "../../src/autograd/tape";
import * as F from "../../src/ops";
import { csrFromDense } from "../../src/ops/csr";
import { checkOp, pseudoRandom } from "../helpers/check-op";

const VERTICES = 70;
const DENSE = pseudoRandom(16 * VERTICES, 4).map((v) => (v > 0.6 ? Math.fround(v) : 0));
const REGRESSOR = csrFromDense(16, VERTICES, DENSE);

describe("regressJoints", () => {
  it("16 joints of 70 vertices", async () => {
    await checkOp({
      inputs: { vertices: [2, VERTICES, 3] },
      op: ({ vertices }) => F.regressJoints(vertices, REGRESSOR),
      reference: ({ vertices }) =>
        Float64Array.from({ length: 2 * 16 * 3 }, (_, i) => {
          const [b, k, c] = [Math.floor(i / 48), Math.floor(i / 3) % 16, i % 3];
          let sum = 0;
          for (let v = 0; v < VERTICES; v++) sum += DENSE[k * VERTICES + v] * vertices[(b * VERTICES + v) * 3 + c];
          return sum;
        }),
      maxElements: 60,
    });
  });

  it("refuses vertices that are not [B, V, 3]", () => {
    expect(() => F.regressJoints(new Tape("t").input("v", [2, VERTICES, 4]), REGRESSOR)).toThrow(
      'regressJoints: vertices has shape [2, 70, 4], expected [any, 70, 3] (tensor "v")',
    );
  });
});
