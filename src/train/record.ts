import { Plan } from "../autograd/plan";
import { Tape } from "../autograd/tape";
import type { Tensor } from "../autograd/tensor";
import type { Gpu } from "../gpu/gpu";
import { computeLosses, type Losses, type LossWeights, type Targets } from "../model/losses";
import type { Inputs, Outputs } from "../model/types";
import type { UTNet } from "../model/utnet";
import type { ParameterStore } from "../nn/parameter-store";

/** One recording of the network over a fixed batch size: training with its backward, or evaluation. */
export interface Recording {
  readonly plan: Plan;
  readonly batch: number;
  readonly inputs: Inputs & Targets;
  readonly outputs: Outputs;
  readonly losses: Losses;
  /** Focal length over crop side that replaces the samples' own. */
  readonly focal: number | undefined;
  /** The weighted sum of unweighted terms. */
  readonly totalOf: (terms: Readonly<Record<string, number>>) => number;
}

/** What the host may read after a run. */
const kept = (outputs: Outputs, losses: Losses): Tensor[] => [
  outputs.keypoints2d,
  outputs.keypoints3d,
  outputs.vertices,
  outputs.camera,
  outputs.rotations,
  outputs.betas,
  outputs.coarse.vertices,
  outputs.inMapShare,
  losses.truth.vertices,
  losses.truth.joints,
  ...Object.values(losses.perSample),
  losses.loss_2d,
  losses.loss_3d_joint,
  losses.loss_3d_vert,
  losses.shape_prior,
  losses.loss_aux,
  losses.total_loss,
];

/** Declares the inputs of docs/model.md on `tape`; image and depth with a gradient where it is wanted. */
export function declareInputs(tape: Tape, model: UTNet, batch: number, needsGrad = false): Inputs & Targets {
  const { height, width, dropPath, depth } = model.shape;
  const masks = model.training && dropPath > 0 ? 2 * depth : 0;
  return {
    image: tape.input("image", [batch, 3, height, width], { needsGrad }),
    depth: tape.input("depth", [batch, 1, height, width], { needsGrad }),
    hasDepth: tape.input("has_depth", [batch]),
    focal: tape.input("focal", [batch]),
    dropPath: Array.from({ length: masks }, (_, i) => tape.input(`drop_path.${i}`, [batch])),
    joints2d: tape.input("joints2d", [batch, 21, 3]),
    joints3d: tape.input("joints3d", [batch, 21, 4]),
    hasMano: tape.input("has_mano", [batch]),
    pose: tape.input("pose", [batch, 16, 3, 3]),
    shape: tape.input("shape", [batch, 10]),
    poseAxisAngle: model.quirks.has("aux-axis-angle") ? tape.input("pose_axis_angle", [batch, 48]) : undefined,
  };
}

export interface RecordOptions {
  /** False keeps every tensor readable. */
  readonly reuse?: boolean;
  /** Focal length over crop side that replaces the samples' own. */
  readonly focal?: number;
  /** Parts of a step that are averaged afterwards, 1 when undefined. */
  readonly microBatches?: number;
  /** Records the gradients of the parameters, of image and of depth, also of a model in evaluation. */
  readonly inspectsGradients?: boolean;
  /** What the host may read besides. */
  readonly keep?: (tape: Tape, inputs: Inputs & Targets, outputs: Outputs) => readonly Tensor[];
}

/**
 * Records `model` in its current mode (train or eval) and compiles the plan; in training with its backward. `batch` is the size
 * of a micro-batch.
 */
export async function record(
  gpu: Gpu,
  store: ParameterStore,
  model: UTNet,
  batch: number,
  weights: LossWeights,
  options: RecordOptions = {},
): Promise<Recording> {
  const tape = new Tape(model.training ? "train" : "eval", { style: gpu.kernelStyle });
  const { inspectsGradients = false } = options;
  const inputs = declareInputs(tape, model, batch, inspectsGradients);
  const outputs = model.forward(inputs);
  const losses = tape.scoped("loss", () =>
    computeLosses(outputs, inputs, model.mano, weights, model.quirks, options.microBatches),
  );
  if (model.training || inspectsGradients) tape.backward(losses.total_loss);
  tape.keep(...kept(outputs, losses), ...(options.keep?.(tape, inputs, outputs) ?? []));
  const plan = await Plan.compile(gpu, tape, store, options);
  const { w2d, w3dJoint, w3dVert, wPrior, wAux } = weights;
  const totalOf = (terms: Readonly<Record<string, number>>): number =>
    w2d * terms.loss_2d +
    w3dJoint * terms.loss_3d_joint +
    w3dVert * terms.loss_3d_vert +
    wPrior * terms.shape_prior +
    wAux * terms.loss_aux;
  return { plan, batch, inputs, outputs, losses, focal: options.focal, totalOf };
}
