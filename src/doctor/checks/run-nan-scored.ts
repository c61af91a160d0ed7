import type { Finding } from "../finding";
import { found, list, measure, type RunCheck } from "../run/run-check";

/** Predictions that are not finite have no score: they are counted. Source: catalogue D26. */
export const runNanScored: RunCheck = ({ counted, scoring }) => {
  const real = [...counted.values()].find(
    ({ nonFinite, samples, scored }) => nonFinite > 0 && scored > samples - nonFinite,
  );
  const broken = [...counted.values()].findLast(({ nonFinite }) => nonFinite > 0);
  const onTrial = scoring !== undefined && scoring.nanScored > 0;
  const findings: Finding[] = [];
  if (real || onTrial) {
    const said = real
      ? `After step ${real.step} ${real.nonFinite} of ${real.samples} predictions are not finite, and ${real.scored} have a score.`
      : `A hand whose joints are all NaN gets a score from this run's evaluation.`;
    findings.push(
      found({
        id: "nan-scored-as-zero",
        severity: real && real.nonFinite === real.samples ? "fatal" : "serious",
        certainty: "certain",
        title: "Predictions that are not numbers are scored as zeros",
        sentence: `${said} A network that diverged would report the calm figures of a hand at the origin.`,
        evidence: [
          real
            ? measure("scores of predictions that are not finite", real.scored - (real.samples - real.nonFinite), "0", {
                n: real.nonFinite,
              })
            : measure("scores of hands that are NaN", scoring!.nanScored, "0", { n: scoring!.nanGiven }),
        ],
        causes: ["NaN is replaced by 0 before scoring (the original's metrics/pose_metrics.py:94-95, 133-134)"],
        remedy:
          "Count predictions that are not finite, leave them out and say so. Here: leave out the quirk nan-as-zero.",
        change: { withoutQuirks: ["nan-as-zero"] },
        explains: ["zero-predictor", "prediction-collapsed", "prediction-not-finite"],
      }),
    );
  }
  if (broken) {
    findings.push(
      found({
        id: "prediction-not-finite",
        severity: "serious",
        certainty: "certain",
        title: "Predictions are not finite",
        sentence: `After step ${broken.step} ${broken.nonFinite} of ${broken.samples} predictions hold NaN or infinities: ${list(broken.nonFiniteIds)}.`,
        evidence: [measure("predictions that are not finite", broken.nonFinite, "0", { n: broken.samples })],
        causes: ["images or depth that are not finite", "weights that grew without bound"],
        remedy: "Look at the first of them; lower optim.lr if its inputs are fine.",
        samples: broken.nonFiniteIds.slice(0, 8),
        ...(broken.nonFiniteIds.length > 0 && { link: `#/inspect?sample=${encodeURI(broken.nonFiniteIds[0])}` }),
      }),
    );
  }
  return findings;
};
