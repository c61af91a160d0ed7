/** Batches of an epoch, by number. */
import type { AugmentOptions } from "./augment";
import { type Batch, makeBatch } from "./batch";
import type { CropSet } from "./crop-set";
import { DataError } from "./data-error";
import type { SampleOptions } from "./sample";
import { IN_PLACE, type SamplePool } from "./sample-pool";
import { epochOrder } from "./sampler";
import type { CropRecord, Sample } from "./types";

/** Of every `of` batches of an epoch, in order, a caller takes number `first` to `end` - 1. */
export interface BatchShare {
  readonly first: number;
  readonly end: number;
  readonly of: number;
}

const EVERYTHING: BatchShare = { first: 0, end: 1, of: 1 };

export interface LoaderOptions extends Omit<SampleOptions, "augment"> {
  /** Rows of a batch. */
  readonly batchSize: number;
  /**
   * Batches of a training step, its micro-batches: an epoch is whole steps. Batch `s * stepBatches + m` is part m of step s, and
   * the parts together are the samples of one batch as large as all of them. 1 when undefined.
   */
  readonly stepBatches?: number;
  /** "train": shuffled, augmented, whole batches only. "evaluate": in order, unchanged, every sample once. */
  readonly mode: "train" | "evaluate";
  /** In training; undefined trains on unchanged crops. */
  readonly augment?: AugmentOptions;
  /** Which samples of the set; all when undefined. */
  readonly ids?: readonly string[];
  /** Which batches this caller will ask for; all when undefined. Decides what is prepared, not what may be asked for. */
  readonly share?: BatchShare;
  /** Where samples are made; in the thread at hand when undefined. Nothing about a batch depends on it. */
  readonly pool?: SamplePool;
  /**
   * Batches that are prepared before they are asked for: with threads the caller's share of the next step, and 2 at least, so
   * that one is there while the next is made; else 1.
   */
  readonly ahead?: number;
}

/**
 * Hands out batch `index` of an epoch: a pure function of (seed, epoch, sample ids), however often and in whichever order it
 * is asked for. Prepares the caller's next batches while it works on this one.
 */
export class Loader {
  readonly ids: readonly string[];
  readonly batchesPerEpoch: number;
  readonly #set: CropSet;
  readonly #options: LoaderOptions;
  readonly #orders = new Map<number, Uint32Array>();
  readonly #ahead = new Map<string, Promise<Batch>>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #share: BatchShare;
  /** Counts what made all that is prepared useless: a batch that was under way then prepares nothing. */
  #generation = 0;

  /** Throws DataError when there is no sample, or in training not one whole batch. */
  constructor(set: CropSet, options: LoaderOptions) {
    this.#set = set;
    this.#options = options;
    this.#share = requireShare(set.name, options.share ?? EVERYTHING);
    this.ids = options.ids ?? set.ids;
    const { batchSize, mode, stepBatches = 1 } = options;
    for (const [what, count] of [
      ["batch size is", batchSize],
      ["number of batches in a step is", stepBatches],
    ] as const) {
      if (!(Number.isInteger(count) && count > 0))
        throw new DataError(`${set.name}: the ${what} ${count}, expected a positive integer`);
    }
    const perStep = stepBatches * batchSize;
    if (this.ids.length === 0) throw new DataError(`${set.name}: there is no sample to ${mode} on`);
    if (mode === "train" && this.ids.length < perStep) {
      throw new DataError(
        `${set.name}: ${this.ids.length} samples do not fill one training batch of ${perStep}; lower the batch size or add data`,
      );
    }
    if (mode === "evaluate" && options.augment !== undefined) {
      throw new DataError(`${set.name}: augmentation is set for an evaluation, expected none`);
    }
    this.batchesPerEpoch =
      mode === "train" ? stepBatches * Math.floor(this.ids.length / perStep) : Math.ceil(this.ids.length / batchSize);
  }

  /** Which batches this caller will ask for. */
  get share(): BatchShare {
    return this.#share;
  }

  /** For a group of other ranks: drops what was prepared. Throws DataError when it is no share. */
  set share(share: BatchShare) {
    this.#share = requireShare(this.#set.name, share);
    this.close();
  }

  /** What the batches are made of. */
  get set(): CropSet {
    return this.#set;
  }

  /** Columns W that the network sees, of the crop's side S. */
  get shape(): { readonly size: number; readonly width: number } {
    const { size, width } = this.#options;
    return { size, width };
  }

  /** What training changes; undefined in evaluation. */
  get augment(): AugmentOptions | undefined {
    return this.#options.augment;
  }

  /**
   * The sample that this loader makes of a record, of its set or not; in training with `replaced` in place of its own options
   * where it is given. Throws DataError as `makeSample`.
   */
  sampleOf(record: CropRecord, epoch: number, replaced?: AugmentOptions): Promise<Sample> {
    const { batchSize, mode, augment, pool = IN_PLACE, ids, stepBatches, share, ahead, ...options } = this.#options;
    const isTraining = mode === "train";
    const sampleOptions = { ...options, augment: isTraining ? (replaced ?? augment) : undefined };
    return pool.make({ record, options: sampleOptions, epoch: isTraining ? epoch : 0 });
  }

  /** Batch `index` of 0 to batchesPerEpoch - 1. Throws DataError naming the frame when one cannot be read. */
  async batch(epoch: number, index: number): Promise<Batch> {
    if (!(Number.isInteger(index) && index >= 0 && index < this.batchesPerEpoch)) {
      throw new DataError(`${this.#set.name}: batch ${index} was asked for, expected 0 to ${this.batchesPerEpoch - 1}`);
    }
    const generation = this.#generation;
    const batch = this.#ahead.get(`${epoch}/${index}`) ?? this.#make(epoch, index);
    this.#ahead.delete(`${epoch}/${index}`);
    const made = await batch;
    if (generation === this.#generation) this.#prepareAfter(epoch, index);
    return made;
  }

  /** Drops what was prepared, and prepares nothing more until the next batch is asked for. */
  close(): void {
    this.#generation++;
    clearTimeout(this.#timer);
    this.#ahead.clear();
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
    const samples = this.idsOf(epoch, index).map(async (id) => this.sampleOf(await this.#set.read(id), epoch));
    return makeBatch(await Promise.all(samples), this.#options.batchSize);
  }

  #prepareAfter(epoch: number, index: number): void {
    const { pool = IN_PLACE, ahead = pool.threads > 0 ? Math.max(2, this.#perStep()) : 1 } = this.#options;
    const wanted: [number, number][] = [];
    for (let at = this.#after(epoch, index); at && wanted.length < ahead; at = this.#after(...at)) wanted.push(at);
    const keys = new Set(wanted.map(([e, i]) => `${e}/${i}`));
    for (const key of this.#ahead.keys()) if (!keys.has(key)) this.#ahead.delete(key);
    clearTimeout(this.#timer);
    // A timer, not a promise: the caller submits its step first, and this works while the device does.
    this.#timer = setTimeout(() => {
      for (const [e, i] of wanted) {
        const key = `${e}/${i}`;
        if (this.#ahead.has(key)) continue;
        const batch = this.#make(e, i);
        // The error is the next caller's; without a handler it would end the process before that.
        batch.catch(() => undefined);
        this.#ahead.set(key, batch);
      }
    }, 0);
  }

  /** Epoch and number of the caller's next batch; undefined when an evaluation ends. */
  #after(epoch: number, index: number): [number, number] | undefined {
    const next = this.#next(index + 1);
    if (next < this.batchesPerEpoch) return [epoch, next];
    const first = this.#next(0);
    return this.#options.mode === "evaluate" || first >= this.batchesPerEpoch ? undefined : [epoch + 1, first];
  }

  /** The first of the caller's batches that is `index` or later. */
  #next(index: number): number {
    const { first, end, of } = this.#share;
    const place = index % of;
    if (place >= first && place < end) return index;
    return index - place + first + (place < first ? 0 : of);
  }

  /** The caller's batches of a step, rounded up. */
  #perStep(): number {
    const { first, end, of } = this.#share;
    return Math.ceil(((end - first) * (this.#options.stepBatches ?? 1)) / of);
  }
}

function requireShare(name: string, share: BatchShare): BatchShare {
  const { first, end, of } = share;
  if (!([first, end, of].every(Number.isInteger) && first >= 0 && first < end && end <= of)) {
    throw new DataError(
      `${name}: the share of the batches is ${first} to ${end} of ${of}, expected whole numbers with 0 <= first < end <= of`,
    );
  }
  return share;
}
