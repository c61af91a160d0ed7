/** Samples stacked into the arrays that a plan's inputs take. */
import { DataError } from "./data-error";
import { requireFinite } from "./finite";
import type { Sample } from "./types";

/** B samples, row after row. B = size, S = crop side, W = visible columns. */
export interface Batch {
  readonly size: number;
  /** Rows 0 to count - 1 are samples; the rest repeat row count - 1 to fill the batch and must never be counted. */
  readonly count: number;
  readonly ids: readonly string[]; // [B]
  readonly image: Float32Array; // [B, 3, S, W]
  readonly depth: Float32Array; // [B, 1, S, W]
  readonly hasDepth: Float32Array; // [B]
  readonly focal: Float32Array; // [B]
  readonly principal: Float32Array; // [B, 2]
  readonly joints2d: Float32Array; // [B, 21, 3]
  readonly joints3d: Float32Array; // [B, 21, 4]
  readonly hasMano: Float32Array; // [B]
  readonly pose: Float32Array; // [B, 16, 3, 3]
  readonly shape: Float32Array; // [B, 10]
  readonly cropFromImage: Float64Array; // [B, 6]
}

const STACKED = ["image", "depth", "principal", "joints2d", "joints3d", "pose", "shape"] as const;

function stack(samples: readonly Sample[], name: (typeof STACKED)[number]): Float32Array {
  const length = samples[0][name].length;
  const out = new Float32Array(samples.length * length);
  for (const [row, sample] of samples.entries()) {
    if (sample[name].length !== length) {
      throw new DataError(
        `batch: ${name} of sample "${sample.id}" has ${sample[name].length} numbers, expected ${length} as sample "${samples[0].id}"`,
      );
    }
    out.set(sample[name], row * length);
  }
  return out;
}

/**
 * 1 to `size` samples as one batch of `size` rows. Throws DataError for no or too many samples, for samples of different shapes,
 * and for a number that is not finite, naming sample and array: none of them ever reaches a device.
 */
export function makeBatch(samples: readonly Sample[], size: number): Batch {
  const count = samples.length;
  if (count < 1 || count > size) throw new DataError(`batch: found ${count} samples, expected 1 to ${size}`);
  for (const sample of samples) {
    const who = `sample "${sample.id}"`;
    for (const name of [...STACKED, "cropFromImage"] as const) requireFinite(who, name, sample[name]);
    for (const name of ["focal", "hasDepth", "hasMano"] as const) requireFinite(who, name, [sample[name]]);
  }
  const rows = Array.from({ length: size }, (_, row) => samples[Math.min(row, count - 1)]);
  const cropFromImage = new Float64Array(6 * size);
  rows.forEach((sample, row) => {
    cropFromImage.set(sample.cropFromImage, 6 * row);
  });
  return {
    size,
    count,
    ids: rows.map((sample) => sample.id),
    image: stack(rows, "image"),
    depth: stack(rows, "depth"),
    hasDepth: Float32Array.from(rows, (sample) => sample.hasDepth),
    focal: Float32Array.from(rows, (sample) => sample.focal),
    principal: stack(rows, "principal"),
    joints2d: stack(rows, "joints2d"),
    joints3d: stack(rows, "joints3d"),
    hasMano: Float32Array.from(rows, (sample) => sample.hasMano),
    pose: stack(rows, "pose"),
    shape: stack(rows, "shape"),
    cropFromImage,
  };
}
