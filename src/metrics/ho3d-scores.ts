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
 * What HO-3D's eval.py would say of a submission. Unlike `Evaluation` it moves nothing: errors are those of the camera frame, and
 * the export puts the predicted wrist at the given one. Its Procrustes alignment may REFLECT, joints and vertices are aligned
 * each by themselves, and the scale of "scale_trans" is that of one bone. A frame whose predicted bone has no length makes
 * both scale_trans scores null. The order of joints and the axes do not matter as long as both sides have the same.
 */
export class Ho3dEvaluation {
  readonly #sums = new Map<Ho3dScore, number>();
  #n = 0;

  /** Throws, naming the frame, when counts differ or a number is not finite: the script would answer NaN for everything. */
  add(prediction: Submitted, truthJoints: Points, truthVertices: Points): void {
    const { id, joints, vertices } = prediction;
    countPoints(`HO-3D scores: joints of frame ${id}`, joints, truthJoints);
    countPoints(`HO-3D scores: vertices of frame ${id}`, vertices, truthVertices);
    if (!isFinitePoints(joints) || !isFinitePoints(vertices))
      throw new Error(`HO-3D scores: the prediction of frame ${id} holds a number that is not finite`);
    this.#n++;
    const align = (pred: Points, truth: Points): Points => transform(procrustesOfHo3d(pred, truth), pred);
    this.#addDistances("xyz", joints, truthJoints);
    this.#addDistances("xyz_procrustes_al", align(joints, truthJoints), truthJoints);
    this.#addDistances("xyz_scale_trans_al", scaleAndTranslate(joints, truthJoints), truthJoints);
    this.#addDistances("mesh", vertices, truthVertices);
    const aligned = align(vertices, truthVertices);
    this.#addDistances("mesh_al", aligned, truthVertices);
    const [f5, f15] = fScores(vertices, truthVertices, [5, 15]);
    const [alignedF5, alignedF15] = fScores(aligned, truthVertices, [5, 15]);
    this.#addTo("f_score_5", f5);
    this.#addTo("f_score_15", f15);
    this.#addTo("f_al_score_5", alignedF5);
    this.#addTo("f_al_score_15", alignedF15);
  }

  /** Throws when no frame was added. */
  scores(): Ho3dScores {
    if (this.#n === 0) throw new Error("HO-3D scores: no frame was scored, so there are none");
    const means = HO3D_SCORES.map((key) => {
      const value = this.#sums.get(key)! / this.#n;
      return [key, Number.isFinite(value) ? value : null] as const;
    });
    return { ...(Object.fromEntries(means) as Record<Ho3dScore, number | null>), n: this.#n };
  }

  /** The script averages over frames, then over points; every point has all frames, so one mean is the same. */
  #addDistances(
    what: "xyz" | "xyz_procrustes_al" | "xyz_scale_trans_al" | "mesh" | "mesh_al",
    pred: Points | undefined,
    truth: Points,
  ): void {
    const errors = pred && distancesMm(pred, truth);
    this.#addTo(`${what}_mean3d`, errors ? mean(what, errors) / MM_PER_CM : Number.NaN);
    this.#addTo(`${what}_auc3d`, errors ? auc(errors) : Number.NaN);
  }

  #addTo(key: Ho3dScore, value: number): void {
    this.#sums.set(key, (this.#sums.get(key) ?? 0) + value);
  }
}

/** scores.txt as HO-3D's script writes it. */
export const scoresText = (scores: Ho3dScores): string =>
  HO3D_SCORES.map((key) => `${key}: ${scores[key]?.toFixed(6) ?? "nan"}\n`).join("");
