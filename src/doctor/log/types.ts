/** What a training log says, as plain data: the checks read nothing else. */

/** Who wrote it. "original": the PyTorch UTNet trainer; "lightning": PyTorch Lightning (HaMeR, WiLoR); "events": TensorBoard; "handloom": our own. */
export type LogKind = "original" | "lightning" | "events" | "handloom" | "unknown";

export type Split = "train" | "val";

/** Names that every kind of log is translated to; others keep their own. Metrics in millimetres, losses as they were written. */
export type KnownSeries =
  | "loss_2d"
  | "loss_3d_joint"
  | "loss_3d_vert"
  | "shape_prior"
  | "pose_prior"
  | "loss_aux"
  | "total_loss"
  | "epoch_loss"
  | "lr"
  | "lr_backbone"
  | "grad_norm"
  | "mpjpe"
  | "pa_mpjpe"
  | "in_map_share";

export interface Point {
  readonly step: number;
  readonly epoch: number | undefined;
  readonly value: number;
  /** Line of the file, from 1; the number of the record in an event file. */
  readonly line: number;
}

/** One curve. Of a very long one every n-th point is kept; the summary is over all. */
export interface Series {
  readonly name: string;
  readonly split: Split;
  readonly points: readonly Point[];
  readonly count: number;
  readonly first: Point;
  readonly last: Point;
  readonly lowest: Point | undefined;
  readonly highest: Point | undefined;
  readonly nonFinite: number;
  readonly firstNonFinite: Point | undefined;
}

/** The loss terms of one step, unweighted, with the total as it was written. */
export interface Breakdown {
  readonly line: number;
  readonly epoch: number | undefined;
  readonly step: number;
  readonly terms: Readonly<Record<string, number>>;
  readonly total: number;
}

/** `[Debug Batch k]`, millimetres. */
export interface DebugBatchFields {
  readonly index: number;
  readonly line: number;
  readonly rgb?: readonly [number, number];
  readonly depth?: readonly [number, number];
  readonly gtMean?: number;
  readonly gtStd?: number;
  readonly predMean?: number;
  readonly predStd?: number;
  readonly gtRoot?: readonly [number, number, number];
  readonly predRoot?: readonly [number, number, number];
  readonly centredMean?: number;
  readonly centredStd?: number;
}

/** `[Debug 3D Loss]`, millimetres. */
export interface DebugLossFields {
  readonly line: number;
  readonly predMean?: number;
  readonly predStd?: number;
  readonly gtMean?: number;
  readonly gtStd?: number;
  readonly predMeanAfter?: number;
  readonly predStdAfter?: number;
  readonly gtMeanAfter?: number;
  readonly gtStdAfter?: number;
  readonly elementMean?: number;
  readonly elementMax?: number;
  readonly value?: number;
}

/** "Evaluated on N samples from all n GPUs". */
export interface EvaluatedLine {
  readonly line: number;
  readonly samples: number;
  readonly ranks: number | undefined;
}

/** A figure of a predictor that looks at no image, as the log itself gives it, mm. */
export interface Baselines {
  readonly zero?: { readonly mpjpe: number; readonly pa: number };
  readonly mean?: { readonly mpjpe: number; readonly pa: number };
}

/** "smplx-missing": the hand model is not there. "not-found": a file is. "not-pretrained": random initial values. "loaded": weights were loaded. "oom", "traceback": the run died. */
export type RemarkKind =
  | "smplx-missing"
  | "mano-missing"
  | "not-found"
  | "not-pretrained"
  | "loaded"
  | "tensors-loaded"
  | "out-of-memory"
  | "traceback"
  | "resumed"
  | "random-split"
  | "distributed"
  | "best-saved"
  | "skipped-step";

export interface Remark {
  readonly kind: RemarkKind;
  /** First time, cut to 200 characters. */
  readonly text: string;
  readonly line: number;
  readonly count: number;
}

export interface LogRun {
  /** "training.log, run 2". */
  readonly name: string;
  readonly file: string;
  readonly kind: LogKind;
  readonly firstLine: number;
  readonly lastLine: number;
  readonly series: readonly Series[];
  readonly breakdowns: readonly Breakdown[];
  readonly debugBatches: readonly DebugBatchFields[];
  readonly debugLosses: readonly DebugLossFields[];
  readonly evaluated: readonly EvaluatedLine[];
  readonly baselines: Baselines;
  /** Numbers of the configuration that the log prints: "w_3d_joint" to 0.05. */
  readonly facts: Readonly<Record<string, number>>;
  readonly remarks: readonly Remark[];
  readonly clipped: { readonly steps: number; readonly clipped: number };
  readonly nonFiniteGradients: { readonly count: number; readonly line: number };
  /** It goes on from an earlier run. */
  readonly isResumed: boolean;
}

export interface LogBook {
  readonly runs: readonly LogRun[];
  /** What was read of each file and what could not be. */
  readonly files: readonly FileReport[];
}

export interface FileReport {
  readonly name: string;
  readonly bytes: number;
  readonly lines: number;
  /** Characters looked at, over all searches: the work is this, and stays below a constant times `bytes`. */
  readonly scanned: number;
  /** What was wrong with the file itself, one sentence each: "3 lines are no UTF-8 and were read as GB18030". */
  readonly notes: readonly string[];
  /** The first lines, to quote where nothing is recognised. */
  readonly head: readonly string[];
}

/** The curve of that name, if the run has it. */
export const seriesOf = (run: LogRun, name: KnownSeries, split: Split = "train"): Series | undefined =>
  run.series.find((series) => series.name === name && series.split === split);

/** The remark of that kind, if the run has it. */
export const remarkOf = (run: LogRun, kind: RemarkKind): Remark | undefined =>
  run.remarks.find((remark) => remark.kind === kind);
