import { type ModelCheck, percent, show } from "./model-check";

/** The catalogue asks for 1 to 90 % for each term that has labels (D49); the prior is meant to be weak. */
const LEAST = 0.01;
const MOST = 0.95;

/**
 * One term has nearly all of the gradient, or a labelled one has none to speak of. Gradients, not values: a term in millimetres
 * with a small weight can have a large value and the reverse. Source: catalogue D49; the debugging guide, problem 3.
 */
export const lossShares: ModelCheck = ({ shares, losses }) => {
  if (!shares || shares.length < 2) return undefined;
  const labelled = shares.filter(({ term }) => term !== "shape_prior");
  const weak = labelled.filter(({ share }) => share < LEAST);
  const strong = shares.filter(({ share }) => share > MOST);
  if (weak.length === 0 && strong.length === 0) return undefined;
  return {
    id: "loss-shares",
    severity: "warning",
    certainty: "likely",
    title:
      strong.length > 0 ? `Only ${strong[0].term} trains the network` : `${weak[0].term} hardly trains the network`,
    sentence: `Of the gradient ${shares.map(({ term, share }) => `${percent(share)} come from ${term}`).join(", ")}; a term below ${percent(LEAST)} has no influence.`,
    evidence: shares.map(({ term, norm, share }) => ({
      what: `share of ${term} in the gradient (norm ${show(norm)})`,
      found: share,
      expected: term === "shape_prior" ? "any" : "0.01 to 0.9",
      n: losses.batch,
    })),
    causes: [
      "weights for other units than the terms have: 0.05 on millimetres summed over the batch beside 0.001 on means (the original's config.yaml:46-53, src/losses/loss.py:41-42, 101-106)",
      "a term's path to the weights is broken",
    ],
    remedy: "Use means in metres and weights for them (loss.w2d 0.5, loss.w3dJoint 10, loss.wAux 0.5).",
    samples: [],
  };
};
