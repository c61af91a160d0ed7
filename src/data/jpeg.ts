/** JPEG files as pixels, the same bytes on every machine. */
import jpeg from "jpeg-js";
import { DataError, messageOf } from "./data-error";
import { checkJpeg } from "./image-check";
import type { RgbImage } from "./types";

/** A JPEG as RGB. Throws DataError naming the file. */
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
    // The decoder does not check its tables before it uses them.
    const why = error instanceof TypeError || error instanceof RangeError ? "its data are damaged" : messageOf(error);
    throw new DataError(`${name}: the JPEG cannot be decoded (${why})`, "image damaged");
  }
}

/** RGB as a JPEG file of quality 1 to 100. In Node only: the encoder needs its Buffer. */
export function encodeJpeg(image: RgbImage, quality: number): Uint8Array {
  const rgba = new Uint8Array(image.width * image.height * 4).fill(255);
  for (let i = 0; i < image.width * image.height; i++) rgba.set(image.data.subarray(3 * i, 3 * i + 3), 4 * i);
  const { data } = jpeg.encode({ width: image.width, height: image.height, data: rgba }, quality);
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
