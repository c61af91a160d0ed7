import { type DataCheck, of, percent, round, shownBy } from "./data-check";

/** Standard deviation in 0 to 1 below which an image shows nothing: two of 255 grey levels, less than a sensor's noise. */
const BLANK_STD = 2 / 255;
/** From this share on the network mostly sees nothing. */
const MOSTLY = 0.5;
/** One dark picture is an accident. */
const RARE = 0.05;

/** Images of one colour: the crop lies beside the image, or there was no image. */
export const imageBlank: DataCheck = ({ samples }) => {
  const plain = samples.filter((sample) => sample.plain.imageStd < BLANK_STD);
  const augmented = samples.filter((sample) => sample.augmented.imageStd < BLANK_STD);
  const blank = augmented.length >= plain.length ? augmented : plain;
  if (blank.length === 0) return undefined;
  const share = blank.length / samples.length;
  const empty = samples.filter(({ frame }) => frame.pixels === 0).length;
  const outside = blank.filter(({ augmented: { largest2d } }) => largest2d > 0.5).length;
  const moved =
    "augmentation moves the crop off the hand: its centre is converted from pixels to metres twice (dataloader/ho3d_dataset.py:649)";
  const never =
    "the crop is empty and a zero image stands for it (dataloader/ho3d_dataset.py:503-517, 555-569), as with labels of OpenGL's frame that are not converted (:234,259,294,797)";
  const isOfAugmentation = plain.length === 0;
  return {
    id: "image-blank",
    severity: share >= MOSTLY ? "fatal" : share > RARE ? "serious" : "warning",
    certainty: "certain",
    title: "Images that the network sees are blank",
    sentence: `${of(blank.length, samples.length)} training images have one colour (deviation below ${round(BLANK_STD, 2)} of 1), ${of(plain.length, samples.length)} without augmentation; photographs have 0.05 to 0.3. In ${of(outside, blank.length)} of them the joints lie outside the crop.`,
    evidence: [
      {
        what: "blank images, augmented",
        found: percent(augmented.length / samples.length),
        expected: "0 %",
        n: samples.length,
      },
      {
        what: "blank images, plain",
        found: percent(plain.length / samples.length),
        expected: "0 %",
        n: samples.length,
      },
      { what: "frames of which the import kept no pixel", found: empty, expected: "0", n: samples.length },
    ],
    causes: isOfAugmentation ? [moved, never] : [never, moved, "the files hold nothing"],
    remedy:
      "Let an empty or displaced crop throw with the frame's name instead of returning zeros; convert the labels before the crop is made from them. Here the import does both; the quirks named left it out.",
    change: { withoutQuirks: isOfAugmentation ? ["com-shift-twice"] : ["opengl-unconverted"] },
    explains: ["joints-outside-input", "depth-missing-as-far", "depth-disagrees", "depth-constant"],
    ...shownBy(blank),
  };
};
