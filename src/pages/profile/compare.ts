/** Two recordings side by side. Knows no DOM. */
import type { ProfileReport } from "../../train/events";
import { measured } from "./rows";

/** Dispatches of one kernel in one pass, before and after. */
export interface Difference {
  readonly key: string;
  readonly kernel: string;
  readonly pass: string;
  /** Undefined where the recording has none. */
  readonly before: Side | undefined;
  readonly after: Side | undefined;
  readonly deltaMs: number;
  /** After over before; undefined where one is missing or took no time. */
  readonly ratio: number | undefined;
  /** One of the medians lies within the extremes of the other recording: the change may be none. */
  readonly isWithinSpread: boolean;
}

export interface Side {
  readonly calls: number;
  readonly ms: number;
  /** Sums of the extremes. */
  readonly minMs: number;
  readonly maxMs: number;
}

/** One line for each kernel and pass of either, the greatest change first, whichever way. */
export function differences(before: ProfileReport, after: ProfileReport): Difference[] {
  const [a, b] = [sides(before), sides(after)];
  return [...new Set([...a.keys(), ...b.keys()])]
    .map((key) => {
      const [was, is] = [a.get(key), b.get(key)];
      const [kernel, pass] = key.split(" ");
      const ratio = was && is && was.ms > 0 && is.ms > 0 ? is.ms / was.ms : undefined;
      const isWithinSpread = was !== undefined && is !== undefined && (isInside(was, is.ms) || isInside(is, was.ms));
      const deltaMs = (is?.ms ?? 0) - (was?.ms ?? 0);
      return { key, kernel, pass, before: was, after: is, deltaMs, ratio, isWithinSpread };
    })
    .sort((x, y) => Math.abs(y.deltaMs) - Math.abs(x.deltaMs) || x.key.localeCompare(y.key));
}

const isInside = ({ minMs, maxMs }: Side, ms: number): boolean => ms >= minMs && ms <= maxMs;

function sides({ rows }: ProfileReport): Map<string, Side> {
  const found = new Map<string, Side>();
  for (const { kernel, pass, ms, minMs, maxMs } of rows) {
    const key = `${kernel} ${pass}`;
    const sum = found.get(key) ?? { calls: 0, ms: 0, minMs: 0, maxMs: 0 };
    found.set(key, {
      calls: sum.calls + 1,
      ms: sum.ms + measured(ms),
      minMs: sum.minMs + measured(minMs),
      maxMs: sum.maxMs + measured(maxMs),
    });
  }
  return found;
}
