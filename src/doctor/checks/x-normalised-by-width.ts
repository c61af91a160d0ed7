import { type DataCheck, median, of, round, shownBy } from "./data-check";

/** The best factor of x lies this near to the crop's side over its visible width. */
const SAME_SCALE = 0.01;
/** After it labels and projection agree to rounding, and y agrees without one, pixels. */
const EXACT_PX = 0.5;
/** A residual below this says nothing, pixels. */
const LEAST_PX = 1;

/** x of the 2D labels over the columns that the network sees, y over the square's side: x is 4/3 too large for 256 x 192. */
export const xNormalisedByWidth: DataCheck = ({ samples, size, width }) => {
  const expected = size / width;
  if (expected === 1) return undefined;
  const stretched = samples.flatMap(({ id, plain: { projectedFrame } }) => {
    if (projectedFrame === undefined) return [];
    const { xPx, yPx, xScale, xScaledPx } = projectedFrame;
    const fits = Math.abs(xScale / expected - 1) < SAME_SCALE && xScaledPx < EXACT_PX && yPx < EXACT_PX;
    return fits && xPx > LEAST_PX ? [{ id, xPx, xScale }] : [];
  });
  if (2 * stretched.length <= samples.length) return undefined;
  const worst = [...stretched].sort((a, b) => b.xPx - a.xPx);
  const scale = median(stretched.map(({ xScale }) => xScale));
  return {
    id: "x-normalised-by-width",
    severity: "serious",
    certainty: "certain",
    title: "x of the 2D labels is divided by the visible width, not by the crop's side",
    sentence: `x of the 2D labels is ${round(scale, 4)} times the projection in ${of(stretched.length, samples.length)} samples, and y is exact: ${size} / ${width} = ${round(expected, 4)}. A joint at the edge is off by ${round(worst[0].xPx)} px; expected 1 and below 1 px.`,
    evidence: [
      { what: "2D label over projection, x", found: scale, expected: "1", n: stretched.length },
      {
        what: "2D label against projection, x",
        found: worst[0].xPx,
        expected: "below 1",
        unit: "px",
        n: stretched.length,
      },
    ],
    causes: [
      "labels are divided by 256 of the square crop while the network sees its middle 192 columns and divides x by 192 (dataloader/ho3d_dataset.py:895, dex_ycb_dataset.py:635 against models/utnet.py:186-195, 412)",
    ],
    remedy:
      "Divide both axes of labels and predictions by the same side. Here joints2dOf in src/data/sample.ts divides by the square's, but for the quirk width-normalised.",
    change: { withoutQuirks: ["width-normalised"] },
    explains: ["joints-2d-3d-disagree", "joints-outside-input"],
    ...shownBy(worst),
  };
};
