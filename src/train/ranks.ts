/** What a trainer needs of the ranks that it shares a step with. A `ProcessGroup` of `ranks` fits; the trainer does not know that ranks are workers. */

/** Rows that ranks fill together, each at its own place. */
export interface SharedTable {
  /** Never blocks. Throws when the row was written already or is none of the table's. */
  write(row: number, values: ArrayLike<number>): void;
  /** All rows, [rows, columns], on every rank; throws on every rank when one was written by nobody. Blocks. */
  finish(): Float32Array | Float64Array;
}

export interface TrainGroup {
  readonly rank: number;
  readonly worldSize: number;
  /** This rank's micro-batches of each step: `first` to `end - 1`. */
  readonly microBatches: { readonly first: number; readonly end: number };
  /** Whole subtrees of the gradient's tree that this rank sums, in order; each has a slot in shared memory. */
  readonly subtrees: readonly { readonly first: number; readonly end: number }[];
  /** Ranks compute on different adapters, so that weights would drift apart: they take rank 0's after each update. */
  readonly mixedAdapters: boolean;
  /** The bits that at least one rank has set. Blocks. */
  agree(bits: number): number;
  /** Every rank's number, 32 bits, [worldSize]. Blocks. */
  gatherWord(word: number): Int32Array;
  /** Replaces `values` on every rank by those of rank `from`. Blocks. */
  broadcast(values: Float32Array, from: number): void;
  /** Passes on a read-back; until it has settled, blocking calls throw. */
  reading<T>(answer: Promise<T>): Promise<T>;
  /** Gives the sum of one of this rank's subtrees, a bucket at a time, in order. Never blocks. */
  publish(bucket: number, subtree: number, values: Float32Array): void;
  /** Reduces this rank's share of what all have published; returns how many buckets of this step it has reduced. Never blocks. */
  reduceReady(): number;
  /** The mean over all micro-batches, [bucket][floats], in shared memory. Blocks. */
  finishMean(): readonly Float32Array[];
  /** The published sums of any rank's subtree, [slot][bucket]; to find who made a NaN. Valid until the next `publish`. */
  published(): readonly {
    readonly rank: number;
    readonly first: number;
    readonly end: number;
    readonly buckets: readonly Float32Array[];
  }[];
  /** Begins a table together. Blocks. */
  table(name: string, rows: number): SharedTable;
  /** One of at most two submissions in flight over all ranks on a software adapter; at once elsewhere. Never blocks the thread. */
  acquireSubmission(): Promise<void>;
  releaseSubmission(): void;
  /** This rank's times of the last step, for the page and times.jsonl; and those of any rank. */
  reportTimes(times: StepTimes): void;
  timesOf(rank: number): StepTimes;
  /** Work was done: for long work between two collectives. */
  beat(): void;
  /** Until what it returns is called this rank waits for a person or works for one; the others have patience. */
  rest(): () => void;
}

/** Where a rank's step went, ms of wall time, and how much of its all-reduce cost nothing. */
export interface StepTimes {
  /** Waiting for the loader's samples. */
  readonly dataMs: number;
  /** Forward and backward of its micro-batches, until their sums begin to arrive; of one rank the mean, the update and reading the step's numbers as well. */
  readonly computeMs: number;
  /** Read-back of the sums, beside which the ready buckets are reduced. */
  readonly readMs: number;
  /** Adding up: the part of the all-reduce that is work. */
  readonly reduceMs: number;
  /** Waiting for other ranks in collectives. */
  readonly waitMs: number;
  /** Means to the GPU, update, and reading the step's numbers. 0 for one rank: nothing is read before the update, so it is part of `computeMs`. */
  readonly updateMs: number;
  /**
   * Share of the all-reduce's floats, 0 to 1, of which this rank had reduced its part before its last bucket was read back, so
   * beside the read-back; the rest it reduced with nothing more to come from its GPU. 0 for one rank, which reads nothing back.
   */
  readonly overlap: number;
}
