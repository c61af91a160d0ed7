import { auc } from "./auc";
import { fScores } from "./f-score";
import { scaleAndTranslate } from "./mpjpe";
import { countPoints, distancesMm, isFinitePoints, mean, type Points } from "./points";
import { procrustesOfHo3d, transform } from "./procrustes";

/** The keys of HO-3D's scores.txt in its order. Means in centimetres, areas and F-scores from 0 to 1. */
export const HO3D_SCORES = [
  "xyz_mean3d",
  "xyz_auc3d",
  "xyz_procrustes_al_mean3d",
  "xyz_procrustes_al_auc3d",
  "xyz_scale_trans_al_mean3d",
  "xyz_scale_trans_al_auc3d",
  "mesh_mean3d",
  "mesh_auc3d",
  "mesh_al_mean3d",
  "mesh_al_auc3d",
  "f_score_5",
  "f_al_score_5",
  "f_score_15",
  "f_al_score_15",
] as const;

export type Ho3dScore = (typeof HO3D_SCORES)[number];

/** Scores of n frames; null where a frame has none: HO-3D's server says NaN then. */
export type Ho3dScores = Readonly<Record<Ho3dScore, number | null>> & { readonly n: number };

interface Submitted {
  readonly id: string;
  readonly joints: Points; // [21, 3] OpenPose order, metres
  readonly vertices: Points; // [V, 3]
}

const MM_PER_CM = 10;

/**
 * The 14 scores of one frame, [14] in the order of `HO3D_SCORES`, so that it does not matter who scores it; NaN for both
 * scale_trans scores where the predicted bone has no length. Errors are those of the camera frame, and the export puts the
 * predicted wrist at the given one. Throws, naming the frame, when counts differ or a number is not finite: the script would
 * answer NaN for everything.
 */
export function ho3dFrame(prediction: Submitted, truthJoints: Points, truthVertices: Points): Float64Array {
  const { id, joints, vertices } = prediction;
  countPoints(`HO-3D scores: joints of frame ${id}`, joints, truthJoints);
  countPoints(`HO-3D scores: vertices of frame ${id}`, vertices, truthVertices);
  if (!isFinitePoints(joints) || !isFinitePoints(vertices))
    throw new Error(`HO-3D scores: the prediction of frame ${id} holds a number that is not finite`);
  const align = (pred: Points, truth: Points): Points => transform(procrustesOfHo3d(pred, truth), pred);
  const aligned = align(vertices, truthVertices);
  const [f5, f15] = fScores(vertices, truthVertices, [5, 15]);
  const [alignedF5, alignedF15] = fScores(aligned, truthVertices, [5, 15]);
  return Float64Array.of(
    ...distances("xyz", joints, truthJoints),
    ...distances("xyz_procrustes_al", align(joints, truthJoints), truthJoints),
    ...distances("xyz_scale_trans_al", scaleAndTranslate(joints, truthJoints), truthJoints),
    ...distances("mesh", vertices, truthVertices),
    ...distances("mesh_al", aligned, truthVertices),
    ...[f5, alignedF5, f15, alignedF15],
  );
}

/** Mean error in centimetres and area. The script averages over frames, then over points; every point has all frames. */
function distances(what: string, pred: Points | undefined, truth: Points): [mean: number, area: number] {
  const errors = pred && distancesMm(pred, truth);
  return errors ? [mean(what, errors) / MM_PER_CM, auc(errors)] : [Number.NaN, Number.NaN];
}

/**
 * What HO-3D's eval.py would say of a submission. Unlike `Evaluation` it moves nothing, its Procrustes alignment may REFLECT, joints
 * and vertices are aligned each by themselves, and the scale of "scale_trans" is that of one bone. A frame whose predicted bone
 * has no length makes both scale_trans scores null. The order of joints and the axes do not matter as long as both sides have
 * the same. Sums run in the order in which frames are added.
 */
export class Ho3dEvaluation {
  readonly #sums = new Float64Array(HO3D_SCORES.length);
  #n = 0;

  /** Scores one frame. Throws as `ho3dFrame`. */
  add(prediction: Submitted, truthJoints: Points, truthVertices: Points): void {
    this.take(ho3dFrame(prediction, truthJoints, truthVertices));
  }

  /** Adds the scores of a frame, [14], from `ho3dFrame`. */
  take(frame: ArrayLike<number>): void {
    this.#n++;
    for (let i = 0; i < this.#sums.length; i++) this.#sums[i] += frame[i];
  }

  /** Throws when no frame was added. */
  scores(): Ho3dScores {
    if (this.#n === 0) throw new Error("HO-3D scores: no frame was scored, so there are none");
    const means = HO3D_SCORES.map((key, i) => {
      const value = this.#sums[i] / this.#n;
      return [key, Number.isFinite(value) ? value : null] as const;
    });
    return { ...(Object.fromEntries(means) as Record<Ho3dScore, number | null>), n: this.#n };
  }
}

/** scores.txt as HO-3D's script writes it. */
export const scoresText = (scores: Ho3dScores): string =>
  HO3D_SCORES.map((key) => `${key}: ${scores[key]?.toFixed(6) ?? "nan"}\n`).join("");
