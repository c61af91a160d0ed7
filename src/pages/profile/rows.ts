/** The profile's table as data: grouping, sorting, totals, CSV. Knows no DOM. */
import type { KernelRow, ProfileReport } from "../../train/events";

export type Grouping = "none" | "kernel" | "module";
export type SortKey =
  | "index"
  | "kernel"
  | "module"
  | "pass"
  | "count"
  | "ms"
  | "flops"
  | "bytes"
  | "gflops"
  | "gbps"
  | "intensity";

/** One line of the table: a dispatch, or several taken together. */
export interface TableRow {
  readonly key: string;
  readonly index: number;
  readonly kernel: string;
  readonly module: string;
  readonly pass: string;
  /** Exact: dispatches of one micro-batch, of adding up and of the update. */
  readonly count: number;
  /** Measured; undefined when no timing of it was accepted. */
  readonly ms: number | undefined;
  /** Least and most over the active repeats, of several the sums: no repeat need have been so. */
  readonly minMs: number | undefined;
  readonly maxMs: number | undefined;
  /** Part of all kernels' time, 0 to 1. */
  readonly share: number;
  /** Modelled from the shapes; undefined where no formula counts any. */
  readonly flops: number | undefined;
  readonly bytes: number | undefined;
  /** 1e9 floating-point operations per second; undefined when no operation is counted. */
  readonly gflops: number | undefined;
  /** 1e9 bytes per second. */
  readonly gbps: number | undefined;
  /** Floating-point operations per byte. */
  readonly intensity: number | undefined;
  readonly constants: string;
}

/** Sum of all kernels' milliseconds: less than the step, which has gaps between them. */
export function kernelMs(rows: readonly KernelRow[]): number {
  return rows.reduce((sum, row) => sum + measured(row.ms), 0);
}

/** A kernel whose every timing was refused has NaN; it counts as nothing and is shown as a dash. */
export function measured(ms: number): number {
  return Number.isFinite(ms) ? ms : 0;
}

/**
 * The row of `others` that is the same dispatch as `row` of `rows`: of the same kernel, module and pass, and as far down among
 * those. Plans of other configurations have it at another place. Undefined where there are fewer of them.
 */
export function sameDispatch(
  rows: readonly KernelRow[],
  row: KernelRow,
  others: readonly KernelRow[],
): KernelRow | undefined {
  const isAlike = ({ kernel, scope, pass }: KernelRow): boolean =>
    kernel === row.kernel && scope === row.scope && pass === row.pass;
  return others.filter(isAlike)[rows.filter(isAlike).indexOf(row)];
}

/** Milliseconds of each pass. */
export function passMs(rows: readonly KernelRow[]): Record<KernelRow["pass"], number> {
  const sums = { forward: 0, backward: 0, update: 0 };
  for (const row of rows) sums[row.pass] += measured(row.ms);
  return sums;
}

/** Lines of the table: of dispatches, or of kernels. Within a group the times, operations and bytes are summed. */
export function tableRows(report: ProfileReport, grouping: "none" | "kernel"): TableRow[] {
  const total = kernelMs(report.rows);
  if (grouping === "none") return report.rows.map((row) => rowOf(`${row.plan}:${row.index}`, [row], total));
  const groups = new Map<string, KernelRow[]>();
  for (const row of report.rows) {
    const group = groups.get(row.kernel);
    if (group === undefined) groups.set(row.kernel, [row]);
    else group.push(row);
  }
  return Array.from(groups, ([key, rows]) => rowOf(key, rows, total));
}

/** Several dispatches, at least one, as one line; `totalMs` is what its share is of. */
export function rowOf(key: string, rows: readonly KernelRow[], totalMs: number): TableRow {
  const sum = (of: (row: KernelRow) => number) => rows.reduce((total, row) => total + of(row), 0);
  const same = (of: (row: KernelRow) => string, noun: string) => {
    const values = new Set(rows.map(of));
    return values.size === 1 ? of(rows[0]) : `${values.size} ${noun}`;
  };
  const isMeasured = rows.some((row) => Number.isFinite(row.ms));
  const ms = isMeasured ? sum((row) => measured(row.ms)) : undefined;
  const [flops, bytes] = [sum((row) => row.flops), sum((row) => row.bytes)];
  // 1e9 per second is 1e6 per millisecond.
  const rate = (amount: number) => (ms !== undefined && ms > 0 && amount > 0 ? amount / ms / 1e6 : undefined);
  return {
    key,
    index: rows[0].index,
    kernel: same((row) => row.kernel, "kernels"),
    module: same((row) => row.scope, "modules"),
    pass: same((row) => row.pass, "passes"),
    count: rows.length,
    ms,
    minMs: isMeasured ? sum((row) => measured(row.minMs)) : undefined,
    maxMs: isMeasured ? sum((row) => measured(row.maxMs)) : undefined,
    share: totalMs > 0 ? (ms ?? 0) / totalMs : 0,
    flops: flops > 0 ? flops : undefined,
    bytes: bytes > 0 ? bytes : undefined,
    gflops: rate(flops),
    gbps: rate(bytes),
    intensity: flops > 0 && bytes > 0 ? flops / bytes : undefined,
    constants: rows.length === 1 ? rows[0].constants : "",
  };
}

/** Sorted copy; equal rows stay in the plan's order. What has no value comes last in either direction. */
export function sortRows<Row extends TableRow>(rows: readonly Row[], key: SortKey, isDescending: boolean): Row[] {
  const sign = isDescending ? -1 : 1;
  return [...rows].sort((a, b) => {
    const [x, y] = [a[key], b[key]];
    if (x === undefined || y === undefined)
      return Number(x === undefined) - Number(y === undefined) || a.index - b.index;
    const order = typeof x === "string" ? x.localeCompare(String(y)) : x - Number(y);
    return sign * order || a.index - b.index;
  });
}

/** One line per dispatch, units in the header (RFC 4180). */
export function toCsv(report: ProfileReport): string {
  const quote = (value: string | number) => {
    const text = String(value);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const columns: readonly (readonly [string, (row: KernelRow) => string | number])[] = [
    ["index", (row) => row.index],
    ["plan", (row) => row.plan],
    ["kernel", (row) => row.kernel],
    ["module", (row) => row.scope],
    ["pass", (row) => row.pass],
    ["workgroups_x", (row) => row.workgroups[0]],
    ["workgroups_y", (row) => row.workgroups[1]],
    ["workgroups_z", (row) => row.workgroups[2]],
    ["constants", (row) => row.constants],
    ["ms_median", (row) => row.ms],
    ["ms_min", (row) => row.minMs],
    ["ms_max", (row) => row.maxMs],
    ["timings", (row) => row.timings],
    ["flops", (row) => row.flops],
    ["bytes", (row) => row.bytes],
  ];
  const lines = report.rows.map((row) => columns.map(([, of]) => of(row)));
  return `${[columns.map(([name]) => name), ...lines].map((line) => line.map(quote).join(",")).join("\r\n")}\r\n`;
}
