import type { Finding } from "../finding";
import { found, percent, show, sinceOf } from "../log/hand";
import { type LogRun, type Point, remarkOf, seriesOf } from "../log/types";
import type { LogCheck } from "./log-check";

/** Three printed digits hide half a percent. */
const RISE = 1.006;

/** A schedule that contradicts the config, or that starts again. */
export const learningRate: LogCheck = (run, earlier) => [...warmUp(run), ...jump(run, earlier), ...zeroRates(run)];

/** The config asks for a warm-up and the first rate is the peak. */
function warmUp(run: LogRun): Finding[] {
  const rates = seriesOf(run, "lr");
  const { warmup_epochs: epochs = 0, warmup_steps: steps = 0 } = run.facts;
  if (!rates || run.isResumed || (epochs < 1 && steps < 2)) return [];
  const peak = run.facts.lr ?? rates.highest?.value ?? 0;
  const { first } = rates;
  // The rate that an epoch ends with is that of its last step or of the next.
  const isEarly = epochs >= 1 ? (first.epoch ?? 0) === 0 && epochs >= 2 : first.step <= 1;
  if (!isEarly || !(peak > 0) || first.value < 0.9 * peak) return [];
  const asked = epochs >= 1 ? `${epochs} epochs` : `${steps} steps`;
  return [
    found({
      id: "no-warmup",
      severity: "warning",
      certainty: "certain",
      title: "The learning rate has no warm-up",
      sentence: `The config asks for a warm-up of ${asked}, but the first rate is ${show(first.value)}, ${percent(first.value / peak)} of the peak of ${show(peak)}.`,
      evidence: [{ what: "first learning rate", found: first.value, expected: `a small part of ${show(peak)}` }],
      causes: ["training.warmup_epochs is read by nobody: the scheduler is a plain cosine (train.py:311-323)"],
      remedy: "Chain a linear warm-up before the cosine. Here optim.warmupSteps; leave out the quirk no-warmup.",
      change: { withoutQuirks: ["no-warmup"] },
      since: sinceOf(first),
    }),
  ];
}

/** The rate rises after it fell: within a run, or from one run to the run that resumes it. */
function jump(run: LogRun, earlier: readonly LogRun[]): Finding[] {
  const rates = seriesOf(run, "lr");
  if (!rates) return [];
  const before = run.isResumed ? earlier.findLast((each) => seriesOf(each, "lr") !== undefined) : undefined;
  const inside = riseAfterFall(rates.points);
  const last = before && seriesOf(before, "lr")!.last;
  const resumed: readonly [Point, Point] | undefined =
    last && last.value > 0 && fell(seriesOf(before!, "lr")!.points) ? aboveLast(last, rates.points) : undefined;
  const pair = resumed ?? inside;
  if (!pair) return [];
  const [low, high] = pair;
  const saved = resumed || remarkOf(run, "resumed") ? worseBest(run, before) : undefined;
  return [
    found({
      id: "lr-restarted",
      severity: "serious",
      certainty: resumed || remarkOf(run, "resumed") ? "certain" : "likely",
      title: "The learning-rate schedule starts again",
      sentence: `The rate falls to ${show(low.value)} at line ${low.line} and is ${show(high.value)} at line ${high.line}${resumed ? ", where the run resumes" : ""}.${saved ? ` ${saved}` : ""}`,
      evidence: [{ what: "learning rate after the break", found: high.value, expected: `at most ${show(low.value)}` }],
      causes: [
        "the scheduler's state is saved and not restored: it counts from 0 again (train.py:870-880)",
        "a new scheduler with warm restarts",
      ],
      remedy:
        "Load scheduler_state_dict beside the optimiser's, and the best metric. Here a resumed run computes its rate from the step; leave out the quirk scheduler-not-restored.",
      change: { withoutQuirks: ["scheduler-not-restored"] },
      since: sinceOf(high),
    }),
  ];
}

/** A schedule that counts from 0 again may warm up first: its first rate can lie below the last one. */
function aboveLast(last: Point, points: readonly Point[]): readonly [Point, Point] | undefined {
  const high = points.find(({ value }) => value > RISE * last.value);
  return high && [last, high];
}

const fell = (points: readonly Point[]): boolean =>
  points.length > 1 && points[points.length - 1].value < Math.max(...points.map(({ value }) => value)) / RISE;

/** The deepest point before the first rise that follows a fall from the peak. */
function riseAfterFall(points: readonly Point[]): readonly [Point, Point] | undefined {
  let peak = 0;
  let low: Point | undefined;
  for (const point of points) {
    if (!Number.isFinite(point.value) || point.value < 0) continue;
    if (low && point.value > RISE * low.value) return [low, point];
    if (point.value < peak / RISE) low = point;
    peak = Math.max(peak, point.value);
  }
  return undefined;
}

/** The best model is forgotten as well: the first resumed epoch is saved although it is worse. */
function worseBest(run: LogRun, before: LogRun | undefined): string | undefined {
  const best = before?.series.find(({ name }) => name === "best_saved")?.lowest;
  const next = run.series.find(({ name }) => name === "best_saved")?.first;
  return best && next && next.value > best.value
    ? `The best metric is forgotten too: ${next.value} mm was saved over ${best.value} mm.`
    : undefined;
}

/** A rate of 0 for all or for a part of the network. */
function zeroRates(run: LogRun): Finding[] {
  const points = seriesOf(run, "lr_backbone")?.points ?? [];
  const head = seriesOf(run, "lr")?.points ?? [];
  if (points.length < 2 || points.some(({ value }) => value !== 0) || !head.some(({ value }) => value > 0)) return [];
  return [
    found({
      id: "frozen-backbone",
      severity: "serious",
      certainty: "certain",
      title: "The backbone does not learn",
      sentence: `Its learning rate is 0 in all ${points.length} readings, while that of the rest reaches ${show(Math.max(...head.map(({ value }) => value)))}.`,
      evidence: [{ what: "learning rate of the backbone", found: 0, expected: "above 0", n: points.length }],
      causes: ["a learning-rate group of 0", "a backbone that was frozen for a test and left so"],
      remedy: "Here optim.lrBackbone; leave out the quirk frozen-backbone-lr0.",
      change: { withoutQuirks: ["frozen-backbone-lr0"] },
      explains: ["three-d-stuck", "nothing-learns"],
      since: sinceOf(points[0]),
    }),
  ];
}
