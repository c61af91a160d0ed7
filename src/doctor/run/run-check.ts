/** What the checks of a run share. */
import type { Evidence, Finding } from "../finding";
import type { RunHistory } from "./history";

/** A check of a run as far as it has come: pure, and free to change its mind as more is known. */
export type RunCheck = (run: RunHistory) => readonly Finding[];

/** Without the fields that a run as a whole never has. */
export const found = (finding: Omit<Finding, "samples"> & Partial<Pick<Finding, "samples">>): Finding => ({
  samples: [],
  ...finding,
});

export const measure = (
  what: string,
  value: number | string,
  expected: string,
  rest: Partial<Evidence> = {},
): Evidence => ({
  ...{ what, found: value, expected },
  ...rest,
});

/** Four digits that count, with an exponent where there would be many zeros. */
export function show(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e6)) return Number(value.toPrecision(3)).toExponential();
  return String(Number(value.toPrecision(4)));
}

export const percent = (share: number): string => `${Number((100 * share).toPrecision(2))} %`;

/** Middle of the values; NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** "a, b and 3 more". */
export const list = (names: readonly string[], most = 3): string =>
  names.length <= most ? names.join(", ") : `${names.slice(0, most).join(", ")} and ${names.length - most} more`;
