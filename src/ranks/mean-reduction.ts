import type { GroupMemory } from "./group-memory";
import { addTo, mean1, mean2, mean3, mean4 } from "./mean-loops";
import { microBatchesOf, type Subtree } from "./reduction-tree";

/** Floats of a cache line: two ranks never write to one. */
const LINE = 16;

/** One rank's arithmetic of the all-reduce: sums of its own subtrees, then its share of every bucket's mean. Never waits. */
export class MeanReduction {
  readonly means: readonly Float32Array[]; // [bucket]
  readonly #slots: readonly (readonly Float32Array[])[]; // [slot][bucket]
  /** [bucket][depth - 1]: partial sums that wait for a partner; depth 0 is the slot. */
  readonly #partial: Float32Array[][];
  /** [bucket]: the micro-batch that comes next. */
  readonly #next: number[];
  readonly #own: readonly (Subtree & { readonly slot: number })[];
  readonly #order: string;
  readonly first: number;
  readonly end: number;

  constructor(
    readonly rank: number,
    private readonly memory: GroupMemory,
  ) {
    const floats = (buffer: ArrayBufferLike): Float32Array => new Float32Array(buffer);
    this.means = memory.means.map(floats);
    this.#slots = memory.slots.map((buckets) => buckets.map(floats));
    this.#partial = memory.buckets.map(() => []);
    ({ first: this.first, end: this.end } = microBatchesOf(rank, memory.worldSize, memory.microBatches));
    this.#next = memory.buckets.map(() => this.first);
    this.#order = memory.tree.additions.map(([into, other]) => `${into}+${other}`).join();
    this.#own = memory.tree.subtrees.map((each, slot) => ({ ...each, slot })).filter((each) => each.rank === rank);
  }

  /** Where the bucket waits for its next micro-batch: `first` when it waits for none of this step. */
  nextOf(bucket: number): number {
    return this.#next[bucket];
  }

  /**
   * Adds a micro-batch's values to its subtree; returns whether it was this rank's last. Throws a sentence when they come
   * out of order or are not as many as the bucket holds.
   */
  add(bucket: number, microBatch: number, values: Float32Array): boolean {
    const expected = this.#next[bucket];
    if (expected === undefined) {
      throw new Error(`bucket ${bucket} was published, expected 0 to ${this.#next.length - 1}`);
    }
    if (microBatch !== expected) {
      throw new Error(
        `micro-batch ${microBatch} of bucket ${bucket} was published, expected ${expected} of ${this.first} to ${this.end - 1} in order`,
      );
    }
    const floats = this.memory.buckets[bucket];
    if (values.length !== floats) {
      throw new Error(
        `bucket ${bucket} of micro-batch ${microBatch} has ${values.length} numbers, expected ${floats} as laid out`,
      );
    }
    const subtree = this.#own.find(({ end }) => microBatch < end)!;
    const at = (depth: number): Float32Array => this.#partialAt(subtree.slot, bucket, depth);
    const leaf = microBatch - subtree.first;
    // A binary counter: set bits are the partial sums that wait; each trailing one takes the carry.
    let depth = bitCount(leaf);
    if (leaf % 2 === 0) at(depth).set(values);
    else {
      addTo(at(--depth), values, 0, floats);
      for (let rest = leaf >> 1; rest % 2 === 1; rest >>= 1) {
        addTo(at(depth - 1), at(depth), 0, floats);
        depth--;
      }
    }
    const isLast = microBatch + 1 === this.end;
    this.#next[bucket] = isLast ? this.first : microBatch + 1;
    return isLast;
  }

  #partialAt(slot: number, bucket: number, depth: number): Float32Array {
    if (depth === 0) return this.#slots[slot][bucket];
    this.#partial[bucket][depth - 1] ??= new Float32Array(this.memory.buckets[bucket]);
    return this.#partial[bucket][depth - 1];
  }

  /** This rank's share of a bucket's mean, once the slots of all ranks are written. */
  reduce(bucket: number): void {
    const { worldSize, microBatches, buckets, tree } = this.memory;
    const share = Math.ceil(buckets[bucket] / worldSize / LINE) * LINE;
    const from = Math.min(buckets[bucket], this.rank * share);
    const to = Math.min(buckets[bucket], from + share);
    const slots = this.#slots.map((each) => each[bucket]);
    const [a, b, c, d] = slots;
    const mean = this.means[bucket];
    // Which slots meet first decides the rounding: ((a + b) + c) and ((a + b) + (c + d)) have loops of their own.
    const order = this.#order;
    if (order === "") mean1(mean, a, microBatches, from, to);
    else if (order === "0+1") mean2(mean, a, b, microBatches, from, to);
    else if (order === "0+1,0+2") mean3(mean, a, b, c, microBatches, from, to);
    else if (order === "0+1,2+3,0+2") mean4(mean, a, b, c, d, microBatches, from, to);
    else {
      for (const [into, other] of tree.additions) addTo(slots[into], slots[other], from, to);
      mean1(mean, a, microBatches, from, to);
    }
  }
}

function bitCount(x: number): number {
  let count = 0;
  for (let rest = x; rest > 0; rest >>= 1) count += rest & 1;
  return count;
}
