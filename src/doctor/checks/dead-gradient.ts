import { isComparable, type ModelCheck, percent } from "./model-check";

/** From here on it is not a branch that is dead but the network. */
const MOST = 0.5;

/**
 * Parameters whose gradient is exactly zero, or not finite, on a batch with every input: each must have one (docs/model.md), but
 * for what weights or batch excuse, which the probe has tried. Source: catalogue D32, D59.
 */
export const deadGradient: ModelCheck = ({ gradients, prediction, ...evidence }) => {
  const { zero, nonFinite, untouched, parameters } = gradients;
  const dead = [...new Set([...untouched, ...zero])];
  const all = [...new Set([...nonFinite, ...dead])];
  if (all.length === 0) return undefined;
  const share = all.length / parameters;
  const isFatal = isComparable({ gradients, prediction, ...evidence }) && (nonFinite.length > 0 || share > MOST);
  const list = (names: readonly string[]): string =>
    `${names.slice(0, 3).join(", ")}${names.length > 3 ? ` and ${names.length - 3} more` : ""}`;
  const parts = [
    ...(nonFinite.length > 0 ? [`${nonFinite.length} have one that is not finite (${list(nonFinite)})`] : []),
    ...(dead.length > 0 ? [`${dead.length} get none (${list(dead)})`] : []),
  ];
  return {
    id: "dead-gradient",
    severity: isFatal ? "fatal" : "serious",
    certainty: "certain",
    title: nonFinite.length > 0 ? "Gradients are not finite" : "Parameters get no gradient",
    sentence: `Of ${parameters} parameters ${parts.join(", ")}, ${percent(share)} in all: they will ${nonFinite.length > 0 ? "destroy the weights or never be trained" : "stay as they are"}.`,
    evidence: [
      { what: "parameters with a gradient of exactly zero", found: dead.length, expected: "0", n: parameters },
      { what: "parameters with a gradient that is not finite", found: nonFinite.length, expected: "0", n: parameters },
    ],
    causes: [
      "what they feed is a constant: zeros in place of the hand model, samples outside the map, a detached tensor; find_unused_parameters=True hides it (the original's train.py:844)",
      "a term's derivative divides by zero",
    ],
    remedy: "Follow the first of them to the loss: the last place with a gradient is where it is lost.",
    samples: [],
  };
};
