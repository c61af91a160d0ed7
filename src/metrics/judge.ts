import { auc } from "./auc";
import { fScores } from "./f-score";
import { scaleAndTranslate } from "./mpjpe";
import { distancesMm, mean, type Points, relativeTo } from "./points";
import { procrustes, transform } from "./procrustes";

/** Every figure, under the name that it has in files: how people write it, what it is measured on, its unit. */
export const METRICS = {
  mpjpe_mm: { label: "MPJPE", of: "joints", unit: "mm" },
  mpjpe_absolute_mm: { label: "absolute MPJPE", of: "joints", unit: "mm" },
  st_mpjpe_mm: { label: "ST-MPJPE", of: "scaled joints", unit: "mm" },
  pa_mpjpe_mm: { label: "PA-MPJPE", of: "joints", unit: "mm" },
  auc_joints: { label: "AUC of joints", of: "joints", unit: "share" },
  st_auc_joints: { label: "ST-AUC of joints", of: "scaled joints", unit: "share" },
  pa_auc_joints: { label: "PA-AUC of joints", of: "joints", unit: "share" },
  mpvpe_mm: { label: "MPVPE", of: "mesh", unit: "mm" },
  mpvpe_absolute_mm: { label: "absolute MPVPE", of: "mesh", unit: "mm" },
  pa_mpvpe_mm: { label: "PA-MPVPE", of: "mesh", unit: "mm" },
  auc_vertices: { label: "AUC of vertices", of: "mesh", unit: "share" },
  pa_auc_vertices: { label: "PA-AUC of vertices", of: "mesh", unit: "share" },
  f_5mm: { label: "F@5 mm", of: "mesh", unit: "share" },
  f_15mm: { label: "F@15 mm", of: "mesh", unit: "share" },
  pa_f_5mm: { label: "PA-F@5 mm", of: "mesh", unit: "share" },
  pa_f_15mm: { label: "PA-F@15 mm", of: "mesh", unit: "share" },
} as const;

export type MetricName = keyof typeof METRICS;

export const METRIC_NAMES = Object.keys(METRICS) as MetricName[];

/** Figures of one sample; what is not there has no value for it. */
export type SampleMetrics = Readonly<Partial<Record<MetricName, number>>>;

export interface JointsJudged {
  readonly metrics: SampleMetrics;
  /** Wrist-relative error of each joint, mm. */
  readonly errorsMm: Float64Array;
  /** The same after Procrustes alignment. */
  readonly alignedErrorsMm: Float64Array;
  /** All predicted joints coincide. */
  readonly collapsed: boolean;
  /** A reflection would bring the joints closer than any rotation does. */
  readonly mirrorIsCloser: boolean;
}

const F_THRESHOLDS_MM = [5, 15];

/** Errors of joints [21, 3] in metres. MPJPE and its area are relative to the wrist; PA is without reflection. */
export function judgeJoints(joints: Points, truth: Points): JointsJudged {
  const errorsMm = distancesMm(relativeTo(joints), relativeTo(truth));
  const similarity = procrustes(joints, truth);
  const alignedErrorsMm = distancesMm(transform(similarity, joints), truth);
  const scaled = scaleAndTranslate(joints, truth);
  const scaledErrors = scaled && distancesMm(scaled, truth);
  return {
    metrics: {
      mpjpe_mm: mean("MPJPE", errorsMm),
      mpjpe_absolute_mm: mean("MPJPE", distancesMm(joints, truth)),
      pa_mpjpe_mm: mean("PA-MPJPE", alignedErrorsMm),
      auc_joints: auc(errorsMm),
      pa_auc_joints: auc(alignedErrorsMm),
      ...(scaledErrors && { st_mpjpe_mm: mean("ST-MPJPE", scaledErrors), st_auc_joints: auc(scaledErrors) }),
    },
    errorsMm,
    alignedErrorsMm,
    collapsed: similarity.collapsed,
    mirrorIsCloser: similarity.mirrorIsCloser,
  };
}

/** Errors of a mesh [V, 3] in metres, relative to the wrist joints [3]; PA aligns the vertices by themselves. */
export function judgeMesh(vertices: Points, truth: Points, wrist: Points, truthWrist: Points): SampleMetrics {
  const relative = relativeTo(vertices, wrist);
  const relativeTruth = relativeTo(truth, truthWrist);
  const errors = distancesMm(relative, relativeTruth);
  const similarity = procrustes(vertices, truth);
  const aligned = transform(similarity, vertices);
  const alignedErrors = distancesMm(aligned, truth);
  // Of points that coincide one is enough: each has the same nearest neighbour. It spares V times V distances.
  const distinct = (points: Float64Array): Float64Array => (similarity.collapsed ? points.subarray(0, 3) : points);
  const [f5, f15] = fScores(distinct(relative), relativeTruth, F_THRESHOLDS_MM);
  const [paF5, paF15] = fScores(distinct(aligned), truth, F_THRESHOLDS_MM);
  return {
    mpvpe_mm: mean("MPVPE", errors),
    mpvpe_absolute_mm: mean("MPVPE", distancesMm(vertices, truth)),
    pa_mpvpe_mm: mean("PA-MPVPE", alignedErrors),
    auc_vertices: auc(errors),
    pa_auc_vertices: auc(alignedErrors),
    f_5mm: f5,
    f_15mm: f15,
    pa_f_5mm: paF5,
    pa_f_15mm: paF15,
  };
}
