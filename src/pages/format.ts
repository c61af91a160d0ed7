/** Numbers as people read them. Every function returns a dash for undefined (`fixed` for null too) and for a value that is not finite. */
import type { FaultRecord } from "../train/events";

const NONE = "–";

function finite(value: number | null | undefined): value is number {
  return Number.isFinite(value);
}

/** Four significant digits without exponent jumping: 0.00123, 1.234, 56.78, 1234. */
export function significant(value: number | undefined, digits = 4): string {
  if (!finite(value)) return value === undefined ? NONE : String(value);
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size < 1e-4 || size >= 1e6) return value.toExponential(digits - 2);
  if (size >= 10 ** (digits - 1)) return value.toFixed(0);
  return value.toPrecision(digits);
}

/** Fixed decimals: `fixed(12.345, 1)` is "12.3". */
export function fixed(value: number | null | undefined, decimals: number): string {
  return finite(value) ? value.toFixed(decimals) : NONE;
}

/** Thousands in groups, with a thin space: "66 034". */
export function count(value: number | undefined): string {
  if (!finite(value)) return NONE;
  return String(Math.round(value)).replace(/\B(?=(\d{3})+(?!\d))/g, "\u202f");
}

/** Binary units: "48.1 MiB". */
export function bytes(value: number | undefined): string {
  if (!finite(value)) return NONE;
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let size = value;
  let unit = 0;
  while (size >= 1024 && unit < units.length - 1) {
    size /= 1024;
    unit++;
  }
  return `${unit === 0 ? size : size.toFixed(size < 10 ? 2 : 1)} ${units[unit]}`;
}

/** Two units at most: "42 s", "3 min 05 s", "2 h 10 min". */
export function duration(seconds: number | undefined): string {
  if (!finite(seconds)) return NONE;
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  const pad = (value: number) => String(value).padStart(2, "0");
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${pad(whole % 60)} s`;
  return `${Math.floor(whole / 3600)} h ${pad(Math.floor((whole % 3600) / 60))} min`;
}

/** Milliseconds with as many decimals as they deserve: "0.042", "3.10", "41.2", "1350". */
export function milliseconds(value: number | undefined): string {
  if (!finite(value)) return NONE;
  if (value < 1) return value.toFixed(3);
  if (value < 10) return value.toFixed(2);
  return value.toFixed(value < 100 ? 1 : 0);
}

/** A message that may begin with a lower-case name, as the beginning of a line. */
export function sentence(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

/** A plural with its number: `plural(1, "sample")` is "1 sample". */
export function plural(value: number, noun: string, many = `${noun}s`): string {
  return `${count(value)} ${value === 1 ? noun : many}`;
}

/** What failed and what was done about it: "Rank 1: its worker ended; 3 of 4 ranks went on from step 12." */
export function faultSentence({ text, action }: Pick<FaultRecord, "text" | "action">): string {
  return `${sentence(text)}; ${action}.`;
}
