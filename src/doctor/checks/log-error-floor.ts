import { finite, found, median, percent, show, sinceOf } from "../log/hand";
import { seriesOf } from "../log/types";
import type { LogCheck } from "./log-check";

/** Evaluations that a plateau needs. */
const ENOUGH = 5;
/** Below this PA a network has learned fingers; a mean pose scores 15 to 20 mm on HO-3D, HO-3D alone trains to 9 to 11. */
const GOOD_PA = 17;

/** The metric fell and stopped far above what the data allow: a contradiction in the labels, which no training removes. */
export const errorFloor: LogCheck = (run) => {
  const mpjpe = finite(seriesOf(run, "mpjpe", "val"));
  const pa = finite(seriesOf(run, "pa_mpjpe", "val"));
  if (mpjpe.length < ENOUGH || pa.length < ENOUGH) return [];
  const half = mpjpe.slice(mpjpe.length >> 1);
  const end = median(half);
  const endPa = median(pa.slice(pa.length >> 1));
  const isFlat = (Math.max(...half) - Math.min(...half)) / end < 0.06;
  const fall = 1 - end / mpjpe[0];
  if (!isFlat || fall < 0.1 || endPa < GOOD_PA || new Set(half).size === 1) return [];
  const three = finite(seriesOf(run, "epoch_loss"));
  const val = finite(seriesOf(run, "epoch_loss", "val"));
  // Validation is not augmented: where it is far better than training, the augmented labels are wrong.
  const isValBetter = three.length > 0 && val.length > 0 && val[val.length - 1] < 0.85 * three[three.length - 1];
  const order =
    "the joints of prediction and ground truth are in different orders: MANO's own is wrist, index, middle, pinky, ring, thumb (src/utils/mano_utils.py:287-351, dataloader/ho3d_dataset.py:22-32)";
  const augmented = "the augmentation turns images and 2D joints, not 3D joints (dataloader/ho3d_dataset.py:920)";
  const at = seriesOf(run, "mpjpe", "val")!;
  return [
    found({
      id: isValBetter ? "labels-not-rotated" : "joint-order",
      severity: "warning",
      certainty: "possible",
      title: isValBetter
        ? "The labels do not follow the augmentation"
        : "The error stops at a floor, as with joints in another order",
      sentence: `MPJPE falls by ${percent(fall)} and then stays at ${show(end)} mm, PA-MPJPE at ${show(endPa)} mm, ${percent(endPa / end)} of it; a network whose fingers are right is below ${GOOD_PA} mm${isValBetter ? ", and validation is far better than training" : ""}.`,
      evidence: [
        {
          what: "PA-MPJPE of the second half",
          found: show(endPa),
          expected: `below ${GOOD_PA}`,
          unit: "mm",
          n: half.length,
        },
        { what: "MPJPE of the second half", found: show(end), expected: "still falling", unit: "mm", n: half.length },
      ],
      causes: [
        ...(isValBetter ? [augmented, order] : [order, augmented]),
        "pretrained weights were not loaded, or the network sees no hand: the mean pose scores 15 to 20 mm",
      ],
      remedy:
        "Search the permutation of the predicted joints that gives the least error: it must be the identity; compare the hand model on the true parameters with the true joints, joint by joint. Here: `handloom check`; leave out the quirks mano-thumb-first and labels-not-augmented.",
      change: { withoutQuirks: [isValBetter ? "labels-not-augmented" : "mano-thumb-first"] },
      explains: ["three-d-stuck"],
      since: sinceOf(at.points[at.points.length >> 1]),
    }),
  ];
};
