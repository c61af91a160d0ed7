import { found, measure, median, percent, type RunCheck, show } from "../run/run-check";

/** Dropping and augmentation make training harder than validation; by more than this, in three evaluations in a row, is rare. */
const FAR_BELOW = 0.4;
/** Memorised. Tiny data sets get there in healthy runs, so that this is told and no more. */
const FAR_ABOVE = 5;
const ENOUGH = 3;
/** Training totals that an evaluation is compared with. */
const TOTALS = 20;

/** Validation far below training: validation knows the answers, or the training labels are wrong. Far above: learned by heart. Source: catalogue D21, D47. */
export const runValidationGap: RunCheck = ({ evaluations, totals }) => {
  const last = evaluations.slice(-ENOUGH);
  const train = totals.slice(-TOTALS).filter(Number.isFinite);
  if (last.length < ENOUGH || train.length < TOTALS) return [];
  const reference = median(train);
  const ratios = last.map(({ losses }) => losses.total_loss / reference);
  const at = `step ${last[last.length - 1].step}`;
  if (!(reference > 0) || !ratios.every(Number.isFinite)) return [];
  const values = `The last ${ENOUGH} validation losses are ${last.map(({ losses }) => show(losses.total_loss)).join(", ")}, ${percent(median(ratios))} of the training loss of ${show(reference)}.`;
  const evidence = [
    measure("validation loss over training loss", show(median(ratios)), `${FAR_BELOW} to ${FAR_ABOVE}`, { n: ENOUGH }),
  ];
  if (ratios.every((ratio) => ratio < FAR_BELOW)) {
    return [
      found({
        id: "validation-leak",
        severity: "warning",
        certainty: "possible",
        title: "The validation loss is far below the training loss",
        sentence: values,
        evidence,
        causes: [
          "validation frames are in the training set, or their neighbours are",
          "labels are wrong where they are augmented, and validation is not augmented",
        ],
        remedy: "Intersect the recordings of both splits: nothing may be left. Here: data.splitBy: recording.",
        since: at,
      }),
    ];
  }
  if (!ratios.every((ratio) => ratio > FAR_ABOVE)) return [];
  return [
    found({
      id: "train-validation-gap",
      severity: "note",
      certainty: "possible",
      title: "The validation loss is far above the training loss",
      sentence: values,
      evidence,
      causes: [
        "the training samples are learned by heart: there are few of them, or they are alike",
        "training and evaluation differ: batch statistics, drop-path",
      ],
      remedy:
        "Evaluate on training samples: where that is as bad, the modes differ; else more data or more augmentation helps.",
      since: at,
    }),
  ];
};
