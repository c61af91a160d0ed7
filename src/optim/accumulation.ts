import accumulateWgsl from "../../shaders/accumulate.wgsl?raw";
import flat from "../../shaders/lib/flat.wgsl?raw";
import { Plan } from "../autograd/plan";
import { flatGroups, Tape } from "../autograd/tape";
import type { Gpu } from "../gpu/gpu";
import { readKernels } from "../gpu/kernel";
import type { ReadRange } from "../gpu/staging";
import { BLOCK } from "../nn/parameter-store";
import type { ParameterBuckets } from "./adamw";

const accumulate = readKernels("accumulate", accumulateWgsl, flat);

/** Floats of a bucket of the all-reduce, about: 4 MiB. */
const BUCKET_FLOATS = 2 ** 20;

/** Micro-batches `first` to `end - 1`, a whole subtree of the tree over all of them. */
export interface LeafRange {
  readonly first: number;
  readonly end: number;
}

/** A flat buffer of the store whose numbers are averaged over micro-batches. */
interface Flat {
  readonly label: string;
  readonly floats: number;
  readonly buffer: GPUBuffer;
  readonly isState: boolean;
}

/** The store's own buffers, as a level. */
const STORE = -1;

/** One addition between levels, and whether the mean is taken of it. */
interface Addition {
  readonly from: number;
  readonly into: number;
  readonly isMean: boolean;
}

/** What follows a micro-batch: it waits at a level for its partner, or is added to those that wait. */
type After = { readonly waitsAt: number } | { readonly additions: readonly Addition[] };

/**
 * Sums and means of gradients and of state (running statistics) over the micro-batches of a step, on the GPU, with the bits
 * that `sumLeaves` and the loops of src/ranks/mean-loops.ts make on the host. All micro-batches begin from the same state.
 *
 *     accumulation.begin();
 *     for (let m = first; m < end; m++) {
 *       accumulation.beforeMicroBatch();
 *       plan.run();
 *       accumulation.add(m);
 *     }
 *     accumulation.finish();  // one rank; of several each reads `sums`, and gives `writeMean` the means
 *
 * Memory beside the store: levels, each as large as all gradients and states, where partial sums wait for their partner,
 * and one copy of the state. The last micro-batch stays in the store. With subtrees of L_0, L_1, ... micro-batches these
 * are max over i of i + log2 L_i levels, where a single micro-batch that is not the last takes one as well: for M = 4 on 1,
 * 2, 3, 4 ranks at most 2, 1, 1, 0 levels, for M = 8 it is 3, 2, 2, 1. With M = 1 there are none, and `add` and `finish` submit
 * nothing.
 */
export class Accumulation {
  /** Floats of each bucket of the all-reduce: gradients, then state, in pieces of about 4 MiB. */
  readonly buckets: readonly number[];
  readonly #pieces: readonly { readonly flat: number; readonly offset: number; readonly floats: number }[];
  #subtrees: readonly LeafRange[] = [];
  #levels: GPUBuffer[][] = []; // [level][flat]
  /** By micro-batch: its additions, or the level that it is copied to; under `microBatches` the mean of one rank. */
  readonly #after = new Map<number, Plan | number>();
  #next = 0;

  private constructor(
    readonly gpu: Gpu,
    readonly microBatches: number,
    private readonly flats: readonly Flat[],
    /** The state at the step's beginning, in the order of the flats that are state. */
    private readonly snapshots: readonly GPUBuffer[],
  ) {
    this.#pieces = flats.flatMap(({ floats }, flat) => pieces(floats).map((piece) => ({ flat, ...piece })));
    this.buckets = this.#pieces.map(({ floats }) => floats);
  }

  /**
   * For `subtrees`, those of this rank in ascending order; the whole tree, { first: 0, end: microBatches }, for one rank.
   * Throws a sentence when they are no whole subtrees, GpuOutOfMemoryError when the partial sums do not fit.
   */
  static async create(
    gpu: Gpu,
    store: ParameterBuckets,
    microBatches: number,
    subtrees: readonly LeafRange[],
  ): Promise<Accumulation> {
    if (!isPowerOfTwo(microBatches)) {
      throw new Error(
        `accumulation: ${microBatches} micro-batches, expected a power of two; change optim.microBatches`,
      );
    }
    const flats = [
      ...store.buckets.flatMap(({ gradients, floats }, i): Flat[] =>
        gradients ? [{ label: `gradients.${i}`, floats, buffer: gradients, isState: false }] : [],
      ),
      ...store.buckets.flatMap(({ trainable, values, floats }, i): Flat[] =>
        trainable ? [] : [{ label: `state.${i}`, floats, buffer: values, isState: true }],
      ),
    ];
    const states = flats.filter(({ isState }) => isState);
    const snapshots = await gpu.allocate(
      "running statistics of the step's beginning",
      states.map(({ label, floats }) => ({ label: `begin.${label}`, sizeBytes: 4 * floats })),
    );
    const accumulation = new Accumulation(gpu, microBatches, flats, snapshots);
    try {
      await accumulation.rebuild(subtrees);
    } catch (error) {
      accumulation.destroy();
      throw error;
    }
    return accumulation;
  }

  /** Other subtrees, as when the group forms again; what was added is forgotten. Throws as `create`. */
  async rebuild(subtrees: readonly LeafRange[]): Promise<void> {
    checkSubtrees(subtrees, this.microBatches);
    this.#releasePlans();
    this.#subtrees = subtrees;
    this.#next = subtrees[0].first;
    const schedule = [...scheduleOf(subtrees, this.microBatches)];
    const used = schedule.flatMap(([, after]) =>
      "waitsAt" in after ? [after.waitsAt] : after.additions.flatMap(({ from, into }) => [from, into]),
    );
    const count = 1 + Math.max(STORE, ...used);
    this.gpu.release(this.#levels.splice(count).flat());
    while (this.#levels.length < count) {
      const level = this.#levels.length;
      const requests = this.flats.map(({ label, floats }) => ({
        label: `sum.${level}.${label}`,
        sizeBytes: 4 * floats,
      }));
      this.#levels.push(await this.gpu.allocate(`partial sums, level ${level}`, requests));
    }
    for (const [at, after] of schedule)
      this.#after.set(at, "waitsAt" in after ? after.waitsAt : await this.#compile(at, after.additions));
  }

  /** What is run besides the micro-batches, in order, once a step: additions and, for one rank, the mean; for the profile. */
  get plans(): readonly Plan[] {
    return [...this.#after.values()].filter((after) => typeof after !== "number");
  }

  /** Levels of partial sums at the moment. */
  get levels(): number {
    return this.#levels.length;
  }

  #buffer(level: number, flatIndex: number): GPUBuffer {
    return level === STORE ? this.flats[flatIndex].buffer : this.#levels[level][flatIndex];
  }

  #compile(at: number, additions: readonly Addition[]): Promise<Plan> {
    const tape = new Tape(at === this.microBatches ? "mean" : `accumulate.${at}`, { pass: "update" });
    for (const [i, { label, floats }] of this.flats.entries()) {
      for (const { from, into, isMean } of additions) {
        const [x, y] = [from, into].map((level) =>
          tape.external(`${label}.${level}`, [floats], this.#buffer(level, i)),
        );
        const count = isMean ? this.microBatches : 1;
        const dims = { quads: floats / 4, shift: Math.log2(count), factor: 1 / count };
        tape.dispatch(accumulate.add, { x, y }, dims, flatGroups(floats / 4));
      }
    }
    return Plan.compile(this.gpu, tape);
  }

  /** Begins a step: keeps the state from which every micro-batch starts. */
  begin(): void {
    this.#next = this.#subtrees[0].first;
    this.#copyState((state, snapshot) => [state, snapshot]);
  }

  /** Sets the state back to the step's beginning; also after a step that was refused. */
  beforeMicroBatch(): void {
    this.#copyState((state, snapshot) => [snapshot, state]);
  }

  #copyState(order: (state: GPUBuffer, snapshot: GPUBuffer) => readonly [GPUBuffer, GPUBuffer]): void {
    if (this.snapshots.length === 0) return;
    this.gpu.check("running statistics");
    const encoder = this.gpu.device.createCommandEncoder({ label: "running statistics" });
    const states = this.flats.filter(({ isState }) => isState);
    for (const [i, { buffer, floats }] of states.entries()) {
      const [from, into] = order(buffer, this.snapshots[i]);
      encoder.copyBufferToBuffer(from, 0, into, 0, 4 * floats);
    }
    this.gpu.device.queue.submit([encoder.finish()]);
  }

  /** Adds what the store holds after micro-batch `m`, in one submission. Throws a sentence when `m` is not the next one. */
  add(m: number): void {
    if (m !== this.#next) {
      const { end } = this.#subtrees.at(-1)!;
      throw new Error(
        `accumulation: micro-batch ${m} was added, expected ${this.#next} of ${this.#subtrees[0].first} to ${end - 1}`,
      );
    }
    this.#next++;
    this.#submit(m);
  }

  /** One rank: writes the mean over all micro-batches to gradients and state. Throws a sentence before the last `add`, and for a share of the tree. */
  finish(): void {
    this.#checkComplete();
    const [{ first, end }] = this.#subtrees;
    if (end - first !== this.microBatches) {
      throw new Error(
        `accumulation: the mean over ${this.microBatches} micro-batches of a rank that has ${first} to ${end - 1}, expected a group's`,
      );
    }
    this.#submit(this.microBatches);
  }

  #submit(at: number): void {
    const after = this.#after.get(at);
    if (after instanceof Plan) after.run();
    else if (after !== undefined) {
      this.gpu.check("accumulation");
      const encoder = this.gpu.device.createCommandEncoder({ label: "accumulation" });
      for (const [i, { buffer, floats }] of this.flats.entries())
        encoder.copyBufferToBuffer(buffer, 0, this.#levels[after][i], 0, 4 * floats);
      this.gpu.device.queue.submit([encoder.finish()]);
    }
  }

  #checkComplete(): void {
    const { end } = this.#subtrees.at(-1)!;
    if (this.#next !== end)
      throw new Error(`accumulation: micro-batches ${this.#next} to ${end - 1} were not added yet`);
  }

  /**
   * Where the sum of `subtree` (its place among this rank's) lies, a range for each bucket: written by the `add` of its last
   * micro-batch, valid until the next step's first micro-batch runs. The same ranges in every step. Throws a sentence for
   * the whole tree, whose sum `finish` makes at once with the mean.
   */
  sums(subtree: number): readonly ReadRange[] {
    const level = this.#sumLevel(subtree);
    return this.#pieces.map(({ flat, offset, floats }) => ({
      buffer: this.#buffer(level, flat),
      offset: 4 * offset,
      sizeBytes: 4 * floats,
    }));
  }

  #sumLevel(subtree: number): number {
    const { first, end } = this.#subtrees[subtree];
    if (end - first === this.microBatches && end > 1) throw new Error("accumulation: one rank has no sums but means");
    return subtree === this.#subtrees.length - 1 && end - first === 1 ? STORE : subtree;
  }

  /** Writes the mean of a bucket, which may lie in shared memory, to gradients or state. Throws when the count differs. */
  writeMean(bucket: number, values: Float32Array): void {
    const piece = this.#pieces[bucket];
    if (values.length !== piece?.floats) {
      throw new Error(
        `accumulation: bucket ${bucket} of ${values.length} floats, expected ${piece?.floats ?? "none such"}`,
      );
    }
    this.gpu.write(this.flats[piece.flat].buffer, 4 * piece.offset, values);
  }

  #releasePlans(): void {
    for (const after of this.#after.values()) if (after instanceof Plan) after.destroy();
    this.#after.clear();
  }

  destroy(): void {
    this.#releasePlans();
    this.gpu.release([...this.#levels.flat(), ...this.snapshots]);
    this.#levels = [];
  }
}

const isPowerOfTwo = (x: number): boolean => Number.isInteger(x) && x >= 1 && (x & (x - 1)) === 0;

function checkSubtrees(subtrees: readonly LeafRange[], microBatches: number): void {
  let at = subtrees[0]?.first;
  for (const { first, end } of subtrees) {
    const leaves = end - first;
    if (first === at && isPowerOfTwo(leaves) && first % leaves === 0 && first >= 0 && end <= microBatches) at = end;
    else
      throw new Error(
        `accumulation: micro-batches ${first} to ${end - 1} of ${microBatches} are no next whole subtree`,
      );
  }
  if (at === undefined) throw new Error("accumulation: a rank without micro-batches");
}

/** What follows each micro-batch, and under `microBatches` the mean of one rank. */
function scheduleOf(subtrees: readonly LeafRange[], microBatches: number): Map<number, After> {
  const schedule = new Map<number, After>();
  if (microBatches === 1) return schedule;
  const isWhole = subtrees[0].end - subtrees[0].first === microBatches;
  for (const [i, { first, end }] of subtrees.entries()) {
    // The last one stays in the store.
    if (i === subtrees.length - 1 && end - first === 1) continue;
    for (let m = first; m < (isWhole ? end - 1 : end); m++) {
      const leaf = m - first;
      // A binary counter above the sums of earlier subtrees: set bits are the partial sums that wait, trailing ones are met.
      const top = i + bitCount(leaf);
      if (leaf % 2 === 0) schedule.set(m, { waitsAt: top });
      else schedule.set(m, { additions: descent(STORE, top - 1, i + bitCount(leaf + 1) - 1) });
    }
  }
  if (isWhole) {
    const additions = Array.from({ length: Math.log2(microBatches) }, (_, into) => into)
      .reverse()
      .map((from) => ({ from, into: STORE, isMean: from === 0 }));
    schedule.set(microBatches, { additions });
  }
  return schedule;
}

/** Adds `from` to level `top`, that one to the next below, and so on down to `bottom`. */
function descent(from: number, top: number, bottom: number): Addition[] {
  const additions: Addition[] = [{ from, into: top, isMean: false }];
  for (let level = top; level > bottom; level--) additions.push({ from: level, into: level - 1, isMean: false });
  return additions;
}

/** Nearly equal pieces of whole blocks, about BUCKET_FLOATS each. */
function pieces(floats: number): { offset: number; floats: number }[] {
  const count = Math.ceil(floats / BUCKET_FLOATS);
  const each = Math.ceil(floats / count / BLOCK) * BLOCK;
  const all: { offset: number; floats: number }[] = [];
  for (let offset = 0; offset < floats; offset += each) all.push({ offset, floats: Math.min(each, floats - offset) });
  return all;
}

function bitCount(x: number): number {
  let count = 0;
  for (let rest = x; rest > 0; rest >>= 1) count += rest & 1;
  return count;
}
