import type { EvaluationRecord } from "../../train/events";
import type { Finding } from "../finding";
import type { RunHistory } from "../run/history";
import { found, measure, type RunCheck, show } from "../run/run-check";

/** A predictor of zeros is scored twice in float64, by the same formula: this leaves room for a wrist that is predicted apart. */
const SAME_MM = 0.01;
/**
 * The mean pose is passed on the way from a random network to a good one, and a network may stay within millimetres of it for
 * long. Its figures to a tenth of a millimetre, in MPJPE and PA at once and in three evaluations in a row, are no coincidence.
 */
const MEAN_MM = 0.1;
const MEAN_TIMES = 3;
/** Joints are predicted apart; hands that coincide in one point are no hands. */
const MOST_COLLAPSED = 0.5;

/** The guide's problem 1: a metric that does not move, or that a predictor without an image would get. */
export const runConstantMetric: RunCheck = (run) => [...constant(run), ...zero(run), ...mean(run), ...collapsed(run)];

type Scored = EvaluationRecord & { readonly mpjpe_mm: number; readonly pa_mpjpe_mm: number };

const scored = ({ evaluations }: RunHistory): Scored[] =>
  evaluations.filter((each): each is Scored => each.mpjpe_mm !== null && each.pa_mpjpe_mm !== null);

function constant(run: RunHistory): Finding[] {
  const all = scored(run);
  const last = all.at(-1);
  if (!last) return [];
  let n = 1;
  for (let i = all.length - 2; i >= 0; i--) {
    const each = all[i];
    if (each.mpjpe_mm !== last.mpjpe_mm || each.pa_mpjpe_mm !== last.pa_mpjpe_mm) break;
    if (each.step !== all[i + 1].step) n++;
  }
  if (n < 2) return [];
  return [
    found({
      id: "metric-constant",
      severity: "fatal",
      certainty: n >= 3 ? "certain" : "likely",
      title: "The metric does not move",
      sentence: `MPJPE ${show(last.mpjpe_mm)} mm and PA-MPJPE ${show(last.pa_mpjpe_mm)} mm are the same to the last bit in ${n} evaluations in a row: what is scored does not change with the weights.`,
      evidence: [measure("evaluations in a row with the same figures", n, "1", { n: all.length })],
      causes: [
        "the weights do not change: a learning rate of 0, an optimiser that holds other parameters, steps that are refused",
        "the prediction does not depend on the weights: no hand model, zeros, a detached branch, NaN scored as zeros",
        "the metric is computed once and printed again",
      ],
      remedy:
        "Look at the update's norm of every module and at the spread of the predicted joints; a metric of one rank's share alone would still move.",
      explains: ["losses-repeated"],
    }),
  ];
}

function zero(run: RunHistory): Finding[] {
  const last = scored(run).at(-1);
  const base = last?.baselines.zero_pose;
  if (!last || base?.mpjpe_mm == null || base.pa_mpjpe_mm === null) return [];
  if (Math.abs(last.mpjpe_mm - base.mpjpe_mm) > SAME_MM || Math.abs(last.pa_mpjpe_mm - base.pa_mpjpe_mm) > SAME_MM)
    return [];
  return [
    found({
      id: "zero-predictor",
      severity: "fatal",
      certainty: "certain",
      title: "The network predicts zeros",
      sentence: `MPJPE ${show(last.mpjpe_mm)} mm and PA-MPJPE ${show(last.pa_mpjpe_mm)} mm are those of a predictor that puts all joints at the wrist (${show(base.mpjpe_mm)} and ${show(base.pa_mpjpe_mm)} mm on the same samples).`,
      evidence: [
        measure("MPJPE", show(last.mpjpe_mm), `other than ${show(base.mpjpe_mm)}`, { unit: "mm", n: last.n.mpjpe_mm }),
        measure("PA-MPJPE", show(last.pa_mpjpe_mm), `other than ${show(base.pa_mpjpe_mm)}`, { unit: "mm" }),
      ],
      causes: [
        "the hand model is missing and zeros stand for it, which need no gradient (the original's src/models/utnet.py:137-143, 223-227, 315-317)",
        "predictions are not finite and scored as zeros (metrics/pose_metrics.py:94-95)",
      ],
      remedy:
        "Make a missing hand model an error, and print the standard deviation of the predicted joints. Here: leave out the quirk mano-missing.",
      change: { withoutQuirks: ["mano-missing"] },
      explains: ["metric-constant", "losses-repeated", "prediction-collapsed", "metric-impossible"],
    }),
  ];
}

function mean(run: RunHistory): Finding[] {
  const all = scored(run).slice(-MEAN_TIMES);
  const isMean = ({ mpjpe_mm, pa_mpjpe_mm, baselines: { mean_pose } }: Scored): boolean =>
    mean_pose.mpjpe_mm !== null &&
    mean_pose.pa_mpjpe_mm !== null &&
    Math.abs(mpjpe_mm - mean_pose.mpjpe_mm) < MEAN_MM &&
    Math.abs(pa_mpjpe_mm - mean_pose.pa_mpjpe_mm) < MEAN_MM;
  const last = all.at(-1);
  if (!last || all.length < MEAN_TIMES || !all.every(isMean)) return [];
  return [
    found({
      id: "mean-predictor",
      severity: "serious",
      certainty: "likely",
      title: "The network predicts the mean hand",
      sentence: `MPJPE ${show(last.mpjpe_mm)} mm and PA-MPJPE ${show(last.pa_mpjpe_mm)} mm have been within ${MEAN_MM} mm of the mean pose, which looks at no image, in ${MEAN_TIMES} evaluations in a row.`,
      evidence: [
        measure("MPJPE", show(last.mpjpe_mm), `other than ${show(last.baselines.mean_pose.mpjpe_mm!)}`, { unit: "mm" }),
      ],
      causes: [
        "images hold nothing: blank crops, the wrong folder",
        "features do not reach the heads: sampled outside the map, a frozen backbone",
      ],
      remedy: "Look at a batch of crops, and at the share of samples inside the feature map.",
      explains: ["metric-constant"],
    }),
  ];
}

/** All joints of a prediction in one point, in most of the samples. Source: catalogue D27. */
function collapsed({ counted }: RunHistory): Finding[] {
  const last = [...counted.values()].at(-1);
  if (!last || last.scored === 0 || last.collapsed / last.scored <= MOST_COLLAPSED) return [];
  return [
    found({
      id: "prediction-collapsed",
      severity: "fatal",
      certainty: "certain",
      title: "All joints of a prediction coincide",
      sentence: `In ${last.collapsed} of ${last.scored} predictions the 21 joints are one point: PA-MPJPE then is the mean distance of the true joints to their centroid, a calm figure that says nothing.`,
      evidence: [measure("predictions without an extent", last.collapsed, "0", { n: last.scored })],
      causes: ["no hand model: zeros in its place", "NaN scored as zeros", "a scale that went to 0"],
      remedy:
        "Print the standard deviation of the predicted joints. Here: leave out the quirks mano-missing and nan-as-zero.",
      explains: ["metric-constant", "losses-repeated"],
    }),
  ];
}
