import { describe, expect, it } from "vitest";
import { Plan } from "../../src/autograd/plan";
import { Tape } from "../../src/autograd/tape";
import * as F from "../../src/ops";
import { type Arrays, checkOp, pseudoRandom } from "../helpers/check-op";
import { testGpu } from "../helpers/gpu";

type Shape = readonly [batch: number, height: number, width: number, channels: number];

function reference({ map, pixels }: Arrays, [batch, height, width, channels]: Shape): Float64Array {
  const points = pixels.length / 2 / batch;
  const y = new Float64Array(batch * points * channels);
  for (let i = 0; i < batch * points; i++) {
    const [px, py] = [pixels[2 * i], pixels[2 * i + 1]];
    // Every pixel of the map within reach: a form that knows neither floor nor taps.
    for (let row = 0; row < height; row++)
      for (let column = 0; column < width; column++) {
        const weight = Math.max(0, 1 - Math.abs(px - column)) * Math.max(0, 1 - Math.abs(py - row));
        if (!(weight > 0)) continue;
        const b = Math.floor(i / points);
        for (let c = 0; c < channels; c++)
          y[i * channels + c] += weight * map[((b * height + row) * width + column) * channels + c];
      }
  }
  return y;
}

/** Points in and around a map, none within 1e-3 of an integer, where the derivative jumps. */
function around(batch: number, points: number, height: number, width: number): number[] {
  return pseudoRandom(batch * points * 2, 6).map((v, i) => {
    const extent = i % 2 === 0 ? width : height;
    const at = (0.5 + 0.7 * v) * extent - 0.5;
    return Math.abs(at - Math.round(at)) < 2e-3 ? at + 5e-3 : at;
  });
}

describe("gridSample", () => {
  it.each([
    { shape: [1, 3, 2, 4] as const, points: 3 },
    { shape: [2, 4, 3, 8] as const, points: 70 },
    { shape: [3, 2, 5, 68] as const, points: 5 },
    { shape: [2, 1, 1, 4] as const, points: 9 },
  ])("%j", async ({ shape, points }) => {
    const [batch, height, width] = shape;
    await checkOp({
      inputs: { map: shape, pixels: [batch, points, 2] },
      values: { pixels: around(batch, points, height, width) },
      op: ({ map, pixels }) => F.gridSample(map, pixels),
      reference: (a) => reference(a, shape),
      maxElements: 100,
      h: 1e-4,
    });
  });

  it("samples pixel centres, edges and far points as torch does, and lets no NaN through", async () => {
    const shape = [1, 3, 4, 4] as const;
    const pixels = [0, 0, 3, 2, -1, 1, 4, 1, 1.5, -0.5, 3.5, 2.5, -1.001, 0, 1e30, 1, -3e38, -3e38, 4.001, 3.2];
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) pixels.push(bad, 1, 1, bad);
    await checkOp({
      inputs: { map: shape, pixels: [1, pixels.length / 2, 2] },
      values: { pixels },
      fixed: ["pixels"],
      op: ({ map, pixels: p }) => F.gridSample(map, p),
      reference: (a) => reference(a, shape),
    });
  });

  it("gives points outside a zero gradient, NaN included", async () => {
    const tape = new Tape("t");
    const map = tape.input("map", [1, 3, 4, 4], { needsGrad: true });
    const pixels = tape.input("pixels", [1, 4, 2], { needsGrad: true });
    const y = F.gridSample(map, pixels);
    tape.backward(F.dot(y, y));
    const plan = await Plan.compile(await testGpu(), tape, undefined, { reuse: false });
    plan.write(map, Float32Array.from(pseudoRandom(48, 1)));
    plan.write(pixels, Float32Array.of(Number.NaN, 1, 1e20, Number.POSITIVE_INFINITY, -1.5, 0, 1.25, 1.5));
    plan.run();
    const [d] = await plan.read(tape.grad(pixels));
    plan.destroy();
    expect([...d.subarray(0, 6)]).toEqual([0, 0, 0, 0, 0, 0]);
    expect(d[6]).not.toBe(0);
  });

  it("sums a crowded pixel in the same order every time", async () => {
    const tape = new Tape("t");
    const map = tape.input("map", [1, 4, 4, 4], { needsGrad: true });
    const pixels = tape.input("pixels", [1, 300, 2]);
    tape.backward(
      F.dot(F.gridSample(map, pixels), tape.constant("w", [1200], Float32Array.from(pseudoRandom(1200, 2)))),
    );
    const plan = await Plan.compile(await testGpu(), tape, undefined, { reuse: false });
    plan.write(map, new Float32Array(64));
    plan.write(
      pixels,
      Float32Array.from(pseudoRandom(600, 3), (v) => 1.5 + 0.5 * v),
    );
    const runs: string[] = [];
    for (let i = 0; i < 3; i++) {
      plan.run();
      runs.push(new Uint32Array((await plan.read(tape.grad(map)))[0].buffer).join());
    }
    plan.destroy();
    expect(new Set(runs).size).toBe(1);
  });

  it("refuses other shapes, and channels that do not come in fours", () => {
    const tape = new Tape("t");
    expect(() => F.gridSample(tape.input("map", [2, 3, 4, 4]), tape.input("p", [1, 7, 2]))).toThrow(
      'gridSample: pixels has shape [1, 7, 2], expected [2, any, 2] (tensor "p")',
    );
    expect(() => F.gridSample(tape.input("map", [2, 3, 4, 6]), tape.input("p", [2, 7, 2]))).toThrow(
      'gridSample: map has 6 channels, expected a multiple of 4 (tensor "map")',
    );
  });
});
