import type { Tensor } from "../autograd/tensor";
import * as F from "../ops";
import type { Mano } from "./mano";
import type { Hand, Outputs, Quirks } from "./types";

/** Ground truth of a batch, as tensors of the tape. */
export interface Targets {
  readonly joints2d: Tensor; // [B, 21, 3]: x, y in [-0.5, 0.5] of the crop, confidence
  readonly joints3d: Tensor; // [B, 21, 4]: metres, confidence
  readonly hasMano: Tensor; // [B]
  readonly pose: Tensor; // [B, 16, 3, 3]
  readonly shape: Tensor; // [B, 10]
  /** Only for the quirk aux-axis-angle. */
  readonly poseAxisAngle?: Tensor; // [B, 48]
}

export interface LossWeights {
  readonly w2d: number;
  readonly w3dJoint: number;
  readonly w3dVert: number;
  readonly wPrior: number;
  readonly wAux: number;
}

/** Each term averaged over the batch, [1], and of each sample, [B]; unweighted. `total` is the weighted sum. */
export interface Losses {
  readonly loss_2d: Tensor;
  readonly loss_3d_joint: Tensor;
  readonly loss_3d_vert: Tensor;
  readonly shape_prior: Tensor;
  readonly loss_aux: Tensor;
  readonly total_loss: Tensor;
  /** MANO of the annotated parameters. */
  readonly truth: Hand;
  readonly perSample: Readonly<
    Record<"loss_2d" | "loss_3d_joint" | "loss_3d_vert" | "shape_prior" | "loss_aux", Tensor>
  >;
}

/**
 * The five losses of docs/model.md. Means over elements, samples and batch: values do not depend on the batch size. Where a
 * quirk sums over a batch that is one of `microBatches` equal parts, that is the factor: the mean over parts is then the sum.
 */
export function computeLosses(
  outputs: Outputs,
  targets: Targets,
  mano: Mano,
  weights: LossWeights,
  quirks: Quirks,
  microBatches = 1,
): Losses {
  const { joints2d, joints3d, hasMano, pose, shape } = targets;
  const sums = quirks.has("loss-sum-mm"); // quirk loss-sum-mm: sums over everything, 3D in millimetres
  const parts = sums ? microBatches : 1;
  const millimetres = (sums ? 1000 : 1) * (quirks.has("double-millimetres") ? 1000 : 1);
  const truth = mano.forward(pose, shape);

  const perSample = {
    loss_2d: F.l1PerSample(outputs.keypoints2d, joints2d, { confidence: true, factor: sums ? parts : 1 / 42 }),
    loss_3d_joint: F.l1PerSample(outputs.keypoints3d, joints3d, {
      confidence: true,
      rootRelative: true,
      truthRootTimes: quirks.has("double-centring") ? 2 : 1,
      factor: sums ? parts * millimetres : millimetres / 63,
    }),
    loss_3d_vert: F.l1PerSample(outputs.vertices, truth.vertices, {
      roots: { pred: outputs.keypoints3d, truth: truth.joints },
      flag: hasMano,
    }),
    shape_prior: F.squaredErrorPerSample(outputs.betas, undefined),
    loss_aux: auxiliary(outputs, targets, quirks),
  };
  const summed = { sum: sums };
  const terms = {
    loss_2d: F.batchMean(perSample.loss_2d, summed),
    loss_3d_joint: F.batchMean(perSample.loss_3d_joint, summed),
    loss_3d_vert: F.batchMean(perSample.loss_3d_vert),
    shape_prior: F.batchMean(perSample.shape_prior),
    loss_aux: F.batchMean(perSample.loss_aux),
  };
  const { w2d, w3dJoint, w3dVert, wPrior, wAux } = weights;
  return {
    ...terms,
    truth,
    total_loss: F.weightedSum(Object.values(terms), [w2d, w3dJoint, w3dVert, wPrior, wAux]),
    perSample,
  };
}

/** On the coarse prediction: squared error of rotation matrices and of betas (HaMeR). */
function auxiliary(outputs: Outputs, { hasMano, pose, shape, poseAxisAngle }: Targets, quirks: Quirks): Tensor {
  const { tape } = outputs.coarseBetas;
  const [batch] = outputs.coarseBetas.shape;
  const betas = F.squaredErrorPerSample(outputs.coarseBetas, shape, { flag: hasMano });
  if (quirks.has("aux-axis-angle")) {
    if (!poseAxisAngle || outputs.coarsePose.size !== batch * 48) {
      throw new Error('quirk aux-axis-angle: needs joint_rep "aa" and the input poseAxisAngle [B, 48]');
    }
    const raw = tape.reshape(outputs.coarsePose, [batch, 48]); // quirk aux-axis-angle
    return F.add(F.squaredErrorPerSample(raw, poseAxisAngle, { flag: hasMano }), betas);
  }
  return F.add(F.squaredErrorPerSample(outputs.coarseRotations, pose, { flag: hasMano }), betas);
}
