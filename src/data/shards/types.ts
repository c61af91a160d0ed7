/**
 * The store of imported data sets: crop records in shards, each checked by SHA-256, the same in IndexedDB and in a folder.
 *
 * What is committed stays: a shard counts once its bytes were written, read back and found equal, and its entry followed. Until
 * then its frames are not in `done`, and an import that is started again reads them again. Nothing here decides what is read.
 */
import type { CropSet } from "../crop-set";
import type { CropRecord } from "../types";

/** Reasons with their counts and first examples, as JSON holds them. */
export type Counted = readonly (readonly [string, { readonly count: number; readonly example: string }])[];

/** What was dropped and noted when the files were opened, before any frame was read: of all sequences, chosen or not. */
export interface OpeningReport {
  readonly dropped: Counted;
  readonly notes: Counted;
}

/** What an import makes, decided before its first frame. */
export interface SetDescription {
  /** Name of the files' place, for people, e.g. "HO3D_v3". */
  readonly source: string;
  /** Which adapter reads it, e.g. "ho3d". */
  readonly format: string;
  readonly split: string;
  /** Side S of the crops that the records are meant for, pixels. */
  readonly size: number;
  /** Largest side R of a record, pixels: `recordSide(size)`. */
  readonly side: number;
  /** Side of the square over the longer side of the hand's box. */
  readonly boxScale: number;
  /** Side of what is kept over the side of the square. */
  readonly margin: number;
  /** Bytes of one stored record: `recordStride(side)`. */
  readonly recordBytes: number;
  /** Frames that the import looks at, kept and dropped together. */
  readonly expected: number;
  /** `digestIds` of their ids: says whether a resumed import reads the same frames. */
  readonly idsDigest: string;
  /** Their ids in the order of the data set, in which `open` gives them back, however they were added. Not in what `list` returns. */
  readonly order?: readonly string[];
  /** Name of the hand model whose parameters the labels are, if any. */
  readonly hand?: string;
  /** Quirks that change a record. */
  readonly quirks?: readonly string[];
  /** Of the last import into the set. `open` has it in its report. */
  readonly opening?: OpeningReport;
}

/**
 * "complete": every frame was looked at, every shard is there. "importing": an import was begun and is not finished. "evicted":
 * shards are gone, by the browser or by hand. "damaged": a shard differs from its checksum. The last two are repaired by an
 * import under the same name, which reads only the lost frames again.
 */
export type SetState = "complete" | "importing" | "damaged" | "evicted";

/** A shard that cannot be used, and what it held. */
export interface Damage {
  /** Number of the shard in its set. */
  readonly shard: number;
  readonly kind: "evicted" | "damaged";
  /** Frames that it held, and their sequences. */
  readonly frames: number;
  readonly sequences: readonly string[];
  /** One sentence. */
  readonly message: string;
}

/** A data set in the store. */
export interface StoredSet {
  readonly name: string;
  readonly state: SetState;
  /** Undefined only where nothing but the sentinel outside the database remembers the set: everything of it is gone. */
  readonly description: SetDescription | undefined;
  /** Frames in usable shards, and frames that were dropped with a reason. */
  readonly kept: number;
  readonly dropped: number;
  readonly shards: number;
  /** Bytes of the usable shards. */
  readonly bytes: number;
  /** Sequences with their frames in usable shards. */
  readonly sequences: ReadonlyMap<string, number>;
  /** What is lost, shard by shard. */
  readonly damage: readonly Damage[];
  /** Time of the last commit, milliseconds since 1970; 0 when unknown. For display only. */
  readonly savedAt: number;
}

export interface OpenOptions {
  /** Hands out what is there although the import is not finished or shards are lost; the lost frames are in the report. */
  readonly partial?: boolean;
  /** Memory for whole shards that were read last, bytes; a record outside is one slice. 128 MiB by default. */
  readonly cacheBytes?: number;
}

/** A stored set opened for reading. */
export interface OpenedSet extends CropSet {
  readonly info: StoredSet;
  /** Frees what it holds. */
  close(): void;
}

export interface StoreUsage {
  readonly usedBytes: number;
  /** What the browser says it would allow. Browsers lie about it: never refuse an import for this figure alone. */
  readonly quotaBytes?: number;
  /** Whether the browser promised not to evict the data. */
  readonly persisted?: boolean;
}

/** Data sets as shards. Every method throws StoreError, whose message is one sentence. */
export interface ShardStore {
  /** For messages: "this browser's storage" or the folder. */
  readonly place: string;
  /** All sets, by name. One that the browser threw away whole is listed too, as evicted. */
  list(): Promise<StoredSet[]>;
  /** Reads records; a shard is checked against its SHA-256 before its first record is used. Throws when the set is not complete, unless `partial`. */
  open(name: string, options?: OpenOptions): Promise<OpenedSet>;
  /**
   * Starts an import, or goes on with one, or repairs a set. Throws when another tab or process imports it, and when what is
   * stored was cropped or read differently. Frames that were not expected at first may be added.
   */
  writer(name: string, description: SetDescription): Promise<ShardWriter>;
  /** Throws while the set is being imported. */
  remove(name: string): Promise<void>;
  usage(): Promise<StoreUsage>;
  /** Every shard against its checksum. What is found stays known to `list`. */
  check(name: string, onProgress?: (done: number, total: number) => void, signal?: AbortSignal): Promise<Damage[]>;
}

/** An import at work. Holds the set's lock until `finish` or `close`. Calls may overlap; they are done in order. */
export interface ShardWriter {
  /** Ids kept or dropped in what is committed: not to be read again. Grows with each commit. */
  readonly done: ReadonlySet<string>;
  /** Shards that were lost and whose frames are therefore not in `done`. */
  readonly repairs: readonly Damage[];
  /**
   * Keeps a record; commits a shard when one is full. After an error everything committed is intact and the rest is still held:
   * `flush` tries again, `close` lets it go. Never call it twice for one frame.
   */
  add(record: CropRecord): Promise<void>;
  /** Counts a frame that cannot be used. Committed with the next shard. */
  drop(id: string, reason: string): void;
  /** Counts something about a kept frame, e.g. that it has no depth image. Committed with the next shard. */
  note(id: string, note: string): void;
  /** Commits what is held, as a shard that may be smaller than usual. */
  flush(): Promise<void>;
  /** Commits what is held and declares the set complete; releases the lock. Throws when fewer frames were done than expected. */
  finish(): Promise<StoredSet>;
  /** Releases the lock; what is not committed is let go. */
  close(): Promise<void>;
}

/** What went wrong in a store: "full" no room, "locked" in use elsewhere, "newer" written by a later version. */
export type StoreErrorKind =
  | "full"
  | "locked"
  | "missing"
  | "incomplete"
  | "evicted"
  | "damaged"
  | "different"
  | "newer"
  | "failed";

/** A store that cannot do what was asked: never a reason to drop a frame. The message is one sentence for a person. */
export class StoreError extends Error {
  override readonly name = "StoreError";
  readonly kind: StoreErrorKind;
  /** With kind "full": bytes that the next shard needs, and bytes in use. */
  readonly neededBytes: number | undefined;
  readonly usedBytes: number | undefined;

  constructor(
    kind: StoreErrorKind,
    message: string,
    details: { neededBytes?: number; usedBytes?: number; cause?: unknown } = {},
  ) {
    super(message, { cause: details.cause });
    this.kind = kind;
    this.neededBytes = details.neededBytes;
    this.usedBytes = details.usedBytes;
  }
}
