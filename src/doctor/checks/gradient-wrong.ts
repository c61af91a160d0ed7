import { isComparable, type ModelCheck, percent, show } from "./model-check";

/** L1 losses have corners, and differences of float32 losses noise: correct gradients were found up to a tenth off. */
const OFF = 0.3;

/** Along a module's gradient the loss must rise by the gradient's norm, by central differences. Source: catalogue D38; 6.5 (k). */
export const gradientWrong: ModelCheck = (evidence) => {
  const { slopes } = evidence;
  if (!slopes || !isComparable(evidence)) return undefined;
  const wrong = slopes
    .map((each) => ({ ...each, off: Math.abs(each.difference - each.backward) / each.backward }))
    .filter(({ off }) => !(off <= OFF))
    .sort((a, b) => b.off - a.off);
  if (wrong.length === 0) return undefined;
  const [first] = wrong;
  return {
    id: "gradient-wrong",
    severity: "serious",
    certainty: "likely",
    title: "Gradients disagree with finite differences",
    sentence: `Along the gradient of ${first.module} the loss changes by ${show(first.difference)} a unit, the backward pass says ${show(first.backward)}: ${percent(first.off)} off${wrong.length > 1 ? `, and ${wrong.length - 1} more of ${slopes.length} modules are` : ""}.`,
    evidence: slopes.map(({ module, backward, difference }) => ({
      what: `slope along the gradient of ${module}, by difference`,
      found: difference,
      expected: show(backward),
    })),
    causes: [
      "a formula that is not smooth where the prediction is: rotations through axis-angle near 0 or 180 degrees (the original's src/utils/mano_utils.py:355-390)",
      "a backward kernel that is wrong on this adapter",
    ],
    remedy:
      "Run npm test on this adapter, which checks every kernel's backward; then look for a kink near the prediction.",
    samples: [],
  };
};
