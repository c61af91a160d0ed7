import { meanPoseAt, zeroPose } from "./baselines";
import { judgeJoints, judgeMesh, type SampleMetrics } from "./judge";
import { isFinitePoints, type Points } from "./points";

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

/** Where a sample belongs. */
export type Place = Pick<Judged, "id" | "modality" | "sequence">;

/** Every figure of one prediction. */
export interface Scores {
  readonly metrics: SampleMetrics;
  readonly zeroPose: SampleMetrics;
  /** Undefined without a mean pose. */
  readonly meanPose: SampleMetrics | undefined;
  /** Wrist-relative error of each joint, and the same after Procrustes alignment, mm. */
  readonly jointErrorsMm: readonly number[];
  readonly alignedJointErrorsMm: readonly number[];
  readonly collapsed: boolean;
  readonly mirrored: boolean;
}

export type SampleScores = Place & Scores;

/** What is to be known of one sample to average over many: plain data. */
export interface Verdict {
  readonly place: Place;
  /** The prediction holds a number that is not finite. */
  readonly nonFinite: boolean;
  /** Undefined where the prediction is not finite, unless it was scored as zeros. */
  readonly scores: Scores | undefined;
}

export interface JudgeOptions {
  /** Wrist-relative joints [21, 3] of the mean-pose baseline. */
  readonly meanPose?: Points;
  /** Scores non-finite coordinates as zeros: the quirk nan-as-zero. */
  readonly nanAsZero?: boolean;
}

/**
 * Judges one sample by itself, so that it does not matter who judges it. Throws when shapes differ or the ground truth is not
 * finite, naming the sample.
 */
export function judgeSample(sample: Judged, options: JudgeOptions): Verdict {
  const { id, modality, sequence, truthJoints, truthVertices } = sample;
  for (const [what, truth] of [
    ["joints", truthJoints],
    ["vertices", truthVertices],
  ] as const) {
    if (truth && !isFinitePoints(truth)) throw new Error(`sample ${id}: true ${what} hold a non-finite number`);
  }
  const { joints, vertices } = sample;
  if (joints.length !== truthJoints.length || vertices?.length !== truthVertices?.length) {
    throw new Error(
      `sample ${id}: ${joints.length / 3} joints and ${(vertices?.length ?? 0) / 3} vertices predicted, ${truthJoints.length / 3} and ${(truthVertices?.length ?? 0) / 3} expected`,
    );
  }
  const place = { id, modality, sequence };
  const nonFinite = !isFinitePoints(joints) || (vertices !== undefined && !isFinitePoints(vertices));
  if (!nonFinite) return { place, nonFinite, scores: scoresOf(sample, options.meanPose) };
  // quirk nan-as-zero: a prediction that is no number gets the calm figures of a hand at the origin.
  if (!options.nanAsZero) return { place, nonFinite, scores: undefined };
  const zeroed = { joints: zeroNonFinite(joints), vertices: vertices && zeroNonFinite(vertices) };
  return { place, nonFinite, scores: scoresOf({ ...sample, ...zeroed }, options.meanPose) };
}

function scoresOf({ joints, truthJoints, vertices, truthVertices }: Judged, meanPose: Points | undefined): Scores {
  const judged = judgeJoints(joints, truthJoints);
  const zero = zeroPose(truthJoints);
  const mesh = vertices && truthVertices && judgeMesh(vertices, truthVertices, joints, truthJoints);
  const zeroMesh = truthVertices?.map((_, i) => truthJoints[i % 3]);
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

/** A baseline is put at the true wrist: that its absolute error is small is no merit. */
function atTrueWrist({ mpjpe_absolute_mm: _, mpvpe_absolute_mm: __, ...metrics }: SampleMetrics): SampleMetrics {
  return metrics;
}

const zeroNonFinite = (points: Points): Float64Array => Float64Array.from(points, (x) => (Number.isFinite(x) ? x : 0));
