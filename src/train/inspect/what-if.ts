/** Changes of a sample before the network and the loss see it. */
import type { Batch } from "../../data/batch";
import type { CropRecord, Sample } from "../../data/types";
import { withoutDepth } from "../evaluate";
import type { WhatIf } from "./types";

/** The record whose square is moved by `shiftBox` pixels of a crop with `height` rows. Throws when that is not two numbers. */
export function moveBox(record: CropRecord, { shiftBox }: WhatIf, height: number): CropRecord {
  if (shiftBox === undefined) return record;
  const [dx, dy] = shiftBox;
  if (!(Number.isFinite(dx) && Number.isFinite(dy)))
    throw new Error(`what if: the box is shifted by ${dx}, ${dy} px, expected two finite numbers`);
  const [x, y, side] = record.square;
  const { camera } = record;
  // A crop pixel is as high as wide; one of the camera need not be.
  return { ...record, square: [x + (dx * side) / height, y + (dy * side * camera[1]) / (height * camera[0]), side] };
}

/** The sample with another truth: joints in another order, in another unit. Throws when the order is none or the unit is 0. */
export function changeTruth(sample: Sample, { joints, truthScale = 1 }: WhatIf): Sample {
  if (!(Number.isFinite(truthScale) && truthScale > 0))
    throw new Error(`what if: the true joints are multiplied by ${truthScale}, expected a number above 0`);
  if (joints && (joints.length !== 21 || new Set(joints).size !== 21 || joints.some((j) => !(j >= 0 && j < 21))))
    throw new Error(`what if: the order of the joints is ${joints.join(", ")}, expected each of 0 to 20 once`);
  if (joints === undefined && truthScale === 1) return sample;
  const order = joints ?? Array.from({ length: 21 }, (_, j) => j);
  const joints2d = new Float32Array(63);
  const joints3d = new Float32Array(84);
  for (const [to, from] of order.entries()) {
    joints2d.set(sample.joints2d.subarray(3 * from, 3 * from + 3), 3 * to);
    const [x, y, z, confidence] = sample.joints3d.subarray(4 * from);
    joints3d.set([truthScale * x, truthScale * y, truthScale * z, confidence], 4 * to);
  }
  return { ...sample, joints2d, joints3d };
}

/** What the network is shown of a batch: as an evaluation without depth shows it, where that is asked for. */
export const shownOf = (batch: Batch, { dropDepth = false }: WhatIf): Batch =>
  dropDepth ? withoutDepth(batch) : batch;
