import type { EvaluationEvidence } from "../../train/run-evidence";
import type { Finding } from "../finding";
import type { RunHistory } from "../run/history";
import { found, measure, type RunCheck, show } from "../run/run-check";

/** Which samples the evaluation counts: all of them, once. Source: catalogue D23, D31. */
export const runEvaluatedSamples: RunCheck = (run) => {
  const real = [...run.counted.values()];
  const few = real.find(({ samples, expected, duplicates }) => samples - duplicates < expected);
  const twice = real.find(({ duplicates }) => duplicates > 0);
  const { scoring } = run;
  const tried = (what: "few" | "twice"): boolean =>
    scoring !== undefined &&
    (what === "few" ? scoring.samples - scoring.duplicates < scoring.given : scoring.duplicates > 0);
  return [
    ...(few ? [oneRank(few)] : tried("few") ? [onTrial(run, "few")] : []),
    ...(twice ? [counted(twice)] : tried("twice") ? [onTrial(run, "twice")] : []),
  ];
};

const ONE_RANK = {
  id: "evaluated-on-one-rank",
  title: "Validation covers one rank's share",
  causes: [
    "the predictions of the other ranks are not gathered (the original's train.py test() before its rewrite)",
    "the validation loader has a DistributedSampler while only rank 0 evaluates (train.py:167-173)",
  ],
  remedy:
    "Gather all ranks' predictions before scoring. The metric is of other samples than it claims, but it still moves: a constant one has another cause. Here: leave out the quirk val-rank0-only.",
  change: { withoutQuirks: ["val-rank0-only"] },
} as const;

const TWICE = {
  id: "samples-counted-twice",
  title: "Validation counts samples twice",
  causes: [
    "DistributedSampler fills every rank's share with the first samples again (the original's train.py:167-173, drop_last=False)",
  ],
  remedy: "Count each id once: drop the rows that fill a share. Here: leave out the quirk val-padded.",
  change: { withoutQuirks: ["val-padded"] },
} as const;

function oneRank({ step, samples, duplicates, expected, ranks }: EvaluationEvidence): Finding {
  const unique = samples - duplicates;
  const isShare = ranks > 1 && Math.abs(unique * ranks - expected) <= ranks;
  return found({
    ...ONE_RANK,
    severity: "serious",
    certainty: isShare ? "certain" : "likely",
    sentence: `After step ${step} ${unique} of ${expected} validation samples were scored${isShare ? `, one of ${ranks} ranks' share` : ""}: the metric is that of other samples than it claims.`,
    evidence: [measure("validation samples that are scored", unique, String(expected))],
    since: `step ${step}`,
  });
}

function counted({ step, samples, duplicates, expected, ranks }: EvaluationEvidence): Finding {
  return found({
    ...TWICE,
    severity: "serious",
    certainty: "certain",
    sentence: `After step ${step} ${samples} samples were counted where the validation set has ${expected}: ${duplicates} stand twice in every mean${ranks > 1 ? `, since ${expected} do not divide by ${ranks} ranks` : ""}.`,
    evidence: [measure("samples that are counted more than once", duplicates, "0", { n: samples })],
    since: `step ${step}`,
  });
}

/** Found with made-up hands: harm is done where ranks cannot share the samples evenly, and to nobody on one rank. */
function onTrial({ scoring }: RunHistory, what: "few" | "twice"): Finding {
  const { given, samples, duplicates, triedRanks, ranks } = scoring!;
  const unique = samples - duplicates;
  const harm = ranks > 1 ? "" : " This run has one rank, which it does not hurt.";
  return found({
    ...(what === "few" ? ONE_RANK : TWICE),
    severity: "warning",
    certainty: "certain",
    sentence: `Of ${given} known hands on ${triedRanks} ranks the evaluation counts ${what === "few" ? `${unique}` : `${samples}, ${duplicates} of them twice`}.${harm}`,
    evidence: [
      measure(
        what === "few" ? "known hands that are scored" : "known hands that are counted twice",
        what === "few" ? unique : duplicates,
        what === "few" ? show(given) : "0",
        { n: given },
      ),
    ],
  });
}
