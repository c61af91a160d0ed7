/** A step that the GPU refused, because a number was NaN or infinite, in a sentence: which tensors, whose micro-batches. */
import type { NonFinite } from "../optim/adamw";
import type { TrainGroup } from "./ranks";

/** Refused steps in a row after which a run ends. */
export const MOST_REFUSED = 3;

const SHOWN = 3;

const NAMES: Readonly<Record<NonFinite["what"], string>> = {
  gradient: "the gradient of ",
  value: "",
  exp_avg: "the first moment of ",
  exp_avg_sq: "the second moment of ",
};

/** Steps are refused again and again: the run cannot go on, whatever ranks it has. The weights are those of the last snapshot. */
export class DivergedError extends Error {
  override readonly name = "DivergedError";
}

/** "3 gradients are not finite; the step was not applied: 3 numbers in the gradient of "a"; made by rank 1 in ...". */
export function refusedSentence(
  step: number,
  count: number,
  found: readonly NonFinite[],
  group: Pick<TrainGroup, "published" | "worldSize"> | undefined,
): string {
  const onlyGradients = found.every(({ what }) => what === "gradient");
  const what = onlyGradients ? "gradients" : "gradients, weights or moments";
  return [
    `step ${step}: ${count} ${what} are not finite; the step was not applied: ${tensors(found)}`,
    ...makers(group),
  ].join("; ");
}

function tensors(found: readonly NonFinite[]): string {
  if (found.length === 0) return "the sum of squares overflowed, no single number";
  // A weight that is not finite makes most gradients so: the cause before its effects.
  const ordered = found.toSorted((a, b) => Number(a.what === "gradient") - Number(b.what === "gradient"));
  const shown = ordered.slice(0, SHOWN).map(({ name, what, count }) => `${count} in ${NAMES[what]}"${name}"`);
  const left = found.length - shown.length;
  return shown.join(", ") + (left > 0 ? ` and in ${left} more tensors` : "");
}

/** Who published such a number; nobody where weights had it before. */
function makers(group: Pick<TrainGroup, "published" | "worldSize"> | undefined): string[] {
  if (!group || group.worldSize === 1) return [];
  const made = group.published().filter(({ buckets }) => buckets.some((values) => !isAllFinite(values)));
  if (made.length === 0) return [];
  const who = made.map(({ rank, first, end }) => {
    const which = end - first === 1 ? `micro-batch ${first}` : `micro-batches ${first} to ${end - 1}`;
    return `rank ${rank} in ${which}`;
  });
  return [`made by ${who.join(", ")}`];
}

function isAllFinite(values: Float32Array): boolean {
  for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i])) return false;
  return true;
}
