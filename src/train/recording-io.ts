import type { Batch } from "../data/batch";
import { axisAngleFromMatrix } from "../data/hand/rotations";
import type { LossName } from "./events";
import type { Recording } from "./record";

export const LOSS_NAMES: readonly LossName[] = [
  "loss_2d",
  "loss_3d_joint",
  "loss_3d_vert",
  "shape_prior",
  "loss_aux",
  "total_loss",
];

/** Copies a batch to the inputs of a recording. Throws when the batch is of another size. */
export function writeBatch({ plan, inputs, focal }: Recording, batch: Batch): void {
  plan.write(inputs.image, batch.image);
  plan.write(inputs.depth, batch.depth);
  plan.write(inputs.hasDepth, batch.hasDepth);
  plan.write(inputs.focal, focal === undefined ? batch.focal : new Float32Array(batch.size).fill(focal));
  plan.write(inputs.joints2d, batch.joints2d);
  plan.write(inputs.joints3d, batch.joints3d);
  plan.write(inputs.hasMano, batch.hasMano);
  plan.write(inputs.pose, batch.pose);
  plan.write(inputs.shape, batch.shape);
  if (inputs.poseAxisAngle) plan.write(inputs.poseAxisAngle, axisAngles(batch.pose));
}

/** Rotation matrices [..., 3, 3] as axis-angle vectors [..., 3] with angles in [0, pi]. */
function axisAngles(matrices: Float32Array): Float32Array {
  const out = new Float32Array(matrices.length / 3);
  for (let k = 0; k < matrices.length / 9; k++) out.set(axisAngleFromMatrix(matrices, 9 * k), 3 * k);
  return out;
}
