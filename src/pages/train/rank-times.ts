/** Where the steps of ranks go, as parts of a bar. */
import type { RankStatus } from "../../train/events";
import type { StepTimes } from "../../train/ranks";

/** In the order of a step. */
export const PARTS: readonly {
  readonly key: Exclude<keyof StepTimes, "overlap">;
  readonly label: string;
  readonly title: string;
}[] = [
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

/** Part by part, and the overlap; undefined of none. */
export function meanTimes(all: readonly StepTimes[]): StepTimes | undefined {
  if (all.length === 0) return undefined;
  const mean = (key: keyof StepTimes) => all.reduce((sum, times) => sum + times[key], 0) / all.length;
  const keys = [...PARTS.map(({ key }) => key), "overlap"] as const;
  return Object.fromEntries(keys.map((key) => [key, mean(key)])) as Record<keyof StepTimes, number>;
}

const ABSENT: ReadonlySet<RankStatus["state"]> = new Set(["starting", "building", "lost"]);

/**
 * The times of each of `workers`, [workers][steps], from those of the group, [steps][ranks]: a worker that is lost or not built
 * yet has none, and the others have the ranks of the group in their order.
 */
export function timesOfWorkers(
  workers: readonly Pick<RankStatus, "state">[],
  times: readonly (readonly StepTimes[])[],
): readonly StepTimes[][] {
  const training = workers.filter(({ state }) => state === "training");
  // When the run is over none trains any more, and its last times are still those of its members.
  const members = training.length > 0 ? training : workers.filter(({ state }) => !ABSENT.has(state));
  const ofGroup = times.filter((each) => each.length === members.length);
  return workers.map((worker) => {
    const rank = members.indexOf(worker);
    return rank < 0 ? [] : ofGroup.map((each) => each[rank]);
  });
}
