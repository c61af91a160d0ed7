/** The columns that the table of samples sorts and filters by, from a run's files and from a rank. Pure. */
import { sequenceOf } from "../../data/split";
import type { SampleScoresTable, SampleTable, SplitName } from "../../train/inspect/types";

/** 0 where it is not known yet. */
export const MODALITIES = ["unknown", "RGB", "RGB-D"] as const;

/** All samples of a split, one entry of each column for each. */
export interface GridTable {
  readonly split: SplitName;
  readonly ids: readonly string[]; // [n]
  readonly sequences: readonly string[];
  /** Place of its sequence among `sequences`. */
  readonly sequence: Uint16Array; // [n]
  /** Place in `MODALITIES`. */
  readonly modality: Uint8Array; // [n]
  /** By name; NaN where a sample has no value, or its facts were not read yet. */
  readonly columns: ReadonlyMap<string, Float32Array>; // [n]
  /** Samples whose facts were read. */
  readonly facts: number;
  /** Of the evaluation whose scores are here; undefined before there are any. */
  readonly step: number | undefined;
}

interface ColumnInfo {
  readonly label: string;
  readonly unit: string;
  /** The value times this is shown, with so many decimals; undefined: four significant digits. */
  readonly scale: number;
  readonly decimals: number | undefined;
  /** What the number is, in a few words. */
  readonly says: string;
}

const mm = (label: string, says: string): ColumnInfo => ({ label, unit: "mm", scale: 1, decimals: 1, says });
const share = (label: string, says: string): ColumnInfo => ({ label, unit: "%", scale: 100, decimals: 0, says });
const loss = (label: string): ColumnInfo => ({
  ...{ label, unit: "", scale: 1, decimals: undefined },
  says: "loss term of this sample, unweighted",
});

const INFO: Readonly<Record<string, ColumnInfo>> = {
  mpjpe_mm: mm("MPJPE", "mean distance of the 21 joints, relative to the wrist"),
  pa_mpjpe_mm: mm("PA-MPJPE", "the same after Procrustes alignment"),
  mpvpe_mm: mm("MPVPE", "mean distance of the vertices, relative to the wrist"),
  pa_mpvpe_mm: mm("PA-MPVPE", "the same after Procrustes alignment"),
  "without_depth.mpjpe_mm": mm("MPJPE without depth", "the sample shown without its depth image"),
  "without_depth.pa_mpjpe_mm": mm("PA-MPJPE without depth", "the sample shown without its depth image"),
  total_loss: { ...loss("total_loss"), says: "weighted sum of the loss terms of this sample" },
  ...Object.fromEntries(
    ["loss_2d", "loss_3d_joint", "loss_3d_vert", "shape_prior", "loss_aux"].map((name) => [name, loss(name)]),
  ),
  occlusion: share("Occlusion", "joints behind something that is 40 mm nearer, of those with a depth reading"),
  confidence: share("Confidence", "joints whose annotation counts in the loss, of 21"),
  outsideShare: share("Outside", "joints outside of the crop, of 21"),
};

/** Columns that are sorted by, in the order of the menu. */
export const COLUMN_NAMES: readonly string[] = Object.keys(INFO);

/** Columns with a histogram. */
export const HISTOGRAM_NAMES: readonly string[] = ["mpjpe_mm", "pa_mpjpe_mm", "occlusion", "confidence"];

/** How a column is called and written. Throws a sentence for a name that is not in `COLUMN_NAMES`. */
export function columnInfo(name: string): ColumnInfo {
  const info = INFO[name];
  if (info === undefined) throw new Error(`column "${name}", expected one of ${COLUMN_NAMES.join(", ")}`);
  return info;
}

const FACTS = ["occlusion", "confidence", "outsideShare"] as const;

/** A table of which nothing is known but the ids. */
export function tableOfIds(split: SplitName, ids: readonly string[]): GridTable {
  const names = ids.map(sequenceOf);
  const places = new Map([...new Set(names)].map((name, i) => [name, i]));
  return {
    ...{ split, ids, sequences: [...places.keys()], facts: 0, step: undefined },
    sequence: Uint16Array.from(names, (name) => places.get(name)!),
    modality: new Uint8Array(ids.length),
    columns: new Map(FACTS.map((name) => [name, new Float32Array(ids.length).fill(Number.NaN)])),
  };
}

/** `table` with the facts of a part of its samples, and with its scores where the part is all of them. */
export function withFacts(table: GridTable, part: SampleTable): GridTable {
  const { from, ids } = part;
  const columns = new Map(table.columns);
  for (const name of FACTS) {
    const values = table.columns.get(name)!.slice();
    values.set(part[name], from);
    columns.set(name, values);
  }
  const modality = table.modality.slice();
  part.hasDepth.forEach((has, i) => {
    modality[from + i] = 1 + has;
  });
  const facts = Math.max(table.facts, from + ids.length);
  const filled = { ...table, columns, modality, facts };
  const isWhole = from === 0 && ids.length === table.ids.length;
  return isWhole && part.scores !== undefined ? withScores(filled, ids, part.scores) : filled;
}

/** `table` with an evaluation's scores of the samples `ids`, in any order; samples that are not among them have none. */
export function withScores(table: GridTable, ids: readonly string[], scores: SampleScoresTable): GridTable {
  const rows = new Map(ids.map((id, row) => [id, row]));
  const columns = new Map(table.columns);
  scores.columns.forEach((name, k) => {
    if (!(name in INFO)) return;
    const values = Float32Array.from(table.ids, (id) => {
      const row = rows.get(id);
      return row === undefined ? Number.NaN : scores.values[row * scores.columns.length + k];
    });
    columns.set(name, values);
  });
  return { ...table, columns, step: scores.step };
}

/** The columns at hand in which some sample has a value, in the order of the menu. */
export function columnsAtHand(table: GridTable): string[] {
  return COLUMN_NAMES.filter((name) => table.columns.get(name)?.some((value) => !Number.isNaN(value)) ?? false);
}
