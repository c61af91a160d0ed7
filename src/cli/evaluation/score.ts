/** The evaluation of `evaluate`: all figures of a data set, on one rank or shared by several. */

import type { CropSet } from "../../data/crop-set";
import { asWritten, placeAtWrist } from "../../export/pred-json";
import { HO3D_SCORES, Ho3dEvaluation, type Ho3dScores, ho3dFrame } from "../../metrics/ho3d-scores";
import { isFinitePoints } from "../../metrics/points";
import { type Evaluated, evaluate, predictAll } from "../../train/evaluate";
import { evaluationTables, type Predicted } from "../../train/gather";
import type { TrainGroup } from "../../train/ranks";
import type { Recording } from "../../train/record";
import type { EvaluationData } from "./data";

/** HO-3D's own figures, or a sentence on why there are none; undefined where its protocol does not apply. */
export type Official = Ho3dScores | { readonly refused: string } | undefined;

/** All figures of an evaluation. */
export interface Found extends Evaluated {
  readonly ho3d: Official;
}

/** Predictions alone where nothing is known to score against. */
export type Scored = Found | Pick<Found, "predictions">;

/** How an evaluation is made. */
export interface ScoreOptions {
  readonly quirks: ReadonlySet<string>;
  readonly wantsPredictions: boolean;
  /** This rank's samples that are done, of all of this rank's. */
  readonly onProgress: (done: number, total: number) => void;
  /** Ranks that share the evaluation, with the tables of `scoreTables`. */
  readonly group?: TrainGroup;
}

/**
 * Scores of all samples, with depth and without it, and their predictions where they are wanted; predictions alone when
 * nothing is known to score against. Every rank of a group has all of them.
 */
export async function score(
  recording: Recording,
  data: EvaluationData,
  { quirks, wantsPredictions, onProgress, group }: ScoreOptions,
): Promise<Scored> {
  const { loader, meanPose, truthVertices, set, isHo3d } = data;
  if (meanPose === undefined) return { predictions: await predictAll(recording, loader, onProgress, group) };
  const evaluated = await evaluate(recording, loader, meanPose, onProgress, {
    group,
    quirks,
    truthVertices,
    alsoWithoutDepth: true,
    wantsPredictions,
    measure: isHo3d ? OFFICIAL : undefined,
  });
  if (!isHo3d) return { ...evaluated, ho3d: undefined };
  return { ...evaluated, ho3d: officialScores(loader.ids, evaluated.measures, droppedFrames(set)) };
}

/** The tables that a group needs for `score`. */
export const scoreTables = (
  { loader, hand, isHo3d }: EvaluationData,
  wantsPredictions: boolean,
): ReturnType<typeof evaluationTables> =>
  evaluationTables(loader.ids.length, {
    vertices: wantsPredictions ? hand.vertexCount : undefined,
    measures: isHo3d ? OFFICIAL.columns : undefined,
  });

/** What keeps a frame out of HO-3D's protocol, which has no way to leave one out. */
const OBSTACLES = [undefined, "the prediction of ID is not finite", "the true mesh of ID is not known"] as const;

/** Number of a frame's obstacle, and its scores where it has none. */
const OFFICIAL = {
  columns: 1 + HO3D_SCORES.length,
  of(sample: Predicted): ArrayLike<number> {
    const { joints, vertices, truthJoints, truthVertices } = sample;
    const row = new Float64Array(1 + HO3D_SCORES.length);
    if (!isFinitePoints(joints) || !isFinitePoints(vertices)) row[0] = 1;
    else if (truthVertices === undefined) row[0] = 2;
    else {
      const [x, y, z] = truthJoints;
      row.set(ho3dFrame(asWritten(placeAtWrist(sample, [x, y, z])), truthJoints, truthVertices), 1);
    }
    return row;
  },
};

/** HO-3D's figures from what `OFFICIAL` says of each sample, or why there are none. */
function officialScores(
  ids: readonly string[],
  measures: ArrayLike<number>,
  dropped: string | undefined,
): NonNullable<Official> {
  const official = new Ho3dEvaluation();
  for (const [place, id] of ids.entries()) {
    const row = Array.from({ length: OFFICIAL.columns }, (_, i) => measures[place * OFFICIAL.columns + i]);
    const obstacle = OBSTACLES[row[0]];
    if (obstacle)
      return { refused: `HO-3D's scores are over every frame, so there are none: ${obstacle.replace("ID", id)}` };
    official.take(row.slice(1));
  }
  return dropped === undefined ? official.scores() : { refused: dropped };
}

/** The first frame of the list that cannot be used, and how many there are; undefined when all can. */
function droppedFrames({ report }: CropSet): string | undefined {
  const [dropped] = report.dropped;
  if (!dropped) return undefined;
  const [reason, { count, example }] = dropped;
  return `HO-3D's scores are over every frame, so there are none: ${count} cannot be used: ${reason} (first: ${example})`;
}
