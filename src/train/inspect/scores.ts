/** Scores of every sample by the last evaluation, in the few columns that a table sorts and filters by. */
import { sequenceOf } from "../../data/split";
import { METRIC_NAMES, type MetricName } from "../../metrics/judge";
import { readScoreRow, SCORE_COLUMNS, TERMS } from "../score-rows";
import type { SampleScoresTable, SampleTable, ScoresFile } from "./types";

/** Metrics that are kept of samples that were shown without their depth as well. */
const WITHOUT_DEPTH: readonly MetricName[] = ["mpjpe_mm", "pa_mpjpe_mm", "mpvpe_mm", "pa_mpvpe_mm"];

/** Columns of a `SampleScoresTable`, in order. */
export const SAMPLE_SCORE_COLUMNS: readonly string[] = [
  ...TERMS,
  "total_loss",
  ...METRIC_NAMES,
  ...WITHOUT_DEPTH.map((name) => `without_depth.${name}`),
];

/** Figures of scores.json have so many digits: a thousandth of a per mille, and a third of the size. */
const DIGITS = 6;

/**
 * The columns [n, SAMPLE_SCORE_COLUMNS] of the rows [n, SCORE_COLUMNS] of an evaluation, whose samples are `ids`. `totalOf` is
 * the weighted sum of the terms.
 */
export function sampleScores(
  rows: Float32Array | Float64Array,
  ids: readonly string[],
  totalOf: (terms: Readonly<Record<string, number>>) => number,
): Float32Array {
  const columns = SAMPLE_SCORE_COLUMNS.length;
  const values = new Float32Array(ids.length * columns).fill(Number.NaN);
  for (const [i, id] of ids.entries()) {
    const row = rows.subarray(i * SCORE_COLUMNS, (i + 1) * SCORE_COLUMNS);
    const { given, withoutDepth, terms } = readScoreRow(row, id, sequenceOf(id));
    const [metrics, without] = [given.scores?.metrics, withoutDepth?.scores?.metrics];
    values.set(
      [
        ...TERMS.map((name) => terms[name]),
        totalOf(terms),
        ...METRIC_NAMES.map((name) => metrics?.[name] ?? Number.NaN),
        ...WITHOUT_DEPTH.map((name) => without?.[name] ?? Number.NaN),
      ],
      i * columns,
    );
  }
  return values;
}

/** The text of scores.json; `ids` are those of the table's rows. */
export function scoresText({ step, epoch, columns, values }: SampleScoresTable, ids: readonly string[]): string {
  const short = (value: number): number | null => (Number.isFinite(value) ? Number(value.toPrecision(DIGITS)) : null);
  const rows = ids.map((_, i) => Array.from(values.subarray(i * columns.length, (i + 1) * columns.length), short));
  return `${JSON.stringify({ step, epoch, ids, columns, rows } satisfies ScoresFile)}\n`;
}

/** A run's scores.json with the ids of its rows. Throws a sentence when it is not one, naming what was found. */
export function readScores(bytes: Uint8Array): { readonly ids: readonly string[]; readonly table: SampleScoresTable } {
  const { step, epoch, ids, columns, rows } = parseScores(new TextDecoder().decode(bytes));
  const values = new Float32Array(rows.length * columns.length);
  for (const [i, row] of rows.entries()) {
    if (!Array.isArray(row) || row.length !== columns.length) {
      throw new Error(`scores.json: row ${i} has ${row?.length} numbers, expected ${columns.length} as it has columns`);
    }
    for (const [k, value] of row.entries()) values[i * columns.length + k] = value ?? Number.NaN;
  }
  return { ids, table: { step, epoch, columns, values } };
}

function parseScores(text: string): ScoresFile {
  let found: Partial<ScoresFile> | null;
  try {
    found = JSON.parse(text) as Partial<ScoresFile> | null;
  } catch (error) {
    throw new Error(`scores.json: ${(error as Error).message}; delete it, the next evaluation writes it again`);
  }
  const { step, epoch, ids, columns, rows } = found ?? {};
  const isWhole =
    typeof step === "number" &&
    typeof epoch === "number" &&
    [ids, columns, rows].every((each) => Array.isArray(each)) &&
    ids!.length === rows!.length;
  if (!isWhole) {
    throw new Error(
      `scores.json: holds ${Object.keys(found ?? {}).join(", ") || "nothing"}, expected step, epoch, ids, columns and one row for each id; delete it, the next evaluation writes it again`,
    );
  }
  return { step, epoch, ids: ids!, columns: columns!, rows: rows! };
}

/** A table with the scores of its samples, when `ids`, whose scores they are, are the samples of its split. */
export function withScores(table: SampleTable, ids: readonly string[], scores: SampleScoresTable): SampleTable {
  const { from } = table;
  const isSame =
    table.split === "val" && ids.length === table.total && table.ids.every((id, i) => ids[from + i] === id);
  if (!isSame) return table;
  const width = scores.columns.length;
  const values = scores.values.slice(from * width, (from + table.ids.length) * width);
  return { ...table, scores: { ...scores, values } };
}
