import type { Projection } from "../../train/evidence";
import { type DataCheck, of, round, shownBy } from "./data-check";

/** Projected 3D labels meet the 2D labels within float32's rounding, 1e-4 px; catalogue D3 allows 1 px. */
const AGREES_PX = 1;

const largest = (...all: readonly (Projection | undefined)[]): number =>
  Math.max(0, ...all.flatMap((each) => (each ? [each.xPx, each.yPx] : [])));

/** 3D labels through the sample's camera against its 2D labels, plain and augmented. The checks that know why explain this one. */
export const joints2d3dDisagree: DataCheck = ({ samples }) => {
  const each = samples.map(({ id, plain, augmented }) => ({
    id,
    plain: largest(plain.projected3d, plain.projectedFrame),
    augmented: largest(augmented.projected3d, augmented.projectedFrame),
  }));
  const over = each
    .filter(({ plain, augmented }) => Math.max(plain, augmented) > AGREES_PX)
    .sort((a, b) => Math.max(b.plain, b.augmented) - Math.max(a.plain, a.augmented));
  if (over.length === 0) return undefined;
  const [plain, augmented] = [Math.max(...each.map((one) => one.plain)), Math.max(...each.map((one) => one.augmented))];
  const isOfAugmentation = plain <= AGREES_PX;
  return {
    id: "joints-2d-3d-disagree",
    severity: "serious",
    certainty: "likely",
    title: "2D and 3D labels describe different hands",
    sentence: `In ${of(over.length, samples.length)} samples the projected 3D labels miss the 2D labels by more than ${AGREES_PX} px: ${round(augmented)} px at most with augmentation, ${round(plain)} px without; expected below ${AGREES_PX} px.`,
    evidence: [
      {
        what: "projected 3D against 2D labels, augmented",
        found: augmented,
        expected: `below ${AGREES_PX}`,
        unit: "px",
        n: samples.length,
      },
      {
        what: "projected 3D against 2D labels, plain",
        found: plain,
        expected: `below ${AGREES_PX}`,
        unit: "px",
        n: samples.length,
      },
    ],
    causes: isOfAugmentation
      ? [
          "augmentation changes the 2D labels and not the 3D labels (dataloader/ho3d_dataset.py:920, dex_ycb_dataset.py:654)",
        ]
      : [
          "the camera matrix belongs to another image size or camera",
          "the 2D labels are normalised otherwise than the projection (dataloader/ho3d_dataset.py:895)",
        ],
    remedy:
      "Project the 3D labels of a plain and of an augmented sample and draw both sets of joints over the crop; every change of the crop has to change camera or joints.",
    ...shownBy(over),
  };
};
