import { type ModelCheck, show, shownBy, termOf } from "./model-check";

/** A rotation against itself costs exactly 0; float32 leaves 1e-12 through a conversion. */
const OF_EQUAL = 1e-4;

/**
 * The auxiliary loss is the squared error of axis-angle vectors, whose equal rotations differ by turns of 2 pi: either its value
 * says so to a thousandth, or it is not 0 where the annotation is the prediction itself. Source: catalogue D51.
 */
export const auxComparesAxisAngle: ModelCheck = (evidence) => {
  const aux = termOf(evidence, "loss_aux");
  const { auxOfEqual, batch } = evidence.losses;
  const ofEqual = auxOfEqual ?? 0;
  const isRead = aux?.reading?.rotations === "axis-angle";
  if (!aux || (!isRead && !(ofEqual > OF_EQUAL))) return undefined;
  return {
    id: "aux-compares-axis-angle",
    severity: "serious",
    certainty: isRead ? "certain" : "likely",
    title: "The auxiliary loss compares axis-angle vectors",
    sentence: `loss_aux is ${show(aux.found)}, ${isRead ? "the squared error of axis-angle vectors" : "not that of its formula"}, where rotation matrices give ${show(aux.expected)}${ofEqual > OF_EQUAL ? `; with the prediction itself as annotation it is ${show(ofEqual)} in place of 0` : ""}. Two vectors of one rotation can be 2 pi apart, and pull the wrist the wrong way round.`,
    evidence: [
      { what: "loss_aux of the training step", found: aux.found, expected: show(aux.expected), n: batch },
      { what: "loss_aux where the annotation is the prediction", found: ofEqual, expected: "0", n: batch },
    ],
    causes: [
      "mean squared error on axis-angle pose (the original's src/losses/loss.py:199-201)",
      "matrices of the prediction are compared in another layout than the annotation's",
    ],
    remedy: "Compare rotation matrices (HaMeR) in place of loss.py:199-201. Here: leave out quirk aux-axis-angle.",
    change: { withoutQuirks: ["aux-axis-angle"] },
    ...shownBy(evidence),
    explains: ["loss-shares", "loss-unexplained"],
  };
};
