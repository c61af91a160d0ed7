import { type DataCheck, MANO_EXPLAINED_MM, manoMisses, median, of, round, shownBy } from "./data-check";

/** Left hands whose image and joints are mirrored to right ones and whose MANO parameters are not. */
export const leftHandParameters: DataCheck = ({ samples }) => {
  const explained = manoMisses(samples).filter(({ mano }) => (mano.otherwise?.mirrored ?? 1e9) < MANO_EXPLAINED_MM);
  if (explained.length === 0) return undefined;
  const withMano = samples.filter(({ plain }) => plain.mano !== undefined).length;
  const gap = median(explained.map(({ mano }) => mano.gapMm));
  const left = median(explained.map(({ mano }) => mano.otherwise?.mirrored ?? 0));
  return {
    id: "left-hand-parameters",
    severity: "serious",
    certainty: "certain",
    title: "Mirrored left hands keep a left hand's MANO parameters",
    sentence: `In ${of(explained.length, withMano)} samples MANO(pose, shape) lies ${round(gap)} mm from the joints, and ${round(left, 2)} mm once the pose is mirrored; expected below 0.1 mm as it is.`,
    evidence: [
      {
        what: "MANO(pose, shape) against the joints, without tips",
        found: gap,
        expected: "below 0.1",
        unit: "mm",
        n: explained.length,
      },
      { what: "the same with the pose mirrored", found: left, expected: "as above", unit: "mm", n: explained.length },
    ],
    causes: [
      "image and joints of left hands are mirrored, mano_pose and mano_shape are not (dataloader/dex_ycb_dataset.py:560-567, 648-651)",
    ],
    remedy:
      "Negate y and z of every axis-angle vector when the image is mirrored, or leave left hands out. Here mirrorFrame in src/data/mirror.ts mirrors all of it together.",
    explains: ["hand-pose-differs"],
    ...shownBy(explained),
  };
};
