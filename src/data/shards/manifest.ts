/**
 * What a store knows about its sets. Keys of the manifest:
 *   set/NAME              SetEntry
 *   shard/GENERATION/k    ShardEntry of shard k; its bytes are the blob GENERATION/k
 *   damage/GENERATION/k   why shard k, whose blob is there, cannot be used
 * A generation belongs to one import of one name, so that what a removed set left behind is never taken for a new one's.
 * An entry follows its blob: an entry without a blob means that the blob was lost, a blob without an entry means nothing.
 */
import type { ShardBackend } from "./backend";
import { isCount, isListOf, isPairOf, isRecord, isText } from "./shape";
import { type Damage, type SetDescription, type SetState, type StoredSet, StoreError } from "./types";

/** Version of the manifest. 0 had all shards of a set in its one entry. */
const SCHEMA = 1;

export interface SetEntry {
  readonly schema: number;
  readonly generation: string;
  readonly description: SetDescription;
  readonly isComplete: boolean;
  readonly savedAt: number;
}

export interface ShardEntry {
  readonly sha256: string;
  /** 0 for an entry without a blob, which only counts dropped frames. */
  readonly bytes: number;
  readonly ids: readonly string[];
  readonly sequences: readonly (readonly [string, number])[];
  /** Pairs of id and reason. */
  readonly dropped: readonly (readonly [string, string])[];
  readonly notes: readonly (readonly [string, string])[];
  readonly savedAt: number;
}

/** Everything about one set. */
export interface SetFacts {
  readonly name: string;
  readonly entry: SetEntry;
  readonly shards: ReadonlyMap<number, ShardEntry>;
  readonly damage: ReadonlyMap<number, Damage>;
}

/** Name of a shard's blob, and the end of its keys. */
export function shardPath(generation: string, shard: number): string {
  return `${generation}/${String(shard).padStart(6, "0")}`;
}

/** What `shard` held, as a damage. `what` completes the sentence "shard 3 of NAME ...". */
export function damageOf(name: string, shard: number, entry: ShardEntry, kind: Damage["kind"], what: string): Damage {
  const sequences = entry.sequences.map(([sequence]) => sequence).sort();
  const shown =
    sequences.length > 4
      ? `${sequences.slice(0, 3).join(", ")} and ${sequences.length - 3} more`
      : sequences.join(", ");
  const held = `it held ${entry.ids.length} frames of ${shown}`;
  const message = `shard ${shard} of "${name}" ${what}; ${held}; import the set again to read just them`;
  return { shard, kind, frames: entry.ids.length, sequences, message };
}

/** All sets by name. Brings a manifest of version 0 up to date first. Throws StoreError when a later version wrote it, or when an entry is damaged. */
export async function loadFacts(backend: ShardBackend): Promise<Map<string, SetFacts>> {
  let entries = await backend.entries();
  const changes = migrate(backend.place, entries);
  if (changes.size > 0) {
    await backend.commit(changes);
    entries = await backend.entries();
  }
  for (const [key, value] of entries) expectEntry(backend.place, key, value);
  // After the entries: an entry that is seen has its blob, unless it was lost.
  const blobs = new Set(await backend.blobNames());
  const sets = new Map<string, SetFacts>();
  const byGeneration = new Map<
    string,
    { name: string; shards: Map<number, ShardEntry>; damage: Map<number, Damage> }
  >();
  for (const [key, value] of entries) {
    if (!key.startsWith("set/")) continue;
    const name = key.slice("set/".length);
    const facts = {
      name,
      entry: value as SetEntry,
      shards: new Map<number, ShardEntry>(),
      damage: new Map<number, Damage>(),
    };
    sets.set(name, facts);
    byGeneration.set(facts.entry.generation, facts);
  }
  for (const key of [...entries.keys()].sort()) {
    const [kind, generation, number] = key.split("/");
    const facts = kind === "shard" ? byGeneration.get(generation) : undefined;
    if (facts === undefined) continue;
    const shard = Number(number);
    const entry = entries.get(key) as ShardEntry;
    facts.shards.set(shard, entry);
    const mark = entries.get(`damage/${generation}/${number}`);
    if (entry.bytes > 0 && !blobs.has(`${generation}/${number}`)) {
      facts.damage.set(shard, damageOf(facts.name, shard, entry, "evicted", `is gone from ${backend.place}`));
    } else if (typeof mark === "string") {
      facts.damage.set(shard, damageOf(facts.name, shard, entry, "damaged", mark));
    }
  }
  return sets;
}

const isCounted = isPairOf(isText, isCount);
const isReasoned = isPairOf(isText, isText);

function isShardEntry(value: unknown): value is ShardEntry {
  if (!isRecord(value)) return false;
  const { sha256, bytes, ids, sequences, dropped, notes, savedAt } = value;
  const isWhole = isText(sha256) && isCount(bytes) && Number.isFinite(savedAt);
  return (
    isWhole &&
    isListOf(ids, isText) &&
    isListOf(sequences, isCounted) &&
    isListOf(dropped, isReasoned) &&
    isListOf(notes, isReasoned)
  );
}

function isSetEntry(value: unknown): value is SetEntry {
  if (!isRecord(value) || !isRecord(value.description)) return false;
  const { generation, isComplete, savedAt, description } = value;
  if (!isText(generation) || typeof isComplete !== "boolean" || !Number.isFinite(savedAt)) return false;
  const { source, format, split, size, side, boxScale, margin, recordBytes, expected, order, opening } = description;
  const { dropped, notes } = isRecord(opening) ? opening : {};
  const isReason = (each: unknown): each is unknown =>
    Array.isArray(each) && isText(each[0]) && isRecord(each[1]) && isCount(each[1].count) && isText(each[1].example);
  return (
    [source, format, split].every(isText) &&
    [size, side, recordBytes, expected].every(isCount) &&
    [boxScale, margin].every(Number.isFinite) &&
    (order === undefined || isListOf(order, isText)) &&
    (opening === undefined || [dropped, notes].every((counted) => isListOf(counted, isReason)))
  );
}

function expectEntry(place: string, key: string, value: unknown): void {
  const isSet = key.startsWith("set/");
  if (isSet ? isSetEntry(value) : !key.startsWith("shard/") || isShardEntry(value)) return;
  throw damagedEntry(place, key, isSet ? "a data set" : "a shard");
}

function damagedEntry(place: string, key: string, what: string): StoreError {
  return new StoreError(
    "damaged",
    `${place}: entry "${key}" of the manifest does not describe ${what}; delete that entry and import its frames again`,
  );
}

/** What has to be put to bring every set to this version; the set's own entry last, as it makes the others count. */
function migrate(place: string, entries: ReadonlyMap<string, unknown>): Map<string, unknown> {
  const changes = new Map<string, unknown>();
  for (const [key, value] of entries) {
    if (!key.startsWith("set/")) continue;
    if (!isRecord(value)) throw damagedEntry(place, key, "a data set");
    const { schema = 0, shards = [], ...entry } = value as Partial<SetEntry> & { shards?: readonly ShardEntry[] };
    if (schema > SCHEMA) {
      throw new StoreError(
        "newer",
        `${place}: "${key.slice(4)}" was written by a later version of Handloom (manifest ${schema}, this one reads ${SCHEMA}); reload the page or update Handloom`,
      );
    }
    if (schema === SCHEMA) continue;
    const generation = key.slice("set/".length);
    for (const [k, shard] of shards.entries()) changes.set(`shard/${shardPath(generation, k)}`, shard);
    changes.set(key, { ...entry, schema: SCHEMA, generation });
  }
  return changes;
}

/** A new entry for a set. */
export function setEntry(description: SetDescription, generation: string, isComplete: boolean): SetEntry {
  return { schema: SCHEMA, generation, description, isComplete, savedAt: Date.now() };
}

/** Entries of shards that can be used, in order. */
export function usableShards(facts: SetFacts): [number, ShardEntry][] {
  return [...facts.shards].filter(([shard]) => !facts.damage.has(shard)).sort(([a], [b]) => a - b);
}

/** The facts as `list` tells them. */
export function summarise(facts: SetFacts): StoredSet {
  const usable = usableShards(facts).map(([, entry]) => entry);
  const damage = [...facts.damage.values()];
  const sequences = new Map<string, number>();
  for (const { sequences: counts } of usable) {
    for (const [sequence, count] of counts) sequences.set(sequence, (sequences.get(sequence) ?? 0) + count);
  }
  const sum = (of: (entry: ShardEntry) => number): number => usable.reduce((total, entry) => total + of(entry), 0);
  const { order: _, ...description } = facts.entry.description;
  const lost = damage.find(({ kind }) => kind === "evicted")?.kind ?? damage[0]?.kind;
  const state: SetState = lost ?? (facts.entry.isComplete ? "complete" : "importing");
  return {
    ...{ name: facts.name, state, description, damage, sequences },
    kept: sum(({ ids }) => ids.length),
    dropped: sum(({ dropped }) => dropped.length),
    shards: usable.filter(({ bytes }) => bytes > 0).length,
    bytes: sum(({ bytes }) => bytes),
    savedAt: Math.max(facts.entry.savedAt, ...usable.map(({ savedAt }) => savedAt)),
  };
}

/** What the sentinel remembers of a set. */
export type Remembered = Pick<SetDescription, "source" | "format" | "split" | "expected">;

const isRemembered = isPairOf(
  isText,
  (value): value is Remembered =>
    isRecord(value) && [value.source, value.format, value.split].every(isText) && isCount(value.expected),
);

/** Sets that the sentinel remembers. Empty when there is none or it cannot be read: it is a hint, not a record. */
export async function readSentinel(backend: ShardBackend): Promise<Map<string, Remembered>> {
  const text = await backend.readSentinel();
  if (text === undefined) return new Map();
  try {
    const found: unknown = JSON.parse(text);
    return isListOf(found, isRemembered) ? new Map(found) : new Map();
  } catch {
    return new Map();
  }
}

/** Makes the sentinel remember all sets of the store and those it knew, without `forgotten`. */
export async function updateSentinel(
  backend: ShardBackend,
  sets: ReadonlyMap<string, SetFacts>,
  forgotten?: string,
): Promise<void> {
  const known = await readSentinel(backend);
  const before = JSON.stringify([...known]);
  for (const [name, { entry }] of sets) {
    const { source, format, split, expected } = entry.description;
    known.set(name, { source, format, split, expected });
  }
  if (forgotten !== undefined) known.delete(forgotten);
  const after = JSON.stringify([...known]);
  if (after !== before) await backend.writeSentinel(after);
}

/** A set of which only the sentinel is left. */
export function goneSet(place: string, name: string, remembered: Remembered): StoredSet {
  const message = `"${name}" (${remembered.expected} frames of ${remembered.source}) was in ${place} and is gone: its data were deleted or evicted as a whole; import it again`;
  const damage: Damage = { shard: 0, kind: "evicted", frames: remembered.expected, sequences: [], message };
  const nothing = { kept: 0, dropped: 0, shards: 0, bytes: 0, savedAt: 0, sequences: new Map<string, number>() };
  return { name, state: "evicted", description: undefined, damage: [damage], ...nothing };
}
