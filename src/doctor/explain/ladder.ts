import type { Config } from "../../config";
import type { Diagnosis } from "../finding";
import { applyChange } from "./apply-change";

/** One remedy, and what is found once it is taken. */
export interface Rung {
  readonly finding: Diagnosis;
  /** The change of the configuration: "without quirk bgr". */
  readonly change: string;
  readonly left: readonly Diagnosis[];
}

export interface Ladder {
  /** With every change of the rungs. */
  readonly config: Config;
  readonly rungs: readonly Rung[];
  /** What is left above a note: its remedy is no change of the configuration. */
  readonly left: readonly Diagnosis[];
}

/** Changes at most; there are fewer quirks and findings. */
const MOST_RUNGS = 64;

/** Graver than a note. */
export const alarming = (diagnoses: readonly Diagnosis[]): Diagnosis[] =>
  diagnoses.filter(({ severity }) => severity !== "note");

/**
 * What if: takes the remedy of the first finding above a note that has one for this configuration, checks again, and so on until
 * none has. `found` is what `check(config)` gives; `onRung` hears each rung with its configuration as it is reached, and is waited for. Throws what `check` throws.
 */
export async function climb(
  config: Config,
  found: readonly Diagnosis[],
  check: (config: Config) => Promise<readonly Diagnosis[]>,
  onRung: (rung: Rung, number: number, config: Config) => unknown = () => undefined,
): Promise<Ladder> {
  const rungs: Rung[] = [];
  let [at, left] = [config, alarming(found)];
  while (left.length > 0 && rungs.length < MOST_RUNGS) {
    const next = firstRemedy(at, left);
    if (next === undefined) break;
    at = next.config;
    left = alarming(await check(at));
    const rung = { finding: next.finding, change: next.said, left };
    rungs.push(rung);
    await onRung(rung, rungs.length, at);
  }
  return { config: at, rungs, left };
}

function firstRemedy(config: Config, findings: readonly Diagnosis[]) {
  for (const finding of findings) {
    const applied = finding.change && applyChange(config, finding.change);
    if (applied) return { finding, ...applied };
  }
  return undefined;
}
