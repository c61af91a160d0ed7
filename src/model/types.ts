import type { Tensor } from "../autograd/tensor";
import type { ModelConfig } from "../config/types";

/** Shape of the network, letters as in docs/model.md: what a configuration says of the model but for its camera, which is an input. */
export type UTNetShape = Omit<ModelConfig, "camera">;

/** Start of pose [48] (axis-angle), shape [10] and raw camera [3]: what the first prediction is. */
export interface MeanParameters {
  readonly pose: ArrayLike<number>;
  readonly shape: ArrayLike<number>;
  readonly camera: ArrayLike<number>;
}

export interface Inputs {
  readonly image: Tensor; // [B, 3, S, W]
  readonly depth: Tensor; // [B, 1, S, W]
  readonly hasDepth: Tensor; // [B]
  readonly focal: Tensor; // [B]
  /** Drop-path masks, 2 per block; undefined: no drop-path. */
  readonly dropPath?: readonly Tensor[]; // [B] each
}

export interface Hand {
  readonly vertices: Tensor; // [B, V, 3]
  readonly joints: Tensor; // [B, 21, 3]
}

export interface Outputs {
  readonly keypoints2d: Tensor; // [B, 21, 2]
  readonly keypoints3d: Tensor; // [B, 21, 3]
  readonly vertices: Tensor; // [B, V, 3]
  readonly rotations: Tensor; // [B, 16, 3, 3]
  readonly betas: Tensor; // [B, 10]
  readonly coarse: Hand;
  readonly coarsePose: Tensor; // [B, 96] or [B, 48], raw
  readonly coarseRotations: Tensor; // [B, 16, 3, 3]
  readonly coarseBetas: Tensor; // [B, 10]
  readonly camera: Tensor; // [B, 3]: s, tx, ty
  readonly deltaPose: Tensor; // [B, 48]
  readonly deltaShape: Tensor; // [B, 10]
  readonly inMapShare: Tensor; // [1]
}

/** Names of the quirks that live in the model and the losses; docs/model.md says what each does. */
export type Quirks = ReadonlySet<string>;
