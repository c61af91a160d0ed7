/** Pictures that a page can draw: of records, and of what the network was given. */
import { PLAIN_COLOUR } from "../../data/augment";
import { cropMatrix, inverseMatrix, mapPoint, project } from "../../data/crop";
import { IMAGE_MEAN, IMAGE_STD, sampleDepth, sampleImage } from "../../data/resample";
import type { CropRecord } from "../../data/types";
import { greyOf } from "../sample-view";
import type { Picture, Thumbnail } from "./types";

export interface ThumbnailOptions {
  /** Rows of the thumbnail, and of the network's input, whose columns are `width`. */
  readonly side: number;
  readonly height: number;
  readonly width: number;
  /** Side of the depth cube, metres. */
  readonly depthCube: number;
  readonly isBgr: boolean;
}

/** Pixels that are averaged along an axis for one of a thumbnail at most. */
const MOST_AVERAGED = 4;

/** Undoes ImageNet's normalisation: an image [3, height, width] as a picture. */
export function pictureOf(image: Float32Array, width: number, height: number): Picture {
  const plane = width * height;
  const rgba = new Uint8ClampedArray(4 * plane).fill(255);
  for (let i = 0; i < plane; i++) {
    for (let c = 0; c < 3; c++) rgba[4 * i + c] = 255 * (image[c * plane + i] * IMAGE_STD[c] + IMAGE_MEAN[c]);
  }
  return { width, height, rgba };
}

/** The un-augmented crop of a record; `index` is passed on. Throws when `side` is not a whole number from 1 on. */
export function thumbnailOf(record: CropRecord, index: number, options: ThumbnailOptions): Thumbnail {
  const { side, height: S, width: W, depthCube, isBgr } = options;
  if (!(Number.isInteger(side) && side >= 1))
    throw new Error(`thumbnail: ${side} rows, expected a whole number from 1`);
  const columns = Math.max(1, Math.round((side * W) / S));
  // Means over as many of the record's pixels as lie under one of the thumbnail: without them fingers alias.
  const times = Math.min(MOST_AVERAGED, Math.max(1, Math.round(record.square[2] / record.step / side)));
  const [x, y, size] = record.square;
  const square = { x, y, side: size, angle: 0 };
  const fine = { size: side * times, width: columns * times };
  const image = sampleImage(record, toRecord(record, square, fine.size), fine, PLAIN_COLOUR, isBgr);
  const toCrop = cropMatrix(square, record.camera, side);
  const pixels = project(record.joints3d, record.camera);
  const joints = new Float32Array(42);
  const confidence = new Float32Array(21);
  for (let j = 0; j < 21; j++) {
    const [u, v] = mapPoint(toCrop, pixels[2 * j], pixels[2 * j + 1]);
    const inWidth = u - (side - columns) / 2;
    joints.set([inWidth, v], 2 * j);
    const isShown = inWidth >= 0 && inWidth <= columns && v >= 0 && v <= side;
    confidence[j] = isShown && (j === 0 || !record.rootOnly) ? 1 : 0;
  }
  const plain = { size: side, width: columns };
  const depth =
    record.depth &&
    greyOf(sampleDepth(record, toRecord(record, square, side), plain, record.joints3d[2], depthCube / 2));
  const picture = pictureOf(average(image, columns, side, times), columns, side);
  return { ...picture, index, id: record.id, depth, joints, confidence };
}

/** Maps pixels of a crop with `size` rows to those of the record. */
function toRecord(record: CropRecord, square: Parameters<typeof cropMatrix>[0], size: number): Float64Array {
  const { x0, y0, step } = record;
  const toImage = inverseMatrix(cropMatrix(square, record.camera, size));
  return toImage.map((value, i) => (i === 2 ? value - x0 : i === 5 ? value - y0 : value) / step);
}

/** Means of `times` x `times` pixels: [3, times * height, times * width] to [3, height, width]. */
function average(image: Float32Array, width: number, height: number, times: number): Float32Array {
  if (times === 1) return image;
  const out = new Float32Array(3 * width * height);
  const wide = width * times;
  for (let c = 0, to = 0; c < 3; c++) {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++, to++) {
        let sum = 0;
        for (let dy = 0; dy < times; dy++) {
          const at = (c * height * times + y * times + dy) * wide + x * times;
          for (let dx = 0; dx < times; dx++) sum += image[at + dx];
        }
        out[to] = sum / (times * times);
      }
    }
  }
  return out;
}

/** Points [n, stride] in units of the crop's side, centre 0, as px [n, 2]. */
export function toInputPixels(points: ArrayLike<number>, stride: number, width: number, height: number): Float32Array {
  const out = new Float32Array((2 * points.length) / stride);
  for (let i = 0; i < out.length / 2; i++) {
    out[2 * i] = points[stride * i] * height + width / 2;
    out[2 * i + 1] = points[stride * i + 1] * height + height / 2;
  }
  return out;
}
