/**
 * What the inspector is shown: plain data that crosses postMessage. Unless said otherwise: metres, the camera frame of the crop,
 * joints in OpenPose order; `px` are pixels of the network's input (W x S, origin at its upper left corner, pixel centres at .5).
 */
import type { LossName } from "../events";

export type SplitName = "train" | "val";

// The table of all samples.

/** Facts of the samples `from` to `from + ids.length - 1` of a split, one entry each, with what the last evaluation said of them. */
export interface SampleTable {
  readonly split: SplitName;
  /** Samples of the whole split, and the place of the first one here. */
  readonly total: number;
  readonly from: number;
  readonly ids: readonly string[]; // [n]
  /** Names of sequences, and for each sample the place of its own among them. */
  readonly sequences: readonly string[];
  readonly sequence: Uint16Array; // [n]
  /** 1 where the sample has a depth image and MANO parameters. */
  readonly hasDepth: Uint8Array; // [n]
  readonly hasMano: Uint8Array; // [n]
  /** Share of the 21 joints that lie outside of the un-augmented crop, 0 to 1. */
  readonly outsideShare: Float32Array; // [n]
  /** Share of the 21 joints whose annotation counts in the loss (confidence 1), 0 to 1. */
  readonly confidence: Float32Array; // [n]
  /**
   * Share of the joints with a depth reading whose reading is nearer to the camera than the joint by more than 40 mm, 0 to 1: something
   * else is in front of them. NaN where the sample has no depth or no joint has a reading.
   */
  readonly occlusion: Float32Array; // [n]
  /** Of validation samples, once an evaluation was made; rows stand for the same samples, in order. */
  readonly scores: SampleScoresTable | undefined;
}

/** Scores of samples by the evaluation of one step. */
export interface SampleScoresTable {
  readonly step: number;
  readonly epoch: number;
  /**
   * Unweighted loss terms and total_loss by LossName, metrics by MetricName, and of the same samples shown without depth
   * "without_depth.mpjpe_mm", ".pa_mpjpe_mm", ".mpvpe_mm" and ".pa_mpvpe_mm".
   */
  readonly columns: readonly string[];
  /** NaN where a sample has no value: no annotated mesh, a prediction that is not finite, not shown without depth. */
  readonly values: Float32Array; // [n, columns]
}

/** scores.json of a run: `SampleScoresTable` with null for NaN and the ids of its rows, which are those of splits/val.txt. */
export interface ScoresFile {
  readonly step: number;
  readonly epoch: number;
  readonly ids: readonly string[];
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (number | null)[])[];
}

// Pictures.

/** 8-bit RGBA, rows from the top: `new ImageData(rgba, width, height)`. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly rgba: Uint8ClampedArray<ArrayBuffer>; // [height, width, 4]
}

/** The un-augmented crop of a sample, small. */
export interface Thumbnail extends Picture {
  readonly index: number;
  readonly id: string;
  /** Depth, 0 near .. 255 far or missing; undefined without a depth image. */
  readonly depth: Uint8ClampedArray<ArrayBuffer> | undefined; // [height, width]
  /** True joints in pixels of this picture. */
  readonly joints: Float32Array; // [21, 2]
  readonly confidence: Float32Array; // [21]
}

/** What the network says of a sample as an evaluation shows it: overlays of a thumbnail. Scale px by thumbnail side over `height`. */
export interface QuickPrediction {
  readonly index: number;
  readonly id: string;
  /** Step of the weights. */
  readonly step: number;
  readonly width: number;
  readonly height: number;
  readonly joints: Float32Array; // [21, 2] px
  readonly vertices: Float32Array; // [V, 2] px
  /** Wrist-relative errors. */
  readonly jointErrorsMm: Float32Array; // [21]
  readonly mpjpe_mm: number;
  readonly pa_mpjpe_mm: number;
}

// One sample.

/** For `joints`: place j of the truth takes joint `permutation[j]`. Thumb and index finger change their places. */
export const SWAP_THUMB_AND_INDEX: readonly number[] = [
  0, 5, 6, 7, 8, 1, 2, 3, 4, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20,
];

/** What is changed before the network and the loss see the sample. */
export interface WhatIf {
  /** The sample is shown without its depth, as an evaluation does it. */
  readonly dropDepth?: boolean;
  /** Order of the true joints, 2D and 3D, as a data set that was read in another order would bring them. */
  readonly joints?: readonly number[]; // [21]
  /** Times the true 3D joints: 1000 as if millimetres were read as metres, 0.001 the other way round. */
  readonly truthScale?: number;
  /** The crop's square is moved by this, in pixels of the crop, x and y. */
  readonly shiftBox?: readonly [number, number];
}

/** A sample by its place in a split. */
export interface KeptPlace {
  readonly split: SplitName;
  readonly index: number;
}

/** Attention probabilities of one head of one block. */
export interface HeadRequest {
  readonly block: number;
  readonly head: number;
}

/** One feature map as a picture: one channel, or a figure over all channels. */
export interface MapRequest {
  readonly scale: number;
  readonly channel: number | "mean" | "max" | "norm";
}

export interface LookRequest {
  readonly split: SplitName;
  readonly index: number;
  /**
   * Shows a training sample as it is augmented in this epoch, with its augmentation steps; undefined as it is. Not for "val".
   */
  readonly epoch?: number;
  readonly whatIf?: WhatIf;
  readonly attention?: readonly HeadRequest[];
  readonly maps?: readonly MapRequest[];
  /** One backward: gradient with respect to image and depth, and the norm for each module. */
  readonly gradients?: boolean;
  /** The frame as filmed. */
  readonly frame?: boolean;
  /** Pictures of the augmentation's steps; needs `epoch`. */
  readonly steps?: boolean;
}

/** The frame as the data set has it, in pixels of the original image (pixel centres at whole numbers). */
export interface FilmedFrame extends Picture {
  /** Centre x, y and side of the square that is cut out, before augmentation; with `shiftBox` applied. */
  readonly square: readonly [number, number, number];
  /** Corners of what the network sees (W x S), clockwise from the upper left one, augmentation included. */
  readonly corners: Float32Array; // [4, 2]
  /** The data set's own box x1, y1, x2, y2, where it brings one. */
  readonly box: readonly [number, number, number, number] | undefined;
  readonly joints: Float32Array; // [21, 2]
}

/** The sample after one step of its augmentation; the last one is what the network was trained on, bit for bit. */
export interface AugmentStep extends Picture {
  readonly name: "crop" | "rotation" | "scale" | "shift" | "colour" | "depth noise" | "occlusion" | "dropped depth";
  /** "turned by 12.3 degrees", or "nothing" where this sample was spared. */
  readonly text: string;
  readonly depth: Uint8ClampedArray<ArrayBuffer> | undefined; // [height, width], 0 near .. 255 far or missing
  /** True 2D joints, as the loss has them. */
  readonly joints: Float32Array; // [21, 2] px
  /** True 3D joints through the crop's camera: focal (X, Y) / Z + principal. */
  readonly reprojected: Float32Array; // [21, 2] px
  /** Distance of the two, for each joint; above 0.01 px labels do not follow the image. */
  readonly residualPx: Float32Array; // [21]
}

/** The tokens of the transformer: 16 joints of MANO, shape, camera, then the patches row by row. */
export interface TokenGrid {
  readonly front: readonly string[]; // [18]
  /** Of each of the 16 joint tokens the OpenPose joint that it stands for. */
  readonly joints: readonly number[]; // [16]
  readonly rows: number;
  readonly columns: number;
  /** Side of a patch, px. */
  readonly patch: number;
  readonly blocks: number;
  readonly heads: number;
  /** Length of each token before the first block, and after the last norm. */
  readonly inputNorms: Float32Array; // [18 + rows * columns]
  readonly outputNorms: Float32Array; // [18 + rows * columns]
}

/** softmax(q k^T / sqrt(d)) of one head; rows sum to 1. */
export interface AttentionHead extends HeadRequest {
  readonly probabilities: Float32Array; // [T query, T key], T = 18 + rows * columns
}

export interface FeatureMap extends MapRequest {
  readonly rows: number;
  readonly columns: number;
  readonly channels: number;
  readonly values: Float32Array; // [rows, columns]
}

/** Where the coarse mesh's vertices read one feature map. */
export interface Sampling {
  readonly scale: number;
  readonly rows: number;
  readonly columns: number;
  readonly channels: number;
  /** Column and row of the map, pixel centres at whole numbers: what grid-sample was given. */
  readonly pixels: Float32Array; // [V, 2]
  /** The same place over the network's input. */
  readonly input: Float32Array; // [V, 2] px
  /** 1 where the nearest pixel of the map exists, the share of which is `in_map_share`. */
  readonly inside: Uint8Array; // [V]
}

/** A hand. 3D points are relative to its wrist joint; add `wrist` for the crop's camera frame. */
export interface HandView {
  readonly joints: Float32Array; // [21, 3]
  readonly vertices: Float32Array; // [V, 3]
  readonly wrist: readonly [number, number, number];
  readonly joints2d: Float32Array; // [21, 2] px
  readonly vertices2d: Float32Array; // [V, 2] px
}

/** Undefined vertices where the sample has no MANO parameters. */
export interface TrueHand extends Omit<HandView, "vertices" | "vertices2d"> {
  readonly vertices: Float32Array | undefined;
  readonly vertices2d: Float32Array | undefined;
  readonly confidence: Float32Array; // [21]
}

/** Errors of the refined hand, relative to the wrist, in the evaluation's own figures. */
export interface SampleErrors {
  /** By `MetricName`; absent where there is no value. */
  readonly metrics: Readonly<Record<string, number>>;
  /** The same of the coarse hand. */
  readonly coarse: Readonly<Record<string, number>>;
  /** The prediction holds a number that is not finite: metrics and errors are then empty. */
  readonly nonFinite: boolean;
  readonly jointsMm: Float32Array; // [21]
  /** After Procrustes alignment. */
  readonly alignedJointsMm: Float32Array; // [21]
  readonly verticesMm: Float32Array | undefined; // [V]
  readonly alignedVerticesMm: Float32Array | undefined; // [V]
  /** The predicted joints (vertices) moved onto the true ones by the best similarity, relative to the true wrist. */
  readonly alignedJoints: Float32Array; // [21, 3]
  readonly alignedVertices: Float32Array | undefined; // [V, 3]
}

export interface LossTerm {
  readonly name: LossName;
  /** Unweighted; of `total_loss` the weighted sum. */
  readonly value: number;
  /** 1 for `total_loss`. */
  readonly weight: number;
}

/** Of total_loss of this sample alone. */
export interface Gradients {
  /** With respect to the normalised image, [3, S, W]: loss per standard deviation of ImageNet. */
  readonly image: Float32Array;
  /** With respect to the depth in [-1, 1], [S, W]; zero where the network was shown none. */
  readonly depth: Float32Array;
  /** Euclidean norm of all parameters of a module, in the order of the network. */
  readonly modules: readonly { readonly name: string; readonly parameters: number; readonly norm: number }[];
  readonly norm: number;
}

/** Figures that a what-if changes. */
export interface LookNumbers {
  readonly losses: readonly LossTerm[];
  readonly errors: SampleErrors;
  readonly inMapShare: number;
}

/** One sample with all that the network makes of it. */
export interface LookView extends LookNumbers {
  readonly split: SplitName;
  readonly index: number;
  readonly id: string;
  readonly sequence: string;
  /** Step of the weights. */
  readonly step: number;
  readonly epoch: number | undefined;
  /** The network's input: W x S. */
  readonly width: number;
  readonly height: number;
  /** The crop as the network saw it, undone ImageNet's normalisation. */
  readonly crop: Picture;
  /** 0 near .. 255 far or missing; undefined where the network was shown none. */
  readonly depth: Uint8ClampedArray<ArrayBuffer> | undefined; // [S, W]
  /** Focal length over S that the network used, and the data set's own; principal point in the units of joints2d. */
  readonly focal: number;
  readonly trueFocal: number;
  readonly principal: readonly [number, number];
  readonly truth: TrueHand;
  readonly coarse: HandView;
  readonly refined: HandView;
  readonly faces: Uint32Array; // [F, 3]
  readonly tokens: TokenGrid;
  readonly sampling: readonly Sampling[];
  /** What was asked for; empty or undefined otherwise. */
  readonly attention: readonly AttentionHead[];
  readonly maps: readonly FeatureMap[];
  readonly gradients: Gradients | undefined;
  readonly steps: readonly AugmentStep[];
  /** The frame as filmed; a sentence where there is none. */
  readonly frame: FilmedFrame | string | undefined;
  /** With a what-if: the figures without it. */
  readonly plain: LookNumbers | undefined;
  /** `[Debug Batch]` and `[Debug 3D Loss]` in the original's words, of this sample alone. */
  readonly debugLines: readonly string[];
}

/** What the inspector asks of a rank; RankApi has the same calls. */
export interface InspectApi {
  /** Samples `from` to `to` - 1 of a split, all when undefined; ask in parts where the set is read from a store. Needs no GPU. */
  samples(split: SplitName, from?: number, to?: number): Promise<SampleTable>;
  /** Un-augmented crops with `side` rows, for the places `indices` of a split. Needs no GPU. */
  thumbnails(split: SplitName, indices: readonly number[], side: number): Promise<Thumbnail[]>;
  /** Predictions of the places `indices` of a split, between two steps. */
  predict(split: SplitName, indices: readonly number[]): Promise<QuickPrediction[]>;
  /**
   * One sample with all that the network makes of it, between two steps. `checkpoint` is the step of a checkpoint of the same run
   * whose weights are looked at in place of the current ones.
   */
  look(request: LookRequest, checkpoint?: number): Promise<LookView>;
  /** Ends every `look` that is asked for, at the next of its pauses: it rejects with "look: cancelled". */
  cancelLook(): Promise<void>;
}
