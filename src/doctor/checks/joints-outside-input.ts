import { type DataCheck, percent, shownBy } from "./data-check";

/** A crop 1.5 times the hand's box shows every joint; with this share outside of it the crop is not that of the hand. */
const LEAST_PLAIN = 0.9;
/** Shift, scale and rotation cut off some joints; below this share most of the hand is gone. */
const LEAST_AUGMENTED = 0.6;

/** Joints that the network is asked for and cannot see. */
export const jointsOutsideInput: DataCheck = ({ samples, width, size }) => {
  const share = (which: "plain" | "augmented"): number =>
    samples.reduce((sum, sample) => sum + sample[which].insideShare, 0) / samples.length;
  const counted = samples.reduce(
    (sum, { plain, augmented }) => sum + plain.outsideCounted + augmented.outsideCounted,
    0,
  );
  const [plain, augmented] = [share("plain"), share("augmented")];
  const isFault = plain < LEAST_PLAIN || counted > 0;
  if (!isFault && augmented >= LEAST_AUGMENTED) return undefined;
  const worst = [...samples].sort(
    (a, b) => a.plain.insideShare + a.augmented.insideShare - b.plain.insideShare - b.augmented.insideShare,
  );
  const supervised =
    counted > 0
      ? ` ${counted} 2D labels outside of it have confidence 1 and count in the loss.`
      : " Their confidence is 0.";
  return {
    id: "joints-outside-input",
    severity: isFault ? "warning" : "note",
    certainty: "certain",
    title: "Joints lie outside of what the network sees",
    sentence: `${percent(plain)} of the joints lie inside the ${width} x ${size} pixels that the network sees, ${percent(augmented)} with augmentation; expected above ${percent(LEAST_PLAIN)} and ${percent(LEAST_AUGMENTED)}.${supervised}`,
    evidence: [
      {
        what: "joints inside the network's input, plain",
        found: percent(plain),
        expected: `above ${percent(LEAST_PLAIN)}`,
        n: samples.length,
      },
      {
        what: "joints inside it, augmented",
        found: percent(augmented),
        expected: `above ${percent(LEAST_AUGMENTED)}`,
        n: samples.length,
      },
      { what: "labels outside of it with confidence 1", found: counted, expected: "0", n: 2 * samples.length },
    ],
    causes: isFault
      ? [
          "every 2D label has confidence 1 (train.py:357, 362), and the network sees the middle 192 of 256 columns (models/utnet.py:186-195)",
          "the boxes are not those of the hands",
        ]
      : ["shift, scale or rotation of the augmentation are larger than the crop has room for"],
    remedy: isFault
      ? "Give joints outside the input confidence 0, and crop 1.5 times the hand's box (data.boxScale)."
      : "Lower data.augment.shift or data.augment.scale.",
    ...shownBy(worst),
  };
};
