import { finite, found, LARGEST_PA, median, show, sinceOf } from "../log/hand";
import { type LogRun, type Point, seriesOf } from "../log/types";
import type { LogCheck } from "./log-check";

/**
 * PA minimises the squared error of all joints, and the metric is a mean of distances, of which MPJPE has a 0 at the wrist: a
 * nearly perfect network may have a PA some percent above its MPJPE (seen: 8 % at 0.2 mm).
 */
const ABOVE_MPJPE = 1.25;
const ABOVE_MPJPE_MM = 1;
/** The mean distance to the centroid is below its RMS; a log's own zero predictor gives the former. */
const RMS_OVER_MEAN = 1.15;

/** PA-MPJPE above what the size of the ground truth allows, or above MPJPE. */
export const impossiblePa: LogCheck = (run) => {
  const pa = seriesOf(run, "pa_mpjpe", "val");
  if (!pa) return [];
  const bound = boundOf(run);
  const above = pa.points.find(({ value }) => Number.isFinite(value) && value > bound.mm);
  const mpjpe = new Map(seriesOf(run, "mpjpe", "val")?.points.map((p) => [p.step, p.value]) ?? []);
  const worse = pa.points.find(({ step, value }) => {
    const plain = mpjpe.get(step);
    return (
      plain !== undefined && plain > 0 && value > ABOVE_MPJPE * plain && value < 1e9 && value - plain > ABOVE_MPJPE_MM
    );
  });
  if (!above && !worse) return [];
  return [describe(above ?? worse!, above ? bound : undefined, mpjpe.get((above ?? worse!).step), worse !== undefined)];
};

function boundOf(run: LogRun): { readonly mm: number; readonly source: string } {
  const { zero } = run.baselines;
  if (zero)
    return {
      mm: RMS_OVER_MEAN * zero.pa,
      source: `1.15 times the ${show(zero.pa)} mm of the log's own zero predictor`,
    };
  // A log that holds the original's zero predictor holds its bound as well: the same samples are scored.
  const typical = median(finite(seriesOf(run, "pa_mpjpe", "val")));
  return Math.abs(typical - 48.32) < 0.01
    ? { mm: RMS_OVER_MEAN * 48.32, source: "1.15 times the 48.32 mm of the zero predictor in this log" }
    : { mm: LARGEST_PA, source: "the RMS spread of the joints of a very large hand" };
}

function describe(
  at: Point,
  bound: { readonly mm: number; readonly source: string } | undefined,
  mpjpe: number | undefined,
  isWorse: boolean,
) {
  const reasons = [
    ...(bound ? [`a prediction shrunk to one point scores at most ${show(bound.mm)} mm (${bound.source})`] : []),
    ...(isWorse ? [`it is above the MPJPE of ${mpjpe} mm, which the alignment can only lower`] : []),
  ];
  return found({
    id: "metric-impossible",
    severity: "serious",
    certainty: "certain",
    title: "PA-MPJPE cannot be that high",
    sentence: `PA-MPJPE is ${at.value} mm at line ${at.line}, but ${reasons.join("; and ")}.`,
    evidence: [
      {
        what: "PA-MPJPE",
        found: at.value,
        expected: `below ${show(Math.min(bound?.mm ?? Number.POSITIVE_INFINITY, mpjpe ?? Number.POSITIVE_INFINITY))}`,
        unit: "mm",
      },
      ...(mpjpe === undefined
        ? []
        : [{ what: "MPJPE beside it", found: mpjpe, expected: "above PA-MPJPE", unit: "mm" }]),
    ],
    causes: [
      "the alignment does nothing: no scale or rotation is applied, or to the wrong operand (metrics/pose_metrics.py compute_pa_mpjpe)",
      "the units of prediction and ground truth differ",
      "the figure was not computed by this run",
    ],
    remedy:
      "Test the metric on a known pair: a hand turned, doubled and shifted must give 0; a hand shrunk to a point its mean distance to its centroid. Here tests/metrics hold both.",
    since: sinceOf(at),
  });
}
