/** What a table of runs tells of one, from its files alone. Knows neither pages nor browsers. */
import { storedSteps } from "../train/checkpoint";
import type { EvaluationRecord, PoseMetrics, StepRecord } from "../train/events";
import { type RunStorage, utf8 } from "../train/storage";

export const NOTES_FILE = "notes.json";
const TEXT_FILES = ["config.yaml", "metrics.jsonl", "log.txt", "findings.json", NOTES_FILE] as const;

/** What a person, or a fork, has written beside a run. */
export interface RunNotes {
  readonly tags: readonly string[];
  /** The run and the step that it began from. */
  readonly forkedFrom?: { readonly run: string; readonly step: number };
}

/** An error, and the step that has it. */
export interface Score {
  readonly mm: number;
  readonly step: number;
  /** Samples that it is the mean of. */
  readonly n: number;
}

export interface RunSummary {
  readonly name: string;
  readonly preset: string | undefined;
  readonly data: string | undefined;
  readonly hand: string | undefined;
  readonly adapter: string | undefined;
  /** The last step that has a record. */
  readonly steps: number;
  readonly stepsPerEpoch: number | undefined;
  /** Of the last evaluation's split. */
  readonly bestMpjpe: Score | undefined;
  readonly bestPa: Score | undefined;
  readonly lastMpjpe: Score | undefined;
  readonly lastPa: Score | undefined;
  /** Seconds in steps and evaluations, pauses left out. */
  readonly seconds: number;
  /** Of the last step. */
  readonly ranks: number | undefined;
  /** Those of the doctor that are no notes; undefined where it has not looked. */
  readonly findings: number | undefined;
  readonly notes: RunNotes;
  /** A sentence for each file that holds something unreadable, which the figures leave out. */
  readonly unread: readonly string[];
  /** Steps of the checkpoints, ascending. */
  readonly checkpoints: readonly number[];
  readonly configYaml: string;
}

/** Reads what a summary needs; a line that is cut off, as the last one of a killed run, is left out and told in `unread`. */
export async function summarize(name: string, storage: RunStorage): Promise<RunSummary> {
  const paths = new Set(await storage.list());
  const texts = new Map<string, string>();
  for (const file of TEXT_FILES) {
    texts.set(file, paths.has(file) ? new TextDecoder().decode(await storage.read(file)) : "");
  }
  const textOf = (file: (typeof TEXT_FILES)[number]): string => texts.get(file)!;
  const { steps, evaluations, broken } = recordsOf(textOf("metrics.jsonl"));
  const last = steps.at(-1);
  const split = evaluations.at(-1)?.split;
  const scored = evaluations.filter((each) => each.split === split);
  const of = (key: keyof PoseMetrics): readonly Score[] =>
    scored.flatMap(({ step, [key]: mm, n }) => (mm === null ? [] : [{ mm, step, n: n[key] }]));
  const best = (scores: readonly Score[]): Score | undefined =>
    scores.reduce<Score | undefined>((least, each) => (least && least.mm <= each.mm ? least : each), undefined);
  const [mpjpe, pa] = [of("mpjpe_mm"), of("pa_mpjpe_mm")];
  const configYaml = textOf("config.yaml");
  return {
    name,
    preset: /^preset: *(\S+)/m.exec(configYaml)?.[1],
    ...saidOf(textOf("log.txt")),
    steps: last?.step ?? 0,
    bestMpjpe: best(mpjpe),
    bestPa: best(pa),
    lastMpjpe: mpjpe.at(-1),
    lastPa: pa.at(-1),
    seconds: [...steps, ...evaluations].reduce((sum, { ms }) => sum + ms, 0) / 1000,
    ranks: last?.ranks,
    findings: findingsOf(textOf("findings.json")),
    notes: notesOf(textOf(NOTES_FILE)),
    unread: [
      ...(broken.length > 0 ? [brokenSentence(broken)] : []),
      ...Object.entries(MISSED).flatMap(([file, missed]) =>
        isBroken(texts.get(file)!) ? [`${file} is no JSON: ${missed}.`] : [],
      ),
    ],
    checkpoints: await storedSteps(storage),
    configYaml,
  };
}

/** Writes what a person says of a run beside it. */
export function writeNotes(storage: RunStorage, notes: RunNotes): Promise<void> {
  return storage.write(NOTES_FILE, utf8(`${JSON.stringify(notes)}\n`));
}

/** The notes in a text; none where it holds none. */
export function notesOf(text: string): RunNotes {
  try {
    const { tags, forkedFrom } = JSON.parse(text) as { readonly tags?: unknown; readonly forkedFrom?: unknown };
    const isText = (value: unknown): value is string => typeof value === "string";
    const from = forkedFrom as { readonly run?: unknown; readonly step?: unknown } | undefined;
    return {
      tags: Array.isArray(tags) ? tags.filter(isText) : [],
      ...(isText(from?.run) && typeof from.step === "number" ? { forkedFrom: { run: from.run, step: from.step } } : {}),
    };
  } catch {
    return { tags: [] };
  }
}

/** What a summary does not know where a file holds no JSON. */
const MISSED = {
  "findings.json": "what the doctor found is not known",
  [NOTES_FILE]: "its tags and what it was forked from are not known; new tags write it again",
} as const;

function brokenSentence(lines: readonly number[]): string {
  return lines.length === 1
    ? `metrics.jsonl: line ${lines[0]} is no JSON; what it recorded is in no figure.`
    : `metrics.jsonl: ${lines.length} lines are no JSON, the first of them line ${lines[0]}; what they recorded is in no figure.`;
}

/** Whether a file's text is there and is no JSON. */
function isBroken(text: string): boolean {
  if (text === "") return false;
  try {
    JSON.parse(text);
    return false;
  } catch {
    return true;
  }
}

function recordsOf(text: string): {
  readonly steps: StepRecord[];
  readonly evaluations: EvaluationRecord[];
  /** Numbers of the lines that are no JSON, from 1. */
  readonly broken: readonly number[];
} {
  const broken: number[] = [];
  const [steps, evaluations]: [StepRecord[], EvaluationRecord[]] = [[], []];
  for (const [i, line] of text.split("\n").entries()) {
    if (line === "") continue;
    try {
      const record = JSON.parse(line) as StepRecord | EvaluationRecord;
      if (record.split === "train") steps.push(record);
      else evaluations.push(record);
    } catch {
      broken.push(i + 1);
    }
  }
  return { steps, evaluations, broken };
}

/** What the log of the newest start says: see `runLines`. */
function saidOf(log: string): Pick<RunSummary, "data" | "hand" | "adapter" | "stepsPerEpoch"> {
  const lastOf = (pattern: RegExp): RegExpMatchArray | undefined => [...log.matchAll(pattern)].at(-1);
  const run = lastOf(/^.+: UTNet \S+, \d+ parameters, hand (.+?), on (.+?)(?:, \d+ ranks)?$/gm);
  const data = lastOf(/^data: (.+); (\d+) samples to train on, \d+ to validate on, batch (\d+)/gm);
  const [samples, batch] = [Number(data?.[2]), Number(data?.[3])];
  return {
    data: data?.[1],
    hand: run?.[1],
    adapter: run?.[2],
    stepsPerEpoch: samples >= batch ? Math.floor(samples / batch) : undefined,
  };
}

function findingsOf(text: string): number | undefined {
  try {
    const { findings } = JSON.parse(text) as { readonly findings?: readonly { readonly severity?: string }[] };
    return findings?.filter(({ severity }) => severity !== "note").length;
  } catch {
    return undefined;
  }
}
