import { distancesMm, mean, type Points, relativeTo } from "./points";
import { align } from "./procrustes";

/** Mean per-joint position error in the camera frame, mm. pred, truth [21, 3] metres. */
export const mpjpeAbsolute = (pred: Points, truth: Points): number => mean("MPJPE", distancesMm(pred, truth));

/** Mean per-joint position error after both wrists (joint 0) are put at the origin, mm. */
export const mpjpe = (pred: Points, truth: Points): number =>
  mean("MPJPE", distancesMm(relativeTo(pred), relativeTo(truth)));

/** Mean per-joint position error after Procrustes alignment (similarity, no reflection), mm. */
export const paMpjpe = (pred: Points, truth: Points): number =>
  mean("PA-MPJPE", distancesMm(align(pred, truth), truth));

/** Mean per-vertex position error relative to the wrist joints, mm. Vertices [V, 3], wrists [3] metres. */
export const mpvpe = (pred: Points, truth: Points, predWrist: Points, truthWrist: Points): number =>
  mean("MPVPE", distancesMm(relativeTo(pred, predWrist), relativeTo(truth, truthWrist)));

/** Mean per-vertex position error after the vertices' own Procrustes alignment, mm. */
export const paMpvpe = (pred: Points, truth: Points): number =>
  mean("PA-MPVPE", distancesMm(align(pred, truth), truth));
