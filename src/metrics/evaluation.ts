import { auc } from "./auc";
import { meanPoseAt, zeroPose } from "./baselines";
import { fScores } from "./f-score";
import { mpjpe, paMpjpe } from "./mpjpe";
import { distancesMm, isFinitePoints, mean, type Points, relativeTo } from "./points";
import { procrustes, transform } from "./procrustes";

/** A prediction and its ground truth, metres, camera frame. */
export interface Judged {
  readonly id: string;
  readonly joints: Points; // [21, 3]
  readonly truthJoints: Points; // [21, 3]
  /** Both or none; relative to the wrist joints. */
  readonly vertices?: Points; // [V, 3]
  readonly truthVertices?: Points; // [V, 3]
  /** What the sample counts under beside the whole, "RGB-D" or "RGB". */
  readonly group?: string;
}

/** The figures of one sample or, as means, of many. Errors in mm, areas and F-scores from 0 to 1. */
interface Scores {
  readonly mpjpeMm: number;
  readonly mpjpeAbsoluteMm: number;
  readonly paMpjpeMm: number;
  readonly aucJoints: number;
  readonly paAucJoints: number;
  /** All joints at the true wrist. */
  readonly zeroPoseMpjpeMm: number;
  readonly zeroPosePaMpjpeMm: number;
  /** The training set's mean pose at the true wrist. */
  readonly meanPoseMpjpeMm?: number;
  readonly meanPosePaMpjpeMm?: number;
  readonly mpvpeMm?: number;
  readonly paMpvpeMm?: number;
  readonly aucVertices?: number;
  readonly paAucVertices?: number;
  readonly f5?: number;
  readonly f15?: number;
  readonly paF5?: number;
  readonly paF15?: number;
}

export interface SampleScores extends Scores {
  readonly id: string;
  readonly group: string | undefined;
  /** Wrist-relative error of each joint, mm. */
  readonly jointErrorsMm: readonly number[];
  /** All predicted joints coincide. */
  readonly collapsed: boolean;
}

export interface Summary extends Scores {
  /** Samples that were judged, and what was left out of the means or is suspect. */
  readonly samples: number;
  readonly valid: number;
  /** Valid samples whose mesh is known: the means of mesh figures are over these alone. */
  readonly meshes: number;
  readonly nonFinite: number;
  readonly collapsed: number;
  /** Samples whose id was judged before: each counts again in the means. */
  readonly duplicates: number;
  readonly perJointMm: readonly number[];
}

/** What ranks send each other: plain data. */
export interface EvaluationPart {
  readonly scores: readonly SampleScores[];
  readonly nonFinite: readonly { readonly id: string; readonly group: string | undefined }[];
}

const F_THRESHOLDS_MM = [5, 15];

/**
 * Collects scores of samples and averages them over samples, never over batches or ranks. A non-finite prediction is
 * counted and never replaced, unless `nanAsZero` (the quirk nan-as-zero). The means are taken in the order of the ids, so
 * they do not depend on how samples were dealt to ranks.
 */
export class Evaluation {
  readonly #scores: SampleScores[] = [];
  readonly #nonFinite: { readonly id: string; readonly group: string | undefined }[] = [];

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
    const { id, group, truthJoints, truthVertices } = sample;
    for (const [what, truth] of [
      ["joints", truthJoints],
      ["vertices", truthVertices],
    ] as const) {
      if (truth && !isFinitePoints(truth)) throw new Error(`sample ${id}: true ${what} hold a non-finite number`);
    }
    let { joints, vertices } = sample;
    if (!isFinitePoints(joints) || (vertices && !isFinitePoints(vertices))) {
      this.#nonFinite.push({ id, group });
      if (!this.options.nanAsZero) return undefined;
      joints = zeroNonFinite(joints);
      vertices = vertices && zeroNonFinite(vertices);
    }
    const scores = { id, group, ...this.#judge({ ...sample, joints, vertices }) };
    this.#scores.push(scores);
    return scores;
  }

  #judge({ id, joints, truthJoints, vertices, truthVertices }: Judged): Omit<SampleScores, "id" | "group"> {
    if (joints.length !== truthJoints.length || vertices?.length !== truthVertices?.length) {
      throw new Error(
        `sample ${id}: ${joints.length / 3} joints and ${(vertices?.length ?? 0) / 3} vertices predicted, ${truthJoints.length / 3} and ${(truthVertices?.length ?? 0) / 3} expected`,
      );
    }
    const jointErrors = distancesMm(relativeTo(joints), relativeTo(truthJoints));
    const similarity = procrustes(joints, truthJoints);
    const aligned = distancesMm(transform(similarity, joints), truthJoints);
    const zero = zeroPose(truthJoints);
    const { meanPose } = this.options;
    const average = meanPose && meanPoseAt(meanPose, truthJoints);
    return {
      mpjpeMm: mean("MPJPE", jointErrors),
      mpjpeAbsoluteMm: mean("MPJPE", distancesMm(joints, truthJoints)),
      paMpjpeMm: mean("PA-MPJPE", aligned),
      aucJoints: auc(jointErrors),
      paAucJoints: auc(aligned),
      zeroPoseMpjpeMm: mpjpe(zero, truthJoints),
      zeroPosePaMpjpeMm: paMpjpe(zero, truthJoints),
      ...(average && {
        meanPoseMpjpeMm: mpjpe(average, truthJoints),
        meanPosePaMpjpeMm: paMpjpe(average, truthJoints),
      }),
      ...(vertices && truthVertices && judgeMesh(vertices, truthVertices, joints, truthJoints)),
      jointErrorsMm: [...jointErrors],
      collapsed: similarity.collapsed,
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

  /**
   * Means over the valid samples, of one group or all; figures of the mesh over those that have one. Throws when there is no
   * valid sample.
   */
  summary(group?: string): Summary {
    const of = <T extends { readonly id: string; readonly group: string | undefined }>(all: readonly T[]): T[] =>
      all
        .filter((s) => group === undefined || s.group === group)
        .sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
    const scores = of(this.#scores);
    const nonFinite = of(this.#nonFinite);
    const samples = scores.length + (this.options.nanAsZero ? 0 : nonFinite.length);
    if (scores.length === 0) {
      throw new Error(
        `evaluation${group === undefined ? "" : ` of ${group}`}: no valid sample among ${samples} (${nonFinite.length} predictions are not finite), so there is no metric`,
      );
    }
    const meshes = scores.filter(({ mpvpeMm }) => mpvpeMm !== undefined).length;
    const average = (key: keyof Scores): number | undefined => {
      const values = scores.map((s) => s[key]).filter((v) => v !== undefined);
      if (values.length === 0) return undefined;
      if (values.length !== (MESH_KEYS.includes(key) ? meshes : scores.length))
        throw new Error(
          `evaluation: ${key} exists for ${values.length} of ${scores.length} samples, expected all or none`,
        );
      return mean(key, values);
    };
    const means = Object.fromEntries(
      SCORE_KEYS.map((key) => [key, average(key)] as const).filter(([, value]) => value !== undefined),
    ) as unknown as Scores;
    const ids = [...scores, ...(this.options.nanAsZero ? [] : nonFinite)].map((s) => s.id);
    return {
      ...means,
      samples,
      valid: scores.length,
      meshes,
      nonFinite: nonFinite.length,
      collapsed: scores.filter((s) => s.collapsed).length,
      duplicates: ids.length - new Set(ids).size,
      perJointMm: scores[0].jointErrorsMm.map((_, j) =>
        mean(
          "joint error",
          scores.map((s) => s.jointErrorsMm[j]),
        ),
      ),
    };
  }
}

const MESH_KEYS: readonly (keyof Scores)[] = [
  ...(["mpvpeMm", "paMpvpeMm", "aucVertices", "paAucVertices", "f5", "f15", "paF5", "paF15"] as const),
];

const SCORE_KEYS: readonly (keyof Scores)[] = [
  ...(["mpjpeMm", "mpjpeAbsoluteMm", "paMpjpeMm", "aucJoints", "paAucJoints"] as const),
  ...(["zeroPoseMpjpeMm", "zeroPosePaMpjpeMm", "meanPoseMpjpeMm", "meanPosePaMpjpeMm"] as const),
  ...MESH_KEYS,
];

function judgeMesh(pred: Points, truth: Points, predJoints: Points, truthJoints: Points): Partial<Scores> {
  const relative = relativeTo(pred, predJoints);
  const relativeTruth = relativeTo(truth, truthJoints);
  const errors = distancesMm(relative, relativeTruth);
  const aligned = transform(procrustes(pred, truth), pred);
  const alignedErrors = distancesMm(aligned, truth);
  const [f5, f15] = fScores(relative, relativeTruth, F_THRESHOLDS_MM);
  const [paF5, paF15] = fScores(aligned, truth, F_THRESHOLDS_MM);
  return {
    mpvpeMm: mean("MPVPE", errors),
    paMpvpeMm: mean("PA-MPVPE", alignedErrors),
    aucVertices: auc(errors),
    paAucVertices: auc(alignedErrors),
    ...{ f5, f15, paF5, paF15 },
  };
}

const zeroNonFinite = (points: Points): Float64Array => Float64Array.from(points, (x) => (Number.isFinite(x) ? x : 0));
