/** The table of runs without its markup: which rows, in which order, and what differs between configurations. */
import type { StoredRun } from "../../ranks/api";
import type { RunSummary, Score } from "../../ranks/run-summary";

export const SORT_KEYS = [
  ...(["name", "preset", "data", "steps", "bestMpjpe", "bestPa"] as const),
  ...(["lastPa", "seconds", "ranks", "findings", "savedAt"] as const),
] as const;

export type SortKey = (typeof SORT_KEYS)[number];

export interface Sort {
  readonly key: SortKey;
  readonly isDown: boolean;
}

export interface RunRow {
  readonly run: StoredRun;
  /** Undefined until it has been read. */
  readonly summary: RunSummary | undefined;
}

/** Those rows that hold every word of `filter`, by `sort`; what has no value comes last either way. */
export function shownRows(
  runs: readonly StoredRun[],
  summaries: ReadonlyMap<string, RunSummary>,
  filter: string,
  { key, isDown }: Sort,
): readonly RunRow[] {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  const rows = runs
    .map((run) => ({ run, summary: summaries.get(run.name) }))
    .filter((row) => words.every((word) => haystack(row).includes(word)));
  return rows.sort((a, b) => {
    const [left, right] = [sortValue(a, key), sortValue(b, key)];
    if (left === undefined || right === undefined) return Number(left === undefined) - Number(right === undefined);
    const order = typeof left === "string" ? left.localeCompare(String(right)) : left - Number(right);
    return isDown ? -order : order;
  });
}

function haystack({ run, summary }: RunRow): string {
  const { preset, data, notes } = summary ?? {};
  return [run.name, preset, data, ...(notes?.tags ?? []).map((tag) => `#${tag}`)].join("\n").toLowerCase();
}

function sortValue({ run, summary }: RunRow, key: SortKey): number | string | undefined {
  if (key === "name" || key === "savedAt") return run[key];
  const value: number | string | Score | undefined = summary?.[key];
  return typeof value === "object" ? value.mm : value;
}

/** Tags of a text: separated by commas or spaces, without "#", each once. */
export function tagsOf(text: string): readonly string[] {
  return [...new Set(text.split(/[\s,]+/).map((tag) => tag.replace(/^#+/, "")))].filter((tag) => tag !== "");
}

/** One entry in which configurations differ, and what each has; undefined where it has none. */
export interface Difference {
  readonly path: string;
  readonly values: readonly (string | undefined)[];
}

/** Entries, by path, that are not the same in all of `flat`, in the order of their first appearance. */
export function differences(flat: readonly ReadonlyMap<string, string>[]): readonly Difference[] {
  const paths = new Set(flat.flatMap((each) => [...each.keys()]));
  return [...paths]
    .map((path) => ({ path, values: flat.map((each) => each.get(path)) }))
    .filter(({ values }) => values.some((value) => value !== values[0]));
}
