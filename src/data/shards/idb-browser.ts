/**
 * Shards in IndexedDB: one database with one object store (idb-keyval), Blobs under "blob/NAME", everything else the manifest.
 * Runs in a page and in its workers.
 *
 * The sentinel has to survive the database. It is a file of the origin private file system, which workers reach as well, and
 * outlives a damaged, emptied or deleted database; and, where a page asks, a copy in localStorage, which Chromium keeps when it
 * evicts an origin's databases and files together, but which workers do not have.
 */
import { createStore, get, keys, type UseStore } from "idb-keyval";
import { blobBytes } from "../blob-bytes";
import type { ShardBackend } from "./backend";
import { shardStore } from "./store";
import type { ShardStore } from "./types";

const BLOB = "blob/";
const DATABASE = "handloom-shards";

export interface IdbOptions {
  /** Name of the database; also of locks and sentinel. */
  readonly database?: string;
  /** About the size of a shard, bytes; 48 MiB by default. */
  readonly shardBytes?: number;
}

/** The store of this browser. */
export function idbShardStore({ database = DATABASE, shardBytes }: IdbOptions = {}): ShardStore {
  return shardStore(idbBackend(database), shardBytes === undefined ? {} : { shardBytes });
}

/** Asks the browser not to evict what is stored here; from a click, as some ask the person. False when it does not promise. */
export async function requestPersistence(): Promise<boolean> {
  return (await navigator.storage.persisted?.()) || ((await navigator.storage.persist?.()) ?? false);
}

/** A backend over one database of IndexedDB. */
export function idbBackend(database = DATABASE): ShardBackend {
  const store = createStore(database, "shards");
  return {
    place: "this browser's storage",
    entries: () => manifestOf(store),
    commit: (changes) =>
      transaction(store, (shards) => {
        for (const [key, value] of changes) {
          if (value === undefined) shards.delete(key);
          else shards.put(value, key);
        }
      }),
    blobNames: async () => (await blobKeys(store)).map((key) => key.slice(BLOB.length)),
    writeBlob: (name, bytes) => {
      const blob = new Blob([bytes]);
      return transaction(store, (shards) => void shards.put(blob, BLOB + name));
    },
    readBlob: async (name) => {
      const blob = await get<Blob>(BLOB + name, store);
      return blob && { bytes: blob.size, read: (from, to) => blobBytes(blob, from, to) };
    },
    removeBlob: (name) => transaction(store, (shards) => void shards.delete(BLOB + name)),
    lock: (name) => takeLock(`${database}/${name}`),
    usage: async () => {
      const { usage = 0, quota } = await navigator.storage.estimate();
      const persisted = await navigator.storage.persisted?.();
      return { usedBytes: usage, quotaBytes: quota, persisted };
    },
    readSentinel: () => readSentinel(database),
    writeSentinel: (text) => writeSentinel(database, text),
    isFull: (error) => error instanceof DOMException && error.name === "QuotaExceededError",
  };
}

/**
 * One transaction of writes. Resolves when it is complete: with no room, Chromium lets every request succeed and aborts the
 * transaction afterwards.
 */
async function transaction(store: UseStore, work: (shards: IDBObjectStore) => void): Promise<void> {
  await store(
    "readwrite",
    (shards) =>
      new Promise<void>((resolve, reject) => {
        const { transaction } = shards;
        transaction.oncomplete = () => resolve();
        transaction.onabort = () =>
          reject(transaction.error ?? new DOMException("the transaction was aborted", "AbortError"));
        work(shards);
      }),
  );
}

const blobRange = (): IDBKeyRange => IDBKeyRange.bound(BLOB, `${BLOB}\uffff`);

async function blobKeys(store: UseStore): Promise<string[]> {
  return (await keys<string>(store)).filter((key) => key.startsWith(BLOB));
}

/** All entries that are not blobs, from one transaction. */
function manifestOf(store: UseStore): Promise<Map<string, unknown>> {
  return store("readonly", (shards) => {
    const { lower, upper } = blobRange();
    const ranges = [IDBKeyRange.upperBound(lower, true), IDBKeyRange.lowerBound(upper, true)];
    const requests = ranges.map((range) => [shards.getAllKeys(range), shards.getAll(range)] as const);
    return new Promise((resolve, reject) => {
      shards.transaction.onabort = () => reject(shards.transaction.error);
      shards.transaction.oncomplete = () =>
        resolve(
          new Map(requests.flatMap(([names, values]) => names.result.map((name, i) => [`${name}`, values.result[i]]))),
        );
    });
  });
}

/** A Web Lock, if nobody holds it. The browser frees it when its tab or worker ends, however it ends. */
function takeLock(name: string): Promise<(() => Promise<void>) | undefined> {
  return new Promise((resolve, reject) => {
    const ended = navigator.locks.request(name, { ifAvailable: true }, (lock) => {
      if (lock === null) return resolve(undefined);
      return new Promise<void>((release) => {
        resolve(async () => {
          release();
          await ended;
        });
      });
    });
    ended.catch(reject);
  });
}

/** Copies of the sentinel carry the time of writing: where two are found, the later one is right. */
interface Sentinel {
  readonly savedAt: number;
  readonly text: string;
}

const fileName = (database: string): string => `${database}.sentinel.json`;

/** The latest copy of a sentinel; undefined when there is none. */
export async function readSentinel(database: string): Promise<string | undefined> {
  const copies = [await fileText(fileName(database)), localStorageOrNone()?.getItem(fileName(database))].flatMap(parse);
  const latest = copies.reduce<Sentinel | undefined>(
    (a, b) => (a === undefined || b.savedAt > a.savedAt ? b : a),
    undefined,
  );
  // A worker writes only the file: the page copies it when it next looks.
  if (latest !== undefined) localStorageOrNone()?.setItem(fileName(database), JSON.stringify(latest));
  return latest?.text;
}

/** Writes a sentinel to where the database's end does not reach it. */
export async function writeSentinel(database: string, text: string): Promise<void> {
  const json = JSON.stringify({ savedAt: Date.now(), text } satisfies Sentinel);
  const root = await navigator.storage.getDirectory();
  const file = await root.getFileHandle(fileName(database), { create: true });
  const stream = await file.createWritable();
  await stream.write(json);
  await stream.close();
  localStorageOrNone()?.setItem(fileName(database), json);
}

function parse(json: string | null | undefined): Sentinel[] {
  try {
    return json ? [JSON.parse(json) as Sentinel] : [];
  } catch {
    return [];
  }
}

async function fileText(name: string): Promise<string | undefined> {
  try {
    const root = await navigator.storage.getDirectory();
    return await (await (await root.getFileHandle(name)).getFile()).text();
  } catch (error) {
    // No file, or (as in a private window of some browsers) no file system: then the sentinel knows nothing.
    if (error instanceof DOMException && ["NotFoundError", "SecurityError"].includes(error.name)) return undefined;
    throw error;
  }
}

/** Undefined in a worker, and where the person forbade it. */
function localStorageOrNone(): Storage | undefined {
  try {
    return typeof localStorage === "undefined" ? undefined : localStorage;
  } catch {
    return undefined;
  }
}
