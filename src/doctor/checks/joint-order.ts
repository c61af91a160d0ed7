import type { JointComparison } from "../../train/model-evidence";
import { identityMm, isComparable, isIdentity, jointName, type ModelCheck, show, shownBy } from "./model-check";

/** Under the right assignment the joints must coincide: bones differ by more than this between fingers, float32 by 1e-4 mm. */
const ASSIGNED_MM = 3;
/** Neighbouring joints lie 20 to 40 mm apart, so that two exchanged ones already move the mean by 2 mm. */
const IDENTITY_MM = 1.5;

/**
 * The joints that the network's hand makes of annotated parameters are another order of the right ones: the assignment of least
 * distance (Kuhn 1955) is not the identity and explains the distance. Source: catalogue D5.
 */
export const jointOrder: ModelCheck = (evidence) => {
  if (!isComparable(evidence)) return undefined;
  const { reference, annotation } = evidence.decoder;
  const inModel = permuted(reference);
  const found = inModel ?? permuted(annotation);
  if (!found) return undefined;
  const moved = found.assignment.flatMap((to, j) => (to === j ? [] : [j]));
  const examples = moved
    .slice(0, 3)
    .map((j) => `"${jointName(j)}" is ${jointName(found.assignment[j])}`)
    .join(", ");
  const against = inModel ? "MANO's own formulas" : "the annotated joints";
  return {
    id: "joint-order",
    severity: "fatal",
    certainty: "certain",
    title: "The joints of prediction and ground truth are in different orders",
    sentence: `Annotated parameters through the network's hand lie ${show(identityMm(found))} mm from ${against}, and ${show(found.assignedMm)} mm once ${moved.length} of 21 joints change places: ${examples}. No training removes that error.`,
    evidence: [
      {
        what: `mean joint error against ${against}`,
        found: identityMm(found),
        expected: "below 0.1",
        unit: "mm",
        n: found.n,
      },
      {
        what: "the same under the best assignment",
        found: found.assignedMm,
        expected: "the same",
        unit: "mm",
        n: found.n,
      },
      { what: "joints in another place", found: moved.length, expected: "0", n: 21 },
    ],
    causes: inModel
      ? [
          "MANO's joints are read as thumb first: its order is wrist, index, middle, pinky, ring, thumb (the original's src/utils/mano_utils.py:287-351)",
          "joints of another hand model are read in MANO's order",
        ]
      : [
          "the annotated joints are in another order than OpenPose's, as MANO's own with the tips at the end (HO3D2MANO, the original's src/datasets/ho3d_dataset.py:22-32)",
          "left hands whose fingers were not mirrored with the image",
        ],
    remedy: inModel
      ? "Map MANO's 16 joints as 0, 13-15, 1-3, 4-6, 10-12, 7-9 to wrist, thumb, index, middle, ring, pinky (mano_utils.py:287-351). Here: leave out quirk mano-thumb-first."
      : "Bring the data set's joints into the order wrist, thumb, index, middle, ring, pinky, each from base to tip, in its adapter.",
    ...(inModel && { change: { withoutQuirks: ["mano-thumb-first"] } }),
    ...shownBy(evidence),
    explains: ["tips-of-another-model", "three-d-stuck"],
  };
};

const permuted = (compared: JointComparison | null): JointComparison | undefined =>
  compared && !isIdentity(compared) && compared.assignedMm < ASSIGNED_MM && identityMm(compared) > IDENTITY_MM
    ? compared
    : undefined;
