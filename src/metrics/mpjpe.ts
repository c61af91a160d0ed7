import { distancesMm, mean, type Points, relativeTo } from "./points";
import { align } from "./procrustes";

/** Mean per-joint position error in the camera frame, mm. pred, truth [21, 3] metres. */
export const mpjpeAbsolute = (pred: Points, truth: Points): number => mean("MPJPE", distancesMm(pred, truth));

/** Mean per-joint position error after both wrists (joint 0) are put at the origin, mm. */
export const mpjpe = (pred: Points, truth: Points): number =>
  mean("MPJPE", distancesMm(relativeTo(pred), relativeTo(truth)));

/** The bone whose length HO-3D scales by: wrist to the middle finger's knuckle, joint 4 of HO-3D's order. */
const SCALE_BONE_END = 9;

/**
 * pred [21, 3] scaled so that its bone from the wrist to the middle finger's knuckle is as long as the true one, with its wrist at the
 * true wrist; undefined where the predicted bone has no length. HO-3D's eval.py, align_sc_tr, which leaves such a
 * prediction unscaled; HO-3D's server reports NaN for it.
 */
export function scaleAndTranslate(pred: Points, truth: Points): Float64Array | undefined {
  const length = (points: Points): number =>
    Math.hypot(...[0, 1, 2].map((c) => points[3 * SCALE_BONE_END + c] - points[c]));
  const predicted = length(pred);
  if (predicted === 0) return undefined;
  const scale = length(truth) / predicted;
  return relativeTo(pred).map((x, i) => scale * x + truth[i % 3]);
}

/** Mean per-joint position error after Procrustes alignment (similarity, no reflection), mm. */
export const paMpjpe = (pred: Points, truth: Points): number =>
  mean("PA-MPJPE", distancesMm(align(pred, truth), truth));

/** Mean per-vertex position error relative to the wrist joints, mm. Vertices [V, 3], wrists [3] metres. */
export const mpvpe = (pred: Points, truth: Points, predWrist: Points, truthWrist: Points): number =>
  mean("MPVPE", distancesMm(relativeTo(pred, predWrist), relativeTo(truth, truthWrist)));

/** Mean per-vertex position error after the vertices' own Procrustes alignment, mm. */
export const paMpvpe = (pred: Points, truth: Points): number =>
  mean("PA-MPVPE", distancesMm(align(pred, truth), truth));
