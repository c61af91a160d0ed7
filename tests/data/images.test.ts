import fc from "fast-check";
import { expect, test } from "vitest";
import { DataError } from "../../src/data/data-error";
import { checkJpeg, decodeJpeg, encodeJpeg } from "../../src/data/jpeg";
import {
  checkPng,
  decodeDepthPng,
  decodeRgbPng,
  encodeDepthPng,
  encodeRgbPng,
  HO3D_DEPTH_UNIT,
} from "../../src/data/png";
import type { RgbImage } from "../../src/data/types";

function ramp(width: number, height: number): RgbImage {
  const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => (i * 7) % 256);
  return { width, height, data };
}

function smooth(width: number, height: number): RgbImage {
  const data = new Uint8Array(width * height * 3);
  for (let i = 0; i < width * height; i++) data.set([(i % width) * 4, Math.floor(i / width) * 4, 90], 3 * i);
  return { width, height, data };
}

test("a PNG comes back byte for byte", () => {
  const image = ramp(17, 9);
  expect(decodeRgbPng(encodeRgbPng(image), "a.png")).toEqual(image);
});

test("HO-3D depth: low byte red, high byte green, metres", () => {
  const data = Float32Array.of(0, HO3D_DEPTH_UNIT, 256 * HO3D_DEPTH_UNIT, 0x1234 * HO3D_DEPTH_UNIT, 0.6, 8.19);
  const file = encodeDepthPng({ width: 3, height: 2, data });
  const pixels = decodeRgbPng(file, "d.png").data;
  expect([...pixels.slice(9, 12)]).toEqual([0x34, 0x12, 0]);
  const depth = decodeDepthPng(file, "d.png");
  expect(depth.data[0]).toBe(0);
  for (let i = 0; i < 6; i++) expect(Math.abs(depth.data[i] - data[i])).toBeLessThan(HO3D_DEPTH_UNIT / 2 + 1e-6);
  const swapped = decodeDepthPng(file, "d.png", new Set(["depth-bytes-swapped"]));
  expect(swapped.data[1]).toBeCloseTo(256 * HO3D_DEPTH_UNIT, 6);
  expect(() => encodeDepthPng({ width: 1, height: 1, data: Float32Array.of(9) })).toThrow("depth of pixel 0 is 9 m");
});

test("a JPEG comes back within its loss", () => {
  const image = smooth(48, 40);
  const decoded = decodeJpeg(encodeJpeg(image, 95), "a.jpg");
  expect([decoded.width, decoded.height, decoded.data.length]).toEqual([48, 40, 48 * 40 * 3]);
  const error = decoded.data.reduce((sum, value, i) => sum + Math.abs(value - image.data[i]), 0) / decoded.data.length;
  expect(error).toBeLessThan(3);
});

test("every cut PNG and JPEG is refused with the file's name", () => {
  const png = encodeRgbPng(ramp(12, 12));
  for (let length = 0; length < png.length; length++) {
    expect(() => checkPng(png.subarray(0, length), "SM1/rgb/0001.png")).toThrow(/^SM1\/rgb\/0001\.png: .*PNG/);
  }
  const jpeg = encodeJpeg(smooth(32, 32), 90);
  for (let length = 0; length < jpeg.length; length++) {
    expect(() => checkJpeg(jpeg.subarray(0, length), "SM1/rgb/0001.jpg")).toThrow(/^SM1\/rgb\/0001\.jpg: .*JPEG/);
  }
});

test("a flipped bit of a PNG is refused", () => {
  const png = encodeRgbPng(ramp(12, 12));
  fc.assert(
    fc.property(fc.nat(png.length - 1), fc.nat(7), (at, bit) => {
      const mutant = png.slice();
      mutant[at] ^= 1 << bit;
      expect(() => decodeRgbPng(mutant, "a.png")).toThrow(DataError);
    }),
    { numRuns: 300 },
  );
});

test("damaged JPEGs end in an image or a DataError", () => {
  const jpeg = encodeJpeg(smooth(16, 16), 80);
  fc.assert(
    fc.property(fc.nat(jpeg.length - 1), fc.nat(255), (at, value) => {
      const mutant = jpeg.slice();
      mutant[at] = value;
      try {
        decodeJpeg(mutant, "a.jpg");
      } catch (error) {
        expect(error).toBeInstanceOf(DataError);
      }
    }),
    { numRuns: 300 },
  );
});

test("an image beyond 16 Mpx is refused from its header", () => {
  const jpeg = encodeJpeg(smooth(16, 16), 80);
  const header = jpeg.findIndex((byte, i) => byte === 0xff && jpeg[i + 1] === 0xc0);
  jpeg.set([0xff, 0xff, 0xff, 0xff], header + 5);
  expect(() => decodeJpeg(jpeg, "big.jpg")).toThrow("big.jpg: the image has 65535 x 65535 pixels");
});

test("a grey PNG cannot be depth", async () => {
  const { encode } = await import("fast-png");
  const grey = encode({ width: 2, height: 2, channels: 1, depth: 8, data: Uint8Array.of(1, 2, 3, 4) });
  expect(() => decodeDepthPng(grey, "d.png")).toThrow("d.png: the depth image has 1 channels, expected 3");
  expect([...decodeRgbPng(grey, "g.png").data.slice(0, 6)]).toEqual([1, 1, 1, 2, 2, 2]);
  const deep = encode({ width: 2, height: 2, channels: 1, depth: 16, data: Uint16Array.of(1, 2, 3, 4) });
  expect(() => decodeRgbPng(deep, "g.png")).toThrow("g.png: the PNG has 16 bits per channel, expected 8");
});
