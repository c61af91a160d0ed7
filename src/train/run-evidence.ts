/** What a run says of itself while it goes, as plain numbers that the doctor judges. Nothing in here looks at the names of planted faults. */
import type { LossName } from "./events";
import type { DataEvidence } from "./evidence";
import type { ModelEvidence } from "./model-evidence";

/** Norms of one module in one step. Those of more than 8192 numbers a parameter are estimated from evenly spaced ones. */
export interface ModuleEvidence {
  /** "vit_backbone.blocks.3", "gcn_refinement": keys of a checkpoint begin with it. */
  readonly name: string;
  /** Trainable numbers. */
  readonly parameters: number;
  readonly group: "backbone" | "head";
  /** Norms of the mean gradient before clipping, of the weights before the step, and of weights after minus before. */
  readonly gradient: number;
  readonly weight: number;
  readonly update: number;
  /** Gradients and weights among those looked at that are NaN or infinite. */
  readonly nonFinite: number;
}

/** One optimiser step, measured on the device. */
export interface StepEvidence {
  readonly kind: "step";
  /** Steps that are done with this one. */
  readonly step: number;
  readonly modules: readonly ModuleEvidence[];
  /** Trainable parameters, those that moved by not one bit, and those of them that had a gradient; up to 20 names each. */
  readonly parameters: number;
  readonly still: number;
  readonly stillWithGradient: readonly string[];
  /** Norm of the gradient, and the factor that clipping gave it: 1 leaves it alone. */
  readonly grad_norm: number;
  readonly clip_factor: number;
  readonly lr: number;
  readonly lr_backbone: number;
  readonly in_map_share: number;
  readonly losses: Readonly<Record<LossName, number>>;
}

/** Some figures of an evaluation that its line in metrics.jsonl does not hold. */
export interface EvaluationEvidence {
  readonly kind: "evaluation";
  readonly step: number;
  /** Ids of the validation list, and what was scored of them: how many, how many different ones, how many more than once. */
  readonly expected: number;
  readonly samples: number;
  readonly duplicates: number;
  /** Predictions that are not finite; predictions that have a score; predictions all of whose joints coincide. */
  readonly nonFinite: number;
  readonly scored: number;
  readonly collapsed: number;
  readonly nonFiniteIds: readonly string[];
  readonly ranks: number;
}

/**
 * How the run's own evaluation scores hands whose figures are known: five hands that are right, of which some have their
 * joints but the wrist moved by 10 mm, and one is NaN, as two ranks would share them.
 */
export interface ScoringEvidence {
  readonly kind: "scoring";
  readonly step: number;
  /** Ranks that it was tried for, and ranks of the run. */
  readonly triedRanks: number;
  readonly ranks: number;
  readonly given: number;
  /** Samples that were counted, and how many of them more than once. */
  readonly samples: number;
  readonly duplicates: number;
  /** Predictions that are NaN: given, reported, and scored all the same. */
  readonly nanGiven: number;
  readonly nanReported: number;
  readonly nanScored: number;
  /** Mean error of the finite hands, mm: as it must be, and as it was scored; null where there was no figure. */
  readonly expectedMm: number;
  readonly foundMm: number | null;
}

/** The data before the first step. */
export interface DataRunEvidence {
  readonly kind: "data";
  readonly step: number;
  readonly data: DataEvidence;
}

export type RunEvidence = DataRunEvidence | ModelEvidence | StepEvidence | EvaluationEvidence | ScoringEvidence;
