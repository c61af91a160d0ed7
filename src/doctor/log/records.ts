/** A line of metrics.jsonl, ours: the numbers of a step or of an evaluation. */
import type { RunBuilder } from "./run-builder";

export interface LogRecord {
  readonly step: number;
  addTo(run: RunBuilder, line: number): void;
}

type Json = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const numberOf = (value: unknown): number | undefined => (typeof value === "number" ? value : undefined);

/** JSON has no NaN: what is not finite is written null. */
const lossOf = (value: unknown): number | undefined => (value === null ? Number.NaN : numberOf(value));

/** The record of a line, undefined when it is none. */
export function recordOf(text: string): LogRecord | undefined {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isObject(json)) return undefined;
  const step = numberOf(json.step);
  if (step === undefined || typeof json.split !== "string") return undefined;
  const record = json;
  return { step, addTo: (run, line) => (record.split === "train" ? addStep : addEvaluation)(run, record, step, line) };
}

function addLosses(run: RunBuilder, record: Json, split: "train" | "val", step: number, line: number): void {
  if (!isObject(record.losses)) return;
  const epoch = numberOf(record.epoch);
  const terms: Record<string, number> = {};
  for (const [name, value] of Object.entries(record.losses).slice(0, 16)) {
    const number = lossOf(value);
    if (number === undefined) continue;
    run.point(name, split, { step, epoch, value: number, line });
    terms[name] = number;
  }
  const { total_loss: total, ...rest } = terms;
  if (split === "train" && total !== undefined) run.breakdown({ line, epoch, step, terms: rest, total });
}

function addStep(run: RunBuilder, record: Json, step: number, line: number): void {
  run.marks.handloom++;
  const epoch = numberOf(record.epoch);
  addLosses(run, record, "train", step, line);
  for (const name of ["lr", "lr_backbone", "grad_norm", "in_map_share"]) {
    const value = lossOf(record[name]);
    if (value !== undefined && Object.hasOwn(record, name)) run.point(name, "train", { step, epoch, value, line });
  }
  if (typeof record.clipped === "boolean") {
    run.clipped.steps++;
    if (record.clipped) run.clipped.clipped++;
  }
  const nonFinite = numberOf(record.non_finite) ?? 0;
  if (nonFinite > 0) {
    if (run.nonFiniteGradients.count === 0) run.nonFiniteGradients.line = line;
    run.nonFiniteGradients.count++;
  }
}

function addEvaluation(run: RunBuilder, record: Json, step: number, line: number): void {
  run.marks.handloom++;
  const epoch = numberOf(record.epoch);
  addLosses(run, record, "val", step, line);
  for (const [key, name] of [
    ["mpjpe_mm", "mpjpe"],
    ["pa_mpjpe_mm", "pa_mpjpe"],
  ] as const) {
    const value = lossOf(record[key]);
    if (value !== undefined) run.point(name, "val", { step, epoch, value, line });
  }
  const samples = numberOf(record.samples);
  if (samples !== undefined) {
    run.evaluation({ line, samples, ranks: undefined });
    run.point("non_finite_predictions", "val", { step, epoch, value: numberOf(record.non_finite) ?? 0, line });
  }
  if (!isObject(record.baselines)) return;
  const { zero_pose: zero, mean_pose: mean } = record.baselines;
  const pair = (value: unknown) => {
    const [mpjpe, pa] = isObject(value) ? [numberOf(value.mpjpe_mm), numberOf(value.pa_mpjpe_mm)] : [];
    return mpjpe !== undefined && pa !== undefined ? { mpjpe, pa } : undefined;
  };
  run.baselines = { zero: pair(zero) ?? run.baselines.zero, mean: pair(mean) ?? run.baselines.mean };
}
