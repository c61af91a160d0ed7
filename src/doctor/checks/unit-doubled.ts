import { type ModelCheck, ratios, show, shownBy, termEvidence } from "./model-check";

/**
 * A mean 3D term in millimetres, or one of millimetres times 1000 again: the readings of the value as in loss-is-a-sum. Weights
 * are made for metres (docs/model.md). Source: the debugging guide, problem 2, case B.
 */
export const unitDoubled: ModelCheck = (evidence) => {
  const { batch, microBatches, terms } = evidence.losses;
  const wrong = terms.filter(
    ({ reading }) => reading && (reading.unit === 1_000_000 || (reading.unit === 1000 && reading.batch === "mean")),
  );
  if (wrong.length === 0) return undefined;
  const isTwice = wrong.some(({ reading }) => reading?.unit === 1_000_000);
  return {
    id: "unit-doubled",
    severity: "serious",
    certainty: "certain",
    title: isTwice ? "The 3D loss is multiplied by 1000 twice" : "The 3D loss is 1000 times too large",
    sentence: `The step computes ${ratios(wrong)} of the formula's value on the same predictions (${wrong.map(({ found, expected }) => `${show(found)} instead of ${show(expected)}`).join(", ")}): ${isTwice ? "metres times 1000 times 1000" : "metres became millimetres once more than the weights expect"}.`,
    evidence: termEvidence(wrong, batch * microBatches),
    causes: [
      "the prediction or the ground truth was in millimetres already and is multiplied by 1000 again in the loss (the original's src/losses/loss.py:101-106)",
      "weights for metres with a loss in millimetres",
    ],
    remedy:
      "Convert once, at the border: metres inside, millimetres only where people read (loss.py:101-106). Here: leave out quirk double-millimetres.",
    change: { withoutQuirks: ["double-millimetres"] },
    ...shownBy(evidence),
    explains: ["mostly-clipped", "loss-shares", "prediction-scale"],
  };
};
