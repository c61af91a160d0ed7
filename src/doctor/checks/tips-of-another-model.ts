import type { JointComparison } from "../../train/model-evidence";
import { isComparable, isTip, jointName, type ModelCheck, show, shownBy } from "./model-check";

/** Joints that are not tips agree to 1e-4 mm in float32; labels that were fitted may be a little off. */
const OTHERS_MM = 0.5;
/** Neighbouring vertices at a fingertip lie 1 to 5 mm apart. */
const TIP_MM = 1;
/** Two vertices of one fingertip are never further apart. */
const MOST_MM = 15;

/** All joints agree but the tips, which are vertices of somebody's choice. Source: catalogue D6, about 2.7 mm. */
export const tipsOfAnotherModel: ModelCheck = (evidence) => {
  if (!isComparable(evidence)) return undefined;
  const { reference, annotation } = evidence.decoder;
  const inModel = shifted(reference);
  const found = inModel ?? shifted(annotation);
  if (!found) return undefined;
  const tips = found.perJointMm.flatMap((mm, joint) => (isTip(joint) ? [{ mm, joint }] : []));
  const others = Math.max(...found.perJointMm.filter((_, joint) => !isTip(joint)));
  return {
    id: "tips-of-another-model",
    severity: "warning",
    certainty: "certain",
    title: "The fingertips are vertices of another model",
    sentence: `With annotated parameters the tips lie ${tips.map(({ mm, joint }) => `${show(mm)} mm (${jointName(joint)})`).join(", ")} from ${inModel ? "the hand model's own" : "the annotated ones"}, all other joints within ${show(others)} mm.`,
    evidence: [
      ...tips.map(({ mm, joint }) => ({
        what: `error of ${jointName(joint)}`,
        found: mm,
        expected: "below 1",
        unit: "mm",
        n: found.n,
      })),
      { what: "largest error of the other joints", found: others, expected: "below 0.5", unit: "mm", n: found.n },
    ],
    causes: [
      "tip vertices of smplx (745, 317, 444, 556, 673) where the labels are HO-3D's (744, 333, 444, 555, 672): the original's src/utils/mano_utils.py:287",
      "labels whose tips were made with other vertices of the same mesh",
    ],
    remedy:
      "Take the tip vertices that the labels were made with (mano_utils.py:287). Here: leave out quirk tips-smplx; a data set's adapter gives its own tips.",
    ...(inModel && { change: { withoutQuirks: ["tips-smplx"] } }),
    ...shownBy(evidence),
  };
};

function shifted(compared: JointComparison | null): JointComparison | undefined {
  if (!compared) return undefined;
  const { perJointMm } = compared;
  const tips = perJointMm.filter((_, joint) => isTip(joint));
  const others = perJointMm.filter((_, joint) => !isTip(joint));
  const areOff = tips.some((mm) => mm > TIP_MM) && tips.every((mm) => mm < MOST_MM);
  return areOff && others.every((mm) => mm < OTHERS_MM) ? compared : undefined;
}
