import { isComparable, type ModelCheck, ratios, shownBy, termEvidence } from "./model-check";

/** Of the total: sums of five float32 numbers. */
const TOTAL = 1e-3;

/** A term, or the total, is neither its formula's value nor any other that was tried. */
export const lossUnexplained: ModelCheck = (evidence) => {
  if (!isComparable(evidence)) return undefined;
  const { terms, total, weighted, batch } = evidence.losses;
  const wrong = terms.filter(({ reading, found }) => !reading && Number.isFinite(found));
  const isTotalOff = Math.abs(total - weighted) > TOTAL * Math.max(Math.abs(weighted), 1e-6);
  if (wrong.length === 0 && !isTotalOff) return undefined;
  return {
    id: "loss-unexplained",
    severity: "serious",
    certainty: "likely",
    title: wrong.length > 0 ? "A loss is not what its formula gives" : "The total is not the weighted sum of its terms",
    sentence:
      wrong.length > 0
        ? `On the same predictions and labels the step computes ${ratios(wrong)} of the formula in float64, and no sum, unit or centring explains it.`
        : `The total is ${total}, its weighted terms give ${weighted}.`,
    evidence: [
      ...termEvidence(wrong, batch),
      ...(isTotalOff ? [{ what: "total loss", found: total, expected: String(weighted), n: batch }] : []),
    ],
    causes: ["the loss reads labels of another batch or layout", "a kernel computes wrongly on this adapter"],
    remedy: "Run the tests of the losses on this adapter: npm test; report it with the adapter's name.",
    ...shownBy(evidence),
  };
};
