import type { Batch } from "../data/batch";
import { IMAGE_MEAN, IMAGE_STD } from "../data/resample";
import { mpjpe, paMpjpe } from "../metrics/mpjpe";
import type { UTNet } from "../model/utnet";
import type { SampleView } from "./events";

export interface Prediction {
  readonly keypoints3d: Float32Array; // [B, 21, 3]
  readonly keypoints2d: Float32Array; // [B, 21, 2]
  readonly vertices: Float32Array; // [B, V, 3]
  readonly camera: Float32Array; // [B, 3]
  /** Focal length over crop side that replaced the samples' own. */
  readonly focal: number | undefined;
}

/** Row `row` of a batch with its prediction, in pixels of the model's input. */
export function sampleView(
  model: UTNet,
  batch: Batch,
  row: number,
  prediction: Prediction,
  split: "train" | "val",
  step: number,
): SampleView {
  const { height, width } = model.shape;
  const toPixels = (points: Float32Array, stride: number): Float32Array => {
    const out = new Float32Array((2 * points.length) / stride);
    for (let i = 0; i < out.length / 2; i++) {
      out[2 * i] = points[stride * i] * height + width / 2;
      out[2 * i + 1] = points[stride * i + 1] * height + height / 2;
    }
    return out;
  };
  const rowOf = (values: Float32Array, size: number): Float32Array => values.slice(row * size, (row + 1) * size);
  const joints2d = rowOf(batch.joints2d, 63);
  const truth = wristRelative(rowOf(batch.joints3d, 84), 4);
  const predicted = wristRelative(rowOf(prediction.keypoints3d, 63), 3);
  const vertices = rowOf(prediction.vertices, 3 * model.hand.vertexCount);
  const camera = rowOf(prediction.camera, 3);
  return {
    id: batch.ids[row],
    split,
    step,
    width,
    height,
    rgb: pictureOf(rowOf(batch.image, 3 * height * width), height * width),
    depth: batch.hasDepth[row] === 1 ? greyOf(rowOf(batch.depth, height * width)) : undefined,
    jointsTrue: toPixels(joints2d, 3),
    jointsPredicted: toPixels(rowOf(prediction.keypoints2d, 42), 2),
    confidence: Float32Array.from({ length: 21 }, (_, i) => joints2d[3 * i + 2]),
    vertices: toPixels(projectPoints(vertices, camera, prediction.focal ?? batch.focal[row]), 2),
    faces: model.hand.faces,
    joints3dTrue: truth.map(millimetres),
    joints3dPredicted: predicted.map(millimetres),
    mpjpe_mm: mpjpe(predicted, truth),
    pa_mpjpe_mm: paMpjpe(predicted, truth),
  };
}

const millimetres = (metres: number): number => 1000 * metres;

/** Joints [21, stride] to wrist-relative ones [21, 3]. */
function wristRelative(joints: Float32Array, stride: number): Float32Array {
  return Float32Array.from({ length: 63 }, (_, i) => joints[Math.floor(i / 3) * stride + (i % 3)] - joints[i % 3]);
}

/** x = f (X + tx) / (Z + tz), tz = 2 f / s, as the model projects. */
export function projectPoints(points: Float32Array, [s, tx, ty]: Float32Array, focal: number): Float32Array {
  const out = new Float32Array((2 * points.length) / 3);
  for (let i = 0; i < points.length / 3; i++) {
    const depth = points[3 * i + 2] + (2 * focal) / s;
    out[2 * i] = (focal * (points[3 * i] + tx)) / depth;
    out[2 * i + 1] = (focal * (points[3 * i + 1] + ty)) / depth;
  }
  return out;
}

/** Undoes ImageNet's normalisation: [3, S, W] to 8-bit [S, W, 3]. */
function pictureOf(image: Float32Array, plane: number): Uint8ClampedArray {
  const rgb = new Uint8ClampedArray(3 * plane);
  for (let i = 0; i < plane; i++) {
    for (let c = 0; c < 3; c++) rgb[3 * i + c] = 255 * (image[c * plane + i] * IMAGE_STD[c] + IMAGE_MEAN[c]);
  }
  return rgb;
}

/** Depth in [-1, 1] to 0 (near) .. 255 (far or missing). */
export function greyOf(depth: Float32Array): Uint8ClampedArray<ArrayBuffer> {
  return Uint8ClampedArray.from(depth, (d) => 127.5 * (d + 1));
}
