import { describe, expect, it } from "vitest";
import { Tape } from "../../src/autograd/tape";
import * as F from "../../src/ops";
import { type Arrays, checkOp } from "../helpers/check-op";

/** A convolution with kernel and stride `patch`, straight from its definition. */
function reference({ image, weight, bias }: Arrays, shape: number[], patch: number): Float64Array {
  const [batch, channels, height, width] = shape;
  const out = bias.length;
  const y: number[] = [];
  for (let b = 0; b < batch; b++) {
    for (let top = 0; top < height; top += patch) {
      for (let left = 0; left < width; left += patch) {
        for (let o = 0; o < out; o++) {
          let sum = bias[o];
          for (let c = 0; c < channels; c++)
            for (let dy = 0; dy < patch; dy++)
              for (let dx = 0; dx < patch; dx++)
                sum +=
                  image[((b * channels + c) * height + top + dy) * width + left + dx] *
                  weight[((o * channels + c) * patch + dy) * patch + dx];
          y.push(sum);
        }
      }
    }
  }
  return Float64Array.from(y);
}

describe("patchEmbed", () => {
  for (const [batch, channels, height, width, patch, out] of [
    [1, 1, 4, 2, 2, 3],
    [2, 3, 4, 6, 2, 8],
    [1, 3, 8, 4, 4, 6],
  ]) {
    it(`[${batch}, ${channels}, ${height}, ${width}], patches of ${patch}, width ${out}`, async () => {
      const shape = [batch, channels, height, width];
      await checkOp({
        inputs: { image: shape, weight: [out, channels, patch, patch], bias: [out] },
        op: ({ image, weight, bias }) => F.patchEmbed(image, weight, bias),
        reference: (a) => reference(a, shape, patch),
      });
    });
  }

  it("names an image that the patch does not divide", () => {
    const tape = new Tape("errors");
    const image = tape.input("image", [1, 3, 10, 8]);
    const weight = tape.input("weight", [4, 3, 4, 4]);
    expect(() => F.patchEmbed(image, weight, tape.input("bias", [4]))).toThrow(/\[1, 3, 10, 8\].*divisible by 4/);
  });
});
