import { expect, test } from "vitest";
import { cropMatrix, inverseMatrix } from "../../src/data/crop";
import { HO3D_DEPTH_UNIT } from "../../src/data/png";
import { random } from "../../src/data/random";
import { IMAGE_MEAN, IMAGE_STD, sampleDepth, sampleImage } from "../../src/data/resample";
import type { CropRecord } from "../../src/data/types";
import { noiseRecord } from "../helpers/noise-record";

const HALF = 0.14;
const shape = { size: 20, width: 16 };

/** Row-major 2x3 maps from the crop to a record: turned, enlarged, shrunk, and over each edge. */
function maps(): Float64Array[] {
  const rng = random(4, "resample-test", 0, "");
  const camera = [200, 201, 60, 50] as const;
  return Array.from({ length: 40 }, () => {
    const square = { x: 60 * rng.uniform() - 10, y: 60 * rng.uniform() - 10, side: 5 + 50 * rng.uniform() };
    return inverseMatrix(cropMatrix({ ...square, angle: 6 * rng.uniform() }, camera, shape.size));
  });
}

/** Bilinear interpolation as it is written in a book, with black outside. */
function bookValue({ rgb, width, height }: CropRecord, x: number, y: number, channel: number): number {
  const at = (i: number, j: number): number =>
    i < 0 || j < 0 || i >= width || j >= height ? 0 : rgb[3 * (j * width + i) + channel] / 255;
  const [i, j] = [Math.floor(x), Math.floor(y)];
  const [a, b] = [x - i, y - j];
  return (
    (1 - a) * (1 - b) * at(i, j) + a * (1 - b) * at(i + 1, j) + (1 - a) * b * at(i, j + 1) + a * b * at(i + 1, j + 1)
  );
}

test.each([false, true])("every pixel is the bilinear mean of four, inside and over the edges; bgr: %s", (isBgr) => {
  const record = noiseRecord(0);
  const colour = [0.9, 0.1, -0.05, 0.02, 0.05, 1.1, 0, -0.1, 0, 0.2, 0.7, 0.1];
  const { size, width } = shape;
  let [inside, worst] = [0, 0];
  for (const map of maps()) {
    const image = sampleImage(record, map, shape, colour, isBgr);
    for (let v = 0; v < size; v++) {
      for (let u = 0; u < width; u++) {
        const [cu, cv] = [u + (size - width) / 2 + 0.5, v + 0.5];
        const x = map[0] * cu + map[1] * cv + map[2];
        const y = map[3] * cu + map[4] * cv + map[5];
        const isOutside = x < -1 || y < -1 || x >= record.width || y >= record.height;
        if (!isOutside) inside++;
        const rgb = [0, 1, 2].map((c) => bookValue(record, x, y, isBgr ? 2 - c : c));
        for (let c = 0; c < 3; c++) {
          const [r, g, b, bias] = colour.slice(4 * c, 4 * c + 4);
          // Beyond the record's outermost pixels nothing is coloured: black before the colour map and after it.
          const mapped = isOutside ? 0 : Math.min(1, Math.max(0, r * rgb[0] + g * rgb[1] + b * rgb[2] + bias));
          const found = image[c * size * width + v * width + u];
          worst = Math.max(worst, Math.abs(found - (mapped - IMAGE_MEAN[c]) / IMAGE_STD[c]));
        }
      }
    }
  }
  expect(worst).toBeLessThan(1e-5);
  expect(inside / (40 * size * width)).toBeGreaterThan(0.3);
});

test("depth is the nearest reading in the cube, far where there is none", () => {
  const record = noiseRecord(1);
  record.depth?.fill(0, 0, 200);
  let worst = 0;
  const { size, width } = shape;
  for (const map of maps()) {
    const depth = sampleDepth(record, map, shape, 0.55, HALF);
    for (let v = 0; v < size; v++) {
      for (let u = 0; u < width; u++) {
        const [cu, cv] = [u + (size - width) / 2 + 0.5, v + 0.5];
        const x = Math.round(map[0] * cu + map[1] * cv + map[2]);
        const y = Math.round(map[3] * cu + map[4] * cv + map[5]);
        const isOutside = x < 0 || y < 0 || x >= record.width || y >= record.height;
        const units = isOutside ? 0 : record.depth![y * record.width + x];
        const value = units === 0 ? 1 : (units * HO3D_DEPTH_UNIT - 0.55) / HALF;
        worst = Math.max(worst, Math.abs(depth[v * width + u] - Math.min(1, Math.max(-1, value))));
      }
    }
  }
  expect(worst).toBeLessThan(1e-6);
});

test("a map that is not finite gives pixels that are not, to be found", () => {
  const map = new Float64Array(6).fill(Number.NaN);
  const image = sampleImage(noiseRecord(0), map, shape, [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0], false);
  expect(image.every(Number.isNaN)).toBe(true);
});
