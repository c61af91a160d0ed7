import { type ModelCheck, ratios, show, shownBy, termEvidence } from "./model-check";

/**
 * A term's value is that of a sum over batch or elements: found by computing all readings in float64 on the step's own
 * predictions and comparing to a thousandth. Source: catalogue D49, D50: 75,000 = 32 samples x 63 numbers x 37 mm.
 */
export const lossIsASum: ModelCheck = (evidence) => {
  const { batch, microBatches, terms } = evidence.losses;
  const sums = terms.filter(({ reading }) => reading && (reading.elements === "sum" || reading.batch === "sum"));
  if (sums.length === 0) return undefined;
  const overBatch = sums.some(({ reading }) => reading?.batch === "sum");
  const joints = sums.find(({ term }) => term === "loss_3d_joint");
  const samples = batch * microBatches;
  const factors =
    joints && overBatch
      ? ` For the joints that is ${samples} samples x 63 numbers${joints.reading && joints.reading.unit > 1 ? ` x ${joints.reading.unit} for millimetres` : ""}.`
      : "";
  return {
    id: "loss-is-a-sum",
    severity: "serious",
    certainty: "certain",
    title: overBatch ? "Losses are sums over the batch" : "Losses are sums over their elements",
    sentence: `The step computes ${ratios(sums)} of the mean on the same predictions: sums over ${overBatch ? "batch and elements" : "elements"}.${factors} Their size depends on the batch, and every step is clipped.`,
    evidence: termEvidence(sums, samples),
    causes: [
      "reduction by sum in the loss (the original's src/losses/loss.py:42, 106; joints in millimetres: loss.py:101-106)",
      "a mean over the elements is missing before the sum over ranks",
    ],
    remedy: `Use means over elements and samples, in metres, with weights for them (loss.py:42, 106). Here: leave out quirk loss-sum-mm; the loss would be ${show(joints?.expected ?? sums[0].expected)}.`,
    change: { withoutQuirks: ["loss-sum-mm"] },
    ...shownBy(evidence),
    explains: ["mostly-clipped", "loss-shares"],
  };
};
