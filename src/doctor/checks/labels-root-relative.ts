import { type DataCheck, of, round, shownBy } from "./data-check";

/** A wrist nearer to the camera's centre than this is no wrist in front of a camera, metres. */
const AT_THE_CAMERA = 1e-6;

/**
 * Case A of the guide: the 3D labels are wrist-relative already. Decided by the wrist itself and its depth. The mean of the
 * wrist-relative joints says nothing: the other twenty lie tens of millimetres from the wrist, and their mean is not 0 for a right hand.
 */
export const labelsRootRelative: DataCheck = ({ samples }) => {
  const atZero = samples.filter(({ augmented: { root } }) => Math.hypot(...root) < AT_THE_CAMERA);
  if (atZero.length === 0) return undefined;
  const [{ frame }] = atZero;
  return {
    id: "labels-root-relative",
    severity: "serious",
    certainty: "certain",
    title: "The 3D labels are wrist-relative before the loss makes them so",
    sentence: `The wrist of ${of(atZero.length, samples.length)} samples is exactly (0, 0, 0) m, while the frame of the first has it ${round(frame.wristZ)} m from the camera: the hand's place is lost, and the 3D labels cannot be projected. Expected z of 0.2 to 1.5 m.`,
    evidence: [
      {
        what: "samples with the wrist at the camera",
        found: of(atZero.length, samples.length),
        expected: "0",
        n: samples.length,
      },
      { what: "z of the wrist in the frame", found: frame.wristZ, expected: "the same in the sample", unit: "m" },
    ],
    causes: [
      "the data set subtracts the root and the loss does so again (guide, problem 2, case A: dataloader/ho3d_dataset.py:797)",
    ],
    remedy:
      "Return absolute joints, and let the loss alone subtract the wrist. Here joints3dOf in src/data/sample.ts returns them absolute, but for the quirk gt-recentred.",
    change: { withoutQuirks: ["gt-recentred"] },
    explains: ["joints-2d-3d-disagree", "labels-unit"],
    ...shownBy(atZero),
  };
};
