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
import { requireFinite } from "./finite";
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
  /** Side S of the square crop in pixels. */
  readonly size: number;
  /** Side of the square over the longer side of the hand's box. 1.5 as HandOccNet. */
  readonly boxScale?: number;
  /** Side of what is kept over the side of the square: room for shift, scale and rotation. */
  readonly margin?: number;
  /** Largest side R of a record in pixels: what is kept is shrunk to it where it is larger. `recordSide(size)` by default. */
  readonly side?: number;
  readonly quirks?: DataQuirks;
}

/** Side of what is kept over the side of the square, unless a caller says otherwise. */
export const DEFAULT_MARGIN = 1.5;

/** Largest side R of the records for crops of side `size`: 1.25 times as many pixels, rounded up to a multiple of 16. */
export function recordSide(size: number): number {
  return Math.ceil((1.25 * size) / 16) * 16;
}

/** Throws DataError when a label is not finite, or too large for the float32 of a sample. */
function requireFiniteLabels({ id, camera, joints3d, mano, box }: Frame): void {
  const labels = {
    camera,
    joints3d,
    box,
    "mano.pose": mano?.pose,
    "mano.shape": mano?.shape,
    "mano.trans": mano?.trans,
  };
  for (const [name, values] of Object.entries(labels)) {
    if (values !== undefined) requireFinite(`frame "${id}"`, name, Float32Array.from(values), "label not finite");
  }
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

/** Where the pixels of a record lie along one axis: pixel i has its centre at `start` + i `step`, original pixels. */
interface Grid {
  readonly start: number;
  readonly count: number;
}

/**
 * The part of an axis of `limit` pixels that lies within `half` of `centre`, in steps, at most `most` of them. Steps of one pixel
 * lie on the image's own; longer ones begin at the edge of what is kept.
 */
function gridAlong(centre: number, half: number, step: number, limit: number, most: number): Grid {
  if (step === 1) {
    const start = Math.max(0, Math.floor(centre - half));
    return { start, count: Math.min(most, Math.min(limit, Math.ceil(centre + half) + 1) - start) };
  }
  const from = Math.max(-0.5, centre - half);
  const length = Math.min(limit - 0.5, centre + half) - from;
  // The small term keeps the last pixel where the division is a hair below a whole number.
  return { start: from + step / 2, count: Math.min(most, Math.floor(length / step + 1e-6)) };
}

/** For each pixel of a grid, the first original pixel under it and the share that each has in its mean. */
function areaWeights({ start, count }: Grid, step: number, limit: number): { first: number; shares: number[] }[] {
  return Array.from({ length: count }, (_, i) => {
    // Original pixel p covers p to p + 1 here.
    const from = Math.max(0, start + (i - 0.5) * step + 0.5);
    const to = Math.min(limit, start + (i + 0.5) * step + 0.5);
    const first = Math.floor(from);
    const shares: number[] = [];
    for (let p = first; p < to; p++) shares.push((Math.min(to, p + 1) - Math.max(from, p)) / (to - from));
    return { first, shares };
  });
}

/** Mean colour of the original pixels under each pixel of a record [height, width, 3], by area. */
function shrinkRgb(rgb: Frame["rgb"], columns: Grid, rows: Grid, step: number): Uint8Array {
  const width = columns.count;
  const out = new Uint8Array(width * rows.count * 3);
  const from = (x: number, y: number): number => 3 * (y * rgb.width + x);
  if (step === 1) {
    for (let y = 0; y < rows.count; y++) {
      const at = from(columns.start, rows.start + y);
      out.set(rgb.data.subarray(at, at + 3 * width), 3 * y * width);
    }
    return out;
  }
  const across = areaWeights(columns, step, rgb.width);
  const sums = new Float64Array(3 * width);
  for (const [y, down] of areaWeights(rows, step, rgb.height).entries()) {
    sums.fill(0);
    for (const [dy, rowShare] of down.shares.entries()) {
      for (let x = 0; x < width; x++) {
        const { first, shares } = across[x];
        let at = from(first, down.first + dy);
        for (const share of shares) {
          const weight = rowShare * share;
          for (let c = 0; c < 3; c++) sums[3 * x + c] += weight * rgb.data[at++];
        }
      }
    }
    for (let i = 0; i < sums.length; i++) out[3 * y * width + i] = Math.round(sums[i]);
  }
  return out;
}

/** The nearest reading, never a mean: a mean over an edge is a distance where nothing is. */
function thinDepth(depth: NonNullable<Frame["depth"]>, columns: Grid, rows: Grid, step: number): Uint16Array {
  const nearest = ({ start, count }: Grid, limit: number): number[] =>
    Array.from({ length: count }, (_, i) => Math.min(limit - 1, Math.max(0, Math.round(start + i * step))));
  const out = new Uint16Array(columns.count * rows.count);
  const xs = nearest(columns, depth.width);
  let to = 0;
  for (const y of nearest(rows, depth.height)) {
    for (const x of xs) {
      const units = Math.round(depth.data[y * depth.width + x] / HO3D_DEPTH_UNIT);
      out[to++] = units > 0 && units <= 0xffff ? units : 0;
    }
  }
  return out;
}

/**
 * Cuts a frame down to the surroundings of the hand, at most R x R pixels: those of the image where the hand is small, means by
 * area where it is large. Throws DataError as `squareOf`, and when a label is not finite.
 */
export function cropRecord(frame: Frame, options: CropOptions): CropRecord {
  const { size, boxScale = 1.5, margin = DEFAULT_MARGIN, side: most = recordSide(size), quirks = NO_QUIRKS } = options;
  const { id, sequence, recording, camera, joints3d, rootOnly, mano } = frame;
  requireFiniteLabels(frame);
  const labels = { id, sequence, recording, camera, joints3d, rootOnly, mano };
  if (quirks.has("opengl-unconverted")) {
    // What the original does when its crop turns out empty: a blank image, and labels in pixels of the whole image.
    const nothing = { width: 0, height: 0, x0: 0, y0: 0, step: 1, rgb: new Uint8Array(0), depth: undefined };
    return { ...labels, ...nothing, square: [size / 2, size / 2, size] };
  }
  const [x, y, side] = squareOf(frame, boxScale);
  const half = (side * margin) / 2;
  const step = Math.max(1, (2 * half) / most);
  const columns = gridAlong(x, half, step, frame.rgb.width, most);
  const rows = gridAlong(y, half, step, frame.rgb.height, most);
  if (columns.count < 1 || rows.count < 1) {
    throw new DataError(
      `frame "${id}": nothing of the image lies in the crop round the hand`,
      "hand outside the image",
    );
  }
  return {
    ...labels,
    width: columns.count,
    height: rows.count,
    x0: columns.start,
    y0: rows.start,
    step,
    rgb: shrinkRgb(frame.rgb, columns, rows, step),
    depth: frame.depth === undefined ? undefined : thinDepth(frame.depth, columns, rows, step),
    square: [x, y, side],
  };
}

/** Memory that a record takes, bytes. */
export function recordBytes(record: CropRecord): number {
  return record.rgb.byteLength + (record.depth?.byteLength ?? 0) + record.joints3d.byteLength + 1024;
}
