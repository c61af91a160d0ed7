import { type DataCheck, of } from "./data-check";

/** Crops made from the true joints are better placed than any detector's: metrics are then those of a perfect detector. */
export const boxesFromTruth: DataCheck = ({ samples }) => {
  const exact = samples.filter(({ frame }) => frame.boxFromJoints).length;
  if (2 * exact <= samples.length) return undefined;
  return {
    id: "boxes-from-truth",
    severity: "note",
    certainty: "certain",
    title: "Crops are made from the true joints",
    sentence: `The crop of ${of(exact, samples.length)} frames is centred on the box round the labelled joints to a hundredth of a pixel, and so are those of validation: metrics assume a perfect detector.`,
    evidence: [
      {
        what: "crops centred on the labelled joints",
        found: of(exact, samples.length),
        expected: "0 with a detector's boxes",
      },
    ],
    causes: [
      "crop centre and depth cube come from the ground truth, at test time too (dataloader/ho3d_dataset.py:807, 818; dex_ycb_dataset.py:568-570)",
    ],
    remedy: "Evaluate once more with displaced boxes (`handloom evaluate --box-jitter 0.1`) and report both.",
    samples: [],
  };
};
