import { isComparable, type ModelCheck, show, shownBy } from "./model-check";

/**
 * With fresh weights the refinement must be the identity: its last layers start at zero (docs/model.md, step 6), so that any
 * number other than 0 is wrong. Says nothing once weights were trained or loaded. Source: catalogue D42.
 */
export const refinementStartsPerturbed: ModelCheck = (evidence) => {
  const { isFresh, prediction } = evidence;
  const { pose, shape, jointsMm, heads } = prediction.refinement;
  if (!isFresh || !isComparable(evidence) || (pose === 0 && shape === 0 && heads === 0)) return undefined;
  return {
    id: "refinement-starts-perturbed",
    severity: "warning",
    certainty: "certain",
    title: "The refinement perturbs the first prediction",
    sentence: `Before any training the refinement turns joints by up to ${show(pose)} rad and moves them by ${show(jointsMm)} mm on average: its last layers start at random (up to ${show(heads)}) instead of zero.`,
    evidence: [
      {
        what: "largest residual of pose with fresh weights",
        found: pose,
        expected: "0",
        unit: "rad",
        n: prediction.samples,
      },
      { what: "largest residual of shape", found: shape, expected: "0", n: prediction.samples },
      {
        what: "mean distance of refined from coarse joints",
        found: jointsMm,
        expected: "0",
        unit: "mm",
        n: prediction.samples,
      },
      { what: "largest weight of the last layers", found: heads, expected: "0" },
    ],
    causes: [
      "the last layers of the refinement's heads are initialised like any other (the original's src/models/gcn_refinement.py:240-251)",
      "weights were loaded, and the run says that they are fresh",
    ],
    remedy:
      "Start weight and bias of the last layer of pose_head and shape_head at zero (gcn_refinement.py:240-251). Here: leave out quirk refine-unzeroed.",
    change: { withoutQuirks: ["refine-unzeroed"] },
    ...shownBy(evidence),
  };
};
