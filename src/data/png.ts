/** PNG files as pixels, exactly as stored: no colour chunk (gAMA, cHRM, sRGB, iCCP, cICP) ever changes a byte. */
import { convertIndexedToRgb, decode, encode } from "fast-png";
import { Unzlib } from "fflate";
import { DataError, messageOf } from "./data-error";
import { checkPng, type PngLayout, pngRawBytes } from "./image-check";
import { type DataQuirks, NO_QUIRKS } from "./quirks";
import type { DepthImage, RgbImage } from "./types";

/** Metres per unit of HO-3D's depth files: depth = (red + 256 green) * this. Source: shreyashampali/ho3d, read_depth_img. */
export const HO3D_DEPTH_UNIT = 0.00012498664727900177;

/** Compressed bytes at a time: a bomb is noticed after 17 MB at the latest. */
const PIECE = 16_384;

/** The rows of a PNG with their filter bytes: exactly as many bytes as the header asks for, never more in memory. */
function inflate(layout: PngLayout): Uint8Array {
  const out = new Uint8Array(pngRawBytes(layout));
  let at = 0;
  let hasEnded = false;
  const stream = new Unzlib((piece, final) => {
    if (at + piece.length > out.length) throw new Error(`its data hold more than ${out.length} bytes`);
    out.set(piece, at);
    at += piece.length;
    hasEnded ||= final;
  });
  for (const part of layout.data) {
    for (let from = 0; from < part.length; from += PIECE) stream.push(part.subarray(from, from + PIECE), false);
  }
  stream.push(new Uint8Array(0), true);
  if (!hasEnded || at !== out.length) throw new Error(`its data hold ${at} bytes, expected ${out.length}`);
  return out;
}

/** Undoes the filters of rows of 8-bit channels, in place, and closes the gaps of the filter bytes. PNG specification, 9.2. */
function unfilter(raw: Uint8Array, height: number, rowBytes: number, pixelBytes: number): Uint8Array {
  for (let y = 0; y < height; y++) {
    const from = y * (rowBytes + 1) + 1;
    const to = y * rowBytes;
    const filter = raw[from - 1];
    if (filter > 4) throw new Error(`row ${y} has filter ${filter}, expected 0 to 4`);
    // Rows move towards the front, so the row above is already complete and this one is not yet overwritten.
    if (filter === 0) raw.copyWithin(to, from, from + rowBytes);
    else if (filter === 2 && y > 0) {
      for (let x = 0; x < rowBytes; x++) raw[to + x] = raw[from + x] + raw[to + x - rowBytes];
    } else {
      for (let x = 0; x < rowBytes; x++) {
        const left = x >= pixelBytes ? raw[to + x - pixelBytes] : 0;
        const up = y > 0 ? raw[to + x - rowBytes] : 0;
        let predicted = filter === 1 ? left : filter === 2 ? up : (left + up) >> 1;
        if (filter === 4)
          predicted = paeth(left, up, x >= pixelBytes && y > 0 ? raw[to + x - rowBytes - pixelBytes] : 0);
        raw[to + x] = raw[from + x] + predicted;
      }
    }
  }
  return raw.subarray(0, height * rowBytes);
}

function paeth(left: number, up: number, corner: number): number {
  const toLeft = Math.abs(up - corner);
  const toUp = Math.abs(left - corner);
  const toCorner = Math.abs(left + up - 2 * corner);
  if (toLeft <= toUp && toLeft <= toCorner) return left;
  return toUp <= toCorner ? up : corner;
}

/** The file with nothing but what decides the pixels: header, palette, data, end. */
function strip(bytes: Uint8Array): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const parts = [bytes.subarray(0, 8)];
  for (let at = 8; at < bytes.length; at += 12 + view.getUint32(at)) {
    // A small first letter: the chunk does not decide the pixels.
    if ((bytes[at + 4] & 0x20) === 0) parts.push(bytes.subarray(at, at + 12 + view.getUint32(at)));
  }
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  parts.reduce((at, part) => {
    out.set(part, at);
    return at + part.length;
  }, 0);
  return out;
}

interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly data: Uint8Array;
}

/** Interlaced images and palette indices of less than a byte, which no data set writes. */
function decodeUnusual(bytes: Uint8Array, { width, height }: PngLayout): Pixels {
  const image = decode(strip(bytes));
  const data = image.palette === undefined ? image.data : convertIndexedToRgb(image);
  return { width, height, channels: data.length / (width * height), data: data as Uint8Array };
}

function decodeIndices({ width, height }: PngLayout, palette: Uint8Array, indices: Uint8Array): Pixels {
  const data = new Uint8Array(3 * indices.length);
  for (let i = 0; i < indices.length; i++) {
    if (3 * indices[i] >= palette.length) throw new Error(`pixel ${i} has colour ${indices[i]}, beyond the palette`);
    for (let c = 0; c < 3; c++) data[3 * i + c] = palette[3 * indices[i] + c];
  }
  return { width, height, channels: 3, data };
}

function decodeChecked(bytes: Uint8Array, name: string): Pixels {
  const layout = checkPng(bytes, name);
  const { width, height, depth, channels, palette } = layout;
  if (depth > 8 || (depth < 8 && palette === undefined)) {
    throw new DataError(`${name}: the PNG has ${depth} bits per channel, expected 8`, "image of another kind");
  }
  try {
    const raw = inflate(layout);
    if (layout.isInterlaced || depth < 8) return decodeUnusual(bytes, layout);
    const data = unfilter(raw, height, width * channels, channels);
    return palette === undefined ? { width, height, channels, data } : decodeIndices(layout, palette, data);
  } catch (error) {
    const why = error instanceof TypeError || error instanceof RangeError ? "its data are damaged" : messageOf(error);
    throw new DataError(`${name}: the PNG cannot be decoded (${why})`, "image damaged");
  }
}

/** The numbers of a grey PNG of 16 bits, as DexYCB's depth. Throws DataError naming the file for any other kind. */
export function decodeGrey16Png(
  bytes: Uint8Array,
  name: string,
): { readonly width: number; readonly height: number; readonly data: Uint16Array } {
  const layout = checkPng(bytes, name);
  const { width, height, depth, channels } = layout;
  if (depth !== 16 || channels !== 1 || layout.isInterlaced) {
    throw new DataError(
      `${name}: the PNG has ${channels} channels of ${depth} bits${layout.isInterlaced ? ", interlaced" : ""}, expected one of 16 bits`,
      "image of another kind",
    );
  }
  try {
    const pixels = unfilter(inflate(layout), height, 2 * width, 2);
    const data = new Uint16Array(width * height);
    for (let i = 0; i < data.length; i++) data[i] = (pixels[2 * i] << 8) | pixels[2 * i + 1];
    return { width, height, data };
  } catch (error) {
    const why = error instanceof TypeError || error instanceof RangeError ? "its data are damaged" : messageOf(error);
    throw new DataError(`${name}: the PNG cannot be decoded (${why})`, "image damaged");
  }
}

/** An 8-bit PNG as RGB; grey becomes three equal channels, alpha is dropped. Throws DataError naming the file. */
export function decodeRgbPng(bytes: Uint8Array, name: string): RgbImage {
  const { width, height, channels, data } = decodeChecked(bytes, name);
  if (channels === 3) return { width, height, data };
  const rgb = new Uint8Array(width * height * 3);
  const [green, blue] = channels >= 3 ? [1, 2] : [0, 0];
  for (let i = 0, from = 0; i < rgb.length; i += 3, from += channels) {
    rgb[i] = data[from];
    rgb[i + 1] = data[from + green];
    rgb[i + 2] = data[from + blue];
  }
  return { width, height, data: rgb };
}

/** RGB as a PNG file. */
export function encodeRgbPng(image: RgbImage): Uint8Array {
  return encode({ width: image.width, height: image.height, data: image.data, channels: 3, depth: 8 });
}

/**
 * HO-3D's depth: low byte in red, high byte in green, 0 = no reading. Throws DataError naming the file.
 * Quirk `depth-bytes-swapped` takes them the other way round, as a reader in BGR order does.
 */
export function decodeDepthPng(bytes: Uint8Array, name: string, quirks: DataQuirks = NO_QUIRKS): DepthImage {
  const { width, height, channels, data } = decodeChecked(bytes, name);
  if (channels < 3) {
    throw new DataError(
      `${name}: the depth image has ${channels} channels, expected 3 (low byte red, high byte green)`,
    );
  }
  const [low, high] = quirks.has("depth-bytes-swapped") ? [1, 0] : [0, 1];
  const depth = new Float32Array(width * height);
  for (let i = 0, from = 0; i < depth.length; i++, from += channels) {
    depth[i] = (data[from + low] + 256 * data[from + high]) * HO3D_DEPTH_UNIT;
  }
  return { width, height, data: depth };
}

/** Depth in HO-3D's file format, rounded to its unit of 0.125 mm. Throws DataError for a depth that is negative or beyond 8.19 m. */
export function encodeDepthPng(depth: DepthImage): Uint8Array {
  const data = new Uint8Array(depth.width * depth.height * 3);
  for (let i = 0; i < depth.data.length; i++) {
    const units = Math.round(depth.data[i] / HO3D_DEPTH_UNIT);
    if (!(units >= 0 && units <= 0xffff)) {
      throw new DataError(`depth of pixel ${i} is ${depth.data[i]} m, expected 0 to ${0xffff * HO3D_DEPTH_UNIT} m`);
    }
    data[3 * i] = units & 255;
    data[3 * i + 1] = units >> 8;
  }
  return encode({ width: depth.width, height: depth.height, data, channels: 3, depth: 8 });
}
