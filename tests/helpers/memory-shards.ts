import type { ShardBackend } from "../../src/data/shards/backend";

/** How the k-th call fails: before it does anything, after it did everything, or as the first of all that follow (a crash). */
export type Fault = "before" | "after" | "crash";

/** Shards in memory, which outlives the programs that use it: `program` starts one, whose locks end with the next. */
export class MemoryShards {
  readonly manifest = new Map<string, string>();
  readonly blobs = new Map<string, Uint8Array<ArrayBuffer>>();
  sentinel: string | undefined;
  capacity = Number.POSITIVE_INFINITY;
  /** Number of the next blob that is written with one bit wrong, counted down; 0 for none. */
  flipIn = 0;
  locks = new Set<string>();
  calls = 0;

  get usedBytes(): number {
    return [...this.blobs.values()].reduce((sum, { length }) => sum + length, 0);
  }

  clone(): MemoryShards {
    const copy = new MemoryShards();
    for (const [key, json] of this.manifest) copy.manifest.set(key, json);
    for (const [name, bytes] of this.blobs) copy.blobs.set(name, bytes);
    copy.sentinel = this.sentinel;
    return copy;
  }

  /** A backend whose call number `failAt` (from 1) fails. */
  program(failAt = 0, fault: Fault = "before"): ShardBackend {
    this.locks = new Set();
    this.calls = 0;
    const locks = this.locks;
    const call = async <T>(work: () => T): Promise<T> => {
      const number = ++this.calls;
      if (number === failAt && fault === "after") work();
      if (number === failAt || (fault === "crash" && failAt > 0 && number > failAt)) throw new Error(`fault ${number}`);
      return work();
    };
    return {
      place: "this memory",
      entries: () => call(() => new Map([...this.manifest].map(([key, json]) => [key, JSON.parse(json)]))),
      commit: (changes) =>
        call(() => {
          for (const [key, value] of changes) {
            if (value === undefined) this.manifest.delete(key);
            else this.manifest.set(key, JSON.stringify(value));
          }
        }),
      blobNames: () => call(() => [...this.blobs.keys()]),
      writeBlob: (name, bytes) =>
        call(() => {
          if (this.usedBytes + bytes.length > this.capacity) throw new DOMException("full", "QuotaExceededError");
          const copy = bytes.slice();
          if (--this.flipIn === 0) copy[copy.length >> 1] ^= 1;
          this.blobs.set(name, copy);
        }),
      readBlob: (name) =>
        call(() => {
          const bytes = this.blobs.get(name);
          return bytes && { bytes: bytes.length, read: (from, to) => call(() => bytes.slice(from, to)) };
        }),
      removeBlob: (name) => call(() => void this.blobs.delete(name)),
      lock: (name) =>
        call(() => {
          if (locks.has(name)) return undefined;
          locks.add(name);
          return () => call(() => void locks.delete(name));
        }),
      usage: () => call(() => ({ usedBytes: this.usedBytes })),
      readSentinel: () => call(() => this.sentinel),
      writeSentinel: (text) =>
        call(() => {
          this.sentinel = text;
        }),
      isFull: (error) => error instanceof DOMException && error.name === "QuotaExceededError",
    };
  }
}
