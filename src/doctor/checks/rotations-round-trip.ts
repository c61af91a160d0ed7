import { isComparable, type ModelCheck, show, shownBy } from "./model-check";

/** float32 is some 1e-3 mm off at any angle; a tenth of a millimetre is a rotation of 1e-3 rad at a fingertip. */
const GAP_MM = 0.1;

/**
 * The vertices are not those that MANO makes of the rotations: for the prediction, or for rotations given to the wrist from 0
 * to pi. Source: catalogue D38: exact 0 below 1e-3 rad, 3.1415 read as 0.596.
 */
export const rotationsRoundTrip: ModelCheck = (evidence) => {
  if (!isComparable(evidence)) return undefined;
  const { predictionMm, sweep } = evidence.rotations;
  const worst = sweep.reduce((a, b) => (b.maxMm > a.maxMm ? b : a), { angleRadians: 0, maxMm: 0 });
  if (!(Math.max(predictionMm, worst.maxMm) > GAP_MM)) return undefined;
  const wrong = sweep.filter(({ maxMm }) => maxMm > GAP_MM);
  const isLossy = wrong.length < sweep.length;
  return {
    id: "rotations-round-trip",
    severity: "serious",
    certainty: isLossy ? "certain" : "likely",
    title: isLossy ? "Rotations are wrong near some angles" : "The hand's vertices are not those of its rotations",
    sentence:
      `With the wrist turned by ${show(worst.angleRadians)} rad the vertices lie up to ${show(worst.maxMm)} mm from where MANO puts them, and at ${wrong.length} of ${sweep.length} angles tried more than ${GAP_MM} mm; the batch's own predictions up to ${show(predictionMm)} mm. ${isLossy ? "A turn of nearly 180 degrees is where training starts." : ""}`.trim(),
    evidence: [
      {
        what: "largest error of a vertex for the predicted rotations",
        found: predictionMm,
        expected: "below 0.01",
        unit: "mm",
        n: evidence.samples.length,
      },
      ...sweep.map(({ angleRadians, maxMm }) => ({
        what: `wrist turned by ${angleRadians.toFixed(4)} rad`,
        found: maxMm,
        expected: "below 0.01",
        unit: "mm",
      })),
    ],
    causes: [
      "rotation matrices pass through axis-angle, whose formula divides by sin(angle): no gradient near 0, wrong near 180 degrees (the original's src/utils/mano_utils.py:355-390)",
      "6D columns are read as rows in one of two places (src/models/vit.py:220, modality_fusion.py:89)",
    ],
    remedy:
      "Give rotation matrices to MANO as they are (smplx with pose2rot=False) in place of mano_utils.py:355-390. Here: leave out quirk axis-angle-round-trip.",
    change: { withoutQuirks: ["axis-angle-round-trip"] },
    ...shownBy(evidence),
    explains: ["gradient-wrong", "dead-gradient"],
  };
};
