import { describe, expect, it } from "vitest";
import { Tape } from "../../src/autograd/tape";
import * as F from "../../src/ops";
import { checkOp } from "../helpers/check-op";

describe("weightedSum", () => {
  // One, all and more terms than one dispatch takes.
  for (const count of [1, 2, 7, 8, 15]) {
    it(`${count} terms`, async () => {
      const names = Array.from({ length: count }, (_, k) => `x${k}`);
      const weights = names.map((_, k) => 0.5 * k - 1.25);
      await checkOp({
        inputs: Object.fromEntries(names.map((name) => [name, [1]])),
        op: (t) =>
          F.weightedSum(
            names.map((name) => t[name]),
            weights,
          ),
        reference: (a) => [names.reduce((sum, name, k) => sum + weights[k] * a[name][0], 0)],
      });
    });
  }

  it("the same term twice, and one without a gradient", async () => {
    await checkOp({
      inputs: { a: [1], b: [1], c: [1] },
      fixed: ["b"],
      op: ({ a, b, c }) => F.weightedSum([a, b, a, c], [2, 3, -0.5, 1]),
      reference: ({ a, b, c }) => [1.5 * a[0] + 3 * b[0] + c[0]],
    });
  });

  it("names a term that is not one number", () => {
    const tape = new Tape("errors");
    const x = tape.input("x", [2]);
    expect(() => F.weightedSum([x], [1])).toThrow('weightedSum: term 0 has shape [2], expected [1] (tensor "x")');
    expect(() => F.weightedSum([x], [])).toThrow("1 terms and 0 weights");
  });
});
