import { describe, expect, it } from "vitest";
import { Tape } from "../../src/autograd/tape";
import * as F from "../../src/ops";
import { checkOp } from "../helpers/check-op";

describe("add", () => {
  it.each([
    [[5], [5]],
    [
      [2, 64],
      [2, 64],
    ],
    [
      [3, 5, 13],
      [5, 13],
    ],
    [[70, 2], [2]],
  ])("%j + %j", async (a, b) => {
    await checkOp({
      inputs: { a, b },
      op: (t) => F.add(t.a, t.b),
      reference: (v) => v.a.map((x, i) => x + v.b[i % v.b.length]),
    });
  });

  it("refuses a shape that is not a's trailing axes, naming both tensors", () => {
    const tape = new Tape("t");
    expect(() => F.add(tape.input("left", [4, 3]), tape.input("right", [4]))).toThrow(
      'add: b has shape [4], expected the trailing axes of [4, 3] (tensors "left", "right")',
    );
  });
});
