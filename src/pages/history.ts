/** What a run has said so far, record by record. Knows no DOM. */
import { METRICS, type MetricName } from "../metrics/judge";
import type {
  EvaluationRecord,
  FaultRecord,
  LossName,
  RankTimesRecord,
  StepRecord,
  TimesRecord,
} from "../train/events";
import type { Diagnosis } from "../train/findings";
import type { StepTimes } from "../train/ranks";

export const LOSS_NAMES: readonly LossName[] = [
  "total_loss",
  "loss_2d",
  "loss_3d_joint",
  "loss_3d_vert",
  "shape_prior",
  "loss_aux",
];

/** Where the step of each rank of the group went, in their order. */
export interface TimesEntry {
  readonly step: number;
  readonly ranks: readonly StepTimes[];
}

/** Records of a run in the order in which they came. */
export class History {
  readonly steps: StepRecord[] = [];
  readonly evaluations: EvaluationRecord[] = [];
  readonly faults: FaultRecord[] = [];
  /** Of every few steps. */
  readonly times: TimesEntry[] = [];
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
}

/**
 * The records of a stored run up to its step `last`, from its metrics.jsonl, faults.jsonl, findings.json and times.jsonl: a run that
 * was cut off may have lines beyond its checkpoint, which it will write again, and a last one without its end, which is none. Throws
 * with the number of any other line that is no record; where `notes` are given, it leaves the line out and says so there.
 */
export function readHistory(
  metrics: string,
  last: number,
  faults = "",
  findings = "",
  times = "",
  notes?: string[],
): History {
  const history = new History();
  for (const record of recordsOf<StepRecord | EvaluationRecord>("metrics.jsonl", metrics, last, notes)) {
    if (record.split === "train") history.steps.push(record);
    else history.evaluations.push(record);
  }
  history.faults.push(...recordsOf<FaultRecord>("faults.jsonl", faults, last, notes));
  history.diagnoses = readFindings(findings);
  for (const { step, ranks } of recordsOf<TimesRecord>("times.jsonl", times, last, notes)) {
    history.times.push({ step, ranks: ranks.map(timesOf) });
  }
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

function recordsOf<Line extends { readonly step: number }>(
  file: string,
  text: string,
  last: number,
  notes: string[] | undefined,
): Line[] {
  const records = text.split("\n").flatMap((line, index, lines) => {
    if (line === "") return [];
    try {
      return [JSON.parse(line) as Line];
    } catch {
      // What ends without a new line was being written when its run was killed.
      if (index > 0 && index === lines.length - 1) return [];
      if (notes === undefined) throw new Error(`${file}: line ${index + 1} is no JSON, expected one record per line`);
      notes.push(`${file}: line ${index + 1} is no JSON and is left out.`);
      return [];
    }
  });
  return records.filter(({ step }) => step <= last);
}

function timesOf(record: RankTimesRecord): StepTimes {
  const { data_ms, compute_ms, read_ms, reduce_ms, wait_ms, update_ms, overlap } = record;
  return {
    ...{ dataMs: data_ms, computeMs: compute_ms, readMs: read_ms },
    ...{ reduceMs: reduce_ms, waitMs: wait_ms, updateMs: update_ms, overlap },
  };
}
