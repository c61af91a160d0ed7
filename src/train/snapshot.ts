/** All that a run must remember to go on from a step, as one flat piece of memory that threads may share. Knows no GPU. */

/** Where one parameter lies in a snapshot; offsets count floats behind the header. */
export interface SnapshotEntry {
  readonly name: string;
  readonly shape: readonly number[];
  readonly size: number;
  /** "i64" parameters hold one whole number as a float and are saved as int64 (num_batches_tracked). */
  readonly storedAs: "f32" | "i64";
  readonly value: number;
  /** Adam's moments; undefined for state that the optimiser leaves alone. */
  readonly moments: { readonly m: number; readonly v: number } | undefined;
}

/** Plain data: the same network gives the same layout on every adapter. */
export interface SnapshotLayout {
  readonly entries: readonly SnapshotEntry[];
  /** Floats of all values and moments. */
  readonly floats: number;
}

/** Where a run stands. */
export interface SnapshotState {
  /** Steps that are done. */
  readonly step: number;
  /** Steps of the optimiser, t of the bias correction: without those that were refused. */
  readonly optimizerStep: number;
  /** Best validation PA-MPJPE in mm so far, and its step; null before the first evaluation. */
  readonly best: number | null;
  readonly bestStep: number | null;
}

/** What the layout needs to know of a parameter, in the model's order. */
export interface SnapshotParameter {
  readonly name: string;
  readonly shape: readonly number[];
  readonly size: number;
  readonly trainable: boolean;
  readonly options: { readonly storedAs?: "f32" | "i64" };
}

const HEADER_DOUBLES = 8;
const HEADER_BYTES = 8 * HEADER_DOUBLES;
const RESUMED_AT = 4;
/** Stands for null in the header. */
const NONE = Number.NaN;

/** One after the other: value, first moment, second moment of each parameter. */
export function snapshotLayout(parameters: readonly SnapshotParameter[]): SnapshotLayout {
  let floats = 0;
  const take = (size: number): number => {
    floats += size;
    return floats - size;
  };
  const entries = parameters.map(({ name, shape, size, trainable, options }): SnapshotEntry => {
    const value = take(size);
    const moments = trainable ? { m: take(size), v: take(size) } : undefined;
    return { name, shape, size, storedAs: options.storedAs ?? "f32", value, moments };
  });
  return { entries, floats };
}

/** Bytes of one snapshot. */
export const snapshotBytes = ({ floats }: SnapshotLayout): number => HEADER_BYTES + 4 * floats;

/** The numbers of a snapshot, [floats], as a view. */
export const snapshotFloats = (snapshot: ArrayBufferLike): Float32Array => new Float32Array(snapshot, HEADER_BYTES);

export function readSnapshotState(snapshot: ArrayBufferLike): SnapshotState {
  const [step, optimizerStep, best, bestStep] = new Float64Array(snapshot, 0, HEADER_DOUBLES);
  const orNull = (value: number): number | null => (Number.isNaN(value) ? null : value);
  return { step, optimizerStep, best: orNull(best), bestStep: orNull(bestStep) };
}

export function writeSnapshotState(snapshot: ArrayBufferLike, state: SnapshotState): void {
  const { step, optimizerStep, best, bestStep } = state;
  new Float64Array(snapshot, 0, HEADER_DOUBLES).set([step, optimizerStep, best ?? NONE, bestStep ?? NONE]);
}

/** Step of the checkpoint that this session of the run went on from, 0 in the first; no part of the network's state. */
export const resumedStepOf = (snapshot: ArrayBufferLike): number =>
  new Float64Array(snapshot, 0, HEADER_DOUBLES)[RESUMED_AT];

export function writeResumedStep(snapshot: ArrayBufferLike, step: number): void {
  new Float64Array(snapshot, 0, HEADER_DOUBLES)[RESUMED_AT] = step;
}

/**
 * Two snapshots and one counter: the host's shadow of the network, from which a group that lost a rank goes on. The counter
 * is the commit: snapshot `(commits - 1) % 2` is whole, the other one is being written or old. A rank that died may go on
 * writing for two seconds, so that a group that forms again gets a shadow of new memory, made `from` the committed snapshot.
 */
export interface ShadowMemory {
  readonly layout: SnapshotLayout;
  readonly snapshots: readonly [ArrayBufferLike, ArrayBufferLike];
  readonly control: ArrayBufferLike; // Int32 [1]: commits
}

/** Shared memory where this page may share it; else of this thread alone. Copies `from`: whoever writes or reads it may go on. */
export function createShadow(layout: SnapshotLayout, from?: ArrayBufferLike): ShadowMemory {
  const allocate = (bytes: number): ArrayBufferLike =>
    typeof SharedArrayBuffer === "undefined" ? new ArrayBuffer(bytes) : new SharedArrayBuffer(bytes);
  const bytes = snapshotBytes(layout);
  if (from && from.byteLength !== bytes) {
    throw new Error(`a snapshot of ${from.byteLength} bytes, expected ${bytes} for this network`);
  }
  const shadow: ShadowMemory = { layout, snapshots: [allocate(bytes), allocate(bytes)], control: allocate(4) };
  if (from) {
    new Uint8Array(shadow.snapshots[0]).set(new Uint8Array(from));
    commitSnapshot(shadow);
  }
  return shadow;
}

/** The last whole snapshot; undefined before the first commit. */
export function committedSnapshot({ snapshots, control }: ShadowMemory): ArrayBufferLike | undefined {
  const commits = Atomics.load(new Int32Array(control), 0);
  return commits === 0 ? undefined : snapshots[(commits - 1) % 2];
}

/** Which of the two snapshots is written next: the one that is not the committed one. */
export const openSlot = ({ control }: ShadowMemory): 0 | 1 =>
  Atomics.load(new Int32Array(control), 0) % 2 === 0 ? 0 : 1;

/** Makes what was written to `snapshots[openSlot(shadow)]` the committed one. */
export function commitSnapshot({ control }: ShadowMemory): void {
  Atomics.add(new Int32Array(control), 0, 1);
}
