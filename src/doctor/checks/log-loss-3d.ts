import type { Finding } from "../finding";
import {
  batchOf,
  type Decomposed,
  decompose,
  found,
  LARGEST_ELEMENT,
  lossTrend,
  median,
  NUMBERS_3D,
  percent,
  show,
  sinceOf,
} from "../log/hand";
import { type LogRun, seriesOf } from "../log/types";
import type { LogCheck } from "./log-check";

/** A loss that falls by this is no problem of its reduction. */
const FALLS = 0.1;

/** The guide's problem 2: what a 3D joint loss of 75,000 is made of. */
export const loss3d: LogCheck = (run) => {
  const series = seriesOf(run, "loss_3d_joint");
  const trend = lossTrend(run, "loss_3d_joint");
  const debug = run.debugLosses.find(({ elementMean, value }) => elementMean !== undefined && value !== undefined);
  const value = trend?.start ?? series?.first.value ?? debug?.value;
  if (value === undefined || !Number.isFinite(value) || value <= 0) return [];
  const parts = decompose(run, value);
  const since = series ? sinceOf(series.first) : `line ${debug!.line}`;
  const measured = debug?.elementMean;
  // A printed error per coordinate is a measurement and outranks the guess.
  const guess = parts.unit === "mm x 1000" ? 1000 * parts.element : parts.element;
  const element = measured !== undefined && measured > 0 ? measured : guess;
  if (element > LARGEST_ELEMENT) return [impossible(parts, value, element, measured !== undefined, since)];
  if (run.kind === "handloom" && parts.unit !== "m") return [ours(value, parts, since)];
  if (!parts.isSum || (parts.unit !== "mm" && parts.unit !== "m")) return [];
  return [sum(run, value, measured, parts.unit === "mm" && (trend === undefined || trend.fall < FALLS), since)];
};

function impossible(
  { batch, isSum }: Decomposed,
  value: number,
  element: number,
  isMeasured: boolean,
  since: string,
): Finding {
  const thousand = element > 2000;
  const how = isMeasured
    ? `the log measures ${show(element)} mm per coordinate`
    : isSum
      ? `over ${batch} samples x ${NUMBERS_3D} numbers it is ${show(element)} mm per coordinate`
      : `a mean of ${show(element)} mm per coordinate`;
  return found({
    id: thousand ? "unit-doubled" : element > 450 ? "loss-3d-impossible" : "double-centring",
    severity: "fatal",
    certainty: "likely",
    title: thousand ? "Prediction or ground truth is multiplied by 1000 twice" : "The 3D error is larger than a hand",
    sentence: `A 3D joint loss of ${show(value)}: ${how}, where two hands at one wrist differ by at most ${LARGEST_ELEMENT} mm${thousand ? `, and ${show(element / 1000)} mm would be common` : ""}.`,
    evidence: [
      {
        what: "mean error of a coordinate",
        found: Number(show(element)),
        expected: `below ${LARGEST_ELEMENT}`,
        unit: "mm",
      },
    ],
    causes: thousand
      ? [
          "millimetres are multiplied by 1000 again: ground truth (dataloader/ho3d_dataset.py:797) or prediction (src/models/utnet.py:222, 314)",
          "metres against millimetres",
        ]
      : [
          "the wrist is subtracted twice or never: a third of a hand's distance from the camera is 100 to 350 mm (src/losses/loss.py Keypoint3DLoss)",
          "another unit (src/models/utnet.py:222, 314)",
        ],
    remedy:
      "Run with UTNET_DEBUG_LOSS=1 (here --debug loss) and compare both means after centring. Here leave out the quirks double-millimetres and double-centring.",
    change: { withoutQuirks: [thousand ? "double-millimetres" : "double-centring"] },
    explains: ["three-d-stuck", "loss-is-a-sum"],
    since,
  });
}

/** In a run of ours the loss is a mean in metres. */
function ours(value: number, { element, isSum, unit, batch }: ReturnType<typeof decompose>, since: string): Finding {
  return found({
    id: isSum ? "loss-is-a-sum" : "unit-doubled",
    severity: isSum ? "serious" : "fatal",
    certainty: "likely",
    title: isSum ? "The 3D loss is a sum in millimetres" : "The 3D loss is in millimetres",
    sentence: isSum
      ? `${show(value)} = ${batch} samples x ${NUMBERS_3D} numbers x ${show(element)} mm, where a mean in metres is about 0.04.`
      : `${show(value)} is a mean error in ${unit}, where metres give about ${show(element / 1000)}.`,
    evidence: [{ what: "loss_3d_joint", found: Number(show(value)), expected: "0.004 to 0.1", unit: "m" }],
    causes: isSum
      ? ["the reduction is a sum over batch and coordinates"]
      : ["metres are multiplied by 1000", "a sum over the batch, in metres"],
    remedy: "Leave out the quirks loss-sum-mm and double-millimetres.",
    change: { withoutQuirks: [isSum ? "loss-sum-mm" : "double-millimetres"] },
    explains: ["mostly-clipped"],
    since,
  });
}

function sum(run: LogRun, value: number, measured: number | undefined, isStuck: boolean, since: string): Finding {
  const { batch, isKnown } = batchOf(run);
  const counted =
    measured && run.debugLosses[0]?.value ? run.debugLosses[0].value / (NUMBERS_3D * measured) : undefined;
  const whole =
    counted !== undefined && Math.abs(counted - Math.round(counted)) < 0.02 * counted ? Math.round(counted) : undefined;
  const samples = whole ?? batch;
  const inMetres = decompose(run, value).unit === "m";
  const element = value / (samples * NUMBERS_3D);
  const shown = inMetres ? `${show(1000 * element)} mm` : `${show(element)} mm`;
  const share = shareOf3d(run);
  return found({
    id: "loss-is-a-sum",
    severity: isStuck ? "serious" : "note",
    certainty: whole !== undefined || isKnown ? "certain" : "likely",
    title: "The 3D loss is a sum over the batch",
    sentence: `${show(value)} = ${samples} samples x ${NUMBERS_3D} numbers x ${shown}${whole === undefined && !isKnown ? " (batch of the published config)" : ""}: not a wrong unit but a sum, which grows with the batch.${share === undefined ? "" : ` Weighted, it is ${percent(share)} of the total, so the other terms steer nothing.`}`,
    evidence: [
      { what: "3D joint loss per coordinate", found: shown, expected: "4 to 60 mm", n: samples * NUMBERS_3D },
      ...(share === undefined
        ? []
        : [{ what: "share of the 3D term in the total", found: percent(share), expected: "10 to 90 %" }]),
    ],
    causes: [
      "loss.sum() over samples, joints and coordinates (src/losses/loss.py:42, 106)",
      "weights of .05 and .01 belong to metres, as in HaMeR; in millimetres the 3D term is a thousand times as strong",
    ],
    remedy:
      "Divide by the batch and use metres, or w_3d_joint = 5e-5 with millimetres; then clip_grad_norm_(1.0) does not cut every step. Raising w_3d_joint to 0.5, as the guide has it, makes it worse. Here losses are means in metres; leave out the quirks loss-sum-mm and clip-hard.",
    change: { withoutQuirks: ["loss-sum-mm", "clip-hard"] },
    since,
  });
}

/** Share of the 3D term in the printed total, with the published weight where none is printed. */
export function shareOf3d(run: LogRun): number | undefined {
  const weight = run.facts.w_3d_joint ?? 0.05;
  const shares = run.breakdowns
    .map(({ terms, total }) => (weight * (terms.loss_3d_joint ?? Number.NaN)) / total)
    .filter((share) => Number.isFinite(share) && share > 0 && share <= 1.05);
  return shares.length > 0 ? Math.min(1, median(shares)) : undefined;
}
