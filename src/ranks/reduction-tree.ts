/** Which rank takes which micro-batches, and in which order their gradients are added; plain arithmetic, no memory. */

/** Micro-batches `first` to `end - 1`. */
export interface MicroBatches {
  readonly first: number;
  readonly end: number;
}

/** A whole subtree that one rank sums by itself: leaves `first` to `first + leaves - 1`, where `leaves` is a power of two. */
export interface Subtree extends MicroBatches {
  readonly rank: number;
}

export interface ReductionTree {
  /** One shared slot each, ascending. */
  readonly subtrees: readonly Subtree[];
  /** What is left to add between slots, in order: slot `into` += slot `from`. The root ends in slot 0. */
  readonly additions: readonly (readonly [into: number, from: number])[];
}

/** The micro-batches of `rank`: contiguous, at most one more than those of another rank. */
export function microBatchesOf(rank: number, worldSize: number, microBatches: number): MicroBatches {
  const start = (r: number): number => Math.floor((r * microBatches) / worldSize);
  return { first: start(rank), end: start(rank + 1) };
}

/**
 * The pairwise tree over micro-batches 0 to M - 1, M a power of two: neighbours are added, then neighbouring pairs, then
 * fours. The tree depends on M alone. A rank sums the whole subtrees within its share, the rest is added
 * between slots, so every number of ranks makes the same additions with the same operands.
 * Throws a sentence when M is no power of two, by which a sum could not be divided exactly, or when a rank would have no
 * micro-batch.
 */
export function reductionTree(worldSize: number, microBatches: number): ReductionTree {
  if (!(Number.isInteger(worldSize) && worldSize >= 1)) throw new Error(`${worldSize} ranks, expected 1 or more`);
  if (!(Number.isInteger(microBatches) && microBatches >= worldSize)) {
    throw new Error(
      `${worldSize} ranks share ${microBatches} micro-batches, expected at least one for each; use fewer ranks or smaller micro-batches`,
    );
  }
  if (2 ** Math.round(Math.log2(microBatches)) !== microBatches) {
    throw new Error(
      `${microBatches} micro-batches a step, expected a power of two (1, 2, 4, 8), so that the mean divides exactly; change optim.microBatches`,
    );
  }
  const subtrees: Subtree[] = [];
  for (let rank = 0; rank < worldSize; rank++) {
    const { first, end } = microBatchesOf(rank, worldSize, microBatches);
    for (let at = first; at < end; ) {
      let leaves = 1;
      while (at % (2 * leaves) === 0 && at + 2 * leaves <= end) leaves *= 2;
      subtrees.push({ rank, first: at, end: at + leaves });
      at += leaves;
    }
  }
  const slotAt = new Map(subtrees.map(({ first }, slot) => [first, slot]));
  const additions: [number, number][] = [];
  for (let stride = 1; stride < microBatches; stride *= 2) {
    for (let into = 0; into + stride < microBatches; into += 2 * stride) {
      // No slot begins there when the pair lies within one rank's subtree.
      const from = slotAt.get(into + stride);
      if (from !== undefined) additions.push([slotAt.get(into)!, from]);
    }
  }
  return { subtrees, additions };
}
