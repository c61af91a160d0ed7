import fc from "fast-check";
import { expect, test } from "vitest";
import { cropRecord, recordSide } from "../../src/data/crop";
import { HO3D_DEPTH_UNIT } from "../../src/data/png";
import type { Frame } from "../../src/data/types";
import { testFrame } from "./helpers";

/** A frame whose red is x, green is y and depth units are 1 + x + 256 y, so that every pixel says where it is. */
function ruler(box: Frame["box"]): Frame {
  const [width, height] = [250, 200];
  const data = new Uint8Array(width * height * 3);
  const depth = new Float32Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      data.set([x, y, 7], 3 * (y * width + x));
      depth[y * width + x] = (1 + x + 256 * y) * HO3D_DEPTH_UNIT;
    }
  }
  return { ...testFrame(0), rgb: { width, height, data }, depth: { width, height, data: depth }, box };
}

test("the side of a record is 1.25 crops, rounded up to 16", () => {
  expect([64, 256, 224, 100].map(recordSide)).toEqual([80, 320, 288, 128]);
});

test("a small hand keeps the image's own pixels", () => {
  const record = cropRecord(ruler([100, 80, 130, 100]), { size: 64 });
  expect([record.step, record.x0, record.y0, record.width, record.height]).toEqual([1, 81, 56, 69, 69]);
  expect([...record.rgb.subarray(0, 3)]).toEqual([81, 56, 7]);
  expect([...record.rgb.subarray(-3)]).toEqual([149, 124, 7]);
});

test("each pixel shows the place that x0, y0 and step say, wherever the hand is", () => {
  let shrunk = 0;
  fc.assert(
    fc.property(
      fc.double({ min: -30, max: 240, noNaN: true }),
      fc.double({ min: -30, max: 190, noNaN: true }),
      fc.double({ min: 20, max: 240, noNaN: true }),
      fc.constantFrom(16, 32, 64),
      (x, y, length, size) => {
        fc.pre(x + length > 5 && y + length > 5);
        const record = cropRecord(ruler([x, y, x + length, y + length]), { size });
        const { width, height, x0, y0, step } = record;
        const most = recordSide(size);
        expect(Math.max(width, height)).toBeLessThanOrEqual(most);
        expect(step).toBeGreaterThanOrEqual(1);
        if (step > 1) shrunk++;
        for (const [i, j] of [
          [0, 0],
          [width - 1, height - 1],
          [width >> 1, height >> 2],
        ]) {
          const [cx, cy] = [x0 + i * step, y0 + j * step];
          const at = j * width + i;
          // A mean of a linear ramp over a pixel is the ramp at the pixel's centre: half a grey level from rounding.
          expect(Math.abs(record.rgb[3 * at] - cx)).toBeLessThanOrEqual(0.51);
          expect(Math.abs(record.rgb[3 * at + 1] - cy)).toBeLessThanOrEqual(0.51);
          const units = record.depth![at] - 1;
          expect(Math.abs((units % 256) - cx)).toBeLessThanOrEqual(0.5 + 1e-9);
          expect(Math.abs(Math.floor(units / 256) - cy)).toBeLessThanOrEqual(0.5 + 1e-9);
        }
        // What is kept reaches as far as the square and its margin, or to the image's edge, less one pixel of the record.
        const reach = (1.5 * record.square[2]) / 2;
        const right = Math.min(249.5, record.square[0] + reach);
        expect(x0 + (width - 0.5) * step).toBeGreaterThan(right - Math.max(step, 3) - 1e-6);
      },
    ),
    { numRuns: 60, seed: 5 },
  );
  expect(shrunk).toBeGreaterThan(10);
});
