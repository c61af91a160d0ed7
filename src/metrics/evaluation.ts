import { auc, PCK_THRESHOLDS_MM, pckCurve } from "./auc";
import { meanPoseAt, zeroPose } from "./baselines";
import { judgeJoints, judgeMesh, METRIC_NAMES, METRICS, type MetricName, type SampleMetrics } from "./judge";
import { isFinitePoints, mean, type Points } from "./points";

export const MODALITIES = ["RGB-D", "RGB"] as const;

/** What the network was shown: an image with its depth, or the image alone. */
export type Modality = (typeof MODALITIES)[number];

/** A prediction and its ground truth, metres, camera frame. */
export interface Judged {
  readonly id: string;
  readonly joints: Points; // [21, 3]
  readonly truthJoints: Points; // [21, 3]
  /** Both or none; relative to the wrist joints. */
  readonly vertices?: Points; // [V, 3]
  readonly truthVertices?: Points; // [V, 3]
  readonly modality?: Modality;
  readonly sequence?: string;
}

type Place = Pick<Judged, "id" | "modality" | "sequence">;

export interface SampleScores extends Place {
  readonly metrics: SampleMetrics;
  readonly zeroPose: SampleMetrics;
  readonly meanPose: SampleMetrics | undefined;
  /** Wrist-relative error of each joint, and the same after Procrustes alignment, mm. */
  readonly jointErrorsMm: readonly number[];
  readonly alignedJointErrorsMm: readonly number[];
  readonly collapsed: boolean;
  readonly mirrored: boolean;
}

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

/** What ranks send each other: plain data. */
export interface EvaluationPart {
  readonly scores: readonly SampleScores[];
  readonly nonFinite: readonly Place[];
}

const JOINTS = 21;
const LISTED_IDS = 20;

/**
 * Collects scores of samples and averages them over samples, never over batches or ranks. A non-finite prediction is
 * counted and never replaced, unless `nanAsZero` (the quirk nan-as-zero). The means are taken in the order of the ids, so
 * they do not depend on how samples were dealt to ranks.
 */
export class Evaluation {
  readonly #scores: SampleScores[] = [];
  readonly #nonFinite: Place[] = [];

  constructor(
    private readonly options: {
      /** Wrist-relative joints [21, 3] of the mean-pose baseline. */
      readonly meanPose?: Points;
      readonly nanAsZero?: boolean;
    } = {},
  ) {}

  /**
   * Judges one sample; undefined when its prediction is not finite. Throws when shapes differ or the ground truth is not
   * finite, naming the sample.
   */
  add(sample: Judged): SampleScores | undefined {
    const { id, modality, sequence, truthJoints, truthVertices } = sample;
    for (const [what, truth] of [
      ["joints", truthJoints],
      ["vertices", truthVertices],
    ] as const) {
      if (truth && !isFinitePoints(truth)) throw new Error(`sample ${id}: true ${what} hold a non-finite number`);
    }
    let { joints, vertices } = sample;
    if (joints.length !== truthJoints.length || vertices?.length !== truthVertices?.length) {
      throw new Error(
        `sample ${id}: ${joints.length / 3} joints and ${(vertices?.length ?? 0) / 3} vertices predicted, ${truthJoints.length / 3} and ${(truthVertices?.length ?? 0) / 3} expected`,
      );
    }
    const place = { id, modality, sequence };
    if (!isFinitePoints(joints) || (vertices && !isFinitePoints(vertices))) {
      this.#nonFinite.push(place);
      if (!this.options.nanAsZero) return undefined;
      joints = zeroNonFinite(joints);
      vertices = vertices && zeroNonFinite(vertices);
    }
    const scores = { ...place, ...this.#judge({ ...sample, joints, vertices }) };
    this.#scores.push(scores);
    return scores;
  }

  #judge({ joints, truthJoints, vertices, truthVertices }: Judged): Omit<SampleScores, keyof Place> {
    const judged = judgeJoints(joints, truthJoints);
    const zero = zeroPose(truthJoints);
    const mesh = vertices && truthVertices && judgeMesh(vertices, truthVertices, joints, truthJoints);
    const zeroMesh = truthVertices?.map((_, i) => truthJoints[i % 3]);
    const { meanPose } = this.options;
    return {
      metrics: { ...judged.metrics, ...mesh },
      zeroPose: atTrueWrist({
        ...judgeJoints(zero, truthJoints).metrics,
        ...(zeroMesh && truthVertices && judgeMesh(zeroMesh, truthVertices, truthJoints, truthJoints)),
      }),
      meanPose: meanPose && atTrueWrist(judgeJoints(meanPoseAt(meanPose, truthJoints), truthJoints).metrics),
      jointErrorsMm: [...judged.errorsMm],
      alignedJointErrorsMm: [...judged.alignedErrorsMm],
      collapsed: judged.collapsed,
      mirrored: judged.mirrorIsCloser,
    };
  }

  /** Everything collected here, to be merged elsewhere. */
  get part(): EvaluationPart {
    return { scores: this.#scores, nonFinite: this.#nonFinite };
  }

  /** Adds what another rank collected. */
  merge(part: EvaluationPart): void {
    this.#scores.push(...part.scores);
    this.#nonFinite.push(...part.nonFinite);
  }

  /** Means over the samples of one modality, one sequence, or all. */
  summary(only: Partial<Pick<Judged, "modality" | "sequence">> = {}): Summary {
    const scores = selected(this.#scores, only);
    const nonFinite = selected(this.#nonFinite, only);
    const lost = this.options.nanAsZero ? [] : nonFinite;
    const samples = scores.length + lost.length;
    const ids = [...scores, ...lost].map((s) => s.id);
    const measure = (name: MetricName, of: (s: SampleScores) => SampleMetrics | undefined): Measure => {
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

  /** The whole of it: overall, by modality, sequence and joint. */
  report(): EvaluationReport {
    const scores = selected(this.#scores, {});
    const nonFinite = selected(this.#nonFinite, {});
    const names = [...scores, ...nonFinite].map(({ sequence }) => sequence).filter((s) => s !== undefined);
    const sequences = [...new Set(names)].sort();
    const curve = (of: (s: SampleScores) => readonly number[]): number[] | null =>
      scores.length === 0 ? null : pckCurve(scores.flatMap((s) => of(s)));
    return {
      ...this.summary(),
      non_finite_ids: nonFinite.slice(0, LISTED_IDS).map(({ id }) => id),
      modalities: Object.fromEntries(
        MODALITIES.map((modality) => [modality, this.summary({ modality })]),
      ) as EvaluationReport["modalities"],
      sequences: Object.fromEntries(sequences.map((sequence) => [sequence, this.summary({ sequence })])),
      joints: Array.from({ length: JOINTS }, (_, joint) => jointReport(joint, scores)),
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

/** A baseline is put at the true wrist: that its absolute error is small is no merit. */
function atTrueWrist({ mpjpe_absolute_mm: _, mpvpe_absolute_mm: __, ...metrics }: SampleMetrics): SampleMetrics {
  return metrics;
}

const zeroNonFinite = (points: Points): Float64Array => Float64Array.from(points, (x) => (Number.isFinite(x) ? x : 0));
