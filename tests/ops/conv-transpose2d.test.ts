import { describe, expect, it } from "vitest";
import { Tape } from "../../src/autograd/tape";
import * as F from "../../src/ops";
import { type Arrays, checkOp } from "../helpers/check-op";

type Shape = readonly [batch: number, height: number, width: number, inChannels: number];

/** Scatters every input pixel into the output, as the transposed convolution is defined. */
function reference({ x, weight }: Arrays, [batch, height, width, inChannels]: Shape): Float64Array {
  const out = weight.length / inChannels / 16;
  const y = new Float64Array(batch * 4 * height * width * out);
  for (let b = 0; b < batch; b++)
    for (let i = 0; i < height; i++)
      for (let j = 0; j < width; j++)
        for (let tap = 0; tap < 16; tap++) {
          const [row, column] = [2 * i - 1 + Math.floor(tap / 4), 2 * j - 1 + (tap % 4)];
          if (row < 0 || column < 0 || row >= 2 * height || column >= 2 * width) continue;
          const at = ((b * 2 * height + row) * 2 * width + column) * out;
          for (let c = 0; c < inChannels; c++) {
            const value = x[((b * height + i) * width + j) * inChannels + c];
            for (let o = 0; o < out; o++) y[at + o] += value * weight[(c * out + o) * 16 + tap];
          }
        }
  return y;
}

describe("convTranspose2d", () => {
  it.each([
    { shape: [1, 1, 1, 4] as const, out: 4 },
    { shape: [2, 3, 2, 8] as const, out: 12 },
    { shape: [1, 2, 5, 3] as const, out: 4 },
    { shape: [3, 8, 6, 4] as const, out: 4 }, // 144 rows: the weight gradient is summed in two slices
  ])("%j", async ({ shape, out }) => {
    await checkOp({
      inputs: { x: shape, weight: [shape[3], out, 4, 4] },
      op: ({ x, weight }) => F.convTranspose2d(x, weight),
      reference: (a) => reference(a, shape),
      maxElements: 40,
    });
  });

  it.each([4, 1])("gives the same with room for %i taps at a time", async (taps) => {
    const shape = [2, 3, 2, 4] as const;
    await checkOp({
      inputs: { x: shape, weight: [4, 8, 4, 4] },
      op: ({ x, weight }) => F.convTranspose2d(x, weight, { columnBytes: taps * 2 * 3 * 2 * 8 * 4 }),
      reference: (a) => reference(a, shape),
      maxElements: 40,
    });
  });

  it("puts the 4 x 4 taps of a pixel around its 2 x 2 place, in order", async () => {
    // A one in the middle of a 3 x 3 map, and taps 1 to 16.
    await checkOp({
      inputs: { x: [1, 3, 3, 1], weight: [1, 4, 4, 4] },
      values: { x: [0, 0, 0, 0, 1, 0, 0, 0, 0], weight: Array.from({ length: 64 }, (_, i) => (i % 16) + 1) },
      fixed: ["x"],
      op: ({ x, weight }) => F.convTranspose2d(x, weight),
      reference: ({ weight }) =>
        Float64Array.from({ length: 144 }, (_, i) => {
          const [row, column, o] = [Math.floor(i / 24) - 1, (Math.floor(i / 4) % 6) - 1, i % 4];
          return row >= 0 && row < 4 && column >= 0 && column < 4 ? weight[16 * o + 4 * row + column] : 0;
        }),
    });
  });

  it("refuses shapes that do not fit, and output channels that do not come in fours", () => {
    const tape = new Tape("t");
    const x = tape.input("map", [2, 3, 4, 8]);
    expect(() => F.convTranspose2d(x, tape.input("w", [4, 8, 4, 4]))).toThrow(
      'convTranspose2d: weight has shape [4, 8, 4, 4], expected [8, any, 4, 4] (tensor "w")',
    );
    expect(() => F.convTranspose2d(x, tape.input("w", [8, 6, 4, 4]))).toThrow(
      'convTranspose2d: weight has 6 output channels, expected a multiple of 4 (tensor "w")',
    );
  });
});
