import { type DataCheck, of, round, shownBy, wrongTurns } from "./data-check";

const KINDS = {
  stays: "do not turn with it",
  opposite: "turn the other way",
  other: "turn by another angle",
} as const;

/** A crop that turns the image turns the camera: the 3D joints have to turn about the optical axis by the same angle. */
export const labelsNotRotated: DataCheck = ({ samples }) => {
  const found = wrongTurns(samples, "jointsDegrees");
  if (found === undefined) return undefined;
  const { turned, wrong, kind } = found;
  const [worst] = wrong;
  const projected = wrong.flatMap(({ sample: { augmented } }) =>
    augmented.projected3d ? [Math.max(augmented.projected3d.xPx, augmented.projected3d.yPx)] : [],
  );
  const residual =
    projected.length > 0
      ? ` Projected into the crop they miss the 2D labels by up to ${round(Math.max(...projected))} px, expected below 1.`
      : "";
  return {
    id: "labels-not-rotated",
    severity: "serious",
    certainty: "certain",
    title: "Augmentation rotates the image, not the 3D joints",
    sentence: `In ${of(wrong.length, turned)} samples whose crop is turned the 3D joints ${KINDS[kind]}: "${worst.sample.id}" is turned by ${round(worst.crop)} degrees, its joints by ${round(worst.label, 2)}.${residual}`,
    evidence: [
      {
        what: "turned samples whose 3D joints turned with them",
        found: of(turned - wrong.length, turned),
        expected: "all",
        n: turned,
      },
      {
        what: "turn of the 3D joints in the sample that is turned most",
        found: worst.label,
        expected: round(worst.crop),
        unit: "degrees",
      },
      ...(projected.length > 0
        ? [
            {
              what: "projected 3D against 2D labels",
              found: Math.max(...projected),
              expected: "below 1",
              unit: "px",
              n: wrong.length,
            },
          ]
        : []),
    ],
    causes: [
      kind === "opposite"
        ? "the sign of the angle differs between image (y down) and labels"
        : "the data set returns joint_xyz as it was before augmentation, while image and joint_img are turned by up to 180 degrees (dataloader/ho3d_dataset.py:920, dex_ycb_dataset.py:654)",
    ],
    remedy:
      "Turn the 3D joints about the optical axis by the crop's angle, wrist-relative ones by the same. Here joints3dOf in src/data/sample.ts does, but for the quirk labels-not-augmented.",
    change: { withoutQuirks: ["labels-not-augmented"] },
    explains: ["joints-2d-3d-disagree", "hand-pose-differs"],
    ...shownBy(wrong.map(({ sample }) => sample)),
  };
};
