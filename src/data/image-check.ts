/**
 * Verifies a PNG or JPEG from its bytes before any decoder sees it: browsers show cut and bit-flipped images without a word
 * (Firefox even PNGs), and a few kilobytes can claim gigapixels. Decodes no pixel. Whatever decodes an image calls this first.
 */
import { DataError } from "./data-error";

/** Larger images are refused before anything is allocated. */
const MAX_PIXELS = 16 << 20;
/** Deflate never does better: 258 bytes for two bits. */
const DEFLATE_RATIO = 1032;
/** libjpeg's own files have 10 at most; each scan makes a decoder visit every block once more. */
const MAX_SCANS = 100;

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

/** crcTables[k][n]: checksum of byte n with k zero bytes after it, so that four bytes are taken at a time. */
const crcTables = Array.from({ length: 4 }, () => new Int32Array(256));
for (let n = 0; n < 256; n++) {
  let c = n;
  for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  crcTables[0][n] = c;
}
for (let k = 1; k < 4; k++) {
  for (let n = 0; n < 256; n++) crcTables[k][n] = crcTables[0][crcTables[k - 1][n] & 255] ^ (crcTables[k - 1][n] >>> 8);
}

/** CRC-32 of the bytes `from` up to `to`, as PNG, zip and gzip use it. */
export function crc32(bytes: Uint8Array, from = 0, to = bytes.length): number {
  const [t0, t1, t2, t3] = crcTables;
  let crc = -1;
  let i = from;
  for (; i + 4 <= to; i += 4) {
    crc ^= bytes[i] | (bytes[i + 1] << 8) | (bytes[i + 2] << 16) | (bytes[i + 3] << 24);
    crc = t3[crc & 255] ^ t2[(crc >>> 8) & 255] ^ t1[(crc >>> 16) & 255] ^ t0[crc >>> 24];
  }
  for (; i < to; i++) crc = t0[(crc ^ bytes[i]) & 255] ^ (crc >>> 8);
  return ~crc >>> 0;
}

function damaged(name: string, what: string): DataError {
  return new DataError(`${name}: ${what}; copy the file again`, "image damaged");
}

function checkSize(width: number, height: number, name: string): void {
  if (width < 1 || height < 1 || width * height > MAX_PIXELS) {
    throw new DataError(
      `${name}: the image has ${width} x ${height} pixels, expected 1 to ${MAX_PIXELS} pixels`,
      "image too large or empty",
    );
  }
}

/** What a verified PNG holds, still compressed. */
export interface PngLayout {
  readonly width: number;
  readonly height: number;
  /** Bits per channel, or per palette index. */
  readonly depth: number;
  readonly channels: number;
  readonly isInterlaced: boolean;
  /** RGB triples, of an image of palette indices. */
  readonly palette: Uint8Array | undefined;
  /** Contents of the IDAT chunks in order: one zlib stream. */
  readonly data: readonly Uint8Array[];
}

/** Colour type to channels and allowed depths. Source: PNG specification, table 11.1. */
const COLOUR_TYPES: ReadonlyMap<number, { channels: number; depths: readonly number[] }> = new Map([
  [0, { channels: 1, depths: [1, 2, 4, 8, 16] }],
  [2, { channels: 3, depths: [8, 16] }],
  [3, { channels: 1, depths: [1, 2, 4, 8] }],
  [4, { channels: 2, depths: [8, 16] }],
  [6, { channels: 4, depths: [8, 16] }],
]);

/** The letters of a chunk's type, e.g. 0x49484452 for IHDR. */
const [IHDR, PLTE, IDAT, IEND] = [0x49484452, 0x504c5445, 0x49444154, 0x49454e44];

function chunkName(type: number): string {
  const letters = String.fromCharCode(type >>> 24, (type >> 16) & 255, (type >> 8) & 255, type & 255);
  return /^[A-Za-z]{4}$/.test(letters) ? `"${letters}"` : `0x${type.toString(16).padStart(8, "0")}`;
}

function readHeader(view: DataView, at: number, length: number, name: string): Omit<PngLayout, "palette" | "data"> {
  if (length !== 13) throw damaged(name, `the PNG's header chunk has ${length} bytes, expected 13`);
  const [width, height] = [view.getUint32(at), view.getUint32(at + 4)];
  checkSize(width, height, name);
  const [depth, colour, compression, filter, interlace] = [8, 9, 10, 11, 12].map((i) => view.getUint8(at + i));
  const kind = COLOUR_TYPES.get(colour);
  if (!kind?.depths.includes(depth) || compression !== 0 || filter !== 0 || interlace > 1) {
    throw damaged(
      name,
      `the PNG's header says depth ${depth}, colour type ${colour}, compression ${compression}, filter ${filter}, interlace ${interlace}, which no PNG has`,
    );
  }
  return { width, height, depth, channels: kind.channels, isInterlaced: interlace === 1 };
}

/** Bytes after decompression: each row of each pass with its filter byte. Passes of Adam7: PNG specification, 8.2. */
export function pngRawBytes({
  width,
  height,
  depth,
  channels,
  isInterlaced,
}: Omit<PngLayout, "palette" | "data">): number {
  const bytes = (w: number, h: number): number => (w === 0 ? 0 : h * (1 + Math.ceil((w * depth * channels) / 8)));
  if (!isInterlaced) return bytes(width, height);
  const passes = [[0, 8, 0, 8], [4, 8, 0, 8], [0, 4, 4, 8], [2, 4, 0, 4], [0, 2, 2, 4], [1, 2, 0, 2], [0, 1, 1, 2]]; // biome-ignore format: a table
  return passes.reduce(
    (sum, [x, dx, y, dy]) =>
      sum + bytes(Math.max(0, Math.ceil((width - x) / dx)), Math.max(0, Math.ceil((height - y) / dy))),
    0,
  );
}

/**
 * What is in a PNG whose chunks are all present, intact and in order: IHDR first, one run of IDAT, IEND last and nothing after
 * it, every length and checksum right. Chunks that only say how to show the image (gAMA, iCCP, text, ...) are verified and
 * left out. Throws DataError naming the file when it is cut, damaged, not a PNG, or claims more pixels than it can hold.
 */
export function checkPng(bytes: Uint8Array, name: string): PngLayout {
  if (!SIGNATURE.every((byte, i) => bytes[i] === byte)) throw damaged(name, "the file does not start as a PNG does");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let header: ReturnType<typeof readHeader> | undefined;
  let palette: Uint8Array | undefined;
  const data: Uint8Array[] = [];
  let previous = 0;
  for (let at = 8; at + 12 <= bytes.length; ) {
    const length = view.getUint32(at);
    const type = view.getUint32(at + 4);
    const end = at + 8 + length;
    if (end + 4 > bytes.length) {
      throw damaged(name, `the PNG is cut off at byte ${bytes.length}, inside its chunk ${chunkName(type)}`);
    }
    if (crc32(bytes, at + 4, end) !== view.getUint32(end)) {
      throw damaged(name, `the checksum of the PNG's chunk ${chunkName(type)} at byte ${at} is wrong`);
    }
    if ((type === IHDR) !== (header === undefined))
      throw damaged(name, "the PNG has not one header chunk, at its start");
    if (type === IHDR) header = readHeader(view, at + 8, length, name);
    else if (type === PLTE && palette === undefined && data.length === 0) palette = bytes.subarray(at + 8, end);
    else if (type === IDAT && (data.length === 0 || previous === IDAT)) data.push(bytes.subarray(at + 8, end));
    else if (type === IEND) {
      if (length !== 0 || end + 4 !== bytes.length) {
        throw damaged(name, `${bytes.length - at - 12} bytes follow the PNG's end chunk`);
      }
      return checkContents({ ...header!, palette, data }, bytes[25] === 3, name);
    } else if ((type & 0x20000000) === 0) {
      // A large first letter: a decoder must understand the chunk to show the image at all.
      throw damaged(name, `the PNG's chunk ${chunkName(type)} at byte ${at} is unknown or out of place`);
    }
    previous = type;
    at = end + 4;
  }
  throw damaged(name, `the PNG is cut off at byte ${bytes.length}, before its end chunk`);
}

function checkContents(layout: PngLayout, isIndexed: boolean, name: string): PngLayout {
  const compressed = layout.data.reduce((sum, part) => sum + part.length, 0);
  const raw = pngRawBytes(layout);
  if (raw > DEFLATE_RATIO * compressed) {
    throw damaged(
      name,
      `the PNG claims ${layout.width} x ${layout.height} pixels, but its ${compressed} bytes of data cannot hold ${raw} bytes`,
    );
  }
  const colours = (layout.palette?.length ?? 0) / 3;
  if (isIndexed && !(Number.isInteger(colours) && colours >= 1 && colours <= 1 << layout.depth)) {
    throw damaged(name, `the PNG's palette has ${colours} colours, expected 1 to ${1 << layout.depth}`);
  }
  return isIndexed ? layout : { ...layout, palette: undefined };
}

/** Position of the next marker after compressed data; 0xFF 0x00 is data, 0xD0 to 0xD7 are restarts. */
function skipScan(bytes: Uint8Array, from: number): number {
  for (let at = bytes.indexOf(0xff, from); at >= 0 && at + 1 < bytes.length; at = bytes.indexOf(0xff, at + 1)) {
    const next = bytes[at + 1];
    if (next !== 0 && next !== 0xff && !(next >= 0xd0 && next <= 0xd7)) return at;
  }
  return bytes.length;
}

/** Size in a start-of-frame segment whose marker stands at `at`. Baseline, extended and progressive Huffman frames of 8 bits only. */
function readFrame(bytes: Uint8Array, at: number, length: number, name: string): { width: number; height: number } {
  const marker = bytes[at + 1];
  const count = bytes[at + 9];
  if (marker > 0xc2 || length < 8 || bytes[at + 4] !== 8 || ![1, 3, 4].includes(count) || length !== 8 + 3 * count) {
    throw damaged(
      name,
      `the JPEG's frame is of kind 0x${marker.toString(16)} with ${bytes[at + 4]} bits and ${count} components, expected kind 0xc0 to 0xc2, 8 bits, 1, 3 or 4 components`,
    );
  }
  const height = bytes[at + 5] * 256 + bytes[at + 6];
  const width = bytes[at + 7] * 256 + bytes[at + 8];
  checkSize(width, height, name);
  const factors = Array.from({ length: count }, (_, i) => [bytes[at + 11 + 3 * i] >> 4, bytes[at + 11 + 3 * i] & 15]);
  if (factors.flat().some((factor) => factor < 1 || factor > 4)) {
    throw damaged(name, `the JPEG's sampling factors are ${factors.join("; ")}, expected 1 to 4`);
  }
  const [maxH, maxV] = [0, 1].map((i) => Math.max(...factors.map((factor) => factor[i])));
  const blocks = factors.reduce(
    (sum, [h, v]) => sum + Math.ceil(Math.ceil((width * h) / maxH) / 8) * Math.ceil(Math.ceil((height * v) / maxV) / 8),
    0,
  );
  // Each block of 8 x 8 takes a bit for its mean, and unless progressive one to end its other coefficients.
  const least = Math.floor((blocks * (marker === 0xc2 ? 1 : 2)) / 8);
  if (bytes.length < least) {
    throw damaged(
      name,
      `the JPEG claims ${width} x ${height} pixels, which take ${least} bytes at least, but it has ${bytes.length}`,
    );
  }
  return { width, height };
}

/**
 * Size of a JPEG whose markers lead from its start over one frame header and its scans to its end marker.
 * Throws DataError naming the file when it is cut, not a JPEG, of a kind no camera writes, or claims more pixels than it can hold.
 */
export function checkJpeg(bytes: Uint8Array, name: string): { width: number; height: number } {
  if (bytes[0] !== 0xff || bytes[1] !== 0xd8) throw damaged(name, "the file does not start as a JPEG does");
  let size: { width: number; height: number } | undefined;
  let scans = 0;
  for (let at = 2; at + 1 < bytes.length; ) {
    const marker = bytes[at + 1];
    if (bytes[at] !== 0xff || marker < 0xc0 || (marker >= 0xd0 && marker <= 0xd8)) {
      throw damaged(name, `the JPEG has no marker at byte ${at}`);
    }
    if (marker === 0xff) {
      at++;
      continue;
    }
    if (marker === 0xd9) {
      if (size === undefined || scans === 0)
        throw damaged(name, "the JPEG ends without a frame header or without data");
      return size;
    }
    const length = at + 4 > bytes.length ? 2 : bytes[at + 2] * 256 + bytes[at + 3];
    if (length < 2) throw damaged(name, `the JPEG's marker 0x${marker.toString(16)} at byte ${at} has no length`);
    if (at + 2 + length > bytes.length) break;
    // 0xC0 to 0xCF start a frame, without DHT, JPG and DAC.
    if (marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc) {
      if (size !== undefined) throw damaged(name, "the JPEG has two frame headers");
      size = readFrame(bytes, at, length, name);
    }
    at += 2 + length;
    if (marker === 0xda) {
      if (size === undefined) throw damaged(name, "the JPEG has data before its frame header");
      if (++scans > MAX_SCANS) throw damaged(name, `the JPEG has more than ${MAX_SCANS} scans`);
      at = skipScan(bytes, at);
    }
  }
  throw damaged(name, `the JPEG is cut off at byte ${bytes.length}, before its end marker`);
}

/** Size of a PNG or JPEG, whichever it is, verified by `checkPng` or `checkJpeg`. */
export function checkImage(bytes: Uint8Array, name: string): { width: number; height: number } {
  if (bytes[0] === 0xff) return checkJpeg(bytes, name);
  if (bytes[0] === SIGNATURE[0]) return checkPng(bytes, name);
  throw damaged(name, "the file is neither a PNG nor a JPEG");
}
