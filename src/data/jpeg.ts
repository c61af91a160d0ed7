/** JPEG files: walked marker by marker before they are decoded, because decoders fill a cut file with grey in silence. */
import jpeg from "jpeg-js";
import { DataError, messageOf } from "./data-error";
import { checkImageSize } from "./png";
import type { RgbImage } from "./types";

/** Start-of-frame markers: 0xC0 to 0xCF without DHT, JPG and DAC. */
const isFrameHeader = (marker: number): boolean =>
  marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;

/** Position of the next marker after compressed data; 0xFF 0x00 is data, 0xD0 to 0xD7 are restarts. */
function skipScan(bytes: Uint8Array, from: number): number {
  for (let at = bytes.indexOf(0xff, from); at >= 0 && at + 1 < bytes.length; at = bytes.indexOf(0xff, at + 1)) {
    const next = bytes[at + 1];
    if (next !== 0 && next !== 0xff && !(next >= 0xd0 && next <= 0xd7)) return at;
  }
  return bytes.length;
}

/**
 * Size of a JPEG that reaches its end marker. Decodes no pixel.
 * Throws DataError naming the file when it is cut, not a JPEG, or too large.
 */
export function checkJpeg(bytes: Uint8Array, name: string): { width: number; height: number } {
  const damaged = (what: string): DataError => new DataError(`${name}: ${what}; copy the file again`, "image damaged");
  if (bytes[0] !== 0xff || bytes[1] !== 0xd8) throw damaged("the file does not start as a JPEG does");
  let size: { width: number; height: number } | undefined;
  for (let at = 2; at + 1 < bytes.length; ) {
    if (bytes[at] !== 0xff) throw damaged(`the JPEG has no marker at byte ${at}`);
    const marker = bytes[at + 1];
    if (marker === 0xff) {
      at++;
      continue;
    }
    if (marker === 0xd9) {
      if (size === undefined) throw damaged("the JPEG has no frame header");
      return size;
    }
    if (at + 4 > bytes.length) break;
    const length = bytes[at + 2] * 256 + bytes[at + 3];
    if (at + 2 + length > bytes.length) break;
    if (isFrameHeader(marker) && size === undefined && length >= 8) {
      size = { height: bytes[at + 5] * 256 + bytes[at + 6], width: bytes[at + 7] * 256 + bytes[at + 8] };
      checkImageSize(size.width, size.height, name);
    }
    at += 2 + length;
    if (marker === 0xda) at = skipScan(bytes, at);
  }
  throw damaged(`the JPEG is cut off at byte ${bytes.length}, before its end marker`);
}

/** A JPEG as RGB, the same bytes on every machine. Throws DataError naming the file. */
export function decodeJpeg(bytes: Uint8Array, name: string): RgbImage {
  checkJpeg(bytes, name);
  try {
    const image = jpeg.decode(bytes, {
      useTArray: true,
      formatAsRGBA: false,
      tolerantDecoding: false,
      maxResolutionInMP: 17,
    });
    return { width: image.width, height: image.height, data: image.data };
  } catch (error) {
    throw new DataError(`${name}: the JPEG cannot be decoded (${messageOf(error)})`, "image damaged");
  }
}

/** RGB as a JPEG file of quality 1 to 100. In Node only: the encoder needs its Buffer. */
export function encodeJpeg(image: RgbImage, quality: number): Uint8Array {
  const rgba = new Uint8Array(image.width * image.height * 4).fill(255);
  for (let i = 0; i < image.width * image.height; i++) rgba.set(image.data.subarray(3 * i, 3 * i + 3), 4 * i);
  const { data } = jpeg.encode({ width: image.width, height: image.height, data: rgba }, quality);
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
