/** PNG files: checked before they are decoded, because decoders accept damaged and cut files or inflate huge ones. */
import { convertIndexedToRgb, decode, encode } from "fast-png";
import { DataError, messageOf } from "./data-error";
import { type DataQuirks, NO_QUIRKS } from "./quirks";
import type { DepthImage, RgbImage } from "./types";

/** Larger images are refused before anything is allocated. */
const MAX_PIXELS = 16 << 20;

/** Metres per unit of HO-3D's depth files: depth = (red + 256 green) * this. Source: shreyashampali/ho3d, read_depth_img. */
export const HO3D_DEPTH_UNIT = 0.00012498664727900177;

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

const crcTable = Int32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  return c;
});

function crc32(bytes: Uint8Array, from: number, to: number): number {
  let crc = -1;
  for (let i = from; i < to; i++) crc = crcTable[(crc ^ bytes[i]) & 255] ^ (crc >>> 8);
  return ~crc >>> 0;
}

/** Refuses an image that is empty or too large. */
export function checkImageSize(width: number, height: number, name: string): void {
  if (width < 1 || height < 1 || width * height > MAX_PIXELS) {
    throw new DataError(
      `${name}: the image has ${width} x ${height} pixels, expected 1 to ${MAX_PIXELS} pixels`,
      "image too large or empty",
    );
  }
}

/**
 * Size of a PNG whose chunks are all present and intact (checksums, IEND last). Decodes no pixel.
 * Throws DataError naming the file when it is cut, damaged, not a PNG, or larger than MAX_PIXELS.
 */
export function checkPng(bytes: Uint8Array, name: string): { width: number; height: number } {
  const damaged = (what: string): DataError => new DataError(`${name}: ${what}; copy the file again`, "image damaged");
  if (!SIGNATURE.every((byte, i) => bytes[i] === byte)) throw damaged("the file does not start as a PNG does");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let size: { width: number; height: number } | undefined;
  for (let at = 8; at + 12 <= bytes.length; ) {
    const length = view.getUint32(at);
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    const end = at + 8 + length;
    if (end + 4 > bytes.length) {
      throw damaged(`the PNG is cut off at byte ${bytes.length}, inside its chunk ${JSON.stringify(type)}`);
    }
    if (crc32(bytes, at + 4, end) !== view.getUint32(end)) {
      throw damaged(`the checksum of the PNG's chunk ${JSON.stringify(type)} at byte ${at} is wrong`);
    }
    if (type === "IHDR" && length === 13 && size === undefined) {
      size = { width: view.getUint32(at + 8), height: view.getUint32(at + 12) };
      checkImageSize(size.width, size.height, name);
    }
    if (type === "IEND") {
      if (size === undefined) throw damaged("the PNG has no header chunk");
      return size;
    }
    at = end + 4;
  }
  throw damaged(`the PNG is cut off at byte ${bytes.length}, before its end chunk`);
}

function decodeChecked(
  bytes: Uint8Array,
  name: string,
): { width: number; height: number; channels: number; data: Uint8Array } {
  checkPng(bytes, name);
  let image: ReturnType<typeof decode>;
  try {
    image = decode(bytes);
  } catch (error) {
    throw new DataError(`${name}: the PNG cannot be decoded (${messageOf(error)})`, "image damaged");
  }
  const { width, height } = image;
  const data = image.palette === undefined ? image.data : convertIndexedToRgb(image);
  const channels = data.length / (width * height);
  if (!(data instanceof Uint8Array) || image.depth > 8 || (image.depth < 8 && image.palette === undefined)) {
    throw new DataError(`${name}: the PNG has ${image.depth} bits per channel, expected 8`, "image of another kind");
  }
  return { width, height, channels, data };
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
