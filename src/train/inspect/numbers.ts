/** Losses and errors of one sample, by the code that evaluates. */

import type { Config } from "../../config";
import type { Batch } from "../../data/batch";
import { distancesMm, type Points, relativeTo } from "../../metrics/points";
import { align } from "../../metrics/procrustes";
import { judgeSample, type Verdict } from "../../metrics/sample-scores";
import { predictBatch } from "../evaluate";
import type { Predicted } from "../gather";
import { TERMS } from "../score-rows";
import type { LookRecording } from "./recording";
import type { LookNumbers, LossTerm, SampleErrors } from "./types";

/** What the network says of one sample, metres, and the figures of it. */
export interface Numbered {
  readonly numbers: LookNumbers;
  readonly refined: Predicted;
  readonly coarse: Pick<Predicted, "joints" | "vertices">;
}

/** Runs `recording` on a batch of one sample that the network sees as `shown`; what it keeps can be read until it runs again. */
export async function numbersOf(
  recording: LookRecording,
  batch: Batch,
  shown: Batch,
  weights: Config["loss"],
): Promise<Numbered> {
  const { plan, outputs, stages } = recording;
  const [refined] = await predictBatch(recording, batch, shown);
  const [joints, vertices, [inMapShare]] = await plan.read(
    stages.coarseJoints,
    outputs.coarse.vertices,
    outputs.inMapShare,
  );
  const coarse = { joints, vertices };
  const losses = lossTerms(refined.terms, weights, recording.totalOf(refined.terms));
  return { numbers: { losses, errors: errorsOf(refined, coarse), inMapShare }, refined, coarse };
}

function lossTerms(terms: Readonly<Record<string, number>>, weights: Config["loss"], total: number): LossTerm[] {
  const { w2d, w3dJoint, w3dVert, wPrior, wAux } = weights;
  const weightOf: Readonly<Record<string, number>> = {
    ...{ loss_2d: w2d, loss_3d_joint: w3dJoint, loss_3d_vert: w3dVert, shape_prior: wPrior, loss_aux: wAux },
  };
  return [
    ...TERMS.map((name) => ({ name, value: terms[name], weight: weightOf[name] })),
    { name: "total_loss", value: total, weight: 1 },
  ];
}

/** Errors of the refined hand and metrics of both. */
function errorsOf(refined: Predicted, coarse: Numbered["coarse"]): SampleErrors {
  const judge = ({ joints, vertices }: Numbered["coarse"]): Verdict => {
    const { id, truthJoints, truthVertices } = refined;
    return judgeSample({ id, joints, truthJoints, ...(truthVertices && { vertices, truthVertices }) }, {});
  };
  const { scores, nonFinite } = judge(refined);
  const coarseMetrics = judge(coarse).scores?.metrics ?? {};
  const { truthJoints, truthVertices } = refined;
  const nothing = (count: number): Float32Array => new Float32Array(count).fill(Number.NaN);
  if (!scores) {
    const vertices = (each: number): Float32Array | undefined =>
      truthVertices && nothing((each * truthVertices.length) / 3);
    return {
      ...{ metrics: {}, coarse: coarseMetrics, nonFinite, jointsMm: nothing(21), alignedJointsMm: nothing(21) },
      ...{ verticesMm: vertices(1), alignedVerticesMm: vertices(1) },
      ...{ alignedJoints: nothing(63), alignedVertices: vertices(3) },
    };
  }
  const aligned = align(refined.joints, truthJoints);
  const alignedMesh = truthVertices && align(refined.vertices, truthVertices);
  return {
    metrics: scores.metrics,
    coarse: coarseMetrics,
    nonFinite,
    jointsMm: Float32Array.from(scores.jointErrorsMm),
    alignedJointsMm: Float32Array.from(scores.alignedJointErrorsMm),
    verticesMm:
      truthVertices &&
      Float32Array.from(
        distancesMm(relativeTo(refined.vertices, refined.joints), relativeTo(truthVertices, truthJoints)),
      ),
    alignedVerticesMm: truthVertices && alignedMesh && Float32Array.from(distancesMm(alignedMesh, truthVertices)),
    alignedJoints: fromWrist(aligned, truthJoints),
    alignedVertices: alignedMesh && fromWrist(alignedMesh, truthJoints),
  };
}

/** Points relative to the first of `joints`. */
export const fromWrist = (points: Points, joints: Points): Float32Array =>
  Float32Array.from(relativeTo(points, joints));
