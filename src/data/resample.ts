/** Pixels of a crop from those of a record: the loops that making a sample spends its time in. */
import { HO3D_DEPTH_UNIT } from "./png";
import type { CropRecord } from "./types";

/** ImageNet's, RGB in [0, 1]. */
export const IMAGE_MEAN = [0.485, 0.456, 0.406] as const;
export const IMAGE_STD = [0.229, 0.224, 0.225] as const;

/** Side S of the square crop and the columns W of its centre, pixels. */
interface CropShape {
  readonly size: number;
  readonly width: number;
}

/**
 * Bilinear crop [3, S, W] of a record, colour map applied (rows [r, g, b, bias]), clamped to [0, 1], normalised. Outside the
 * record is black. `recordFromCrop` maps crop pixels to record pixels, row-major 2x3; with `isBgr` blue and red are exchanged.
 */
export function sampleImage(
  record: CropRecord,
  recordFromCrop: ArrayLike<number>,
  { size, width }: CropShape,
  colour: ArrayLike<number>,
  isBgr: boolean,
): Float32Array {
  const { rgb, width: w, height: h } = record;
  const plane = size * width;
  const out = new Float32Array(3 * plane);
  const left = (size - width) / 2;
  const red = isBgr ? 2 : 0;
  const blue = 2 - red;
  const [mean0, mean1, mean2] = IMAGE_MEAN;
  const [std0, std1, std2] = IMAGE_STD;
  const [m00, m01, m02, m10, m11, m12] = Array.from(recordFromCrop);
  const [rr, rg, rb, r0, gr, gg, gb, g0, br, bg, bb, b0] = Array.from(colour);
  for (let v = 0, to = 0; v < size; v++) {
    const xRow = m01 * (v + 0.5);
    const yRow = m11 * (v + 0.5);
    for (let u = 0; u < width; u++, to++) {
      const x = m00 * (u + left + 0.5) + xRow + m02;
      const y = m10 * (u + left + 0.5) + yRow + m12;
      const x0 = Math.floor(x);
      const y0 = Math.floor(y);
      if (x0 < -1 || y0 < -1 || x0 >= w || y0 >= h) {
        out[to] = -mean0 / std0;
        out[to + plane] = -mean1 / std1;
        out[to + 2 * plane] = -mean2 / std2;
        continue;
      }
      const fx = x - x0;
      const fy = y - y0;
      const w00 = (1 - fx) * (1 - fy) * (1 / 255);
      const w10 = fx * (1 - fy) * (1 / 255);
      const w01 = (1 - fx) * fy * (1 / 255);
      const w11 = fx * fy * (1 / 255);
      let r = 0;
      let g = 0;
      let b = 0;
      if (x0 >= 0 && y0 >= 0 && x0 < w - 1 && y0 < h - 1) {
        const top = 3 * (y0 * w + x0);
        const low = top + 3 * w;
        r = w00 * rgb[top + red] + w10 * rgb[top + 3 + red] + w01 * rgb[low + red] + w11 * rgb[low + 3 + red];
        g = w00 * rgb[top + 1] + w10 * rgb[top + 4] + w01 * rgb[low + 1] + w11 * rgb[low + 4];
        b = w00 * rgb[top + blue] + w10 * rgb[top + 3 + blue] + w01 * rgb[low + blue] + w11 * rgb[low + 3 + blue];
      } else {
        for (let corner = 0; corner < 4; corner++) {
          const cx = x0 + (corner & 1);
          const cy = y0 + (corner >> 1);
          if (cx < 0 || cy < 0 || cx >= w || cy >= h) continue;
          const weight = corner === 0 ? w00 : corner === 1 ? w10 : corner === 2 ? w01 : w11;
          const at = 3 * (cy * w + cx);
          r += weight * rgb[at + red];
          g += weight * rgb[at + 1];
          b += weight * rgb[at + blue];
        }
      }
      out[to] = (unit(rr * r + rg * g + rb * b + r0) - mean0) / std0;
      out[to + plane] = (unit(gr * r + gg * g + gb * b + g0) - mean1) / std1;
      out[to + 2 * plane] = (unit(br * r + bg * g + bb * b + b0) - mean2) / std2;
    }
  }
  return out;
}

/** Clamped to [0, 1]; NaN stays NaN, to be found. */
const unit = (value: number): number => Math.min(Math.max(value, 0), 1);

/**
 * Nearest depth reading of each crop pixel [S, W], in [-1, 1] of the cube with half side `half` round `centre`, metres; missing
 * and outside = 1 (far).
 */
export function sampleDepth(
  record: CropRecord,
  recordFromCrop: ArrayLike<number>,
  { size, width }: CropShape,
  centre: number,
  half: number,
): Float32Array {
  const { depth, width: w, height: h } = record;
  const out = new Float32Array(size * width).fill(1);
  if (depth === undefined) return out;
  const left = (size - width) / 2;
  const [m00, m01, m02, m10, m11, m12] = Array.from(recordFromCrop);
  for (let v = 0, to = 0; v < size; v++) {
    const xRow = m01 * (v + 0.5);
    const yRow = m11 * (v + 0.5);
    for (let u = 0; u < width; u++, to++) {
      const x = Math.round(m00 * (u + left + 0.5) + xRow + m02);
      const y = Math.round(m10 * (u + left + 0.5) + yRow + m12);
      if (x < 0 || y < 0 || x >= w || y >= h) continue;
      const units = depth[y * w + x];
      if (units === 0) continue;
      const value = (units * HO3D_DEPTH_UNIT - centre) / half;
      out[to] = Math.min(Math.max(value, -1), 1);
    }
  }
  return out;
}
