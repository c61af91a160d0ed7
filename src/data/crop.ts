/**
 * Where the square crop of a hand lies, and the camera that it makes.
 *
 * A crop pixel is q = (S / side) R(a) diag(1, fx / fy) (p - c) + S / 2 for the original pixel p, the square's centre c and side
 * and the rotation a in the image plane. Pinhole: p = (fx X / Z, fy Y / Z) + c0, so
 *   q = f' (X', Y') / Z' + c0',   X' = Rz(a) X,   f' = fx S / side,   c0' = image of the principal point c0 under the same map.
 * That is exact for every centre, side and angle: turning the picture about any point is turning the hand about the camera's
 * optical axis, and what the turn about another point and the shift add lands in the crop camera's principal point.
 * (fx / fy makes pixels square first; without it a turned picture would need a skewed camera.) Z, and so the depth image, is
 * not changed.
 *
 * A model whose camera (tx, ty, tz) belongs to the crop's centre projects a wrist-relative point exactly by
 *   x = (f (X + tx) + c0'x Z) / (Z + tz),   with f and c0' divided by S and x in [-0.5, 0.5];
 * without the term c0'x Z it is wrong by c0'x Z / (Z + tz), several pixels for a hand far from the image's middle. The wrist's own
 * position in the original camera is `positionFromCrop(sample, f tx / tz, f ty / tz, tz)`.
 *
 * MANO turns about the wrist, so its root rotation becomes Rz(a) R and wrist-relative joints turn with it.
 */
import { DataError } from "./data-error";
import { atan2, cos, sin } from "./math";
import { HO3D_DEPTH_UNIT } from "./png";
import { type DataQuirks, NO_QUIRKS } from "./quirks";
import type { CropRecord, Frame } from "./types";

/** Centre x, centre y and side in original pixels, and the rotation in radians that the crop applies. */
export interface Square {
  readonly x: number;
  readonly y: number;
  readonly side: number;
  readonly angle: number;
}

/** The 2x3 matrix from original pixels to crop pixels (see the top of this file); S = `size`. */
export function cropMatrix(square: Square, camera: Frame["camera"], size: number): Float64Array {
  const scale = size / square.side;
  const aspect = camera[0] / camera[1];
  const c = scale * cos(square.angle);
  const s = scale * sin(square.angle);
  const [a, b, d, e] = [c, -s * aspect, s, c * aspect];
  return Float64Array.of(a, b, size / 2 - a * square.x - b * square.y, d, e, size / 2 - d * square.x - e * square.y);
}

/** The 2x3 matrix of the opposite map. */
export function inverseMatrix(m: ArrayLike<number>): Float64Array {
  const det = m[0] * m[4] - m[1] * m[3];
  const [a, b, d, e] = [m[4] / det, -m[1] / det, -m[3] / det, m[0] / det];
  return Float64Array.of(a, b, -a * m[2] - b * m[5], d, e, -d * m[2] - e * m[5]);
}

/** The point (x, y) under a 2x3 matrix. */
export function mapPoint(m: ArrayLike<number>, x: number, y: number): [number, number] {
  return [m[0] * x + m[1] * y + m[2], m[3] * x + m[4] * y + m[5]];
}

/** Points [N * 3] turned by `angle` about the camera's optical axis: the part of a crop's rotation that labels must follow. */
export function rotateAboutAxis(points: ArrayLike<number>, angle: number): Float64Array {
  const [c, s] = [cos(angle), sin(angle)];
  const out = Float64Array.from(points);
  for (let i = 0; i < out.length; i += 3) {
    out[i] = c * points[i] - s * points[i + 1];
    out[i + 1] = s * points[i] + c * points[i + 1];
  }
  return out;
}

/** The rotation that a crop matrix applies, for the way back: `rotateAboutAxis(points, -cropAngle(sample.cropFromImage))`. */
export function cropAngle(cropFromImage: ArrayLike<number>): number {
  return atan2(cropFromImage[3], cropFromImage[0]);
}

/**
 * Position in the original camera [3], metres, of a point seen at (x, y) in the units of joints2d at the distance z.
 * With it a wrist-relative prediction becomes absolute.
 */
export function positionFromCrop(
  sample: { readonly focal: number; readonly principal: ArrayLike<number>; readonly cropFromImage: ArrayLike<number> },
  x: number,
  y: number,
  z: number,
): Float64Array {
  const inCrop = [((x - sample.principal[0]) / sample.focal) * z, ((y - sample.principal[1]) / sample.focal) * z, z];
  return rotateAboutAxis(inCrop, -cropAngle(sample.cropFromImage));
}

/** Pixels [N * 2] of camera points [N * 3]. */
export function project(points: ArrayLike<number>, camera: Frame["camera"]): Float64Array {
  const [fx, fy, cx, cy] = camera;
  const out = new Float64Array((points.length / 3) * 2);
  for (let i = 0; 3 * i < points.length; i++) {
    out[2 * i] = (fx * points[3 * i]) / points[3 * i + 2] + cx;
    out[2 * i + 1] = (fy * points[3 * i + 1]) / points[3 * i + 2] + cy;
  }
  return out;
}

/** The box that the data set gives, or the one round the projected joints: x1, y1, x2, y2 in pixels. */
function boxOf(frame: Frame): readonly [number, number, number, number] {
  if (frame.box !== undefined) return frame.box;
  if (frame.rootOnly) {
    throw new DataError(
      `frame "${frame.id}" has neither a box nor joints besides the wrist, expected one of them`,
      "no box",
    );
  }
  const points = project(frame.joints3d, frame.camera);
  const xs = points.filter((_, i) => i % 2 === 0);
  const ys = points.filter((_, i) => i % 2 === 1);
  return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
}

export interface CropOptions {
  /** Side S of the square crop in pixels: a hand much larger than that is kept at reduced resolution. */
  readonly size: number;
  /** Side of the square over the longer side of the hand's box. 1.5 as HandOccNet. */
  readonly boxScale?: number;
  /** Side of what is kept over the side of the square: room for shift, scale and rotation. */
  readonly margin?: number;
  readonly quirks?: DataQuirks;
}

/** The square of a frame: centre x, centre y, side. Throws DataError when joints are behind the camera or the box is empty or outside. */
function squareOf(frame: Frame, boxScale = 1.5): [number, number, number] {
  const behind = frame.joints3d.findIndex((z, i) => i % 3 === 2 && !(z > 0));
  if (behind >= 0) {
    throw new DataError(
      `frame "${frame.id}": joint ${(behind - 2) / 3} has z = ${frame.joints3d[behind]} m, expected z > 0; labels in OpenGL's frame have to be converted to OpenCV's`,
      "hand behind the camera",
    );
  }
  const [x1, y1, x2, y2] = boxOf(frame);
  const side = boxScale * Math.max(x2 - x1, y2 - y1);
  const { width, height } = frame.rgb;
  if (!(x2 - x1 > 0 && y2 - y1 > 0) || !(x2 > 0 && y2 > 0 && x1 < width && y1 < height)) {
    const box = [x1, y1, x2, y2].map((value) => value.toFixed(1)).join(", ");
    throw new DataError(
      `frame "${frame.id}": the hand's box [${box}] is empty or outside the image of ${width} x ${height} pixels`,
      "hand outside the image",
    );
  }
  return [(x1 + x2) / 2, (y1 + y2) / 2, side];
}

/** Mean of step x step pixels, from (x0, y0) on. */
function shrinkRgb(rgb: Frame["rgb"], x0: number, y0: number, width: number, height: number, step: number): Uint8Array {
  const out = new Uint8Array(width * height * 3);
  const from = (x: number, y: number): number => 3 * (y * rgb.width + x);
  if (step === 1) {
    for (let y = 0; y < height; y++) {
      out.set(rgb.data.subarray(from(x0, y0 + y), from(x0 + width, y0 + y)), 3 * y * width);
    }
    return out;
  }
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const sum = [0, 0, 0];
      for (let dy = 0; dy < step; dy++) {
        let at = from(x0 + x * step, y0 + y * step + dy);
        for (let dx = 0; dx < step; dx++) for (let c = 0; c < 3; c++) sum[c] += rgb.data[at++];
      }
      for (let c = 0; c < 3; c++) out[3 * (y * width + x) + c] = Math.round(sum[c] / (step * step));
    }
  }
  return out;
}

/** Each step-th reading, never a mean: a mean over an edge is a distance where nothing is. */
function thinDepth(
  depth: NonNullable<Frame["depth"]>,
  x0: number,
  y0: number,
  width: number,
  height: number,
  step: number,
): Uint16Array {
  const out = new Uint16Array(width * height);
  const half = step >> 1;
  for (let y = 0; y < height; y++) {
    const row = (y0 + y * step + half) * depth.width + x0 + half;
    for (let x = 0; x < width; x++) {
      const units = Math.round(depth.data[row + x * step] / HO3D_DEPTH_UNIT);
      out[y * width + x] = units > 0 && units <= 0xffff ? units : 0;
    }
  }
  return out;
}

/** Cuts a frame down to the surroundings of the hand. Throws DataError as `squareOf`. */
export function cropRecord(frame: Frame, options: CropOptions): CropRecord {
  const { size, boxScale = 1.5, margin = 1.5, quirks = NO_QUIRKS } = options;
  const { id, sequence, recording, camera, joints3d, rootOnly, mano } = frame;
  const labels = { id, sequence, recording, camera, joints3d, rootOnly, mano };
  if (quirks.has("opengl-unconverted")) {
    // What the original does when its crop turns out empty: a blank image, and labels in pixels of the whole image.
    const nothing = { width: 0, height: 0, x0: 0, y0: 0, step: 1, rgb: new Uint8Array(0), depth: undefined };
    return { ...labels, ...nothing, square: [size / 2, size / 2, size] };
  }
  const [x, y, side] = squareOf(frame, boxScale);
  const step = Math.max(1, Math.floor(side / size));
  const half = (side * margin) / 2;
  const x0 = Math.max(0, Math.floor(x - half));
  const y0 = Math.max(0, Math.floor(y - half));
  const width = Math.floor((Math.min(frame.rgb.width, Math.ceil(x + half) + 1) - x0) / step);
  const height = Math.floor((Math.min(frame.rgb.height, Math.ceil(y + half) + 1) - y0) / step);
  if (width < 1 || height < 1) {
    throw new DataError(
      `frame "${id}": nothing of the image lies in the crop round the hand`,
      "hand outside the image",
    );
  }
  return {
    ...labels,
    width,
    height,
    x0: x0 + (step - 1) / 2,
    y0: y0 + (step - 1) / 2,
    step,
    rgb: shrinkRgb(frame.rgb, x0, y0, width, height, step),
    depth: frame.depth === undefined ? undefined : thinDepth(frame.depth, x0, y0, width, height, step),
    square: [x, y, side],
  };
}

/** Memory that a record takes, bytes. */
export function recordBytes(record: CropRecord): number {
  return record.rgb.byteLength + (record.depth?.byteLength ?? 0) + record.joints3d.byteLength + 1024;
}
