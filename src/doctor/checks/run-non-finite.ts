import { found, list, measure, percent, type RunCheck } from "../run/run-check";

/** A share of refused steps from which the run loses more than luck. */
const MANY = 0.01;

/** Steps that were refused for numbers that are not finite. Source: catalogue D55. */
export const runNonFinite: RunCheck = ({ refused, steps, last, measured }) => {
  if (refused === 0 || !last) return [];
  const modules = [
    ...new Set(
      measured.flatMap(({ modules }) => modules.filter(({ nonFinite }) => nonFinite > 0).map(({ name }) => name)),
    ),
  ];
  const share = refused / steps;
  return [
    found({
      id: "non-finite",
      severity: share > MANY ? "serious" : "warning",
      certainty: "certain",
      title: "Steps are not finite",
      sentence: `${refused} of ${steps} steps (${percent(share)}) had gradients, weights or moments that are NaN or infinite and were refused${modules.length > 0 ? `; seen in ${list(modules)}` : ""}.`,
      evidence: [measure("steps that were refused", refused, "0", { n: steps })],
      causes: [
        "a sample whose labels or image are not finite",
        "a derivative that divides by zero, or a rate that lets weights grow without bound",
      ],
      remedy:
        "The log names the parameters and the first rank; run the step's samples alone, and lower optim.lr if they are fine.",
    }),
  ];
};
