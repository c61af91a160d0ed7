import { found, sinceOf } from "../log/hand";
import { remarkOf } from "../log/types";
import type { LogCheck } from "./log-check";

/** A warning at the start that the hand model could not be loaded: the original goes on with zeros. */
export const handModelMissing: LogCheck = (run) => {
  const remark = remarkOf(run, "smplx-missing") ?? remarkOf(run, "mano-missing");
  if (!remark) return [];
  return [
    found({
      id: "mano-missing",
      severity: "fatal",
      certainty: "certain",
      title: "The hand model could not be loaded",
      sentence: `The log says "${remark.text}", and training went on: vertices and joints are then zeros that need no gradient.`,
      evidence: [{ what: "warnings about the hand model", found: remark.count, expected: "0" }],
      causes: [
        "smplx or chumpy is not installed, or chumpy does not run with this NumPy; a missing chumpy is reported as smplx not available",
        "MANO_RIGHT.pkl is not at mano.model_path",
      ],
      remedy:
        "Install smplx and chumpy (with NumPy below 1.24 or the aliases it needs), and raise in src/models/utnet.py:137-143 instead of going on. Here a missing hand model ends the run: --hand.",
      change: { withoutQuirks: ["mano-missing"] },
      explains: [
        "zero-predictor",
        "metric-constant",
        "losses-repeated",
        "nothing-learns",
        "three-d-stuck",
        "frozen-weights",
      ],
      since: sinceOf(remark),
    }),
  ];
};
