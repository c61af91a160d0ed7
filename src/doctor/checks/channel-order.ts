import type { DataCheck } from "./data-check";

/** A red picture comes out with red above this and the others below what is left; resampling and 8 bits leave 0.004. */
const PURE = 0.9;

/** Whether red is still red in front of the network: a made-up red record goes the way of every sample. */
export const channelOrder: DataCheck = ({ testFrame: { rgb }, samples }) => {
  const [red, green, blue] = rgb;
  if (red > PURE && Math.max(green, blue) < 1 - PURE) return undefined;
  const isBgr = blue > PURE && Math.max(red, green) < 1 - PURE;
  const mean = (c: number): number => samples.reduce((sum, { plain }) => sum + plain.imageMeans[c], 0) / samples.length;
  const shown = rgb.map((value) => Math.abs(value).toFixed(2)).join(", ");
  return {
    id: "channel-order",
    severity: "warning",
    certainty: isBgr ? "certain" : "likely",
    title: isBgr ? "Red and blue are exchanged" : "Colours change on the way to the network",
    sentence: `A pure red picture reaches the network as (${shown}) in red, green and blue, expected (1, 0, 0): ImageNet's mean and deviation, and a pretrained network's first layer, get the wrong channels.`,
    evidence: [
      { what: "red of a red picture", found: red, expected: "1" },
      { what: "blue of a red picture", found: blue, expected: "0" },
      {
        what: "mean red of the samples less their mean blue",
        found: mean(0) - mean(2),
        expected: "above 0 where skin fills the crop",
        n: samples.length,
      },
    ],
    causes: [
      "cv2.imread gives BGR, and it is normalised with RGB's mean and deviation (dataloader/ho3d_dataset.py:771, 838-865; dex_ycb_dataset.py:533)",
    ],
    remedy:
      "cv2.cvtColor(image, cv2.COLOR_BGR2RGB) after reading. Here sampleImage in src/data/resample.ts keeps RGB, but for the quirk bgr.",
    change: { withoutQuirks: ["bgr"] },
    samples: [],
  };
};
