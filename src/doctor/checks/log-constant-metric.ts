import type { Evidence, Finding } from "../finding";
import { finite, found, lossTrend, percent, show, sinceOf, ZERO_ON_HO3D } from "../log/hand";
import { type LogRun, type Point, remarkOf, seriesOf } from "../log/types";
import type { LogCheck } from "./log-check";

/** A metric agrees with a baseline when it is off by no more than this, mm: three printed decimals and another summation order. */
const SAME_MM = 0.05;
/** Mean training losses of a run that does not learn still differ by the augmentation's noise. */
const FLAT = 0.003;
/** Evaluations, and the share of MPJPE that they may differ by, of a prediction that only drifts. */
const ENOUGH_EVALUATIONS = 4;
const DRIFT = 0.002;

/**
 * The guide's problem 1, the metric that does not move. Evaluation on one rank alone is no answer: weights that change give
 * another number on any fixed set of samples. What is left is a prediction that does not depend on the weights (zeros, NaN
 * scored as zeros), weights that do not change, or a 3D branch that no gradient reaches.
 */
export const constantMetric: LogCheck = (run) => {
  const stretch = constantStretch(run);
  const zero = zeroEvidence(run);
  const last = seriesOf(run, "mpjpe", "val")?.last;
  if (!stretch && zero.length === 0) return nearlyConstant(run);
  const at = stretch?.from ?? last;
  const evidence: Evidence[] = stretch
    ? [
        {
          what: `MPJPE and PA-MPJPE of ${stretch.n} evaluations in a row`,
          found: `${show(stretch.from.value)} / ${show(stretch.pa)}`,
          expected: "different in every evaluation",
          unit: "mm",
          n: stretch.n,
        },
      ]
    : [];
  const since = at ? sinceOf(at) : undefined;
  const said = stretch
    ? `MPJPE is ${stretch.from.value} mm and PA-MPJPE ${stretch.pa} mm in ${stretch.n} evaluations in a row`
    : "the prediction does not depend on the input";
  const broken = firstNonFinite(run);
  if (broken && (zero.length > 0 || stretch)) return [nanAsZero(said, [...evidence, ...zero], broken, since)];
  if (zero.length > 0) return [zeroPredictor(run, said, [...evidence, ...zero], since)];
  if (!stretch) return [];
  const mean = run.baselines.mean;
  if (mean && Math.abs(stretch.from.value - mean.mpjpe) < SAME_MM)
    return [meanPredictor(said, evidence, mean.mpjpe, since)];
  const epochs = finite(seriesOf(run, "epoch_loss"));
  const steps = finite(seriesOf(run, "total_loss"));
  const losses = epochs.length >= 2 ? epochs : steps;
  const spread =
    losses.length >= 2 ? (Math.max(...losses) - Math.min(...losses)) / Math.abs(losses[0] || 1) : undefined;
  const rates = finite(seriesOf(run, "lr"));
  const isRateZero = rates.length > 0 && rates.every((rate) => rate === 0);
  // Validation is on the same samples each time: batches and augmentation do not blur it.
  const val = finite(seriesOf(run, "epoch_loss", "val"));
  const isValSame = val.length >= stretch.n && val.every((loss) => loss === val[0]);
  if (isRateZero || isValSame || (spread !== undefined && spread < FLAT)) {
    const seen = isValSame
      ? { what: "validation", spread: 0, n: val.length }
      : { what: "training", spread, n: losses.length };
    return [frozen(said, evidence, seen, isRateZero, since)];
  }
  const trend2d = lossTrend(run, "loss_2d");
  if (trend2d && trend2d.fall > 0.1) return [dead3d(said, evidence, trend2d.fall, trend2d.start, trend2d.end, since)];
  return [
    found({
      id: "metric-constant",
      severity: "fatal",
      certainty: stretch.n >= 3 ? "certain" : "likely",
      title: "The metric does not move",
      sentence: `${said}: what is scored does not change with the weights. A metric on one rank's share alone would still move.`,
      evidence,
      causes: [
        "the weights do not change: learning rate 0, an optimiser that holds other parameters, a step that is skipped",
        "the prediction does not depend on the weights: no hand model, zeros, a detached branch",
        "the metric is computed once and printed again: an evaluator that is not reset",
      ],
      remedy:
        "Print the standard deviation of the predicted joints over a batch and the norm of the update; in the original, train.py test() and src/models/utnet.py:223-227; here, `handloom check`.",
      since,
    }),
  ];
};

/** Joints that no gradient reaches still drift, as the layers before them serve the 2D loss. */
function nearlyConstant(run: LogRun): Finding[] {
  const mpjpe = seriesOf(run, "mpjpe", "val");
  const values = finite(mpjpe);
  const two = lossTrend(run, "loss_2d");
  if (!mpjpe || values.length < ENOUGH_EVALUATIONS || !two || two.fall < 0.1) return [];
  const range = Math.max(...values) - Math.min(...values);
  if (range > DRIFT * values[0]) return [];
  const said = `MPJPE stays within ${show(range)} mm of ${show(values[0])} mm over ${values.length} evaluations`;
  const evidence: Evidence[] = [
    { what: "range of MPJPE", found: show(range), expected: "a fall", unit: "mm", n: values.length },
  ];
  return [dead3d(said, evidence, two.fall, two.start, two.end, sinceOf(mpjpe.first))];
}

/** The longest run of evaluations with the same MPJPE and PA, two at least. */
function constantStretch(run: LogRun): { readonly from: Point; readonly pa: number; readonly n: number } | undefined {
  const mpjpe = seriesOf(run, "mpjpe", "val")?.points ?? [];
  const pa = new Map(seriesOf(run, "pa_mpjpe", "val")?.points.map((p) => [p.step, p.value]) ?? []);
  let best: { from: Point; pa: number; n: number } | undefined;
  let start = 0;
  for (let i = 1; i <= mpjpe.length; i++) {
    const [a, b] = [mpjpe[start], mpjpe[i]];
    if (b && a.value === b.value && a.step !== b.step && pa.get(a.step) === pa.get(b.step)) continue;
    if (i - start >= 2 && i - start > (best?.n ?? 1) && Number.isFinite(a.value) && a.value > 0)
      best = { from: a, pa: pa.get(a.step) ?? Number.NaN, n: i - start };
    start = i;
  }
  return best;
}

/** Signs that all joints of a prediction coincide. */
function zeroEvidence(run: LogRun): Evidence[] {
  const evidence: Evidence[] = [];
  const batch = run.debugBatches.find(({ predStd, predMean }) => predStd === 0 && predMean === 0);
  if (batch)
    evidence.push({
      what: `standard deviation of the predicted joints in [Debug Batch ${batch.index}]`,
      found: 0,
      expected: "20 to 110",
      unit: "mm",
    });
  const loss = run.debugLosses.find(({ predStd, predMean }) => predStd === 0 && predMean === 0);
  if (loss && !batch)
    evidence.push({
      what: "standard deviation of the predicted joints in [Debug 3D Loss]",
      found: 0,
      expected: "20 to 110",
      unit: "mm",
    });
  const mpjpe = seriesOf(run, "mpjpe", "val")?.last.value;
  const pa = seriesOf(run, "pa_mpjpe", "val")?.last.value;
  if (mpjpe === undefined || pa === undefined) return evidence;
  const { zero = run.kind === "handloom" ? undefined : ZERO_ON_HO3D } = run.baselines;
  if (zero && Math.abs(mpjpe - zero.mpjpe) < SAME_MM && Math.abs(pa - zero.pa) < SAME_MM)
    evidence.push({
      what: "MPJPE / PA-MPJPE",
      found: `${mpjpe} / ${pa}`,
      expected: `other than a predictor of zeros: ${zero.mpjpe} / ${zero.pa}`,
      unit: "mm",
    });
  return evidence;
}

function firstNonFinite(run: LogRun): Point | undefined {
  const points = run.series
    .filter(({ split, nonFinite, name }) => nonFinite > 0 && split === "train" && name !== "grad_norm")
    .map(({ firstNonFinite }) => firstNonFinite!);
  return points.sort((a, b) => a.line - b.line)[0];
}

function nanAsZero(said: string, evidence: Evidence[], broken: Point, since: string | undefined): Finding {
  return found({
    id: "nan-scored-as-zero",
    severity: "fatal",
    certainty: "certain",
    title: "Predictions that are not numbers are scored as zeros",
    sentence: `A training loss is not finite from line ${broken.line} on, yet ${said}: the score of a predictor of zeros, not an alarm.`,
    evidence: [
      ...evidence,
      { what: "training loss", found: `not finite from line ${broken.line}`, expected: "a finite number" },
    ],
    causes: [
      "metrics/pose_metrics.py:94-95 and 133-134 replace NaN by 0 before scoring",
      "one non-finite batch: gradient clipping spreads it to every weight, and the optimiser keeps it",
    ],
    remedy:
      "Train again from a checkpoint before that line; refuse non-finite losses before optimizer.step() (train.py:407) and remove the nan_to_num in metrics/pose_metrics.py. Here both are refused; leave out the quirk nan-as-zero.",
    change: { withoutQuirks: ["nan-as-zero"] },
    explains: ["non-finite", "zero-predictor", "metric-constant", "losses-repeated"],
    since,
  });
}

function zeroPredictor(run: LogRun, said: string, evidence: Evidence[], since: string | undefined): Finding {
  const missing = remarkOf(run, "smplx-missing") ?? remarkOf(run, "mano-missing");
  const certain = evidence.some(({ found }) => found === 0) || missing !== undefined;
  return found({
    id: "zero-predictor",
    severity: "fatal",
    certainty: certain ? "certain" : "likely",
    title: "The network predicts zeros",
    sentence: `${said}. That is what all joints at one point score: the mean reach of a hand, and the mean distance of its joints to their centroid.`,
    evidence,
    causes: [
      ...(missing ? [`the hand model is missing: "${missing.text}" (line ${missing.line})`] : []),
      "the hand model is missing and zeros stand for it, which need no gradient (src/models/utnet.py:137-143, 223-227, 315-317)",
      "predictions are not finite and scored as zeros (metrics/pose_metrics.py:94-95)",
    ],
    remedy:
      "Stop when the hand model cannot be loaded: install smplx and chumpy and make utnet.py raise where it makes zeros. Here the hand model is required; leave out the quirk mano-missing.",
    change: { withoutQuirks: ["mano-missing"] },
    explains: ["metric-constant", "losses-repeated", "nothing-learns", "three-d-stuck"],
    since,
  });
}

function meanPredictor(said: string, evidence: Evidence[], mean: number, since: string | undefined): Finding {
  return found({
    id: "mean-predictor",
    severity: "fatal",
    certainty: "likely",
    title: "The network predicts the mean hand",
    sentence: `${said}: the score of the mean pose, ${mean} mm, which looks at no image.`,
    evidence,
    causes: [
      "images hold nothing: blank crops, the wrong folder (dataloader/ho3d_dataset.py:503-517 returns a zero image in silence)",
      "features do not reach the heads: sampled outside the map, frozen backbone",
    ],
    remedy:
      "Look at a batch of crops; check that the image's standard deviation is above 0. Here: `handloom check --data DIR`.",
    explains: ["metric-constant"],
    since,
  });
}

function frozen(
  said: string,
  evidence: Evidence[],
  { what, spread, n }: { readonly what: string; readonly spread: number | undefined; readonly n: number },
  isRateZero: boolean,
  since: string | undefined,
): Finding {
  const flat = spread === undefined ? "" : `, and the ${what} loss stays within ${percent(spread)} over ${n} readings`;
  return found({
    id: "frozen-weights",
    severity: "fatal",
    certainty: isRateZero || spread === 0 ? "certain" : "likely",
    title: "The weights do not change",
    sentence: `${said}${flat}${isRateZero ? "; the learning rate is 0" : ""}.`,
    evidence: [
      ...evidence,
      ...(spread === undefined
        ? []
        : [{ what: `spread of the ${what} loss`, found: percent(spread), expected: "a fall" }]),
      ...(isRateZero ? [{ what: "learning rate", found: 0, expected: "above 0" }] : []),
    ],
    causes: [
      "the optimiser was built from other parameters than the model that is trained, or before they were moved or wrapped",
      "the learning rate is 0 or far too small",
      "every step is skipped: a scaler that finds non-finite gradients, a condition round optimizer.step()",
    ],
    remedy:
      "Print the norm of (weights after - weights before) over one step. In the original: create_optimizer and train_epoch in train.py, optimizer.lr in config.yaml; here optim.lr and optim.lrBackbone.",
    explains: ["metric-constant", "losses-repeated", "nothing-learns", "three-d-stuck"],
    since,
  });
}

function dead3d(
  said: string,
  evidence: Evidence[],
  fall: number,
  start: number,
  end: number,
  since: string | undefined,
): Finding {
  return found({
    id: "dead-3d-gradient",
    severity: "fatal",
    certainty: "likely",
    title: "No gradient reaches the 3D prediction",
    sentence: `${said}, while the 2D loss falls by ${percent(fall)} (${show(start)} to ${show(end)}): the weights change, the 3D joints do not.`,
    evidence: [
      ...evidence,
      {
        what: "2D loss, first and last fifth",
        found: `${show(start)} to ${show(end)}`,
        expected: "falls with the metric",
      },
    ],
    causes: [
      "the 3D branch is cut off: detach(), .data, numpy or zeros in place of the hand model (src/models/utnet.py:223-227)",
      "rotations near zero or half a turn, where the conversion to axis-angle has no gradient (src/utils/mano_utils.py:355-390)",
    ],
    remedy:
      "Call backward on the 3D loss alone and list the parameters whose gradient is zero. Raising w_3d_joint, as the guide has it, multiplies zero.",
    explains: ["metric-constant", "three-d-stuck"],
    since,
  });
}
