import { found } from "../log/hand";
import { type LogRun, seriesOf } from "../log/types";
import type { LogCheck } from "./log-check";

/** What a log does not hold, and which questions that leaves open: one note. */
export const absent: LogCheck = (run) => {
  const missing = missingFrom(run);
  if (missing.length === 0) return [];
  return [
    found({
      id: "log-lacks",
      severity: "note",
      certainty: "certain",
      title: "What this log does not say",
      sentence: `Not in it: ${missing.map(([what]) => what).join("; ")}.`,
      evidence: missing.map(([what, question]) => ({ what, found: "absent", expected: question })),
      causes: ["the trainer does not print it, or this part of the log was cut off"],
      remedy:
        "Debug batches are printed in epoch 0 alone: start anew and keep the whole output (2>&1 | tee); UTNET_DEBUG_LOSS=1 adds the inside of the 3D loss. A run of ours writes all of it.",
    }),
  ];
};

/** What is absent and the question it would answer. */
function missingFrom(run: LogRun): (readonly [string, string])[] {
  const { kind, debugBatches, debugLosses } = run;
  const isOriginal = kind === "original" || kind === "unknown";
  return [
    ...(isOriginal && debugBatches.length === 0
      ? [["[Debug Batch k] of epoch 0", "unit, frame and root of the ground truth"] as const]
      : []),
    ...(isOriginal && debugLosses.length === 0
      ? [["[Debug 3D Loss]", "whether the wrist is subtracted twice"] as const]
      : []),
    ...(seriesOf(run, "loss_3d_joint") ? [] : [["losses by term", "which part learns"] as const]),
    ...(seriesOf(run, "mpjpe", "val") ? [] : [["an evaluation (MPJPE)", "whether the metric moves"] as const]),
    ...(seriesOf(run, "lr") ? [] : [["the learning rate", "warm-up, restarts"] as const]),
    ...(seriesOf(run, "grad_norm") ? [] : [["the gradient's norm", "clipping, dead branches"] as const]),
  ];
}
