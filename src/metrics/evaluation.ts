import { auc, PCK_THRESHOLDS_MM, pckCurve } from "./auc";
import { METRIC_NAMES, METRICS, type MetricName, type SampleMetrics } from "./judge";
import { mean } from "./points";
import {
  type Judged,
  type JudgeOptions,
  judgeSample,
  MODALITIES,
  type Modality,
  type Place,
  type SampleScores,
  type Verdict,
} from "./sample-scores";

/** A mean over n samples; without a sample there is no value, and `refused` says why. */
export interface Measure {
  readonly value: number | null;
  readonly n: number;
  readonly refused?: string;
}

export type Measures = Readonly<Record<MetricName, Measure>>;

/** Means over samples, as they stand in evaluation.json. */
export interface Summary {
  /** Samples that were judged. */
  readonly samples: number;
  /** Samples whose prediction is finite: all others are left out of every mean. */
  readonly valid: number;
  readonly non_finite: number;
  /** Valid samples all of whose joints coincide. */
  readonly collapsed: number;
  /** Valid samples that a reflection fits better than a rotation: there HO-3D's script reports a smaller PA error than these. */
  readonly mirrored: number;
  /** Samples whose id was judged before: each counts again in the means. */
  readonly duplicates: number;
  readonly metrics: Measures;
  /**
   * The same samples scored for two predictors that look at no image, both at the true wrist: all points there, and the mean pose
   * of the training set. What has no meaning for them is not there.
   */
  readonly baselines: {
    readonly zero_pose: Readonly<Partial<Record<MetricName, Measure>>>;
    readonly mean_pose: Readonly<Partial<Record<MetricName, Measure>>>;
  };
}

export interface JointReport {
  /** In OpenPose order. */
  readonly joint: number;
  readonly n: number;
  readonly mpjpe_mm: number | null;
  readonly pa_mpjpe_mm: number | null;
  readonly auc: number | null;
  readonly pa_auc: number | null;
}

/** Everything that is known of an evaluation: evaluation.json. */
export interface EvaluationReport extends Summary {
  /** Up to 20 samples whose prediction is not finite. */
  readonly non_finite_ids: readonly string[];
  readonly modalities: Readonly<Record<Modality, Summary>>;
  readonly sequences: Readonly<Record<string, Summary>>;
  readonly joints: readonly JointReport[];
  /** Shares of joint errors up to each threshold; null without a valid sample. */
  readonly pck: {
    readonly thresholds_mm: readonly number[];
    readonly joints: readonly number[] | null;
    readonly pa_joints: readonly number[] | null;
  };
}

const JOINTS = 21;
const LISTED_IDS = 20;
const noBeat = (): void => undefined;

/**
 * Collects scores of samples and averages them over samples, never over batches or ranks. A non-finite prediction is
 * counted and never replaced, unless `nanAsZero` (the quirk nan-as-zero). The means are taken in the order of the ids, so
 * they do not depend on how samples were dealt to ranks; samples of one id are taken in the order in which they came.
 */
export class Evaluation {
  readonly #scores: SampleScores[] = [];
  readonly #nonFinite: Place[] = [];
  readonly #unscored: Place[] = [];

  constructor(private readonly options: JudgeOptions = {}) {}

  /**
   * Judges one sample; undefined when its prediction is not finite. Throws when shapes differ or the ground truth is not
   * finite, naming the sample.
   */
  add(sample: Judged): SampleScores | undefined {
    const verdict = judgeSample(sample, this.options);
    this.take(verdict);
    return verdict.scores && { ...verdict.place, ...verdict.scores };
  }

  /** Adds a sample that was judged elsewhere, perhaps by another rank. */
  take({ place, nonFinite, scores }: Verdict): void {
    if (nonFinite) this.#nonFinite.push(place);
    if (scores) this.#scores.push({ ...place, ...scores });
    else this.#unscored.push(place);
  }

  /** Means over the samples of one modality, one sequence, or all. Calls `beat` between parts, as `report`. */
  summary(only: Partial<Pick<Judged, "modality" | "sequence">> = {}, beat = noBeat): Summary {
    const scores = selected(this.#scores, only);
    const nonFinite = selected(this.#nonFinite, only);
    const lost = selected(this.#unscored, only);
    const samples = scores.length + lost.length;
    const ids = [...scores, ...lost].map((s) => s.id);
    const measure = (name: MetricName, of: (s: SampleScores) => SampleMetrics | undefined): Measure => {
      beat();
      const values = scores.map((s) => of(s)?.[name]).filter((v) => v !== undefined);
      if (values.length > 0) return { value: mean(METRICS[name].label, values), n: values.length };
      return { value: null, n: 0, refused: `${METRICS[name].label}: ${whyNone(name, samples, lost.length)}` };
    };
    const baseline = (of: (s: SampleScores) => SampleMetrics | undefined): Summary["baselines"]["zero_pose"] =>
      Object.fromEntries(
        METRIC_NAMES.filter((name) => scores.some((s) => of(s)?.[name] !== undefined)).map((name) => [
          name,
          measure(name, of),
        ]),
      );
    return {
      samples,
      valid: scores.length,
      non_finite: nonFinite.length,
      collapsed: scores.filter((s) => s.collapsed).length,
      mirrored: scores.filter((s) => s.mirrored).length,
      duplicates: ids.length - new Set(ids).size,
      metrics: Object.fromEntries(METRIC_NAMES.map((name) => [name, measure(name, (s) => s.metrics)])) as Measures,
      baselines: { zero_pose: baseline((s) => s.zeroPose), mean_pose: baseline((s) => s.meanPose) },
    };
  }

  /** The whole of it: overall, by modality, sequence and joint. Calls `beat` between parts: thousands of samples take a second. */
  report(beat = noBeat): EvaluationReport {
    const scores = selected(this.#scores, {});
    const nonFinite = selected(this.#nonFinite, {});
    const names = [...scores, ...nonFinite].map(({ sequence }) => sequence).filter((s) => s !== undefined);
    const sequences = [...new Set(names)].sort();
    const summary = (only: Parameters<typeof this.summary>[0]): Summary => this.summary(only, beat);
    const curve = (of: (s: SampleScores) => readonly number[]): number[] | null => {
      beat();
      return scores.length === 0 ? null : pckCurve(scores.flatMap((s) => of(s)));
    };
    return {
      ...summary({}),
      non_finite_ids: nonFinite.slice(0, LISTED_IDS).map(({ id }) => id),
      modalities: Object.fromEntries(
        MODALITIES.map((modality) => [modality, summary({ modality })]),
      ) as EvaluationReport["modalities"],
      sequences: Object.fromEntries(sequences.map((sequence) => [sequence, summary({ sequence })])),
      joints: Array.from({ length: JOINTS }, (_, joint) => {
        beat();
        return jointReport(joint, scores);
      }),
      pck: {
        thresholds_mm: PCK_THRESHOLDS_MM,
        joints: curve((s) => s.jointErrorsMm),
        pa_joints: curve((s) => s.alignedJointErrorsMm),
      },
    };
  }
}

/** In the order of their ids. */
function selected<T extends Place>(all: readonly T[], only: Partial<Pick<Judged, "modality" | "sequence">>): T[] {
  return all
    .filter((s) => only.modality === undefined || s.modality === only.modality)
    .filter((s) => only.sequence === undefined || s.sequence === only.sequence)
    .sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
}

/** The end of a sentence on why a metric has no value. */
function whyNone(name: MetricName, samples: number, nonFinite: number): string {
  if (samples === 0) return "no sample was judged, so there is no value";
  const among = `no valid sample among ${samples}, so there is no value`;
  if (nonFinite === samples) return `${among}: ${nonFinite} predictions are not finite`;
  const { of } = METRICS[name];
  if (of === "mesh") return `${among}: no true mesh is known for a finite prediction`;
  return `${among}: no predicted bone from the wrist to the middle finger's knuckle has a length to scale by`;
}

function jointReport(joint: number, scores: readonly SampleScores[]): JointReport {
  const n = scores.length;
  if (n === 0) return { joint, n, mpjpe_mm: null, pa_mpjpe_mm: null, auc: null, pa_auc: null };
  const errors = scores.map((s) => s.jointErrorsMm[joint]);
  const aligned = scores.map((s) => s.alignedJointErrorsMm[joint]);
  return {
    ...{ joint, n },
    mpjpe_mm: mean("joint error", errors),
    pa_mpjpe_mm: mean("joint error", aligned),
    auc: auc(errors),
    pa_auc: auc(aligned),
  };
}
