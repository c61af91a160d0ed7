import { found, measure, type RunCheck, show } from "../run/run-check";

/**
 * The best a similarity can do is at least as good as shrinking the prediction to the centroid, which scores the RMS distance of
 * the true joints to it; the metric is a mean of distances, below that RMS, which the zero pose's PA is: 15 % above it is the room between.
 */
const RMS_OVER_MEAN = 1.15;
/**
 * PA minimises the squared error of all joints while MPJPE has a 0 at the wrist, so that a nearly perfect network can have a PA
 * some percent above its MPJPE (seen: 8 % at 0.2 mm).
 */
const ABOVE_MPJPE = 1.25;
const ABOVE_MPJPE_MM = 1;

/** A PA-MPJPE above what the size of the ground truth allows, or above MPJPE. Source: catalogue D27 and the original's reports (67.99 against 48.3 mm). */
export const runImpossibleMetric: RunCheck = ({ evaluations }) => {
  for (const { step, mpjpe_mm, pa_mpjpe_mm: pa, baselines, n } of evaluations) {
    if (pa === null) continue;
    const zero = baselines.zero_pose.pa_mpjpe_mm;
    const bound = zero === null ? Number.POSITIVE_INFINITY : RMS_OVER_MEAN * zero;
    const isAbove = pa > bound;
    const isWorse = mpjpe_mm !== null && pa > ABOVE_MPJPE * mpjpe_mm && pa - mpjpe_mm > ABOVE_MPJPE_MM;
    if (!isAbove && !isWorse) continue;
    const reasons = [
      ...(isAbove ? [`a prediction shrunk to one point scores ${show(zero!)} mm on these samples`] : []),
      ...(isWorse ? [`MPJPE is ${show(mpjpe_mm)} mm, and alignment can only lower it`] : []),
    ];
    return [
      found({
        id: "metric-impossible",
        severity: "serious",
        certainty: "certain",
        title: "PA-MPJPE cannot be that high",
        sentence: `PA-MPJPE is ${show(pa)} mm after step ${step}, but ${reasons.join(", and ")}.`,
        evidence: [
          measure("PA-MPJPE", show(pa), `below ${show(Math.min(bound, mpjpe_mm ?? bound))}`, {
            unit: "mm",
            n: n.pa_mpjpe_mm,
          }),
        ],
        causes: [
          "the alignment does nothing, or turns the wrong operand",
          "the units of prediction and ground truth differ",
        ],
        remedy: "Test the metric on a known pair: a hand turned, doubled and shifted must give 0.",
        since: `step ${step}`,
      }),
    ];
  }
  return [];
};
