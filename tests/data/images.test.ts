import fc from "fast-check";
import { zlibSync } from "fflate";
import { expect, test } from "vitest";
import { DataError } from "../../src/data/data-error";
import { checkImage, checkJpeg, checkPng, crc32 } from "../../src/data/image-check";
import { decodeJpeg, encodeJpeg } from "../../src/data/jpeg";
import { decodeDepthPng, decodeRgbPng, encodeDepthPng, encodeRgbPng, HO3D_DEPTH_UNIT } from "../../src/data/png";
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

/** Chunks put in after the header chunk, each with its length and checksum. */
function withChunks(png: Uint8Array, chunks: readonly (readonly [type: string, content: Uint8Array])[]): Uint8Array {
  const made = chunks.map(([type, content]) => {
    const chunk = new Uint8Array(12 + content.length);
    const view = new DataView(chunk.buffer);
    view.setUint32(0, content.length);
    for (let i = 0; i < 4; i++) chunk[4 + i] = type.charCodeAt(i);
    chunk.set(content, 8);
    view.setUint32(8 + content.length, crc32(chunk, 4, 8 + content.length));
    return chunk;
  });
  return Uint8Array.from([png.subarray(0, 33), ...made, png.subarray(33)].flatMap((part) => [...part]));
}

const words = (...values: number[]): Uint8Array => new Uint8Array(Uint32Array.from(values.map(swap)).buffer);
const swap = (value: number): number =>
  ((value << 24) | ((value << 8) & 0xff0000) | ((value >>> 8) & 0xff00) | (value >>> 24)) >>> 0;

const colourChunks: readonly (readonly [string, Uint8Array])[] = [
  ["gAMA", words(100_000)],
  ["gAMA", words(45_455)],
  ["cHRM", words(31_270, 32_900, 64_000, 33_000, 30_000, 60_000, 15_000, 6_000)],
  ["sRGB", Uint8Array.of(0)],
  ["cICP", Uint8Array.of(9, 16, 0, 1)],
  ["iCCP", Uint8Array.from([...new TextEncoder().encode("wide"), 0, 0, ...zlibSync(new Uint8Array(600).fill(7))])],
  ["sBIT", Uint8Array.of(5, 5, 5)],
  ["bKGD", Uint8Array.of(0, 1, 0, 2, 0, 3)],
  ["tRNS", Uint8Array.of(0, 0, 0, 1, 0, 2)],
  ["tEXt", new TextEncoder().encode("Comment\0x")],
  ["acTL", words(1, 0)],
];

test("depth is bit-exact whatever colour chunks the PNG carries", () => {
  const [width, height] = [64, 48];
  const units = Uint16Array.from({ length: width * height }, (_, i) => (i * 40_503) % 65_536);
  const data = new Uint8Array(3 * units.length);
  for (const [i, unit] of units.entries()) data.set([unit & 255, unit >> 8], 3 * i);
  const plain = encodeRgbPng({ width, height, data });
  const files = [[], ...colourChunks.map((chunk) => [chunk]), colourChunks.slice(1)];
  for (const chunks of files) {
    const file = withChunks(plain, chunks);
    expect(decodeRgbPng(file, "d.png").data).toEqual(data);
    expect([...decodeDepthPng(file, "d.png").data]).toEqual([
      ...Float32Array.from(units, (unit) => unit * HO3D_DEPTH_UNIT),
    ]);
  }
});

/** A PNG of any kind: raw rows with their filter bytes, compressed. */
function rawPng(
  header: readonly [width: number, height: number, depth: number, colour: number, interlace: number],
  raw: Uint8Array,
  extra: readonly (readonly [string, Uint8Array])[] = [],
): Uint8Array {
  const [width, height, depth, colour, interlace] = header;
  const start = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
  const ihdr = Uint8Array.of(...words(width, height), depth, colour, 0, 0, interlace);
  const chunks = withChunks(new Uint8Array(0), [
    ["IHDR", ihdr],
    ...extra,
    ["IDAT", zlibSync(raw)],
    ["IEND", new Uint8Array(0)],
  ]);
  return Uint8Array.of(...start, ...chunks);
}

test("every filter, channel count, palette and interlacing as another decoder reads it", async () => {
  const { decode } = await import("fast-png");
  const random = (i: number): number => (Math.imul(i + 1, 2_654_435_761) >>> 24) & 255;
  const channelsOf: Record<number, number> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };
  for (const colour of [0, 2, 4, 6]) {
    const row = 13 * channelsOf[colour];
    const raw = Uint8Array.from({ length: 10 * (row + 1) }, (_, i) =>
      i % (row + 1) === 0 ? (i / (row + 1)) % 5 : random(i),
    );
    const file = rawPng([13, 10, 8, colour, 0], raw);
    const [image, expected] = [decodeRgbPng(file, "a.png"), decode(file)];
    const [green, blue] = colour === 2 || colour === 6 ? [1, 2] : [0, 0];
    for (let i = 0; i < 130; i++) {
      const at = i * channelsOf[colour];
      const pixel = [expected.data[at], expected.data[at + green], expected.data[at + blue]];
      expect([...image.data.subarray(3 * i, 3 * i + 3)]).toEqual(pixel);
    }
  }
  const palette = Uint8Array.of(1, 2, 3, 40, 50, 60, 250, 251, 252, 9, 9, 9);
  const colours = (indices: number[]): number[] => indices.flatMap((k) => [...palette.subarray(3 * k, 3 * k + 3)]);
  const bytes = rawPng([2, 2, 8, 3, 0], Uint8Array.of(0, 0, 1, 0, 2, 3), [["PLTE", palette]]);
  expect([...decodeRgbPng(bytes, "p.png").data]).toEqual(colours([0, 1, 2, 3]));
  const bits = rawPng([4, 1, 2, 3, 0], Uint8Array.of(0, 0b00011011), [["PLTE", palette]]);
  expect([...decodeRgbPng(bits, "p.png").data]).toEqual(colours([0, 1, 2, 3]));
  const interlaced = rawPng([2, 2, 8, 2, 1], Uint8Array.of(0, 1, 2, 3, 0, 4, 5, 6, 0, 7, 8, 9, 10, 11, 12));
  expect([...decodeRgbPng(interlaced, "i.png").data]).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
  expect(() => decodeRgbPng(rawPng([2, 1, 8, 3, 0], Uint8Array.of(0, 0, 4), [["PLTE", palette]]), "p.png")).toThrow(
    "p.png: the PNG cannot be decoded (pixel 1 has colour 4, beyond the palette)",
  );
});

test("a PNG is refused when it breaks the order of chunks or claims what its data cannot hold", () => {
  const png = encodeRgbPng(ramp(12, 12));
  const none = new Uint8Array(0);
  const rows = new Uint8Array(7 * 2);
  const grey = (width: number, height: number): Uint8Array => rawPng([width, height, 8, 0, 0], rows);
  const cases: [Uint8Array, string][] = [
    [Uint8Array.of(...png, 0), "1 bytes follow the PNG's end chunk"],
    [withChunks(png, [["IHDR", png.slice(16, 29)]]), "not one header chunk"],
    [withChunks(png, [["ABCD", none]]), 'chunk "ABCD" at byte 33 is unknown'],
    [
      withChunks(png, [
        ["IDAT", none],
        ["tEXt", none],
      ]),
      'chunk "IDAT" at byte 57 is unknown or out of place',
    ],
    [withChunks(png, [["IEND", none]]), "follow the PNG's end chunk"],
    [rawPng([6, 2, 8, 5, 0], rows), "colour type 5"],
    [rawPng([6, 2, 4, 2, 0], rows), "depth 4, colour type 2"],
    [rawPng([6, 2, 8, 3, 0], rows), "palette has 0 colours"],
    [grey(4000, 4000), "cannot hold 16004000 bytes"],
    [grey(5000, 5000), "5000 x 5000 pixels, expected 1 to 16777216 pixels"],
    [grey(0, 2), "0 x 2 pixels"],
    [grey(6, 1), "its data hold more than 7 bytes"],
    [grey(6, 3), "its data hold 14 bytes, expected 21"],
    [rawPng([6, 2, 8, 0, 0], rows.slice().fill(9)), "row 0 has filter 9"],
  ];
  expect(decodeRgbPng(grey(6, 2), "a.png").width).toBe(6);
  for (const [file, part] of cases) expect(() => decodeRgbPng(file, "a.png")).toThrow(part);
});

test("a JPEG is refused when it is of another kind or claims what its bytes cannot hold", () => {
  const jpeg = encodeJpeg(smooth(16, 16), 80);
  const frame = jpeg.findIndex((byte, i) => byte === 0xff && jpeg[i + 1] === 0xc0);
  const edited = (at: number, ...values: number[]): Uint8Array => {
    const copy = jpeg.slice();
    copy.set(values, at);
    return copy;
  };
  expect(checkImage(jpeg, "a.jpg")).toEqual({ width: 16, height: 16 });
  expect(() => checkImage(edited(0, 0x47), "a.jpg")).toThrow("neither a PNG nor a JPEG");
  expect(() => checkJpeg(edited(frame + 1, 0xc3), "a.jpg")).toThrow("frame is of kind 0xc3");
  expect(() => checkJpeg(edited(frame + 4, 12), "a.jpg")).toThrow("12 bits");
  expect(() => checkJpeg(edited(frame + 11, 0xff), "a.jpg")).toThrow("sampling factors are 15,15");
  expect(() => checkJpeg(edited(frame + 5, 0x0f, 0xff, 0x0f, 0xff), "a.jpg")).toThrow("4095 x 4095 pixels, which take");
  expect(() => checkJpeg(edited(frame + 1, 0xe5), "a.jpg")).toThrow("data before its frame header");
});
