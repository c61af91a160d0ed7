/** Depth as a 16-bit grey PNG in millimetres, as DexYCB's aligned_depth_to_color files (RealSense). */
import { decode, encode } from "fast-png";
import { DataError, messageOf } from "./data-error";
import { checkPng } from "./image-check";
import type { DepthImage } from "./types";

/** Metres per unit. Source: NVlabs/dex-ycb-toolkit README: depth images hold millimetres. */
const METRES = 0.001;

/** 16-bit grey PNG to metres, 0 = no reading. Throws DataError naming the file when it is damaged or of another kind. */
export function decodeDepthMillimetres(bytes: Uint8Array, name: string): DepthImage {
  checkPng(bytes, name);
  let image: ReturnType<typeof decode>;
  try {
    image = decode(bytes);
  } catch (error) {
    throw new DataError(`${name}: the PNG cannot be decoded (${messageOf(error)})`, "image damaged");
  }
  const { width, height, data, depth, channels } = image;
  if (!(data instanceof Uint16Array) || channels !== 1) {
    throw new DataError(
      `${name}: the depth image has ${channels} channels of ${depth} bits, expected one of 16 bits, in millimetres`,
      "image of another kind",
    );
  }
  return { width, height, data: Float32Array.from(data, (units) => units * METRES) };
}

/** Depth as such a file, rounded to a millimetre. Throws DataError for a depth that is negative or beyond 65.5 m. */
export function encodeDepthMillimetres({ width, height, data }: DepthImage): Uint8Array {
  const units = new Uint16Array(width * height);
  for (let i = 0; i < units.length; i++) {
    const value = Math.round(data[i] / METRES);
    if (!(value >= 0 && value <= 0xffff)) {
      throw new DataError(`depth of pixel ${i} is ${data[i]} m, expected 0 to ${0xffff * METRES} m`);
    }
    units[i] = value;
  }
  return encode({ width, height, data: units, channels: 1, depth: 16 });
}
