import { describe, expect, it } from "vitest";
import { Tape } from "../../src/autograd/tape";
import * as F from "../../src/ops";
import { checkOp } from "../helpers/check-op";

/** Rows of each part, one after the other. */
function joined(parts: readonly Float64Array[], rows: number): number[] {
  return Array.from({ length: rows }, (_, row) =>
    parts.flatMap((part) => {
      const channels = part.length / rows;
      return [...part.subarray(row * channels, (row + 1) * channels)];
    }),
  ).flat();
}

describe("concatChannels", () => {
  it("three parts of different widths", async () => {
    await checkOp({
      inputs: { a: [2, 5, 8], b: [2, 5, 1], c: [2, 5, 13] },
      op: ({ a, b, c }) => F.concatChannels([a, b, c]),
      reference: ({ a, b, c }) => joined([a, b, c], 10),
    });
  });

  it("one part, and one tensor twice", async () => {
    await checkOp({
      inputs: { a: [70, 2] },
      op: ({ a }) => F.concatChannels([a]),
      reference: ({ a }) => a,
    });
    await checkOp({
      inputs: { a: [3, 4] },
      op: ({ a }) => F.concatChannels([a, a]),
      reference: ({ a }) => joined([a, a], 3),
    });
  });

  it("refuses no parts and leading axes that differ", () => {
    const tape = new Tape("t");
    expect(() => F.concatChannels([])).toThrow("concatChannels: no tensor was given, expected at least one");
    expect(() => F.concatChannels([tape.input("a", [2, 5, 8]), tape.input("b", [2, 6, 8])])).toThrow(
      'concatChannels: part 1 has shape [2, 6, 8], expected [2, 5, any] (tensor "b")',
    );
  });
});
