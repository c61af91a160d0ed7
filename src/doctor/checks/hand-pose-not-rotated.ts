import { type DataCheck, of, round, shownBy, wrongTurns } from "./data-check";

/** MANO turns about the wrist: a crop turned by a has the root rotation Rz(a) R, or its loss teaches the wrong orientation. */
export const handPoseNotRotated: DataCheck = ({ samples }) => {
  const found = wrongTurns(samples, "poseDegrees");
  if (found === undefined) return undefined;
  const { turned, wrong, kind } = found;
  const [worst] = wrong;
  const gaps = wrong.flatMap(({ sample: { augmented } }) => (augmented.mano ? [augmented.mano.gapMm] : []));
  const gap = gaps.length > 0 ? Math.max(...gaps) : undefined;
  const how =
    kind === "stays" ? "keeps its value" : kind === "opposite" ? "turns the other way" : "turns by another angle";
  return {
    id: "hand-pose-not-rotated",
    severity: "serious",
    certainty: "certain",
    title: "Augmentation rotates the image, not MANO's root",
    sentence: `In ${of(wrong.length, turned)} samples whose crop is turned the root rotation ${how}: "${worst.sample.id}" is turned by ${round(worst.crop)} degrees, its root by ${round(worst.label, 2)}.${gap === undefined ? "" : ` MANO(pose, shape) then lies up to ${round(gap)} mm from the 3D joints, expected below 0.1 mm.`}`,
    evidence: [
      {
        what: "turned samples whose root turned with them",
        found: of(turned - wrong.length, turned),
        expected: "all",
        n: turned,
      },
      {
        what: "turn of the root in the sample that is turned most",
        found: worst.label,
        expected: round(worst.crop),
        unit: "degrees",
      },
      ...(gap === undefined
        ? []
        : [
            {
              what: "MANO(pose, shape) against the joints, without tips",
              found: gap,
              expected: "below 0.1",
              unit: "mm",
              n: gaps.length,
            },
          ]),
    ],
    causes: [
      "mano_pose is returned as it was before augmentation (dataloader/ho3d_dataset.py:910, dex_ycb_dataset.py:649)",
    ],
    remedy:
      "Multiply the root rotation by Rz(angle) from the left, as the crop turns. Here poseOf in src/data/sample.ts does, but for the quirk pose-not-augmented.",
    change: { withoutQuirks: ["pose-not-augmented"] },
    explains: ["hand-pose-differs"],
    ...shownBy(wrong.map(({ sample }) => sample)),
  };
};
