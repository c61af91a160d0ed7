import { found, sinceOf } from "../log/hand";
import { type LogRun, type Point, seriesOf } from "../log/types";
import type { LogCheck } from "./log-check";

/** A metric over nothing: infinite, exactly zero, or beside "Evaluated on 0 samples". */
export const noSamples: LogCheck = (run) => {
  const none = run.evaluated.find(({ samples }) => samples === 0);
  const mpjpe = seriesOf(run, "mpjpe", "val");
  const infinite = isDiverged(run, mpjpe?.firstNonFinite) ? undefined : mpjpe?.firstNonFinite;
  const zero = mpjpe?.points.find(({ value }) => value === 0);
  const at = none ?? infinite ?? zero;
  if (!at) return [];
  const shown = none ? "0 samples" : `an MPJPE of ${infinite ? infinite.value : "0.000"} mm`;
  return [
    found({
      id: "metric-without-samples",
      severity: "fatal",
      certainty: none || infinite ? "certain" : "likely",
      title: "The metric is over no sample",
      sentence: `Line ${at.line} gives ${shown}: no sample was valid, so the figure says nothing about the network.`,
      evidence: [
        { what: "samples or MPJPE", found: none ? 0 : String(infinite?.value ?? 0), expected: "above 0 and finite" },
      ],
      causes: [
        "the evaluation split of HO-3D has one joint for all 21, so every sample counts as degenerate (dataloader/ho3d_dataset.py:228, train.py:626-645)",
        "the ground truth is not finite, or all zero",
        "the validation set is empty: missing files are skipped in silence (dataloader/ho3d_dataset.py:168-179)",
      ],
      remedy:
        "Evaluate on frames with all joints, print the number of valid samples, and refuse a metric when it is 0. Here a metric of no sample is refused with a sentence.",
      explains: ["metric-constant", "zero-predictor"],
      since: sinceOf(at),
    }),
  ];
};

/** A metric that is no number after a loss that was none: the network diverged, which is another finding. */
const isDiverged = (run: LogRun, at: Point | undefined): boolean =>
  at !== undefined &&
  Number.isNaN(at.value) &&
  run.series.some(({ split, firstNonFinite }) => split === "train" && firstNonFinite && firstNonFinite.line < at.line);
