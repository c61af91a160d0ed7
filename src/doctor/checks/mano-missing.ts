import { type ModelCheck, shownBy } from "./model-check";

/**
 * All predicted joints and vertices are exactly zero, or nothing that is trained leads to them. A real hand never is: the wrist
 * alone lies centimetres from the origin. Source: catalogue D32.
 */
export const manoMissing: ModelCheck = (evidence) => {
  const { prediction, gradients } = evidence;
  if (!prediction.isZero && prediction.isDifferentiable) return undefined;
  const what = prediction.isZero
    ? "All predicted vertices and joints are exactly 0"
    : "The predicted joints are constants";
  return {
    id: "mano-missing",
    severity: "fatal",
    certainty: "certain",
    title: "There is no hand model: vertices and joints are constants",
    sentence: `${what} for all ${prediction.samples} samples, and ${gradients.untouched.length + gradients.zero.length} of ${gradients.parameters} parameters get no gradient; losses of the pose cannot train anything.`,
    evidence: [
      {
        what: "standard deviation of predicted joints over the batch",
        found: prediction.std.jointsMm,
        expected: "above 0",
        unit: "mm",
        n: prediction.samples,
      },
      {
        what: "parameters that no backward kernel reaches",
        found: gradients.untouched.length,
        expected: "0",
        n: gradients.parameters,
      },
    ],
    causes: [
      "MANO could not be loaded and zeros took its place: in the original a missing smplx or chumpy is a warning, and training goes on (src/models/utnet.py:137-143, 223-227, 315-317)",
      "the output of the hand layer was detached from the graph",
    ],
    remedy:
      "Make the missing hand model an error (utnet.py:137-143), install smplx and chumpy, and check that the prediction varies over a batch. Here: leave out quirk mano-missing; a missing file ends the run by itself.",
    change: { withoutQuirks: ["mano-missing"] },
    ...shownBy(evidence),
    explains: [
      ...["dead-gradient", "loss-unexplained", "gradient-wrong", "loss-shares", "sampled-outside-map"],
      ...["projection-mixed-units", "zero-predictor", "metric-constant", "losses-repeated", "nothing-learns"],
      ...["three-d-stuck", "two-d-stuck", "frozen-weights", "non-finite", "prediction-collapsed"],
    ],
  };
};
