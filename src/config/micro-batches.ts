import type { Config } from "./types";

/** More are never chosen unasked: statistics of smaller micro-batches are noisier. */
const MOST_UNASKED = 4;

/**
 * Micro-batches of a step: `optim.microBatches`, or the largest of 4, 2 and 1 that divides `optim.batch`. A function of the
 * configuration alone, never of the number of ranks, so that any number of ranks computes the same numbers.
 */
export function microBatchesOf({ optim: { batch, microBatches } }: Pick<Config, "optim">): number {
  if (microBatches !== undefined) return microBatches;
  let count = MOST_UNASKED;
  while (batch % count !== 0) count /= 2;
  return count;
}
