import { type DataCheck, of, shownBy } from "./data-check";

/** Frames whose crop holds no pixel: whatever the network is shown for them is made up. */
export const cropEmpty: DataCheck = ({ samples }) => {
  const empty = samples.filter(({ frame }) => frame.pixels === 0);
  if (empty.length === 0) return undefined;
  const outside = empty.filter(({ plain }) => plain.insideShare === 0).length;
  return {
    id: "crop-empty",
    severity: 2 * empty.length > samples.length ? "fatal" : "serious",
    certainty: "certain",
    title: "The crop holds nothing of the image",
    sentence: `The import kept no pixel of ${of(empty.length, samples.length)} frames, and in ${of(outside, empty.length)} of them not one joint lies in the crop; expected pixels and joints in all. A blank image stands for them.`,
    evidence: [
      { what: "frames with an empty crop", found: of(empty.length, samples.length), expected: "0", n: samples.length },
      { what: "of these, crops without a joint", found: of(outside, empty.length), expected: "0" },
    ],
    causes: [
      "labels in OpenGL's frame are never converted (dataloader/ho3d_dataset.py:234,259,294,797): with z < 0 the crop's start is larger than its end (:440-449), and a zero image with an identity transform stands for it (:503-517, 555-569)",
      "boxes or camera matrices belong to another image",
    ],
    remedy:
      "Convert the labels before anything is projected, and let an empty crop stop the import with the frame's name. Here cropRecord in src/data/crop.ts throws, but for the quirk opengl-unconverted.",
    change: { withoutQuirks: ["opengl-unconverted"] },
    explains: ["image-blank", "joints-outside-input", "depth-missing-as-far"],
    ...shownBy(empty),
  };
};
