/** What a run says while it goes: the one protocol that the page, the terminal and the run's files are fed from. */
import type { EvaluationReport } from "../metrics/evaluation";
import type { MetricName } from "../metrics/judge";
import type { Diagnosis } from "./findings";
import type { SampleScoresTable } from "./inspect/types";
import type { StepTimes } from "./ranks";
import type { RunEvidence } from "./run-evidence";

export type LossName = "loss_2d" | "loss_3d_joint" | "loss_3d_vert" | "shape_prior" | "loss_aux" | "total_loss";

/** Facts that are known once the plan is compiled. */
export interface RunInfo {
  readonly name: string;
  readonly preset: string;
  readonly adapter: string;
  readonly softwareAdapter: boolean;
  readonly hand: string;
  readonly data: string;
  readonly parameters: number;
  readonly trainSamples: number;
  readonly valSamples: number;
  readonly batch: number;
  /** Equal parts that a batch is cut into, and the ranks that share them; the first decides the numbers, the second does not. */
  readonly microBatches: number;
  readonly ranks: number;
  readonly stepsPerEpoch: number;
  readonly totalSteps: number;
  /** "212 dispatches, 31 pipelines, 48.1 MiB of activations ..." */
  readonly plan: string;
  readonly memoryBytes: number;
  readonly configYaml: string;
  readonly quirks: readonly string[];
}

/** One line of metrics.jsonl for a step. Losses are unweighted; `total_loss` is the weighted sum. */
export interface StepRecord {
  readonly step: number;
  readonly epoch: number;
  readonly split: "train";
  readonly losses: Readonly<Record<LossName, number>>;
  readonly lr: number;
  readonly lr_backbone: number;
  readonly grad_norm: number;
  readonly clipped: boolean;
  /** Gradients and losses that were not finite; the step was skipped when above 0. */
  readonly non_finite: number;
  readonly samples: number;
  /** Share of vertex samples that fell inside their feature map. */
  readonly in_map_share: number;
  /** Wall time of the step, and the part of it that the host spent issuing it. */
  readonly ms: number;
  readonly host_ms: number;
  /** Ranks that made the step. */
  readonly ranks: number;
}

/** One rank's `StepTimes`, to microseconds. */
export interface RankTimesRecord {
  readonly data_ms: number;
  readonly compute_ms: number;
  readonly read_ms: number;
  readonly reduce_ms: number;
  readonly wait_ms: number;
  readonly update_ms: number;
  readonly overlap: number;
}

/** One line of times.jsonl, of every fifth step: where the step of each rank of the group went, in their order. */
export interface TimesRecord {
  readonly step: number;
  readonly ranks: readonly RankTimesRecord[];
}

/** Null where no sample has a value. */
export interface PoseMetrics {
  readonly mpjpe_mm: number | null;
  readonly pa_mpjpe_mm: number | null;
}

/**
 * One line of metrics.jsonl for an evaluation: means over the whole split, each over its own number of samples `n`, null where
 * that is 0. By joint, sequence and modality they stand in evaluation.json.
 */
export interface EvaluationRecord extends Readonly<Record<MetricName, number | null>> {
  readonly step: number;
  readonly epoch: number;
  readonly split: "val" | "evaluation";
  readonly samples: number;
  readonly non_finite: number;
  readonly n: Readonly<Record<MetricName, number>>;
  /** Why a figure has no value, one sentence each. */
  readonly refused: readonly string[];
  /** Samples that have an annotated mesh and a finite prediction: `n` of every figure of the mesh. */
  readonly meshes: number;
  readonly losses: Readonly<Record<LossName, number>>;
  /** The same samples scored for two predictors that look at no image. */
  readonly baselines: { readonly zero_pose: PoseMetrics; readonly mean_pose: PoseMetrics };
  readonly ms: number;
}

/** One sample as the network saw it, with what it said. Pixel coordinates are of the model's input (W x S). */
export interface SampleView {
  readonly id: string;
  readonly split: "train" | "val";
  readonly step: number;
  readonly width: number;
  readonly height: number;
  /** RGB of the crop after augmentation, 8 bit. */
  readonly rgb: Uint8ClampedArray; // [height, width, 3]
  /** Depth of the crop, 0 near .. 255 far or missing; undefined for an RGB-only sample. */
  readonly depth: Uint8ClampedArray | undefined; // [height, width]
  readonly jointsTrue: Float32Array; // [21, 2]
  readonly jointsPredicted: Float32Array; // [21, 2]
  readonly confidence: Float32Array; // [21]
  /** Predicted vertices in pixels, for the mesh overlay. */
  readonly vertices: Float32Array; // [V, 2]
  readonly faces: Uint32Array; // [F, 3]
  /** Wrist-relative joints in millimetres. */
  readonly joints3dTrue: Float32Array; // [21, 3]
  readonly joints3dPredicted: Float32Array; // [21, 3]
  readonly mpjpe_mm: number;
  readonly pa_mpjpe_mm: number;
}

/** A buffer that a dispatch binds, as the shader names it. */
export interface KernelBinding {
  readonly name: string;
  readonly tensor: string;
  readonly shape: readonly number[];
  readonly dtype: "f32" | "u32";
  readonly access: "uniform" | "read" | "read_write";
  /** Where it lives: "input", "constant", "parameter", "gradient", "external" or "temp". */
  readonly kind: string;
  readonly bytes: number;
}

/**
 * One row of the profile table: a kernel in its place in the step. Its time is measured; its place, workgroups, constants and
 * bindings are exact, as they are what is dispatched; its operations and bytes are modelled from the shapes.
 */
export interface KernelRow {
  readonly index: number;
  readonly plan: string;
  readonly kernel: string;
  readonly scope: string;
  readonly pass: "forward" | "backward" | "update";
  readonly workgroups: readonly [number, number, number];
  readonly constants: string;
  /** Milliseconds: median, least and most over the active repeats; NaN when every timing was refused. */
  readonly ms: number;
  readonly minMs: number;
  readonly maxMs: number;
  /** Timings that counted. */
  readonly timings: number;
  /**
   * Where it stood in the active repeat of its plan that took the middle time, ms from the first kernel of all; plans follow each
   * other. Undefined where it was timed by repetition.
   */
  readonly span?: { readonly startMs: number; readonly endMs: number };
  /** By formula, a multiply-add counting two; 0 where the op does not say. */
  readonly flops: number;
  /** Bytes of all bindings, each moved once: caches may make it less, several readings of one number more. */
  readonly bytes: number;
  readonly bindings: readonly KernelBinding[];
  readonly dims: Readonly<Record<string, number>>;
  /** Index of its text in the report's `shaders`, and its entry point there. */
  readonly shader: number;
  readonly entryPoint: string;
}

/** A tensor of the training plan that lives in memory which others may take over. */
export interface MemoryTensor {
  readonly name: string;
  readonly bytes: number;
  /** Index of the buffer, and the first and last dispatch that touch it. */
  readonly slot: number;
  readonly first: number;
  readonly last: number;
  /** Written by the host or read by it: lives through the whole step. */
  readonly isKept: boolean;
}

/** GPU memory of one rank, in bytes. */
export interface MemoryReport {
  readonly totals: {
    readonly parameters: number;
    readonly gradients: number;
    readonly moments: number;
    /** Activations of the training plan and of the plan of evaluations. */
    readonly activations: number;
    readonly evaluation: number;
    readonly constants: number;
    /** All other buffers: sums of micro-batches, staging, dims. */
    readonly rest: number;
    readonly allocated: number;
    readonly peak: number;
  };
  /** Bytes of the training plan's buffers, and what its tensors would take without sharing. */
  readonly slots: readonly number[];
  readonly unshared: number;
  readonly tensors: readonly MemoryTensor[];
}

/** Milliseconds of the host for one micro-batch as it is trained: recording the commands, handing them over, waiting for a read-back. */
export interface HostTimes {
  readonly recordMs: number;
  readonly submitMs: number;
  readonly readMs: number;
}

/** What this very adapter reaches at best in two probes. */
export interface Peaks {
  readonly adapter: string;
  /** 1e9 floating-point operations per second of independent fused multiply-adds, each counting two. */
  readonly gflops: number;
  /** 1e9 bytes per second of a triad over buffers of `bandwidthBytes` in all. */
  readonly gbps: number;
  readonly bandwidthBytes: number;
  /** Timings that the best was taken of. */
  readonly n: number;
  readonly clock: string;
}

export interface ProfileReport {
  readonly adapter: string;
  /** "timestamp-query" or "repetition". */
  readonly clock: string;
  /** A sentence, where kernels had to be measured by repetition. */
  readonly clockNote?: string;
  /** Repeats that were timed, and those before them that were not. */
  readonly active: number;
  readonly warmUp: number;
  /** Micro-batches of a step that this rank runs. */
  readonly microBatches: number;
  /** Kernels of a step: forward and backward for each of its micro-batches, then adding them up and the update. */
  readonly stepMs: number;
  /** Each kernel of one micro-batch, of adding up and of the update, once. */
  readonly rows: readonly KernelRow[];
  readonly host: HostTimes;
  readonly memory: MemoryReport;
  /** WGSL texts of the kernels. */
  readonly shaders: readonly string[];
}

/** What a rank is doing, for people. */
export interface RankStatus {
  readonly rank: number;
  readonly state: "starting" | "building" | "training" | "lost" | "waiting" | "ended";
  /** "compiling kernels", or why it was lost. */
  readonly text: string;
  readonly adapter?: string;
}

/** A rank or a device failed and the run went on, or could not. One line of faults.jsonl. */
export interface FaultRecord {
  /** The committed step that the run went on from, and how many steps were done again. */
  readonly step: number;
  readonly replayed: number;
  /** The rank at fault; -1 when it is none or all. */
  readonly rank: number;
  readonly reason: string;
  /** A sentence: who, what, where. */
  readonly text: string;
  /** A sentence: what was done. */
  readonly action: string;
  /** From the last sign of work to the abort, and from there until every rank of the new group has restored its weights and begun a step. */
  readonly detected_ms: number;
  readonly recovered_ms: number;
  readonly ranks_before: number;
  readonly ranks_after: number;
}

export type TrainEvent =
  | { readonly type: "rank"; readonly status: RankStatus }
  | { readonly type: "times"; readonly step: number; readonly times: readonly StepTimes[] }
  | { readonly type: "fault"; readonly record: FaultRecord }
  | { readonly type: "status"; readonly text: string; readonly done?: number; readonly total?: number }
  | { readonly type: "started"; readonly run: RunInfo }
  | { readonly type: "log"; readonly line: string }
  | { readonly type: "step"; readonly record: StepRecord }
  | { readonly type: "evaluation"; readonly record: EvaluationRecord }
  | { readonly type: "sample"; readonly view: SampleView }
  /** Numbers for the doctor. */
  | { readonly type: "evidence"; readonly evidence: RunEvidence }
  /** All that the doctor has found so far, whenever it changes; from whoever drives the run. */
  | { readonly type: "findings"; readonly diagnoses: readonly Diagnosis[] }
  | { readonly type: "checkpoint"; readonly step: number; readonly name: string; readonly sizeBytes: number }
  | { readonly type: "paused"; readonly step: number }
  | { readonly type: "finished"; readonly step: number; readonly reason: "done" | "stopped" }
  | { readonly type: "error"; readonly message: string };

/** What a rank says: events for people, and those for the run's files alone. */
export type RankEvent =
  | TrainEvent
  /** Ids that are trained and validated on. */
  | { readonly type: "splits"; readonly train: readonly string[]; readonly val: readonly string[] }
  | {
      readonly type: "report";
      readonly step: number;
      readonly epoch: number;
      readonly split: "val";
      readonly report: EvaluationReport;
    }
  /** Scores of every validation sample; `ids` are those of the rows. */
  | { readonly type: "scores"; readonly ids: readonly string[]; readonly table: SampleScoresTable }
  /**
   * The shadow's snapshot `slot` is to become a checkpoint. The rank leaves that slot alone until what its `emit` returned
   * for this event has settled, and trains on meanwhile.
   */
  | { readonly type: "snapshot"; readonly step: number; readonly slot: 0 | 1 };

/** Takes an event in; a promise says when its bytes are no longer needed. */
export type Hear = (event: RankEvent) => unknown;

/** The events of a rank that people are shown. */
export const isForPeople = (event: RankEvent): event is TrainEvent =>
  event.type !== "splits" && event.type !== "report" && event.type !== "scores" && event.type !== "snapshot";
