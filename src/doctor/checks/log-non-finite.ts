import type { Finding } from "../finding";
import { found, sinceOf } from "../log/hand";
import type { Point } from "../log/types";
import type { LogCheck } from "./log-check";

/** Losses, rates or gradients that are no numbers. An infinite MPJPE is a metric of no sample, not this. */
export const nonFinite: LogCheck = (run) => {
  const broken = run.series
    .filter(({ name, nonFinite }) => nonFinite > 0 && !["mpjpe", "pa_mpjpe", "best_saved", "avg_metric"].includes(name))
    .sort((a, b) => a.firstNonFinite!.line - b.firstNonFinite!.line);
  const { count, line } = run.nonFiniteGradients;
  const lost = run.series.find(({ name }) => name === "non_finite_predictions")?.highest;
  if (broken.length === 0 && count === 0 && lost && lost.value > 0) return [predictions(lost)];
  if (broken.length === 0 && count === 0) return [];
  const [first] = broken;
  const applied = first !== undefined;
  const name = first ? `${first.split} ${first.name} is ${first.firstNonFinite!.value}` : "gradients are not finite";
  const at = first ? sinceOf(first.firstNonFinite!) : `line ${line}`;
  return [
    found({
      id: "non-finite",
      severity: applied ? "fatal" : "serious",
      certainty: "certain",
      title: "Losses or gradients are not finite",
      sentence: `${name} at ${at}, and ${broken.reduce((n, each) => n + each.nonFinite, 0)} readings of ${broken.length} curves are not finite${count > 0 ? `; ${count} steps had gradients that are not` : ""}.`,
      evidence: [
        ...broken.slice(0, 6).map((each) => ({
          what: `${each.split} ${each.name}, readings that are not finite`,
          found: each.nonFinite,
          expected: "0",
          n: each.count,
        })),
        ...(count > 0 ? [{ what: "steps with gradients that are not finite", found: count, expected: "0" }] : []),
      ],
      causes: [
        "depth that is NaN times a mask of 0 (modality_fusion.py:148), or a crop without depth",
        "rotations near half a turn in the conversion to axis-angle (src/utils/mano_utils.py:355-390)",
        "a camera scale near 0: tz = 2 f / s (src/models/utnet.py:388)",
      ],
      remedy:
        "Stop at the first one and save its batch: clip_grad_norm_ spreads one NaN over all weights (train.py:407). Here such a step is refused and counted; inspect the batch of that step.",
      since: at,
    }),
  ];
};

/** Predictions that an evaluation left out. */
const predictions = (at: Point): Finding =>
  found({
    id: "non-finite",
    severity: "serious",
    certainty: "certain",
    title: "Predictions are not finite",
    sentence: `${at.value} predictions of the evaluation at line ${at.line} are not finite and are left out of its figures.`,
    evidence: [{ what: "predictions that are not finite", found: at.value, expected: "0" }],
    causes: ["weights that grew beyond what single precision holds", "samples whose depth or crop is not finite"],
    remedy: "Inspect those samples; evaluation.json counts them by sequence.",
    since: sinceOf(at),
  });
