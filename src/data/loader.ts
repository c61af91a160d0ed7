/** Batches of an epoch, by number. */
import type { AugmentOptions } from "./augment";
import { type Batch, makeBatch } from "./batch";
import type { CropSet } from "./crop-set";
import { DataError } from "./data-error";
import { makeSample, type SampleOptions } from "./sample";
import { epochOrder } from "./sampler";

export interface LoaderOptions extends Omit<SampleOptions, "augment"> {
  /** Rows of a batch. */
  readonly batchSize: number;
  /** "train": shuffled, augmented, whole batches only. "evaluate": in order, unchanged, every sample once. */
  readonly mode: "train" | "evaluate";
  /** In training; undefined trains on unchanged crops. */
  readonly augment?: AugmentOptions;
  /** Which samples of the set; all when undefined. */
  readonly ids?: readonly string[];
  /** From this caller's batch to its next one: the number of ranks when each takes every n-th batch. */
  readonly stride?: number;
}

/**
 * Hands out batch `index` of an epoch: a pure function of (seed, epoch, sample ids), however often and in whichever order it
 * is asked for. Prepares the caller's next batch while it works on this one.
 */
export class Loader {
  readonly ids: readonly string[];
  readonly batchesPerEpoch: number;
  readonly #set: CropSet;
  readonly #options: LoaderOptions;
  readonly #orders = new Map<number, Uint32Array>();
  #ahead: { key: string; batch: Promise<Batch> } | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Throws DataError when there is no sample, or in training not one whole batch. */
  constructor(set: CropSet, options: LoaderOptions) {
    this.#set = set;
    this.#options = options;
    this.ids = options.ids ?? set.ids;
    const { batchSize, mode } = options;
    if (!(Number.isInteger(batchSize) && batchSize > 0)) {
      throw new DataError(`${set.name}: the batch size is ${batchSize}, expected a positive integer`);
    }
    if (this.ids.length === 0) throw new DataError(`${set.name}: there is no sample to ${mode} on`);
    if (mode === "train" && this.ids.length < batchSize) {
      throw new DataError(
        `${set.name}: ${this.ids.length} samples do not fill one training batch of ${batchSize}; lower the batch size or add data`,
      );
    }
    if (mode === "evaluate" && options.augment !== undefined) {
      throw new DataError(`${set.name}: augmentation is set for an evaluation, expected none`);
    }
    const batches = this.ids.length / batchSize;
    this.batchesPerEpoch = mode === "train" ? Math.floor(batches) : Math.ceil(batches);
  }

  /** Batch `index` of 0 to batchesPerEpoch - 1. Throws DataError naming the frame when one cannot be read. */
  async batch(epoch: number, index: number): Promise<Batch> {
    if (!(Number.isInteger(index) && index >= 0 && index < this.batchesPerEpoch)) {
      throw new DataError(`${this.#set.name}: batch ${index} was asked for, expected 0 to ${this.batchesPerEpoch - 1}`);
    }
    const ahead = this.#ahead;
    this.#ahead = undefined;
    const batch = await (ahead?.key === `${epoch}/${index}` ? ahead.batch : this.#make(epoch, index));
    this.#prepareAfter(epoch, index);
    return batch;
  }

  /** Stops preparing ahead. */
  close(): void {
    clearTimeout(this.#timer);
    this.#ahead = undefined;
  }

  /** Ids of one batch, without reading anything. */
  idsOf(epoch: number, index: number): string[] {
    const { batchSize, mode, seed, quirks } = this.#options;
    const from = index * batchSize;
    if (mode === "evaluate") return this.ids.slice(from, from + batchSize);
    let order = this.#orders.get(epoch);
    if (order === undefined) {
      order = epochOrder(this.ids.length, seed, epoch, quirks);
      // This epoch and the one that is prepared at its end.
      for (const old of this.#orders.keys()) if (this.#orders.size >= 2) this.#orders.delete(old);
      this.#orders.set(epoch, order);
    }
    return [...order.subarray(from, from + batchSize)].map((i) => this.ids[i]);
  }

  async #make(epoch: number, index: number): Promise<Batch> {
    const { batchSize, mode, augment, ...options } = this.#options;
    const records = await Promise.all(this.idsOf(epoch, index).map((id) => this.#set.read(id)));
    const sampleOptions = { ...options, augment: mode === "train" ? augment : undefined };
    const samples = records.map((record) => makeSample(record, sampleOptions, mode === "train" ? epoch : 0));
    return makeBatch(samples, batchSize);
  }

  #prepareAfter(epoch: number, index: number): void {
    const { mode, stride = 1 } = this.#options;
    const next = index + stride;
    const isInEpoch = next < this.batchesPerEpoch;
    const [nextEpoch, nextIndex] = isInEpoch ? [epoch, next] : [epoch + 1, index % stride];
    if (nextIndex >= this.batchesPerEpoch || (!isInEpoch && mode === "evaluate")) return;
    clearTimeout(this.#timer);
    // A timer, not a promise: the caller submits its step first, and this works while the device does.
    this.#timer = setTimeout(() => {
      const batch = this.#make(nextEpoch, nextIndex);
      // The error is the next caller's; without a handler it would end the process before that.
      batch.catch(() => undefined);
      this.#ahead = { key: `${nextEpoch}/${nextIndex}`, batch };
    }, 0);
  }
}
