import { type ModelCheck, shownBy } from "./model-check";

/** One number that is not finite is one too many: it reaches every weight in one step. Source: catalogue D55, D26. */
export const predictionNotFinite: ModelCheck = (evidence) => {
  const { nonFinite, samples } = evidence.prediction;
  if (nonFinite === 0) return undefined;
  return {
    id: "prediction-not-finite",
    severity: "fatal",
    certainty: "certain",
    title: "Predictions are not finite",
    sentence: `${nonFinite} predicted numbers are NaN or infinite for a batch of ${samples} samples with finite inputs: weights are broken or a kernel is.`,
    evidence: [{ what: "predicted numbers that are not finite", found: nonFinite, expected: "0", n: samples }],
    causes: [
      "weights of a checkpoint that had diverged",
      "depth without a reading that reaches the tokens as NaN (the original's src/models/modality_fusion.py:148)",
    ],
    remedy: "Go back to an earlier checkpoint, or begin anew with a lower learning rate.",
    ...shownBy(evidence),
    explains: ["dead-gradient", "loss-unexplained", "gradient-wrong", "non-finite"],
  };
};
