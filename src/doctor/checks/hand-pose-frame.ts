import { type DataCheck, MANO_EXPLAINED_MM, manoMisses, median, of, round, shownBy } from "./data-check";

/** Joints converted to OpenCV's frame, MANO's root rotation not: the two are 180 degrees about x apart, on plain samples too. */
export const handPoseFrame: DataCheck = ({ samples }) => {
  const explained = manoMisses(samples).filter(({ mano }) => (mano.otherwise?.openGl ?? 1e9) < MANO_EXPLAINED_MM);
  if (explained.length === 0) return undefined;
  const withMano = samples.filter(({ plain }) => plain.mano !== undefined).length;
  const gap = median(explained.map(({ mano }) => mano.gapMm));
  const angle = median(explained.map(({ mano }) => Math.hypot(...mano.turnDegrees)));
  const left = median(explained.map(({ mano }) => mano.otherwise?.openGl ?? 0));
  return {
    id: "hand-pose-frame",
    severity: "serious",
    certainty: "certain",
    title: "MANO's root rotation is in OpenGL's frame, the joints in OpenCV's",
    sentence: `In ${of(explained.length, withMano)} samples MANO(pose, shape) lies ${round(gap)} mm from the joints (median of the farthest joint), and ${round(angle)} degrees about x bring it to ${round(left, 2)} mm; expected below 0.1 mm without any turn.`,
    evidence: [
      {
        what: "MANO(pose, shape) against the joints, without tips",
        found: gap,
        expected: "below 0.1",
        unit: "mm",
        n: explained.length,
      },
      {
        what: "the same with the root turned by 180 degrees about x",
        found: left,
        expected: "as above",
        unit: "mm",
        n: explained.length,
      },
      { what: "rotation from MANO to the joints", found: angle, expected: "0", unit: "degrees", n: explained.length },
    ],
    causes: [
      "HO-3D's handPose is in OpenGL's frame and becomes the target of a root in OpenCV's (dataloader/ho3d_dataset.py:910, models/utnet.py:128)",
    ],
    remedy:
      "Multiply the root rotation by diag(1, -1, -1) from the left, and move the translation with it. Here manoToOpenCv in src/data/ho3d.ts does, but for the quirk pose-opengl.",
    change: { withoutQuirks: ["pose-opengl"] },
    explains: ["hand-pose-differs"],
    ...shownBy(explained),
  };
};
