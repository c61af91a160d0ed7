import type { StoreUsage } from "./types";

/** The bytes of a stored blob, read in parts. */
export interface StoredBlob {
  readonly bytes: number;
  /** Bytes `from` to `to`, exclusive; rejects when they cannot be read, and gives fewer where the blob is cut. */
  read(from: number, to: number): Promise<Uint8Array<ArrayBuffer>>;
}

/**
 * A place for shards: a key-value manifest of JSON values and large blobs. Every call may fail with any error, at any time;
 * what was written before stays. Names are "/"-separated words of letters, digits and "-_.() ".
 */
export interface ShardBackend {
  /** For messages. */
  readonly place: string;
  /** The whole manifest. */
  entries(): Promise<ReadonlyMap<string, unknown>>;
  /** Puts values, and removes the keys whose value is undefined; resolves when that is on disk. One transaction in a database; in order in a folder. */
  commit(changes: ReadonlyMap<string, unknown>): Promise<void>;
  blobNames(): Promise<readonly string[]>;
  /** Stores a blob whole or not at all; replaces one of the same name. The bytes may be changed once it resolves. */
  writeBlob(name: string, bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  readBlob(name: string): Promise<StoredBlob | undefined>;
  /** Does nothing when there is none. */
  removeBlob(name: string): Promise<void>;
  /** Takes a lock without waiting; undefined when another tab, thread or process holds it. Freed by the call, and by the death of its holder. */
  lock(name: string): Promise<(() => Promise<void>) | undefined>;
  usage(): Promise<StoreUsage>;
  /** A text kept apart from the manifest, to tell an emptied database from a new one. */
  readSentinel(): Promise<string | undefined>;
  writeSentinel(text: string): Promise<void>;
  /** Whether an error says that there is no room. */
  isFull(error: unknown): boolean;
}
