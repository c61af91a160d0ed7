import type { Finding } from "../finding";
import { finite, found, median, percent, show, sinceOf } from "../log/hand";
import { type LogRun, seriesOf } from "../log/types";
import type { LogCheck } from "./log-check";

/** Steps before a share means something. */
const ENOUGH = 50;

/** Gradients that a log gives: none at all, or nearly all of them cut; and samples that fall outside the feature map. */
export const gradients: LogCheck = (run) => [...dead(run), ...clipped(run), ...outside(run)];

function dead(run: LogRun): Finding[] {
  const norms = finite(seriesOf(run, "grad_norm"));
  if (norms.length < 3 || norms.some((norm) => norm !== 0)) return [];
  return [
    found({
      id: "dead-gradient",
      severity: "fatal",
      certainty: "certain",
      title: "There is no gradient",
      sentence: `The gradient's norm is 0 in all ${norms.length} readings.`,
      evidence: [{ what: "norm of the gradient", found: 0, expected: "above 0", n: norms.length }],
      causes: ["the loss does not depend on the weights: no hand model, a detached prediction"],
      remedy: "List the parameters whose gradient is 0 after one step. Here `no gradient reaches ...` in the log.",
      explains: ["metric-constant", "frozen-weights", "nothing-learns", "losses-repeated", "three-d-stuck"],
      since: sinceOf(seriesOf(run, "grad_norm")!.first),
    }),
  ];
}

function clipped(run: LogRun): Finding[] {
  const { steps, clipped } = run.clipped;
  const share = clipped / steps;
  if (steps < ENOUGH || share < 0.9) return [];
  const norm = median(finite(seriesOf(run, "grad_norm")));
  return [
    found({
      id: "mostly-clipped",
      severity: "warning",
      certainty: "certain",
      title: "Nearly every gradient is clipped",
      sentence: `${clipped} of ${steps} steps (${percent(share)}) were clipped${run.facts.clip === undefined ? "" : ` at ${show(run.facts.clip)}`}; the median norm is ${show(norm)}. The gradient's size then says nothing about the step's.`,
      evidence: [{ what: "share of clipped steps", found: percent(share), expected: "below 50 %", n: steps }],
      causes: ["sums in place of means", "a bound far below the usual norm (train.py:407: 1.0)"],
      remedy: `Set optim.clip to about ten times the median norm${Number.isFinite(norm) ? `, ${show(10 * norm)}` : ""}; leave out the quirk clip-hard.`,
      change: { withoutQuirks: ["clip-hard"] },
      since: sinceOf(seriesOf(run, "grad_norm")?.first ?? { line: run.firstLine }),
    }),
  ];
}

function outside(run: LogRun): Finding[] {
  const series = seriesOf(run, "in_map_share");
  const shares = finite(series);
  if (!series || shares.length < 3 || median(shares) >= 0.5) return [];
  return [
    found({
      id: "sampled-outside-map",
      severity: "serious",
      certainty: "certain",
      title: "Vertices are sampled outside the feature map",
      sentence: `${percent(median(shares))} of the vertex samples fall inside the map, where more than 90 % should: the refinement reads zeros.`,
      evidence: [
        {
          what: "share of vertex samples inside the map",
          found: show(median(shares)),
          expected: "above 0.9",
          n: shares.length,
        },
      ],
      causes: ["vertices in millimetres are taken as pixels (src/models/utnet.py:359-360)", "a camera far off"],
      remedy:
        "Project vertices with the predicted camera to crop pixels first. Leave out the quirk sample-in-millimetres.",
      change: { withoutQuirks: ["sample-in-millimetres"] },
      since: sinceOf(series.first),
    }),
  ];
}
