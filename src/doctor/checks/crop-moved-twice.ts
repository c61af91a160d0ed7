import { type DataCheck, of, percent, round, shownBy } from "./data-check";

/**
 * How near to the converted centre a crop has to lie, over its side. The augmentation's own shift s moves that point by s z / f
 * sides, below 0.001; by accident a crop lies so near to any one point in one of 10,000 samples.
 */
const SAME_POINT = 0.005;
/** The point has to be far from where the crop belongs, or nothing is wrong with it. */
const ELSEWHERE = 0.2;

/** A crop centre in pixels that was taken through the camera once more: metres, read as pixels, lie in the image's corner. */
export const cropMovedTwice: DataCheck = ({ samples }) => {
  const moved = samples.filter(
    ({ augmentation: { toCentreInMetres, centreInMetresIsOff } }) =>
      toCentreInMetres < SAME_POINT && centreInMetresIsOff > ELSEWHERE,
  );
  if (moved.length === 0) return undefined;
  const [first] = moved;
  const [x, y] = first.augmented.cropCentre;
  const [u, v] = first.plain.cropCentre;
  const share = moved.length / samples.length;
  return {
    id: "crop-moved-twice",
    severity: "serious",
    certainty: "certain",
    title: "The shifted crop's centre is converted to metres twice",
    sentence: `${of(moved.length, samples.length)} augmented crops are centred at metres taken for pixels: "${first.id}" at (${round(x)}, ${round(y)}) instead of near (${round(u)}, ${round(v)}). They show no hand, and their 2D labels reach ${round(Math.max(...moved.map(({ augmented }) => augmented.largest2d)))} where 0.5 is the edge.`,
    evidence: [
      {
        what: "augmented crops centred at metres taken for pixels",
        found: percent(share),
        expected: "0 %",
        n: samples.length,
      },
      {
        what: "largest 2D label of these",
        found: Math.max(...moved.map(({ augmented }) => augmented.largest2d)),
        expected: "below 0.7",
        n: moved.length,
      },
    ],
    causes: [
      "moveCoM unprojects twice, jointImgTo3D(jointImgTo3D(com) + off), where joint3DToImg belongs outside (dataloader/ho3d_dataset.py:649; right in dex_ycb_dataset.py:410)",
    ],
    remedy:
      "Project the shifted centre back to pixels: joint3DToImg(jointImgTo3D(com) + off). Here the crop's centre moves in pixels (augmentSquare in src/data/augment.ts), but for the quirk com-shift-twice.",
    change: { withoutQuirks: ["com-shift-twice"] },
    explains: ["image-blank", "joints-outside-input", "depth-missing-as-far"],
    ...shownBy(moved),
  };
};
