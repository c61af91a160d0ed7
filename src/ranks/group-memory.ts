/** The memory that the ranks of a group share. Made by the launcher; plain data, so it crosses postMessage. Never blocks. */
import { type ReductionTree, reductionTree } from "./reduction-tree";

/** A table that ranks fill together, a row for each sample. */
export interface TableShape {
  readonly rows: number;
  readonly columns: number;
  readonly type: "f32" | "f64";
}

export interface GroupShape {
  readonly worldSize: number;
  /** Micro-batches of a step, over all ranks; at least one for each. */
  readonly microBatches: number;
  /** Floats of each bucket of the all-reduce: gradients, running statistics, losses. */
  readonly buckets: readonly number[];
  readonly tables: Readonly<Record<string, TableShape>>;
}

/**
 * All shared buffers of one group. A group that is formed again gets new ones: a worker may write for two seconds after
 * it was terminated, and must find only the old ones.
 *
 * Bytes, for G floats of buckets and S = `tree.subtrees.length` slots (S = ranks for 1, 2, 4 of 4 micro-batches):
 * slots 4 G S, means 4 G, stage 256 KiB, tables rows * (4 + 4 or 8 columns), control 640 + 128 ranks, times 64 ranks.
 *
 * Control, Int32 words: 0 reason of an abort (`ABORT_REASONS`, 0 none), 1 the rank it is about (-1 none), 2 bytes of its
 * text, 3 submissions in flight over all ranks; 32 to 159 the text in UTF-8; from 160 on 32 words for each rank, in the order of `WORD`.
 */
export interface GroupMemory extends GroupShape {
  /** 1 for the first group of a run, one more each time that it is formed again. */
  readonly generation: number;
  readonly tree: ReductionTree;
  readonly control: ArrayBufferLike;
  /** [slot][bucket]: the sum of one subtree's micro-batches. */
  readonly slots: readonly (readonly ArrayBufferLike[])[];
  /** [bucket]: the mean over all micro-batches. */
  readonly means: readonly ArrayBufferLike[];
  /** 64 Ki floats through which a broadcast goes. */
  readonly stage: ArrayBufferLike;
  /** Float32, `TIME_FLOATS` for each rank: where its last step went (`StepTimes`), for whoever looks; read and written freely. */
  readonly times: ArrayBufferLike;
  readonly tableData: Readonly<Record<string, ArrayBufferLike>>;
  /** Int32 for each row: 64 * round + writing rank + 1. */
  readonly tableRows: Readonly<Record<string, ArrayBufferLike>>;
}

/** Words of a rank. Counters only grow and are compared by difference, so they may wrap. */
export const WORD = {
  /** 0 not started, 1 at work, 2 left. */
  state: 0,
  /** Grows with every piece of work that is done. */
  progress: 1,
  /** Grows with every sign of life: work, a timer between awaits, a turn of a wait. */
  alive: 2,
  /** 1 while the rank waits in a collective. */
  isWaiting: 3,
  /** The collective it entered last (index in COLLECTIVES) and the how manieth of its kind. */
  collective: 4,
  call: 5,
  /** Barriers reached; buckets whose sums lie in the slots; buckets of which this rank's share is reduced. */
  arrived: 6,
  published: 7,
  reduced: 8,
  /** What it called and with what, of barriers of even and odd number: nobody is two barriers ahead. */
  kind: 10,
  argument: 12,
  detail: 14,
} as const;

export const COLLECTIVES = ["nothing", "barrier", "agree", "broadcast", "all-gather", "all-reduce", "gather"] as const;
export type Collective = (typeof COLLECTIVES)[number];

/** Why a group ended: a rank threw, its worker ended, it gave no sign of life, others waited too long, calls differ. */
export const ABORT_REASONS = ["none", "threw", "ended", "stuck", "timeout", "mismatch", "stopped"] as const;
export type AbortReason = Exclude<(typeof ABORT_REASONS)[number], "none">;

export interface Abort {
  readonly reason: AbortReason;
  /** The rank at fault; -1 when it is none or all. */
  readonly rank: number;
  /** Names the rank: "rank 2 threw: out of memory". */
  readonly text: string;
}

/** A group came to its end; `message` names the rank that says so, the collective, the rank at fault. */
export class GroupError extends Error {
  override readonly name = "GroupError";

  constructor(
    message: string,
    readonly abort: Abort,
  ) {
    super(message);
  }
}

/** 0 while the group lives. */
export const ABORT_WORD = 0;
const ABORT_RANK = 1;
const ABORT_BYTES = 2;
const CLAIMED = -1;
/** How many submissions are in flight over all ranks. */
export const SUBMISSIONS_WORD = 3;
/** Times of a rank begin on a cache line of their own. */
export const TIME_FLOATS = 16;
const TEXT_AT = 32;
const RANKS_AT = 160;
const RANK_WORDS = 32;
const TEXT_BYTES = 4 * (RANKS_AT - TEXT_AT);
export const MOST_RANKS = 32;
export const STAGE_FLOATS = 65_536;

/** Where word `word` of `rank` lies in the control. */
export const wordOf = (rank: number, word: number): number => RANKS_AT + RANK_WORDS * rank + word;

/**
 * New buffers for a group, all zero. One rank works without shared memory as well. Throws a sentence when a rank would
 * have no micro-batch, when their number is no power of two, or when several ranks need memory that this page may not share.
 */
export function createGroup(shape: GroupShape, generation = 1): GroupMemory {
  const { worldSize, microBatches, buckets, tables } = shape;
  if (worldSize > MOST_RANKS) throw new Error(`${worldSize} ranks, expected at most ${MOST_RANKS}`);
  for (const floats of buckets)
    if (!(Number.isInteger(floats) && floats > 0)) throw new Error(`a bucket of ${floats} floats, expected 1 or more`);
  const canShare = typeof SharedArrayBuffer !== "undefined";
  if (!canShare && worldSize > 1) {
    throw new Error(
      `${worldSize} ranks share memory, which this page may not: its server must send Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp; or use one rank`,
    );
  }
  const bytes = (size: number): ArrayBufferLike => (canShare ? new SharedArrayBuffer(size) : new ArrayBuffer(size));
  const gradients = (): ArrayBufferLike[] => buckets.map((floats) => bytes(4 * floats));
  const tree = reductionTree(worldSize, microBatches);
  const perTable = (size: (table: TableShape) => number): Record<string, ArrayBufferLike> =>
    Object.fromEntries(Object.entries(tables).map(([name, table]) => [name, bytes(size(table))]));
  return {
    ...{ worldSize, microBatches, buckets, tables, generation, tree },
    control: bytes(4 * (RANKS_AT + RANK_WORDS * worldSize)),
    slots: tree.subtrees.map(gradients),
    means: gradients(),
    stage: bytes(4 * STAGE_FLOATS),
    times: bytes(4 * TIME_FLOATS * worldSize),
    tableData: perTable(({ rows, columns, type }) => rows * columns * (type === "f32" ? 4 : 8)),
    tableRows: perTable(({ rows }) => 4 * rows),
  };
}

/** The same shape in new buffers, one generation on, perhaps with another number of ranks. */
export function reformGroup(memory: GroupMemory, worldSize = memory.worldSize): GroupMemory {
  const { microBatches, buckets, tables, generation } = memory;
  return createGroup({ worldSize, microBatches, buckets, tables }, generation + 1);
}

/**
 * Ends a group: every rank that waits, and every later collective, throws `abort.text`. The first one counts; returns
 * whether it was this one. For ranks and for the launcher; never blocks.
 */
export function abortGroup({ control, worldSize }: GroupMemory, abort: Abort): boolean {
  const words = new Int32Array(control);
  if (Atomics.compareExchange(words, ABORT_WORD, 0, CLAIMED) !== 0) return false;
  const text = new TextEncoder().encode(abort.text).subarray(0, TEXT_BYTES);
  new Uint8Array(control, 4 * TEXT_AT, TEXT_BYTES).set(text);
  words[ABORT_RANK] = abort.rank;
  words[ABORT_BYTES] = text.length;
  Atomics.store(words, ABORT_WORD, ABORT_REASONS.indexOf(abort.reason));
  // Ranks wait on each other's counters.
  for (let rank = 0; rank < worldSize; rank++)
    for (const word of [WORD.arrived, WORD.published, WORD.reduced]) Atomics.notify(words, wordOf(rank, word));
  Atomics.notify(words, SUBMISSIONS_WORD);
  return true;
}

/** Why the group ended; undefined while it has not. */
export function abortOf({ control }: Pick<GroupMemory, "control">): Abort | undefined {
  const words = new Int32Array(control);
  const code = Atomics.load(words, ABORT_WORD);
  // Whoever claimed it is about to write the text; a reader comes again.
  if (code === 0 || code === CLAIMED) return undefined;
  // Decoders refuse shared memory, so a copy.
  const text = new Uint8Array(control, 4 * TEXT_AT, words[ABORT_BYTES]).slice();
  return {
    reason: ABORT_REASONS[code] as AbortReason,
    rank: words[ABORT_RANK],
    text: new TextDecoder().decode(text),
  };
}

/** What `rank` did last, for a sentence: "it waits in barrier 3". */
export function placeOf({ control }: Pick<GroupMemory, "control">, rank: number): string {
  const words = new Int32Array(control);
  const load = (word: number): number => Atomics.load(words, wordOf(rank, word));
  const state = load(WORD.state);
  if (state === 0) return "it has not started";
  const collective = COLLECTIVES[load(WORD.collective)];
  const where = collective === "nothing" ? "" : `${collective} ${load(WORD.call)}`;
  if (state === 2) return where === "" ? "it has left" : `it has left after ${where}`;
  if (load(WORD.isWaiting) === 1) return `it waits in ${where}`;
  return where === "" ? "it has called no collective yet" : `it was last in ${where}`;
}
