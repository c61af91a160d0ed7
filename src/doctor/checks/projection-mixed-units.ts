import { isComparable, type ModelCheck, show, shownBy } from "./model-check";

/** float32 is some 1e-5 pixels off; half a pixel could be another convention of pixel centres, not of units. */
const GAP_PX = 1;

/**
 * Predicted 2D joints are not the projection f (X + tx) / (Z + 2 f / s) of the predicted 3D joints with the predicted camera.
 * Source: catalogue D36, measured 192 and 256 times too small.
 */
export const projectionMixedUnits: ModelCheck = (evidence) => {
  const { projection, prediction } = evidence;
  if (!isComparable(evidence) || projection.meanPx <= GAP_PX) return undefined;
  const [x, y] = projection.factor;
  const [height, width] = projection.image;
  // By how much the original squeezes, apart from its own focal length, which changes perspective a little.
  const isSqueezed = x * width > 0.5 && x * width < 2 && y * height > 0.5 && y * height < 2;
  const how = isSqueezed
    ? `${show(1 / x)} and ${show(1 / y)} times too small in x and y, as after a division by an image of ${width} x ${height} pixels`
    : `${show(x)} and ${show(y)} times what they should be in x and y`;
  const { predicted, annotated } = prediction.spread;
  return {
    id: "projection-mixed-units",
    severity: "serious",
    certainty: "certain",
    title: "2D joints are not the projection of the 3D joints",
    sentence: `Predicted 2D joints lie ${show(projection.meanPx)} px from the projection of the predicted 3D joints and are ${how}; the 2D loss cannot teach the camera.`,
    evidence: [
      {
        what: "mean distance of 2D joints from their projection",
        found: projection.meanPx,
        expected: "below 0.01",
        unit: "px",
        n: prediction.samples,
      },
      { what: "factor in x", found: x, expected: "1" },
      { what: "factor in y", found: y, expected: "1" },
      {
        what: "spread of predicted 2D joints over the annotated ones",
        found: predicted / annotated,
        expected: "0.3 to 3",
        n: prediction.samples,
      },
    ],
    causes: [
      "a focal length in units of the crop with a centre in pixels, then divided by the image's size (the original's src/models/utnet.py:388-413)",
      "the 2D output is normalised twice",
    ],
    remedy:
      "Keep focal length, centre and labels in one unit: divide the focal length in pixels by the crop's side once, and nothing else (utnet.py:388-413). Here: leave out quirk focal-centre-mixed.",
    change: { withoutQuirks: ["focal-centre-mixed"] },
    ...shownBy(evidence),
    explains: ["two-d-stuck", "loss-shares", "dead-gradient"],
  };
};
