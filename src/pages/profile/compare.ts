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
}

export interface Side {
  readonly calls: number;
  readonly ms: number;
}

/** One line for each kernel and pass of either, the greatest change first, whichever way. */
export function differences(before: ProfileReport, after: ProfileReport): Difference[] {
  const [a, b] = [sides(before), sides(after)];
  return [...new Set([...a.keys(), ...b.keys()])]
    .map((key) => {
      const [was, is] = [a.get(key), b.get(key)];
      const [kernel, pass] = key.split(" ");
      const ratio = was && is && was.ms > 0 && is.ms > 0 ? is.ms / was.ms : undefined;
      return { key, kernel, pass, before: was, after: is, deltaMs: (is?.ms ?? 0) - (was?.ms ?? 0), ratio };
    })
    .sort((x, y) => Math.abs(y.deltaMs) - Math.abs(x.deltaMs) || x.key.localeCompare(y.key));
}

function sides({ rows }: ProfileReport): Map<string, Side> {
  const found = new Map<string, Side>();
  for (const { kernel, pass, ms } of rows) {
    const key = `${kernel} ${pass}`;
    const { calls, ms: sum } = found.get(key) ?? { calls: 0, ms: 0 };
    found.set(key, { calls: calls + 1, ms: sum + measured(ms) });
  }
  return found;
}
