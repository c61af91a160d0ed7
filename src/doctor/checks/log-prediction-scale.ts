import { CENTRED_STD, found, show } from "../log/hand";
import type { LogCheck } from "./log-check";

/** The guide's case C: the spread of the predicted joints against that of the ground truth about its wrist. */
export const predictionScale: LogCheck = (run) => {
  const batch = run.debugBatches.find(
    ({ predStd, centredStd }) => predStd !== undefined && predStd > 0 && centredStd !== undefined && centredStd > 0,
  );
  const loss = run.debugLosses.find(
    ({ predStdAfter, gtStdAfter }) =>
      predStdAfter !== undefined && predStdAfter > 0 && gtStdAfter !== undefined && gtStdAfter > 0,
  );
  const at = loss
    ? { line: loss.line, pred: loss.predStdAfter!, truth: loss.gtStdAfter! }
    : batch && { line: batch.line, pred: batch.predStd!, truth: batch.centredStd! };
  if (!at || !Number.isFinite(at.pred) || !Number.isFinite(at.truth)) return [];
  const ratio = at.pred / at.truth;
  // A hand near its own origin spreads like one about its wrist; ten times more or less is a unit.
  if (ratio < 10 && ratio > 0.1) return [];
  const isTruthOff = at.truth > 10 * CENTRED_STD[1] || at.truth < CENTRED_STD[0] / 10;
  return [
    found({
      id: "prediction-scale",
      severity: "fatal",
      certainty: isTruthOff ? "likely" : "certain",
      title: ratio > 1 ? "The predicted hand is far too large" : "The predicted hand is far too small",
      sentence: `Predicted joints spread by ${show(at.pred)} mm, true ones by ${show(at.truth)} mm: a factor of ${show(ratio > 1 ? ratio : 1 / ratio)}.`,
      evidence: [
        { what: "spread of the predicted joints", found: at.pred, expected: `about ${show(at.truth)}`, unit: "mm" },
      ],
      causes: [
        ratio > 1
          ? "the hand model's output is multiplied by 1000 twice (src/models/utnet.py:222, 314)"
          : "the hand model's output stays in metres (src/models/utnet.py:222, 314)",
        "shape parameters far from 0",
      ],
      remedy:
        "Print mano_output.joints once: metres, within 0.2 of the wrist. Here the hand model gives metres and only reports are in millimetres.",
      explains: ["three-d-stuck", "loss-3d-impossible", "loss-is-a-sum"],
      since: `line ${at.line}`,
    }),
  ];
};
