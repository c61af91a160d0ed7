/** What a run has said so far, as columns that charts can draw. Knows no DOM. */
import { METRICS, type MetricName } from "../metrics/judge";
import type { EvaluationRecord, FaultRecord, LossName, StepRecord } from "../train/events";
import type { Diagnosis } from "../train/findings";

export const LOSS_NAMES: readonly LossName[] = [
  "total_loss",
  "loss_2d",
  "loss_3d_joint",
  "loss_3d_vert",
  "shape_prior",
  "loss_aux",
];

/** y values of one line; null leaves a gap. */
export type Column = (number | null)[];

/** x values and one column for each line, all of one length. */
export type Lines = [number[], ...Column[]];

/** Records of a run in the order in which they came. */
export class History {
  readonly steps: StepRecord[] = [];
  readonly evaluations: EvaluationRecord[] = [];
  readonly faults: FaultRecord[] = [];
  /** What the doctor last said; undefined until it has looked. */
  diagnoses: readonly Diagnosis[] | undefined;

  get lastStep(): StepRecord | undefined {
    return this.steps[this.steps.length - 1];
  }

  get lastEvaluation(): EvaluationRecord | undefined {
    return this.evaluations[this.evaluations.length - 1];
  }

  /** The evaluation of the split of the last one that has the best value of `name`, the first of equals. */
  best(name: MetricName): EvaluationRecord | undefined {
    const sign = METRICS[name].unit === "mm" ? 1 : -1;
    const split = this.lastEvaluation?.split;
    let best: EvaluationRecord | undefined;
    for (const record of this.evaluations) {
      const value = record[name];
      if (record.split !== split || value === null || !Number.isFinite(value)) continue;
      if (best === undefined || sign * value < sign * best[name]!) best = record;
    }
    return best;
  }

  /** Means over the last `window` steps: milliseconds per step, the host's part of them, samples per second. */
  throughput(
    window = 20,
  ): { readonly ms: number; readonly hostMs: number; readonly samplesPerSecond: number } | undefined {
    const recent = this.steps.slice(-window);
    if (recent.length === 0) return undefined;
    const sum = (of: (record: StepRecord) => number) => recent.reduce((total, record) => total + of(record), 0);
    const ms = sum((record) => record.ms);
    return {
      ms: ms / recent.length,
      hostMs: sum((record) => record.host_ms) / recent.length,
      samplesPerSecond: (1000 * sum((record) => record.samples)) / ms,
    };
  }

  /** Step and one column for each named loss. */
  losses(names: readonly LossName[]): Lines {
    return [
      this.steps.map((record) => record.step),
      ...names.map((name) => this.steps.map((record) => drawable(record.losses[name]))),
    ];
  }

  /** Step and the columns that `of` picks from a step's record. */
  stepColumns(...of: ((record: StepRecord) => number)[]): Lines {
    return [
      this.steps.map((record) => record.step),
      ...of.map((pick) => this.steps.map((record) => drawable(pick(record)))),
    ];
  }

  /** Step and the columns that `of` picks from an evaluation's record. */
  evaluationColumns(...of: ((record: EvaluationRecord) => number | null)[]): Lines {
    return [
      this.evaluations.map((record) => record.step),
      ...of.map((pick) => this.evaluations.map((record) => drawable(pick(record)))),
    ];
  }
}

/**
 * The records of a stored run up to its step `last`, from its metrics.jsonl, faults.jsonl and findings.json: a run that was cut off
 * may have lines beyond its checkpoint, which it will write again. Throws with the number of a line that is no record.
 */
export function readHistory(metrics: string, last: number, faults = "", findings = ""): History {
  const history = new History();
  for (const record of recordsOf<StepRecord | EvaluationRecord>("metrics.jsonl", metrics, last)) {
    if (record.split === "train") history.steps.push(record);
    else history.evaluations.push(record);
  }
  history.faults.push(...recordsOf<FaultRecord>("faults.jsonl", faults, last));
  history.diagnoses = readFindings(findings);
  return history;
}

function readFindings(text: string): readonly Diagnosis[] | undefined {
  if (text === "") return undefined;
  try {
    const { findings } = JSON.parse(text) as { readonly findings: unknown };
    if (Array.isArray(findings)) return findings as Diagnosis[];
  } catch {
    // The sentence below says it.
  }
  throw new Error('findings.json holds no list, expected {"findings": [...]}');
}

function recordsOf<Line extends { readonly step: number }>(file: string, text: string, last: number): Line[] {
  const records = text.split("\n").flatMap((line, index) => {
    if (line === "") return [];
    try {
      return [JSON.parse(line) as Line];
    } catch {
      throw new Error(`${file}: line ${index + 1} is no JSON, expected one record per line`);
    }
  });
  return records.filter(({ step }) => step <= last);
}

function drawable(value: number | null): number | null {
  return value !== null && Number.isFinite(value) ? value : null;
}

/**
 * Exponential moving average as TensorBoard draws it: `weight` in [0, 1) of the past, with the start's bias towards zero
 * divided out (Kingma and Ba 2014, section 3). A gap stays a gap and leaves the average as it was.
 */
export function smooth(column: Column, weight: number): Column {
  let average = 0;
  let mass = 0;
  return column.map((value) => {
    if (value === null) return null;
    average = weight * average + (1 - weight) * value;
    mass = weight * mass + (1 - weight);
    return average / mass;
  });
}

/**
 * At most two points per bucket of neighbouring records, the least and the greatest in the order in which they occur, so
 * that a line looks as it would with all its points. At most `2 * columns` points remain.
 */
export function thin([x, ...series]: Lines, columns: number): Lines {
  const buckets = Math.max(1, Math.floor(columns));
  if (x.length <= 2 * buckets) return [x, ...series];
  const edges = Array.from({ length: buckets + 1 }, (_, i) => Math.floor((i * x.length) / buckets));
  const thinX: number[] = [];
  for (let i = 0; i < buckets; i++) thinX.push(x[edges[i]], x[edges[i + 1] - 1]);
  const thinned = series.map((column) => {
    const out: Column = [];
    for (let i = 0; i < buckets; i++) out.push(...extremes(column, edges[i], edges[i + 1]));
    return out;
  });
  return [thinX, ...thinned];
}

function extremes(column: Column, from: number, to: number): [number | null, number | null] {
  let low = -1;
  let high = -1;
  for (let i = from; i < to; i++) {
    const value = column[i];
    if (value === null) continue;
    if (low < 0 || value < column[low]!) low = i;
    if (high < 0 || value > column[high]!) high = i;
  }
  if (low < 0) return [null, null];
  return low < high ? [column[low], column[high]] : [column[high], column[low]];
}
