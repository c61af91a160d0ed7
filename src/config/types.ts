import type { AugmentOptions } from "../data/augment";
import type { QuirkName } from "./quirks";

/** Everything that decides a run, apart from the data and the hand model themselves. */
export interface Config {
  /** The preset that fills what a file leaves out. */
  readonly preset: PresetName;
  readonly model: ModelConfig;
  readonly data: DataConfig;
  readonly optim: OptimConfig;
  readonly loss: LossConfig;
  readonly run: RunConfig;
  /** Defects of the original to reproduce; empty does everything right. */
  readonly quirks: readonly QuirkName[];
}

export type PresetName = "tiny" | "small" | "base" | "huge";

export interface ModelConfig {
  /** Side S of the square crop and rows of the image, pixels. ViTPose: 256. */
  readonly height: number;
  /** Columns W of the crop that the model sees, pixels. ViTPose: 192. */
  readonly width: number;
  /** Side of a patch, pixels. ViT: 16. */
  readonly patch: number;
  /** Width D of the tokens. ViT-H: 1280. */
  readonly dim: number;
  /** Transformer blocks. ViT-H: 32. */
  readonly depth: number;
  /** Attention heads. ViT-H: 16. */
  readonly heads: number;
  /** Widths of the graph layers. UTNet: 512, 256, 256. */
  readonly gcn: readonly number[];
  /** Feature maps that vertices are sampled from, each twice as fine. UTNet: 3. */
  readonly scales: number;
  /** How the network writes rotations: six numbers (Zhou et al. 2019) or axis-angle. UTNet offers both. */
  readonly jointRep: "6d" | "aa";
  /** Drop-path probability of the last block, rising linearly from 0. ViTPose-H: 0.55. */
  readonly dropPath: number;
  /** Focal length from the data set's camera matrix, or WiLoR's 5000 / 256 for its weights. */
  readonly camera: "metric" | "pretend";
}

export interface DataConfig {
  /** Side of the square crop over the longest side of the joints' box. HandOccNet: 1.5. */
  readonly boxScale: number;
  /** Side of the depth cube round the wrist, metres. KeypointFusion: 0.28. */
  readonly depthCube: number;
  /** What is never divided between training and validation; anything but recording leaks and says so. */
  readonly splitBy: "recording" | "sequence" | "frame";
  /** Share of the frames for validation. UTNet: 0.1. */
  readonly valFraction: number;
  /** Trains and validates on the same frames: a check that the network can learn at all. */
  readonly overfit: boolean;
  /** Threads that make samples; 0 makes them in the thread that trains, undefined: all processors but one, at most 4. */
  readonly threads: number | undefined;
  /** Memory for records of imported frames, MiB; frames beyond it are read from their files again in every epoch. */
  readonly memoryMiB: number;
  readonly augment: AugmentOptions;
}

export interface OptimConfig {
  /** Samples of a step, over all ranks. UTNet: 32. */
  readonly batch: number;
  /**
   * Equal parts that a step's batch is cut into, a power of two that divides it; each has its own batch statistics. Part of the
   * numbers, whatever the ranks. undefined: the largest of 4, 2 and 1 that divides the batch; `microBatchesOf` tells.
   */
  readonly microBatches: number | undefined;
  /** Peak learning rate of everything but the backbone. */
  readonly lr: number;
  /** Peak learning rate of the transformer. UTNet and HaMeR, pretrained: 1e-5. */
  readonly lrBackbone: number;
  /** Where the cosine ends. UTNet: 1e-7. */
  readonly minLr: number;
  /** Steps of the linear warm-up. */
  readonly warmupSteps: number;
  /** Decoupled weight decay. ViT (Dosovitskiy et al. 2021) and ViTPose fine-tuning: 0.05 to 0.1. */
  readonly weightDecay: number;
  /** Largest global norm of the gradient; undefined does not clip. UTNet: 1. */
  readonly clip: number | undefined;
  /** Adam's decay rates and denominator. torch.optim.AdamW: 0.9, 0.999, 1e-8. */
  readonly beta1: number;
  readonly beta2: number;
  readonly eps: number;
}

/** Weights of the terms in docs/model.md: means over elements and samples, metres. */
export interface LossConfig {
  readonly w2d: number;
  readonly w3dJoint: number;
  readonly w3dVert: number;
  readonly wPrior: number;
  readonly wAux: number;
}

export interface RunConfig {
  /** Keys every random choice. */
  readonly seed: number;
  /** Steps of the run; undefined counts epochs. */
  readonly steps: number | undefined;
  /** Passes over the training samples, when `steps` is undefined. UTNet: 100. */
  readonly epochs: number;
  /** Steps between evaluations; undefined: after every epoch. */
  readonly evaluateEvery: number | undefined;
  /** Steps between checkpoints; undefined: after every epoch. */
  readonly checkpointEvery: number | undefined;
  /** Checkpoints of steps that this divides are kept for ever; undefined: the newest ones alone. */
  readonly keepEvery: number | undefined;
  /** Steps between copies of weights and moments in host memory, from which a run goes on after a fault. */
  readonly snapshotEvery: number;
  /** Steps between samples shown on the page. */
  readonly sampleEvery: number;
}

/** A configuration that cannot be used; one sentence for each problem. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";

  constructor(readonly problems: readonly string[]) {
    super(problems.join("\n"));
  }
}
