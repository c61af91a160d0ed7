import { found, show, sinceOf } from "../log/hand";
import { seriesOf } from "../log/types";
import type { LogCheck } from "./log-check";

/** A share this close to 1/ranks is one rank's; DistributedSampler pads by up to ranks - 1 samples. */
const SHARE_TOLERANCE = 0.01;
/** HO-3D v3's training frames, and the share that the original takes for validation. */
const VAL_ON_HO3D = 8333;

/** Evaluation on one rank's share, the guide's 2083 of 8332, and a metric of no sample. */
export const oneRank: LogCheck = (run) => {
  const first = run.evaluated[0];
  const mpjpe = seriesOf(run, "mpjpe", "val");
  const ranks = run.facts.ranks ?? first?.ranks;
  if (!first) {
    if (!mpjpe || (run.kind !== "original" && run.kind !== "unknown")) return [];
    const isDistributed = (ranks ?? 1) > 1;
    return [
      found({
        id: isDistributed ? "evaluated-on-one-rank" : "evaluation-line-missing",
        severity: isDistributed ? "serious" : "note",
        certainty: "likely",
        title: isDistributed
          ? "Validation covers one rank's share"
          : "The log does not say on how many samples it evaluates",
        sentence: `There is no line "Evaluated on ... samples" in ${mpjpe.count} evaluations: the fix of the evaluation is not in this build${isDistributed ? `, and rank 0 of ${ranks} scores its own samples alone` : ""}.`,
        evidence: [{ what: 'lines "Evaluated on ... samples"', found: 0, expected: `${mpjpe.count}` }],
        causes: ["a version of train.py from before the evaluation gathers all ranks' predictions"],
        remedy:
          "Update train.py test(), and look for the line again. It explains a wrong metric, not a constant one. Here every rank's samples are always gathered.",
        since: sinceOf(mpjpe.first),
      }),
    ];
  }
  const whole = run.facts.val_samples ?? (run.kind === "handloom" ? undefined : VAL_ON_HO3D);
  const share = whole ? first.samples / whole : undefined;
  const parts = [ranks, 2, 3, 4, 6, 8, 16].find(
    (n) => n !== undefined && n > 1 && share !== undefined && Math.abs(share * n - 1) < SHARE_TOLERANCE,
  );
  if (parts === undefined) return [];
  const isKnown = run.facts.val_samples !== undefined || parts === ranks;
  return [
    found({
      id: "evaluated-on-one-rank",
      severity: "serious",
      certainty: isKnown ? "certain" : "likely",
      title: "Validation covers one rank's share",
      sentence: `Evaluated on ${first.samples} samples, 1/${parts} of the ${whole} of the validation set: only one rank's predictions are scored.`,
      evidence: [
        { what: "samples that are scored", found: first.samples, expected: `${whole}` },
        { what: "share of the validation set", found: show(share!), expected: "1" },
      ],
      causes: [
        `the predictions of the other ${parts - 1} ranks are not gathered (train.py test() before its rewrite)`,
        "the validation loader still has a DistributedSampler while only rank 0 evaluates (train.py:167-173)",
      ],
      remedy:
        "Gather all ranks' predictions before scoring, or validate on rank 0 without a DistributedSampler. The metric is of other samples than it claims, but it still moves: a constant one has another cause. Here: leave out the quirk val-rank0-only.",
      change: { withoutQuirks: ["val-rank0-only"] },
      since: sinceOf(first),
    }),
  ];
};
