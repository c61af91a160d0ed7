/** What a hand's size makes possible, and small arithmetic that the checks share. Millimetres. */
import type { Finding } from "../finding";
import { type Breakdown, type KnownSeries, type LogRun, type Series, type Split, seriesOf } from "./types";

/** A predictor of zeros on the original's validation set, from its own log. PA is then the mean distance of a hand's joints to their centroid. */
export const ZERO_ON_HO3D = { mpjpe: 102.152, pa: 48.32 } as const;

/** PA-MPJPE never exceeds the RMS distance of the true joints to their centroid (the alignment may shrink a prediction to that point); 60 mm is a very large hand. */
export const LARGEST_PA = 60;

/** Wrist-relative coordinates of a hand, mm: their RMS is about 62 (reach of 102, 108 RMS, over sqrt 3). */
export const CENTRED_STD = [20, 110] as const;

/** |mean of all wrist-relative coordinates| <= mean reach / sqrt 3: 59 for a hand with a mean reach of 102, 75 for one of 130. */
export const LARGEST_CENTRED_MEAN = 75;

/** Mean |coordinate| of the error, mm, that two wrist-relative hands can show: a hand's reach is below 200, its mean coordinate below 115. */
export const LARGEST_ELEMENT = 115;

/** Coordinates per sample. */
export const NUMBERS_3D = 63;

/** Batch of the original's published config, used where a log does not say. */
export const ORIGINAL_BATCH = 32;

/** "0.123", "38.1", "76842": four significant digits, no exponent between 1e-3 and 1e7. */
export function show(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e7)) return value.toExponential(2);
  if (size >= 1000) return String(Math.round(value));
  return String(Number(value.toPrecision(4)));
}

export const percent = (share: number): string =>
  `${Number((100 * share).toPrecision(share > 0.99 && share < 1 ? 4 : 2))} %`;

/** Where it was seen: "line 12 (epoch 3)". */
export const sinceOf = (at: { readonly line: number; readonly epoch?: number | undefined }): string =>
  at.epoch === undefined ? `line ${at.line}` : `line ${at.line} (epoch ${at.epoch})`;

/** A finding without the fields that a log never has. */
export const found = (finding: Omit<Finding, "samples">): Finding => ({ samples: [], ...finding });

export const finite = (series: Series | undefined): number[] =>
  (series?.points ?? []).map(({ value }) => value).filter(Number.isFinite);

/** Throws nothing: NaN of nothing. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

export interface Trend {
  readonly start: number;
  readonly end: number;
  /** 1 - end / start: above 0 when it fell. */
  readonly fall: number;
  readonly n: number;
}

/** Medians of the first and the last fifth; undefined below three numbers. */
export function trendOf(series: Series | undefined): Trend | undefined {
  const values = finite(series);
  if (values.length < 3) return undefined;
  const part = Math.max(1, Math.floor(values.length / 5));
  const start = median(values.slice(0, part));
  const end = median(values.slice(-part));
  return { start, end, fall: start === 0 ? 0 : 1 - end / start, n: values.length };
}

/** The trend of a loss: of its printed steps, else of its epochs. */
export const lossTrend = (run: LogRun, name: KnownSeries, split: Split = "train"): Trend | undefined =>
  trendOf(seriesOf(run, name, split));

/** Loss terms of one step each: as printed, or the curves of an event file joined by their step. */
export function breakdownsOf(run: LogRun): readonly Breakdown[] {
  if (run.breakdowns.length > 0) return run.breakdowns;
  const total = seriesOf(run, "total_loss");
  if (!total) return [];
  const terms = run.series.filter(
    ({ name, split }) =>
      split === "train" && (name.startsWith("loss_") || name.endsWith("_prior")) && name !== "total_loss",
  );
  const bySteps = terms.map(({ name, points }) => [name, new Map(points.map((p) => [p.step, p.value]))] as const);
  return total.points.map(({ step, epoch, line, value }) => ({
    ...{ step, epoch, line, total: value },
    terms: Object.fromEntries(
      bySteps.flatMap(([name, values]) => (values.has(step) ? [[name, values.get(step)!]] : [])),
    ),
  }));
}

/** Samples of a step, as the log says or as the original's config has it. */
export const batchOf = (run: LogRun): { readonly batch: number; readonly isKnown: boolean } =>
  run.facts.batch > 0 ? { batch: run.facts.batch, isKnown: true } : { batch: ORIGINAL_BATCH, isKnown: false };

/** The mean error of a coordinate, mm, that a 3D joint loss stands for, and how the loss must have been made. */
export interface Decomposed {
  readonly element: number;
  readonly isSum: boolean;
  /** Size of the loss's unit in mm. */
  readonly unit: "m" | "mm" | "mm x 1000";
  readonly batch: number;
  readonly isBatchKnown: boolean;
}

const UNITS = { m: 1000, mm: 1, "mm x 1000": 1e-3 } as const;

/** The first way, native one first, that gives a possible error of 2 to 115 mm; without one, the native way. */
export function decompose(run: LogRun, loss: number): Decomposed {
  const { batch, isKnown } = batchOf(run);
  const made = waysOf(run, loss).map(
    ([isSum, unit]): Decomposed => ({
      element: (loss * UNITS[unit]) / (isSum ? batch * NUMBERS_3D : 1),
      ...{ isSum, unit, batch, isBatchKnown: isKnown },
    }),
  );
  return made.find(({ element }) => element >= 2 && element <= LARGEST_ELEMENT) ?? made[0];
}

type Way = readonly [isSum: boolean, unit: Decomposed["unit"]];

/** How the loss may have been made, the likeliest way first. */
function waysOf(run: LogRun, loss: number): readonly Way[] {
  const sums: readonly Way[] = [
    [true, "mm"],
    [true, "mm x 1000"],
    [true, "m"],
  ];
  const means: readonly Way[] = [
    [false, "mm"],
    [false, "m"],
    [false, "mm x 1000"],
  ];
  if (run.kind === "handloom")
    return [
      [false, "m"],
      [false, "mm"],
      [true, "mm"],
    ];
  if (isMetres(run)) return [[true, "m"], ...sums, ...means];
  // 2D errors are shares of the crop: beyond 1.5 they are sums, and 3D ones are made alike.
  const flat = seriesOf(run, "loss_2d")?.first.value;
  if (flat !== undefined && Number.isFinite(flat) && flat > 0) return flat > 1.5 ? sums : means;
  return loss < 2 * LARGEST_ELEMENT ? [...means, ...sums] : [...sums, ...means];
}

/** HaMeR and WiLoR: losses in metres, known by their parameter losses. */
export const isMetres = (run: LogRun): boolean =>
  run.kind === "lightning" || run.series.some(({ name }) => name === "loss_hand_pose" || name === "loss_global_orient");
