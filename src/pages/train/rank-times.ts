/** Where the steps of ranks go, as parts of a bar. */
import type { StepTimes } from "../../train/ranks";

/** In the order of a step. */
export const PARTS: readonly { readonly key: keyof StepTimes; readonly label: string; readonly title: string }[] = [
  { key: "dataMs", label: "data", title: "Waiting for the loader's samples" },
  { key: "computeMs", label: "compute", title: "Forward and backward of its micro-batches" },
  { key: "readMs", label: "read-back", title: "Reading back the sums of the gradients" },
  { key: "reduceMs", label: "reduce", title: "Adding up the gradients of all ranks" },
  { key: "waitMs", label: "wait", title: "Waiting for other ranks" },
  { key: "updateMs", label: "update", title: "The optimiser's update, and reading the step's numbers" },
];

/** Milliseconds of a whole step. */
export function totalMs(times: StepTimes): number {
  return PARTS.reduce((sum, { key }) => sum + times[key], 0);
}

/** Part by part; undefined of none. */
export function meanTimes(all: readonly StepTimes[]): StepTimes | undefined {
  if (all.length === 0) return undefined;
  const mean = (key: keyof StepTimes) => all.reduce((sum, times) => sum + times[key], 0) / all.length;
  return Object.fromEntries(PARTS.map(({ key }) => [key, mean(key)])) as Record<keyof StepTimes, number>;
}
