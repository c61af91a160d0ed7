import { describe, expect, it } from "vitest";
import { Plan } from "../../src/autograd/plan";
import { Tape } from "../../src/autograd/tape";
import * as F from "../../src/ops";
import { pseudoRandom } from "../helpers/check-op";
import { testGpu } from "../helpers/gpu";

async function share(pixels: readonly number[], batch: number, width: number, height: number): Promise<number> {
  const tape = new Tape("t");
  const input = tape.input("pixels", [batch, pixels.length / 2 / batch, 2], { needsGrad: true });
  const y = F.shareInside(input, width, height);
  expect(y.needsGrad).toBe(false);
  const plan = await Plan.compile(await testGpu(), tape, undefined, { reuse: false });
  plan.write(input, Float32Array.from(pixels));
  plan.run();
  const [values] = await plan.read(y);
  plan.destroy();
  return values[0];
}

describe("shareInside", () => {
  it.each([
    [1, 3],
    [2, 32],
    [3, 67],
  ])("counts batch %i, %i points", async (batch, points) => {
    const pixels = pseudoRandom(batch * points * 2, 4).map((v) => Math.fround(3 + 6 * v));
    let inside = 0;
    for (let i = 0; i < pixels.length; i += 2) {
      const [column, row] = [Math.floor(pixels[i] + 0.5), Math.floor(pixels[i + 1] + 0.5)];
      if (column >= 0 && column < 6 && row >= 0 && row < 8) inside++;
    }
    expect(inside).toBeGreaterThan(0);
    expect(await share(pixels, batch, 6, 8)).toBeCloseTo(inside / (batch * points), 6);
  });

  it("has the map's own edges, and counts what is not finite as outside", async () => {
    const points = [-0.5, -0.5, 3.49, 2.49, 3.5, 0, 0, 2.5, -0.51, 0, Number.NaN, 1, 1, Number.NaN];
    points.push(Number.POSITIVE_INFINITY, 1, 1, Number.NEGATIVE_INFINITY, 3e38, 3e38);
    expect(await share(points, 1, 4, 3)).toBeCloseTo(0.2, 6);
  });

  it("refuses points in space", () => {
    expect(() => F.shareInside(new Tape("t").input("joints", [2, 21, 3]), 4, 3)).toThrow(
      'shareInside: pixels has shape [2, 21, 3], expected [any, any, 2] (tensor "joints")',
    );
  });
});
