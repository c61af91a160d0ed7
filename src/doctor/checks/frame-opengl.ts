import { type DataCheck, median, of, round, shownBy } from "./data-check";

/** A camera sees what lies at z > 0; OpenGL's looks along -z. No label of a photograph is behind its camera. */
export const frameOpenGl: DataCheck = ({ samples }) => {
  const behind = samples.filter(({ frame }) => frame.wristZ < 0);
  if (behind.length === 0) return undefined;
  const z = median(behind.map(({ frame }) => frame.wristZ));
  const blank = samples.filter(({ frame }) => frame.pixels === 0).length;
  const crop = blank > 0 ? ` The crop round them is empty in ${of(blank, samples.length)} frames.` : "";
  return {
    id: "frame-opengl",
    severity: "fatal",
    certainty: "certain",
    title: "The labels are in OpenGL's camera frame",
    sentence: `The wrist of ${of(behind.length, samples.length)} frames lies behind the camera, at z = ${round(z)} m (median); a hand in a photograph has z > 0, 0.2 to 1.5 m.${crop}`,
    evidence: [
      {
        what: "frames whose wrist has z > 0",
        found: of(samples.length - behind.length, samples.length),
        expected: "all",
        n: samples.length,
      },
      { what: "median z of the wrist", found: z, expected: "0.2 to 1.5", unit: "m", n: behind.length },
      { what: "frames with an empty crop", found: blank, expected: "0", n: samples.length },
    ],
    causes: [
      "HO-3D's joints are in OpenGL's frame (x right, y up, -z forward) and are never converted (dataloader/ho3d_dataset.py:234,259,294,797): z < 0 makes the crop's start larger than its end (:440-449), and a zero image stands for it (:503-517, 555-569)",
      "another data set's labels are read with HO-3D's conventions",
    ],
    remedy:
      "Convert joints by (x, -y, -z), and MANO's root rotation by diag(1, -1, -1), before anything is projected; let an empty crop stop the import. Here src/data/ho3d.ts does, and only the quirk opengl-unconverted leaves it out. Depth and colour cannot be judged before this is mended.",
    change: { withoutQuirks: ["opengl-unconverted"] },
    explains: [
      "crop-empty",
      "image-blank",
      "joints-outside-input",
      "depth-missing-as-far",
      "depth-disagrees",
      "labels-unit",
    ],
    ...shownBy(behind),
  };
};
