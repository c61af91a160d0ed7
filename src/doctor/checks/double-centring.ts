import { type ModelCheck, show, shownBy, termEvidence, termOf } from "./model-check";

/**
 * The 3D joint loss is that of a ground truth from which the wrist was subtracted twice, or never, to a thousandth. Source: the
 * debugging guide, problem 2, case D. Its own test, the mean of the centred ground truth, is not 0 for a correct hand.
 */
export const doubleCentring: ModelCheck = (evidence) => {
  const joints = termOf(evidence, "loss_3d_joint");
  const times = joints?.reading?.truthRootTimes;
  if (!joints || times === undefined || times === 1) return undefined;
  const { batch } = evidence.losses;
  return {
    id: "double-centring",
    severity: "serious",
    certainty: "certain",
    title: times === 2 ? "The ground truth's wrist is subtracted twice" : "The ground truth's wrist is not subtracted",
    sentence: `loss_3d_joint is ${show(joints.found)} where joints relative to the wrist give ${show(joints.expected)}: exactly the value with the annotated wrist subtracted ${times === 2 ? "twice, which puts the target behind the camera" : "not at all"}.`,
    evidence: termEvidence([joints], batch),
    causes:
      times === 2
        ? [
            "labels are centred in the data set and again in the loss (the debugging guide, case D; the original's src/losses/loss.py:85-100)",
            "a centred copy is centred in place",
          ]
        : ["the loss compares absolute joints of the ground truth with joints relative to the wrist"],
    remedy:
      "Subtract each side's own joint 0 once, in the loss alone (loss.py:85-100). Here: leave out quirk double-centring.",
    change: { withoutQuirks: ["double-centring"] },
    ...shownBy(evidence),
    explains: ["three-d-stuck", "loss-3d-impossible", "loss-shares"],
  };
};
