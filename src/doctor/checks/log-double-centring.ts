import { found, LARGEST_CENTRED_MEAN, LARGEST_ELEMENT, median, show } from "../log/hand";
import type { LogCheck } from "./log-check";

/** Agreement of two means of different batches, mm. */
const CLOSE = 40;

/**
 * The guide's case D. Centring about the wrist twice changes nothing, as the wrist is 0 after the first time; what hurts is
 * subtracting the *saved* wrist twice (or never). Then the centred ground truth's mean is c - r instead of c, where c is the
 * mean about the wrist, r that of the wrist's coordinates and B = c + r that before centring.
 */
export const doubleCentring: LogCheck = (run) => {
  const loss = run.debugLosses.find(
    ({ gtMeanAfter }) => gtMeanAfter !== undefined && Number.isFinite(gtMeanAfter) && Math.abs(gtMeanAfter) < 10_000,
  );
  if (!loss || Math.abs(loss.gtMeanAfter!) <= LARGEST_CENTRED_MEAN) return [];
  const after = loss.gtMeanAfter!;
  const before = loss.gtMean;
  // A hand whose unit is wrong has a wide spread as well: the units' check has the word.
  if ((loss.gtStdAfter ?? 0) > 2000) return [];
  const centred = run.debugBatches.map(({ centredMean }) => centredMean).filter((mean) => mean !== undefined);
  const c = centred.length > 0 ? median(centred) : 0;
  const never = before !== undefined && Math.abs(after - before) < 0.5;
  const twice = before !== undefined && Math.abs(after - (2 * c - before)) < CLOSE;
  return [
    found({
      id: "double-centring",
      severity: "fatal",
      certainty: never || twice ? "certain" : "likely",
      title: never ? "The ground truth is not centred in the loss" : "The wrist is subtracted twice in the 3D loss",
      sentence: `After centring the ground truth's mean is ${show(after)} mm, which no hand has about its wrist (at most ${LARGEST_CENTRED_MEAN})${before === undefined ? "" : `; before it was ${show(before)} mm${twice ? `, and the wrist taken off twice gives ${show(2 * c - before)}` : ""}`}.`,
      evidence: [
        {
          what: "mean of the centred ground truth",
          found: after,
          expected: `within ${LARGEST_CENTRED_MEAN}`,
          unit: "mm",
        },
        ...(loss.elementMean === undefined
          ? []
          : [
              {
                what: "mean error of a coordinate",
                found: loss.elementMean,
                expected: `below ${LARGEST_ELEMENT}`,
                unit: "mm",
              },
            ]),
      ],
      causes: never
        ? ["the centring of the ground truth in Keypoint3DLoss was removed while the prediction is centred"]
        : [
            "joints that are relative already lose the saved wrist once more (src/losses/loss.py Keypoint3DLoss)",
            "prediction and ground truth are centred by different roots",
          ],
      remedy: "Centre both by their own joint 0, once. Here leave out the quirk double-centring.",
      change: { withoutQuirks: ["double-centring"] },
      explains: ["three-d-stuck", "loss-3d-impossible", "loss-is-a-sum"],
      since: `line ${loss.line}`,
    }),
  ];
};
