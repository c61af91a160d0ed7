/**
 * An import at work. Two phases for each shard: its bytes are stored, read back and compared by SHA-256; then its entry is
 * put. Only the second makes it count, and nothing is removed before. At most two shards are in memory: the one that is being
 * filled, and the one that is read back.
 */
import type { CropRecord } from "../types";
import type { ShardBackend } from "./backend";
import { ShardEncoder, sha256 } from "./format";
import { guarded } from "./guard";
import { loadFacts, type SetFacts, type ShardEntry, setEntry, shardPath, summarise, updateSentinel } from "./manifest";
import { type Damage, type SetDescription, type ShardWriter, type StoredSet, StoreError } from "./types";

export interface WriterOptions {
  readonly facts: SetFacts;
  readonly repairs: readonly Damage[];
  readonly description: SetDescription;
  readonly shardBytes: number;
  readonly unlock: () => Promise<void>;
}

/** The writer of a set whose entry is in the manifest and whose lock is held. */
export class SetWriter implements ShardWriter {
  readonly repairs: readonly Damage[];
  readonly #backend: ShardBackend;
  readonly #options: WriterOptions;
  readonly #name: string;
  readonly #generation: string;
  readonly #done = new Set<string>();
  readonly #held = new Set<string>();
  readonly #heldDrops = new Map<string, string>();
  #heldNotes: [string, string][] = [];
  #encoder: ShardEncoder;
  #queue: Promise<unknown> = Promise.resolve();
  #isOpen = true;

  constructor(backend: ShardBackend, options: WriterOptions) {
    const { facts, description, shardBytes, repairs } = options;
    this.#backend = backend;
    this.#options = options;
    this.#name = facts.name;
    this.#generation = facts.entry.generation;
    this.repairs = repairs;
    for (const { ids, dropped } of facts.shards.values()) {
      for (const id of ids) this.#done.add(id);
      for (const [id] of dropped) this.#done.add(id);
    }
    // Numbers of lost shards are not used again, so that nothing of theirs can be taken for a new one's.
    const next = Math.max(-1, ...facts.shards.keys(), ...repairs.map(({ shard }) => shard)) + 1;
    this.#encoder = new ShardEncoder(this.#name, next, description.side, shardBytes);
  }

  get done(): ReadonlySet<string> {
    return this.#done;
  }

  add(record: CropRecord): Promise<void> {
    return this.#inTurn(async () => {
      this.#expectNew(record.id);
      if (!this.#encoder.add(record)) {
        await this.#commit();
        this.#encoder.add(record);
      }
      this.#held.add(record.id);
    });
  }

  drop(id: string, reason: string): void {
    this.#expectOpen();
    this.#expectNew(id);
    this.#heldDrops.set(id, reason);
  }

  note(id: string, note: string): void {
    this.#expectOpen();
    this.#heldNotes.push([id, note]);
  }

  flush(): Promise<void> {
    return this.#inTurn(() => this.#commit());
  }

  finish(): Promise<StoredSet> {
    return this.#inTurn(async () => {
      await this.#commit();
      const { expected, order } = this.#options.description;
      const missing = order?.find((id) => !this.#done.has(id));
      if (missing !== undefined || this.#done.size < expected) {
        throw new StoreError(
          "incomplete",
          `"${this.#name}": ${this.#done.size} frames were kept or dropped, expected ${expected}${missing === undefined ? "" : ` with "${missing}"`}; import the rest before finishing`,
        );
      }
      const entry = setEntry(this.#options.description, this.#generation, true);
      const finished = await this.#guarded(`finishing "${this.#name}"`, async () => {
        await this.#backend.commit(new Map([[`set/${this.#name}`, entry]]));
        const sets = await loadFacts(this.#backend);
        await updateSentinel(this.#backend, sets);
        return sets.get(this.#name);
      });
      if (finished === undefined)
        throw new StoreError("evicted", `"${this.#name}" was deleted while it was being imported`);
      await this.#release();
      return summarise(finished);
    });
  }

  async close(): Promise<void> {
    await this.#queue.catch(() => undefined);
    await this.#release();
  }

  async #release(): Promise<void> {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    await this.#guarded(`unlocking "${this.#name}"`, this.#options.unlock);
  }

  /** Calls overlap where frames are decoded several at once; their work must not. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#queue
      .catch(() => undefined)
      .then(() => {
        this.#expectOpen();
        return work();
      });
    this.#queue = turn;
    // Whoever called hears of the error; the queue itself goes on.
    turn.catch(() => undefined);
    return turn;
  }

  #expectOpen(): void {
    if (!this.#isOpen)
      throw new StoreError("failed", `the import of "${this.#name}" is closed; start it again to go on`);
  }

  #expectNew(id: string): void {
    if (this.#done.has(id) || this.#held.has(id) || this.#heldDrops.has(id)) {
      throw new StoreError("failed", `"${this.#name}": frame "${id}" came twice, expected each frame once`);
    }
  }

  #guarded<T>(doing: string, work: () => Promise<T>, neededBytes?: number): Promise<T> {
    const kept = `${this.#done.size} frames of "${this.#name}" are stored and stay`;
    return guarded(this.#backend, doing, work, { neededBytes, kept });
  }

  /** Stores what is held. After an error it is all still held, and the manifest is what it was. */
  async #commit(): Promise<void> {
    const encoder = this.#encoder;
    const { ids } = encoder;
    if (ids.length === 0 && this.#heldDrops.size === 0 && this.#heldNotes.length === 0) return;
    const doing = `shard ${encoder.shard} of "${this.#name}"`;
    const path = shardPath(this.#generation, encoder.shard);
    const dropped = [...this.#heldDrops];
    const notes = this.#heldNotes;
    const stored = ids.length > 0 ? await this.#storeBlob(path, encoder, doing) : { sha256: "", bytes: 0 };
    const entry: ShardEntry = {
      ...stored,
      ids,
      sequences: [...encoder.sequences],
      dropped,
      notes,
      savedAt: Date.now(),
    };
    await this.#guarded(doing, () => this.#backend.commit(new Map([[`shard/${path}`, entry]])), encoder.sizeBytes);
    for (const id of [...ids, ...dropped.map(([id]) => id)]) this.#done.add(id);
    this.#held.clear();
    for (const [id] of dropped) this.#heldDrops.delete(id);
    this.#heldNotes = this.#heldNotes.slice(notes.length);
    const { description, shardBytes } = this.#options;
    this.#encoder = new ShardEncoder(this.#name, encoder.shard + 1, description.side, shardBytes, encoder);
  }

  /** First phase: the bytes, read back and compared. */
  async #storeBlob(path: string, encoder: ShardEncoder, doing: string): Promise<{ sha256: string; bytes: number }> {
    const bytes = encoder.encode();
    const digest = await sha256(bytes);
    try {
      await this.#guarded(
        doing,
        async () => {
          await this.#backend.writeBlob(path, bytes);
          const blob = await this.#backend.readBlob(path);
          const found = blob === undefined ? "missing" : await sha256(await blob.read(0, blob.bytes));
          if (found !== digest) {
            throw new StoreError(
              "damaged",
              `${doing} was written to ${this.#backend.place} and read back ${found === "missing" ? "missing" : "different"}; check the disk, then go on`,
            );
          }
        },
        bytes.length,
      );
    } catch (error) {
      // Gives the room back; what stays behind has no entry and is removed when the import goes on.
      await this.#backend.removeBlob(path).catch(() => undefined);
      throw error;
    }
    return { sha256: digest, bytes: bytes.length };
  }
}
