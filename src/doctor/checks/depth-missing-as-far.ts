import { type DataCheck, of, percent, shownBy } from "./data-check";

/** A crop with a hand in a cube of 28 cm has a tenth of its pixels in the cube and more; with less than this it shows none. */
const ALL_FAR = 0.995;
/** One crop whose hand the sensor missed is an accident. */
const RARE = 0.05;

/** Missing depth looks like a far wall. Samples that claim to have depth and show nothing but that wall teach that depth says nothing. */
export const depthMissingAsFar: DataCheck = ({ samples }) => {
  const views = samples.flatMap(({ id, plain, augmented }) => [
    { id, ...plain },
    { id, ...augmented },
  ]);
  const withDepth = views.filter(({ hasDepth }) => hasDepth);
  const far = withDepth.filter(({ farShare }) => farShare >= ALL_FAR);
  if (far.length === 0) return undefined;
  const mean = withDepth.reduce((sum, { farShare }) => sum + farShare, 0) / withDepth.length;
  return {
    id: "depth-missing-as-far",
    severity: far.length > RARE * withDepth.length ? "warning" : "note",
    certainty: "certain",
    title: "Samples with depth show a far wall and no hand",
    sentence: `In ${of(far.length, withDepth.length)} samples that are marked as having depth at least ${percent(ALL_FAR)} of the pixels are at the far plane, where missing readings go too; expected about half.`,
    evidence: [
      { what: "samples with depth that are all far", found: of(far.length, withDepth.length), expected: "0" },
      {
        what: "mean share of depth pixels at the far plane",
        found: percent(mean),
        expected: "20 to 80 %",
        n: withDepth.length,
      },
    ],
    causes: [
      "missing depth, 0 in the file, becomes the far plane, and the sample is not marked as without depth (dataloader/ho3d_dataset.py:605-609, 705-707)",
      "the depth cube lies beside the hand, or the crop does",
    ],
    remedy:
      "Mark a sample without a reading near the hand as without depth (hasDepth 0), so that the learned placeholder stands for it.",
    ...shownBy(far),
  };
};
