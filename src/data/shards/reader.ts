/** Records of a stored set. A shard is read whole and compared with its SHA-256 before its first record is used. */
import { DataError, messageOf } from "../data-error";
import { count, newReport } from "../import-report";
import type { CropRecord, ImportReport } from "../types";
import type { ShardBackend, StoredBlob } from "./backend";
import { decodeHeader, decodeRecord, recordOffset, type ShardHeader, sha256 } from "./format";
import { guarded } from "./guard";
import { damageOf, type SetFacts, type ShardEntry, shardPath, summarise, usableShards } from "./manifest";
import { type Damage, type OpenedSet, type OpenOptions, type StoredSet, StoreError } from "./types";

/** A shard whose bytes were found to be what was written. */
interface CheckedShard {
  readonly blob: StoredBlob;
  readonly bytes: Uint8Array;
  readonly header: ShardHeader;
  readonly headerBytes: number;
}

/** Reads one shard whole and compares it with its entry. What is wrong with it is returned, and remembered by the store. */
export async function checkShard(
  backend: ShardBackend,
  facts: SetFacts,
  shard: number,
  entry: ShardEntry,
): Promise<CheckedShard | Damage> {
  const path = shardPath(facts.entry.generation, shard);
  const lost = async (kind: Damage["kind"], what: string): Promise<Damage> => {
    // A reader's find helps the next start; not being able to keep it changes nothing about it.
    if (kind === "damaged") await backend.commit(new Map([[`damage/${path}`, what]])).catch(() => undefined);
    return damageOf(facts.name, shard, entry, kind, what);
  };
  const doing = `reading shard ${shard} of "${facts.name}"`;
  const blob = await guarded(backend, doing, () => backend.readBlob(path));
  if (blob === undefined) return lost("evicted", `is gone from ${backend.place}`);
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    bytes = await blob.read(0, blob.bytes);
  } catch (error) {
    return lost("damaged", `cannot be read from ${backend.place} (${messageOf(error)})`);
  }
  if (bytes.length !== entry.bytes) return lost("damaged", `has ${bytes.length} bytes, expected ${entry.bytes}`);
  const digest = await sha256(bytes);
  if (digest !== entry.sha256) {
    return lost("damaged", `has the SHA-256 ${digest.slice(0, 12)}..., expected ${entry.sha256.slice(0, 12)}...`);
  }
  const { header, headerBytes } = await guarded(backend, doing, async () => decodeHeader(bytes, "the shard"));
  if (facts.damage.has(shard)) await backend.commit(new Map([[`damage/${path}`, undefined]])).catch(() => undefined);
  return { blob, bytes, header, headerBytes };
}

/** Opens a set whose facts were loaded. Throws StoreError when it is not complete and not all of it is asked for. */
export function openSet(backend: ShardBackend, facts: SetFacts, options: OpenOptions): OpenedSet {
  const info = summarise(facts);
  if (!options.partial) expectComplete(info);
  const places = new Map<string, { shard: number; index: number }>();
  for (const [shard, { ids }] of usableShards(facts)) {
    for (const [index, id] of ids.entries()) places.set(id, { shard, index });
  }
  const reader = new ShardReader(backend, facts, options.cacheBytes ?? 128 << 20);
  return {
    name: facts.name,
    ids: inOrder([...places.keys()], facts.entry.description.order ?? []),
    report: reportOf(facts, places.size),
    info,
    close: () => reader.close(),
    read: async (id) => {
      const place = places.get(id);
      if (place === undefined) {
        throw new DataError(`${facts.name}: frame "${id}" is not among the ${places.size} stored frames`);
      }
      return reader.read(place.shard, place.index);
    },
  };
}

function expectComplete({ name, state, damage, kept, dropped, description }: StoredSet): void {
  if (state === "complete") return;
  if (damage.length > 0) {
    const more = damage.length > 1 ? ` (and ${damage.length - 1} more shards are lost)` : "";
    throw new StoreError(state === "evicted" ? "evicted" : "damaged", `${damage[0].message}${more}`);
  }
  throw new StoreError(
    "incomplete",
    `the import of "${name}" is not finished: ${kept + dropped} of ${description?.expected} frames are done; go on with it first`,
  );
}

/** `ids` as `order` has them; those it lacks come last, sorted. */
function inOrder(ids: readonly string[], order: readonly string[]): string[] {
  const rank = new Map(order.map((id, i) => [id, i]));
  const of = (id: string): number => rank.get(id) ?? order.length;
  return [...ids].sort((a, b) => of(a) - of(b) || (a < b ? -1 : 1));
}

function reportOf(facts: SetFacts, kept: number): ImportReport {
  const report: ImportReport = { ...newReport(), kept };
  const { dropped = [], notes = [] } = facts.entry.description.opening ?? {};
  for (const [reason, counted] of dropped) report.dropped.set(reason, { ...counted });
  for (const [note, counted] of notes) report.notes.set(note, { ...counted });
  for (const [shard, entry] of [...facts.shards].sort(([a], [b]) => a - b)) {
    const damage = facts.damage.get(shard);
    if (damage !== undefined) for (const id of entry.ids) count(report.dropped, `shard ${damage.kind}`, id);
    for (const [id, reason] of entry.dropped) count(report.dropped, reason, id);
    if (damage === undefined) for (const [id, note] of entry.notes) count(report.notes, note, id);
  }
  return report;
}

class ShardReader {
  readonly #checked = new Map<number, Promise<Omit<CheckedShard, "bytes">>>();
  /** Whole shards, the one that was used last at the end. */
  readonly #cache = new Map<number, Uint8Array>();
  #cachedBytes = 0;
  #checking: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly backend: ShardBackend,
    private readonly facts: SetFacts,
    private readonly cacheBytes: number,
  ) {}

  async read(shard: number, index: number): Promise<CropRecord> {
    const { blob, header, headerBytes } = await this.#check(shard);
    const from = recordOffset(headerBytes, header.recordBytes, index);
    const to = from + header.recordBytes;
    const whole = this.#cache.get(shard);
    if (whole !== undefined) {
      this.#cache.delete(shard);
      this.#cache.set(shard, whole);
    }
    const doing = `reading frame "${header.ids[index]}" of "${this.facts.name}"`;
    return guarded(this.backend, doing, async () =>
      decodeRecord(header, index, whole?.subarray(from, to) ?? (await blob.read(from, to))),
    );
  }

  close(): void {
    this.#cache.clear();
    this.#checked.clear();
    this.#cachedBytes = 0;
  }

  #check(shard: number): Promise<Omit<CheckedShard, "bytes">> {
    let checked = this.#checked.get(shard);
    if (checked === undefined) {
      // One after the other: each has a whole shard in memory.
      checked = this.#checking.catch(() => undefined).then(() => this.#load(shard));
      this.#checking = checked;
      this.#checked.set(shard, checked);
      // A shard that could not be read is tried again when it is asked for again.
      checked.catch(() => this.#checked.delete(shard));
    }
    return checked;
  }

  async #load(shard: number): Promise<Omit<CheckedShard, "bytes">> {
    const entry = this.facts.shards.get(shard)!;
    const found = await checkShard(this.backend, this.facts, shard, entry);
    if ("kind" in found) throw new StoreError(found.kind, found.message);
    const { bytes, ...checked } = found;
    this.#cache.set(shard, bytes);
    this.#cachedBytes += bytes.length;
    for (const [oldest, old] of this.#cache) {
      if (this.#cachedBytes <= this.cacheBytes) break;
      this.#cache.delete(oldest);
      this.#cachedBytes -= old.length;
    }
    return checked;
  }
}
