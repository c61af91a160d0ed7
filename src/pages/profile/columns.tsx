/** Columns of numbers that the tables share, each with what its numbers rest on. */
import { fixed, milliseconds } from "../format";
import type { SortKey, TableRow } from "./rows";
import type { ProfileState } from "./state";
import { amount, three } from "./units";

/** m: measured; e: exact, as it is what is dispatched; f: modelled by formula from the shapes, or a ratio with such a number. */
export type Basis = "m" | "e" | "f";

export interface Column {
  readonly key: SortKey;
  readonly label: string;
  readonly unit?: string;
  readonly isNumber: boolean;
  readonly basis: Basis;
  readonly title: string;
}

const BASIS_NAMES: Readonly<Record<Basis, string>> = { m: "measured", e: "exact", f: "modelled" };

/** Behind the columns that name the row. Time: measured. Calls: exact. Operations and bytes: modelled; rates: modelled over measured. */
export const NUMBERS: readonly Column[] = [
  { key: "count", label: "Calls", isNumber: true, basis: "e", title: "Dispatches of one micro-batch" },
  { key: "ms", label: "Time", unit: "ms", isNumber: true, basis: "m", title: "Median over the active repeats" },
  { key: "flops", label: "FLOP", isNumber: true, basis: "f", title: "Floating-point operations by formula" },
  { key: "bytes", label: "Bytes", isNumber: true, basis: "f", title: "Bytes of all bindings, each moved once" },
  { key: "gflops", label: "GFLOP/s", isNumber: true, basis: "f", title: "Modelled operations over measured time" },
  { key: "gbps", label: "GB/s", isNumber: true, basis: "f", title: "Modelled bytes over measured time" },
  {
    key: "intensity",
    label: "FLOP/B",
    isNumber: true,
    basis: "f",
    title: "Arithmetic intensity: operations for each byte that is moved",
  },
];

/** The letter that says what a number rests on. */
export function BasisMark({ of, title = BASIS_NAMES[of] }: { readonly of: Basis; readonly title?: string }) {
  return (
    <abbr class="basis" title={title}>
      {of}
    </abbr>
  );
}

/** One cell of the head that sorts by its column. */
export function HeadCell({ column, state }: { readonly column: Column; readonly state: ProfileState }) {
  const { key, isDescending } = state.sort.value;
  const { label, unit, isNumber, basis, title } = column;
  return (
    <th
      scope="col"
      class={isNumber ? "number" : ""}
      aria-sort={column.key === key ? (isDescending ? "descending" : "ascending") : undefined}
    >
      <button type="button" title={`${title} (${BASIS_NAMES[basis]})`} onClick={() => state.sortBy(column.key)}>
        {label}
        {unit !== undefined && <span class="unit">{unit}</span>}
      </button>
      <BasisMark of={basis} />
    </th>
  );
}

/** The head of the column that `ShareCell` fills. */
export function ShareHead() {
  return (
    <th scope="col" class="bar-head">
      Share
      <BasisMark of="m" />
    </th>
  );
}

/** The cells of `NUMBERS`. */
export function NumberCells({ row }: { readonly row: TableRow }) {
  return (
    <>
      <td class="number">{row.count}</td>
      <td
        class="number strong"
        title={`${milliseconds(row.minMs)} to ${milliseconds(row.maxMs)} ms over the active repeats`}
      >
        {milliseconds(row.ms)}
        <Spread row={row} />
      </td>
      <td class="number">{amount(row.flops)}</td>
      <td class="number">{amount(row.bytes)}</td>
      <td class="number">{three(row.gflops)}</td>
      <td class="number">{three(row.gbps)}</td>
      <td class="number">{three(row.intensity)}</td>
    </>
  );
}

/** The extremes beside a median. */
function Spread({ row: { minMs, maxMs } }: { readonly row: TableRow }) {
  if (minMs === undefined || maxMs === undefined) return null;
  return (
    <span class="spread">
      {milliseconds(minMs)}–{milliseconds(maxMs)}
    </span>
  );
}

/** A bar as long as the row's part of the longest row. */
export function ShareCell({ row, longest }: { readonly row: TableRow; readonly longest: number }) {
  return (
    <td class="bar">
      <span
        class="bar-fill"
        data-pass={row.pass}
        style={{ transform: `scaleX(${longest > 0 ? row.share / longest : 0})` }}
      />
      <span class="bar-text num">{fixed(100 * row.share, 1)} %</span>
    </td>
  );
}
