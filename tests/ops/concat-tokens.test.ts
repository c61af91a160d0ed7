import { describe, expect, it } from "vitest";
import { Tape } from "../../src/autograd/tape";
import * as F from "../../src/ops";
import { checkOp } from "../helpers/check-op";

describe("concatTokens", () => {
  for (const [batch, learned, first, second, cols] of [
    [2, 1, 2, 3, 5],
    [1, 2, 4, 2, 16],
    [3, 3, 5, 1, 9],
  ]) {
    it(`${learned} learned tokens, ${first} and ${second} of a batch of ${batch}, width ${cols}`, async () => {
      await checkOp({
        inputs: { tokens: [learned, cols], a: [batch, first, cols], b: [batch, second, cols] },
        op: ({ tokens, a, b }) => F.concatTokens([tokens, a, b]),
        reference: ({ tokens, a, b }) =>
          Float64Array.from(
            Array.from({ length: batch }, (_, i) => [
              ...tokens,
              ...a.subarray(i * first * cols, (i + 1) * first * cols),
              ...b.subarray(i * second * cols, (i + 1) * second * cols),
            ]).flat(),
          ),
      });
    });
  }

  it("names a part that does not fit", () => {
    const tape = new Tape("errors");
    const a = tape.input("a", [2, 3, 4]);
    expect(() => F.concatTokens([a, tape.input("b", [3, 3, 4])])).toThrow(
      'concatTokens: a part has shape [3, 3, 4], expected [2, any, 4] or [any, 4] (tensor "b")',
    );
    expect(() => F.concatTokens([tape.input("c", [3, 4])])).toThrow("none of the parts has shape [B, T, D]");
  });
});
