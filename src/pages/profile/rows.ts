/** The profile's table as data: grouping, sorting, totals, CSV. Knows no DOM. */
import type { KernelRow, ProfileReport } from "../../train/events";

export type Grouping = "none" | "kernel" | "module";
export type SortKey = "index" | "kernel" | "module" | "pass" | "workgroups" | "count" | "ms" | "gflops" | "gbps";

/** One line of the table: a dispatch, or several taken together. */
export interface TableRow {
  readonly key: string;
  readonly index: number;
  readonly kernel: string;
  readonly module: string;
  readonly pass: string;
  /** Text of the grid for a single dispatch, else empty. */
  readonly grid: string;
  readonly workgroups: number;
  readonly count: number;
  /** Undefined when no timing of it was accepted. */
  readonly ms: number | undefined;
  /** Part of all kernels' time, 0 to 1. */
  readonly share: number;
  /** 1e9 floating-point operations per second; undefined when no operation is counted. */
  readonly gflops: number | undefined;
  /** 1e9 bytes per second. */
  readonly gbps: number | undefined;
  readonly constants: string;
}

/** Sum of all kernels' milliseconds: less than the step, which has gaps between them. */
export function kernelMs(rows: readonly KernelRow[]): number {
  return rows.reduce((sum, row) => sum + measured(row), 0);
}

/** A kernel whose every timing was refused has NaN; it counts as nothing and is shown as a dash. */
function measured(row: KernelRow): number {
  return Number.isFinite(row.ms) ? row.ms : 0;
}

/** Milliseconds of each pass. */
export function passMs(rows: readonly KernelRow[]): Record<KernelRow["pass"], number> {
  const sums = { forward: 0, backward: 0, update: 0 };
  for (const row of rows) sums[row.pass] += measured(row);
  return sums;
}

/** Module that a dispatch is counted to: its scope without the numbers of repeated blocks ("blocks.3.attn" is "blocks.*.attn"). */
export function moduleOf(scope: string): string {
  return scope === "" ? "(none)" : scope.replace(/(^|\.)\d+(?=\.|$)/g, "$1*");
}

/** Lines of the table. Within a group the times, operations and bytes are summed. */
export function tableRows(report: ProfileReport, grouping: Grouping): TableRow[] {
  const total = kernelMs(report.rows);
  if (grouping === "none") return report.rows.map((row) => rowOf(`${row.plan}:${row.index}`, [row], total));
  const groups = new Map<string, KernelRow[]>();
  for (const row of report.rows) {
    const key = grouping === "kernel" ? row.kernel : moduleOf(row.scope);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [row]);
    else group.push(row);
  }
  return Array.from(groups, ([key, rows]) => rowOf(key, rows, total));
}

function rowOf(key: string, rows: readonly KernelRow[], totalMs: number): TableRow {
  const sum = (of: (row: KernelRow) => number) => rows.reduce((total, row) => total + of(row), 0);
  const same = (of: (row: KernelRow) => string) => {
    const values = new Set(rows.map(of));
    return values.size === 1 ? of(rows[0]) : `${values.size} kinds`;
  };
  const isMeasured = rows.some((row) => Number.isFinite(row.ms));
  const ms = isMeasured ? sum(measured) : undefined;
  // 1e9 per second is 1e6 per millisecond.
  const rate = (amount: number) => (ms !== undefined && ms > 0 && amount > 0 ? amount / ms / 1e6 : undefined);
  return {
    key,
    index: rows[0].index,
    kernel: same((row) => row.kernel),
    module: same((row) => (rows.length === 1 ? row.scope : moduleOf(row.scope))),
    pass: same((row) => row.pass),
    grid: rows.length === 1 ? rows[0].workgroups.join(" × ") : "",
    workgroups: sum((row) => row.workgroups[0] * row.workgroups[1] * row.workgroups[2]),
    count: rows.length,
    ms,
    share: totalMs > 0 ? (ms ?? 0) / totalMs : 0,
    gflops: rate(sum((row) => row.flops)),
    gbps: rate(sum((row) => row.bytes)),
    constants: rows.length === 1 ? rows[0].constants : "",
  };
}

/** Sorted copy; equal rows stay in the plan's order. What has no value comes last in either direction. */
export function sortRows(rows: readonly TableRow[], key: SortKey, isDescending: boolean): TableRow[] {
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
  const header = [
    "index",
    "plan",
    "kernel",
    "module",
    "pass",
    "workgroups_x",
    "workgroups_y",
    "workgroups_z",
    "constants",
    "ms",
    "flops",
    "bytes",
  ];
  const lines = report.rows.map((row) => [
    row.index,
    row.plan,
    row.kernel,
    row.scope,
    row.pass,
    ...row.workgroups,
    row.constants,
    row.ms,
    row.flops,
    row.bytes,
  ]);
  return `${[header, ...lines].map((line) => line.map(quote).join(",")).join("\r\n")}\r\n`;
}
