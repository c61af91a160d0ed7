import type { GroupMemory } from "./group-memory";
import { addTo, mean1, mean2, mean3, mean4 } from "./mean-loops";
import { microBatchesOf, type Subtree } from "./reduction-tree";

/** Floats of a cache line: two ranks never write to one. */
const LINE = 16;
/** Floats that are added at a time where no loop fits the tree: they stay in the processor's cache. */
const PIECE = 4096;

/**
 * The sum of a subtree's leaves, one or another power of two of them, in new memory: neighbours, then pairs, by the rule of
 * mean-loops.ts, as the GPU adds them. One leaf is its own sum, copied bit by bit. Throws a sentence for other numbers of
 * leaves or other lengths.
 */
export function sumLeaves(leaves: readonly Float32Array[]): Float32Array<ArrayBuffer> {
  const count = leaves.length;
  if (count === 0 || (count & (count - 1)) !== 0) {
    throw new Error(`sum of ${count} leaves, expected a power of two as in a whole subtree`);
  }
  const length = leaves[0].length;
  for (const [i, leaf] of leaves.entries()) {
    if (leaf.length !== length) throw new Error(`leaf ${i} has ${leaf.length} numbers, expected ${length} as leaf 0`);
  }
  const sums = leaves.map((leaf) => leaf.slice());
  for (let stride = 1; stride < count; stride *= 2) {
    for (let into = 0; into < count; into += 2 * stride) addTo(sums[into], sums[into + stride], 0, length);
  }
  return sums[0];
}

/** The mean of a whole tree's sum over `microBatches` leaves, in new memory; with one leaf the leaf itself. */
export function meanOfSum(sum: Float32Array, microBatches: number): Float32Array<ArrayBuffer> {
  const mean = sum.slice();
  if (microBatches > 1) mean1(mean, sum, microBatches, 0, sum.length);
  return mean;
}

/** One rank's arithmetic of the all-reduce: its subtrees' sums into the slots, its share of every bucket's mean. Never waits. */
export class MeanReduction {
  readonly means: readonly Float32Array[]; // [bucket]
  /** [slot][bucket]: the sums of all ranks' subtrees, as published. */
  readonly slots: readonly (readonly Float32Array[])[];
  /** [bucket]: which of this rank's subtrees comes next. */
  readonly #next: number[];
  /** This rank's subtrees, ascending. */
  readonly own: readonly (Subtree & { readonly slot: number })[];
  readonly #order: string;
  #pieces: readonly Float32Array[] | undefined; // [slot]
  readonly first: number;
  readonly end: number;

  constructor(
    readonly rank: number,
    private readonly memory: GroupMemory,
  ) {
    const floats = (buffer: ArrayBufferLike): Float32Array => new Float32Array(buffer);
    this.means = memory.means.map(floats);
    this.slots = memory.slots.map((buckets) => buckets.map(floats));
    ({ first: this.first, end: this.end } = microBatchesOf(rank, memory.worldSize, memory.microBatches));
    this.#next = memory.buckets.map(() => 0);
    this.#order = memory.tree.additions.map(([into, other]) => `${into}+${other}`).join();
    this.own = memory.tree.subtrees.map((each, slot) => ({ ...each, slot })).filter((each) => each.rank === rank);
  }

  /** Which of this rank's subtrees the bucket waits for: 0 when it waits for none of this step. */
  nextOf(bucket: number): number {
    return this.#next[bucket];
  }

  /**
   * Takes the sum of this rank's `subtree`; returns whether it was the last one. Throws a sentence when they come out of
   * order or are not as many numbers as the bucket holds.
   */
  add(bucket: number, subtree: number, values: Float32Array): boolean {
    const expected = this.#next[bucket];
    if (expected === undefined) {
      throw new Error(`bucket ${bucket} was published, expected 0 to ${this.#next.length - 1}`);
    }
    if (subtree !== expected) {
      throw new Error(
        `subtree ${subtree} of bucket ${bucket} was published, expected ${expected} of 0 to ${this.own.length - 1} in order`,
      );
    }
    const floats = this.memory.buckets[bucket];
    if (values.length !== floats) {
      throw new Error(
        `bucket ${bucket} of subtree ${subtree} has ${values.length} numbers, expected ${floats} as laid out`,
      );
    }
    this.slots[this.own[subtree].slot][bucket].set(values);
    this.#next[bucket] = (subtree + 1) % this.own.length;
    return subtree + 1 === this.own.length;
  }

  /** This rank's share of a bucket's mean, once the slots of all ranks are written. The slots stay as they are. */
  reduce(bucket: number): void {
    const { worldSize, microBatches, buckets } = this.memory;
    const share = Math.ceil(buckets[bucket] / worldSize / LINE) * LINE;
    const from = Math.min(buckets[bucket], this.rank * share);
    const to = Math.min(buckets[bucket], from + share);
    const slots = this.slots.map((each) => each[bucket]);
    const [a, b, c, d] = slots;
    const mean = this.means[bucket];
    // Which slots meet first decides the rounding: ((a + b) + c) and ((a + b) + (c + d)) have loops of their own.
    const order = this.#order;
    if (microBatches === 1) mean.set(a.subarray(from, to), from);
    else if (order === "") mean1(mean, a, microBatches, from, to);
    else if (order === "0+1") mean2(mean, a, b, microBatches, from, to);
    else if (order === "0+1,0+2") mean3(mean, a, b, c, microBatches, from, to);
    else if (order === "0+1,2+3,0+2") mean4(mean, a, b, c, d, microBatches, from, to);
    else this.#reducePieces(mean, slots, from, to);
  }

  /** Any tree, through copies of a few thousand numbers: what was published is read later to find who made a NaN. */
  #reducePieces(mean: Float32Array, slots: readonly Float32Array[], from: number, to: number): void {
    const { tree, microBatches } = this.memory;
    this.#pieces ??= slots.map(() => new Float32Array(PIECE));
    const pieces = this.#pieces;
    for (let at = from; at < to; at += PIECE) {
      const count = Math.min(PIECE, to - at);
      for (const [slot, values] of slots.entries()) pieces[slot].set(values.subarray(at, at + count));
      for (const [into, other] of tree.additions) addTo(pieces[into], pieces[other], 0, count);
      mean1(mean.subarray(at, at + count), pieces[0], microBatches, 0, count);
    }
  }
}
