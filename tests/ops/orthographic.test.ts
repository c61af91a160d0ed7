import { describe, expect, it } from "vitest";
import { Tape } from "../../src/autograd/tape";
import * as F from "../../src/ops";
import { type Arrays, checkOp } from "../helpers/check-op";

describe("orthographic", () => {
  it.each([
    [1, 5],
    [2, 64],
    [3, 70],
  ])("batch %i, %i points", async (batch, points) => {
    await checkOp({
      inputs: { x: [batch, points, 3], camera: [batch, 3] },
      op: ({ x, camera }) => F.orthographic(x, camera, 3.5, 6, 8),
      reference: ({ x, camera }: Arrays) =>
        Float64Array.from({ length: batch * points * 2 }, (_, i) => {
          const [b, p, c] = [Math.floor(i / 2 / points), Math.floor(i / 2), i % 2];
          return x[3 * p + c] * 3.5 * camera[3 * b] + [6, 8][c] + camera[3 * b + 1 + c];
        }),
      maxElements: 60,
    });
  });

  it("refuses a camera of another batch", () => {
    const tape = new Tape("t");
    expect(() => F.orthographic(tape.input("v", [2, 7, 3]), tape.input("camera", [3, 3]), 1000, 6, 8)).toThrow(
      'orthographic: camera has shape [3, 3], expected [2, 3] (tensor "camera")',
    );
  });
});
