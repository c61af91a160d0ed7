/** Depth as a 16-bit grey PNG in millimetres, as DexYCB's aligned_depth_to_color files (RealSense). */
import { encode } from "fast-png";
import { DataError } from "./data-error";
import { decodeGrey16Png } from "./png";
import type { DepthImage } from "./types";

/** Metres per unit. Source: NVlabs/dex-ycb-toolkit README: depth images hold millimetres. */
const METRES = 0.001;

/** 16-bit grey PNG to metres, 0 = no reading. Throws DataError naming the file when it is damaged or of another kind. */
export function decodeDepthMillimetres(bytes: Uint8Array, name: string): DepthImage {
  const { width, height, data } = decodeGrey16Png(bytes, name);
  const metres = new Float32Array(data.length);
  for (let i = 0; i < data.length; i++) metres[i] = data[i] * METRES;
  return { width, height, data: metres };
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
