/** Which samples are shown, and in which order. Pure. */
import { quantile } from "./colours";
import type { GridTable } from "./grid-table";

/** Both ends belong to it; an infinite one is open. */
export type ValueRange = readonly [low: number, high: number];

export type ModalityFilter = "all" | "rgb" | "rgbd";

export interface Filters {
  /** Names; all sequences when empty. */
  readonly sequences: readonly string[];
  readonly modality: ModalityFilter;
  /** By column. A sample without a value is in no range. */
  readonly ranges: Readonly<Record<string, ValueRange>>;
}

export const NO_FILTERS: Filters = { sequences: [], modality: "all", ranges: {} };

/** A column, or the place of samples in their split, and whether the largest come first. */
export interface Sort {
  readonly by: string;
  readonly isDescending: boolean;
}

/** The order of a split: sequence by sequence. */
export const BY_PLACE = "place";

export const isFiltered = ({ sequences, modality, ranges }: Filters): boolean =>
  sequences.length > 0 || modality !== "all" || Object.keys(ranges).length > 0;

/**
 * 1 for each sample that passes the filters. `except` names a filter that is left out, "sequences", "modality" or a column: its own
 * choices are counted over what the others leave.
 */
export function passing(table: GridTable, filters: Filters, except?: string): Uint8Array {
  const mask = new Uint8Array(table.ids.length).fill(1);
  if (filters.sequences.length > 0 && except !== "sequences") {
    const chosen = Uint8Array.from(table.sequences, (name) => Number(filters.sequences.includes(name)));
    for (let i = 0; i < mask.length; i++) mask[i] &= chosen[table.sequence[i]];
  }
  if (filters.modality !== "all" && except !== "modality") {
    const wanted = filters.modality === "rgb" ? 1 : 2;
    for (let i = 0; i < mask.length; i++) mask[i] &= Number(table.modality[i] === wanted);
  }
  for (const [name, [low, high]] of Object.entries(filters.ranges)) {
    if (name === except) continue;
    const values = table.columns.get(name);
    for (let i = 0; i < mask.length; i++) {
      mask[i] &= Number(values !== undefined && values[i] >= low && values[i] <= high);
    }
  }
  return mask;
}

/** Places of the samples with 1 in `mask`, sorted; those without a value come last, and equal ones in the order of the split. */
export function sortedPlaces(table: GridTable, mask: Uint8Array, { by, isDescending }: Sort): number[] {
  const places: number[] = [];
  for (let i = 0; i < mask.length; i++) if (mask[i] === 1) places.push(i);
  const values = table.columns.get(by);
  if (by === BY_PLACE || values === undefined) return isDescending ? places.reverse() : places;
  const sign = isDescending ? -1 : 1;
  return places.sort((a, b) => {
    const [x, y] = [values[a], values[b]];
    const [isXNone, isYNone] = [Number.isNaN(x), Number.isNaN(y)];
    if (isXNone || isYNone) return Number(isXNone) - Number(isYNone) || a - b;
    return sign * (x - y) || a - b;
  });
}

/** Worst first once there are errors, else the order of the split. */
export function usualSort(table: GridTable | undefined): Sort {
  const hasScores = table?.step !== undefined && table.columns.has("mpjpe_mm");
  return hasScores ? { by: "mpjpe_mm", isDescending: true } : { by: BY_PLACE, isDescending: false };
}

/** Samples for each sequence, [sequences]. */
export function sequenceCounts(table: GridTable, mask: Uint8Array): Uint32Array {
  const counts = new Uint32Array(table.sequences.length);
  for (let i = 0; i < mask.length; i++) counts[table.sequence[i]] += mask[i];
  return counts;
}

/** Round ends of an axis, times a power of ten: at most a third of it stays empty. */
const ENDS = [1, 1.2, 1.5, 2, 2.4, 3, 4, 5, 6, 8, 10];

/** Ends of a histogram's axis: 0 to 1 for shares, else 0 to a round number that at most one in a hundred exceeds. */
export function domainOf(values: ArrayLike<number>, isShare: boolean): ValueRange {
  if (isShare) return [0, 1];
  const most = quantile(values, 0.99);
  if (!(most > 0)) return [0, 1];
  const decade = 10 ** Math.floor(Math.log10(most));
  return [0, decade * ENDS.find((end) => end * decade >= most * (1 - 1e-9))!];
}

/** Samples of `mask` in each of `bins` equal parts of `domain`; what lies beyond its ends counts in the part there. */
export function histogram(
  values: ArrayLike<number>,
  mask: Uint8Array,
  [low, high]: ValueRange,
  bins: number,
): Uint32Array {
  const counts = new Uint32Array(bins);
  for (let i = 0; i < mask.length; i++) {
    if (mask[i] === 0 || Number.isNaN(values[i])) continue;
    const at = Math.floor(((values[i] - low) / (high - low)) * bins);
    counts[Math.max(0, Math.min(bins - 1, at))]++;
  }
  return counts;
}

/**
 * The range between the shares `a` and `b` of a domain's length, at edges of bins and at least one bin wide; open where it reaches an
 * end of the domain. undefined where that is all of it.
 */
export function rangeBetween(a: number, b: number, [low, high]: ValueRange, bins: number): ValueRange | undefined {
  const [from, to] = [Math.min(a, b), Math.max(a, b)].map((each) => Math.max(0, Math.min(1, each)));
  const first = Math.min(bins - 1, Math.floor(from * bins));
  const last = Math.max(first + 1, Math.ceil(to * bins));
  if (first === 0 && last === bins) return undefined;
  // Sums of edges would show as 30.000000000000004.
  const edge = (bin: number): number => Number((low + ((high - low) * bin) / bins).toPrecision(6));
  return [first === 0 ? Number.NEGATIVE_INFINITY : edge(first), last === bins ? Number.POSITIVE_INFINITY : edge(last)];
}

/** The edges of bins that a range reaches, 0 to `bins`. */
export function binsOf(
  range: ValueRange | undefined,
  [low, high]: ValueRange,
  bins: number,
): readonly [number, number] {
  if (range === undefined) return [0, bins];
  const at = (value: number): number => Math.round(Math.max(0, Math.min(1, (value - low) / (high - low))) * bins);
  return [at(range[0]), at(range[1])];
}
