import { type DataCheck, MANO_GAP_MM, of, round, shownBy } from "./data-check";

/** A rigid turn that leaves less than this explains the gap, mm. */
const RIGID_MM = 1;

/** MANO's parameters and joints of one sample describe two hands. The checks that know why explain this one. */
export const handPoseDiffers: DataCheck = ({ samples, hand, handIsMano }) => {
  const compared = samples.flatMap(({ id, plain, augmented }) =>
    [plain.mano, augmented.mano].flatMap((mano) => (mano ? [{ id, mano }] : [])),
  );
  const missing = compared.filter(({ mano }) => mano.gapMm > MANO_GAP_MM).sort((a, b) => b.mano.gapMm - a.mano.gapMm);
  if (missing.length === 0) return undefined;
  const [{ mano: worst }] = missing;
  const rigid = missing.filter(({ mano }) => mano.turnedMm < RIGID_MM).length;
  const another = handIsMano
    ? "another MANO file than the labels were made with"
    : `${hand} is not MANO, to which the labels of real data sets belong: choose your MANO_RIGHT.pkl as the hand`;
  const turn =
    "the root rotation is in another frame, or does not follow the augmentation (dataloader/ho3d_dataset.py:910)";
  const other = "another pose convention (flat hand or mean pose) or joint order";
  return {
    id: "hand-pose-differs",
    severity: "serious",
    certainty: "likely",
    title: "MANO's parameters do not give the labelled joints",
    sentence: `In ${of(missing.length, compared.length)} samples MANO(pose, shape) of ${hand} lies more than ${MANO_GAP_MM} mm from the wrist-relative joints, ${round(worst.gapMm)} mm at most; a turn of the root removes it in ${of(rigid, missing.length)}. Expected below 0.1 mm.`,
    evidence: [
      {
        what: "MANO(pose, shape) against the joints, without tips",
        found: worst.gapMm,
        expected: "below 0.1",
        unit: "mm",
        n: compared.length,
      },
      { what: "the same after the best rotation", found: worst.turnedMm, expected: "below 0.1", unit: "mm" },
    ],
    causes: 2 * rigid > missing.length ? [turn, another, other] : [another, other, turn],
    remedy:
      "Compute MANO's joints of the labels before and after augmentation until they agree within 0.1 mm, and use the hand file that the data set was labelled with (--hand MANO_RIGHT.pkl).",
    ...shownBy(missing),
  };
};
