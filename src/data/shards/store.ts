import type { ShardBackend } from "./backend";
import { recordStride } from "./format";
import { guarded } from "./guard";
import {
  goneSet,
  loadFacts,
  readSentinel,
  type SetFacts,
  type ShardEntry,
  setEntry,
  shardPath,
  summarise,
  updateSentinel,
} from "./manifest";
import { checkShard, openSet } from "./reader";
import { type Damage, type SetDescription, type ShardStore, type ShardWriter, StoreError } from "./types";
import { SetWriter } from "./writer";

/** What must be equal for two imports to make the same records. */
const SAME = [
  "source",
  "format",
  "split",
  "size",
  "side",
  "boxScale",
  "margin",
  "recordBytes",
  "hand",
  "quirks",
] as const;

/** A store of shards in any place. `shardBytes`: about the size of a shard, 48 MiB by default. */
export function shardStore(backend: ShardBackend, { shardBytes = 48 << 20 } = {}): ShardStore {
  const guard = <T>(doing: string, work: () => Promise<T>): Promise<T> => guarded(backend, doing, work);

  const factsOf = async (name: string): Promise<SetFacts> => {
    const facts = (await loadFacts(backend)).get(name);
    if (facts !== undefined) return facts;
    const remembered = (await readSentinel(backend)).get(name);
    if (remembered !== undefined)
      throw new StoreError("evicted", goneSet(backend.place, name, remembered).damage[0].message);
    throw new StoreError("missing", `${backend.place} has no data set "${name}"; import it first`);
  };

  /** Takes the lock of a set for the time of `work`, which may keep it by returning true. */
  const locked = async <T>(
    name: string,
    work: (unlock: () => Promise<void>) => Promise<{ value: T; keep?: boolean }>,
  ): Promise<T> => {
    const unlock = await backend.lock(name);
    if (unlock === undefined) {
      throw new StoreError("locked", `"${name}" is being imported by another tab or program; wait for it or close it`);
    }
    let keeps = false;
    try {
      const { value, keep = false } = await work(unlock);
      keeps = keep;
      return value;
    } finally {
      if (!keeps) await unlock();
    }
  };

  return {
    place: backend.place,

    list: () =>
      guard("reading the list of data sets", async () => {
        const sets = await loadFacts(backend);
        const remembered = await readSentinel(backend);
        const gone = [...remembered].filter(([name]) => !sets.has(name));
        const all = [
          ...[...sets.values()].map(summarise),
          ...gone.map(([name, what]) => goneSet(backend.place, name, what)),
        ];
        return all.sort((a, b) => (a.name < b.name ? -1 : 1));
      }),

    open: (name, options = {}) =>
      guard(`opening "${name}"`, async () => openSet(backend, await factsOf(name), options)),

    writer: (name, description) =>
      guard(`starting the import of "${name}"`, async () => {
        expectSound(name, description);
        return locked(name, async (unlock) => ({
          value: await startWriter(backend, name, description, shardBytes, unlock),
          keep: true,
        }));
      }),

    remove: (name) =>
      guard(`removing "${name}"`, () =>
        locked(name, async () => {
          const sets = await loadFacts(backend);
          // The sentinel first: a crash in between leaves a set that is still there, not one that seems to have been evicted.
          await updateSentinel(backend, sets, name);
          const facts = sets.get(name);
          if (facts !== undefined) {
            const { generation } = facts.entry;
            await backend.commit(new Map([[`set/${name}`, undefined], ...keysOf(facts, [...facts.shards.keys()])]));
            for (const shard of facts.shards.keys()) await backend.removeBlob(shardPath(generation, shard));
          }
          return { value: undefined };
        }),
      ),

    usage: () => guard("asking how much room is used", () => backend.usage()),

    check: (name, onProgress, signal) =>
      check(backend, () => guard(`checking "${name}"`, () => factsOf(name)), onProgress, signal),
  };
}

function expectSound(name: string, { side, recordBytes, expected }: SetDescription): void {
  if (!/^[\p{L}\p{N}_][\p{L}\p{N}_.() -]{0,79}$/u.test(name)) {
    throw new StoreError(
      "failed",
      `a data set cannot be named ${JSON.stringify(name)}; use 1 to 80 letters, digits and "-_.() "`,
    );
  }
  if (recordBytes !== recordStride(side)) {
    throw new StoreError(
      "failed",
      `"${name}": records of side ${side} have ${recordStride(side)} bytes, found ${recordBytes}`,
    );
  }
  if (!(Number.isInteger(expected) && expected > 0)) {
    throw new StoreError("failed", `"${name}": ${expected} frames are expected, a positive number is needed`);
  }
}

/** Changes that remove everything known about some shards of a set. */
function keysOf({ entry }: SetFacts, shards: readonly number[]): [string, undefined][] {
  return shards.flatMap((shard): [string, undefined][] => [
    [`shard/${shardPath(entry.generation, shard)}`, undefined],
    [`damage/${shardPath(entry.generation, shard)}`, undefined],
  ]);
}

/**
 * The description of an import into a set that has frames already: those that were ever stored or dropped come first, in their
 * order, then the others. Frames that an earlier import was to read and did not are not asked for any more.
 */
function withKnown(description: SetDescription, { entry, shards }: SetFacts): SetDescription {
  const { order } = description;
  if (order === undefined || entry.description.order === undefined) return description;
  const wanted = new Set(order);
  const known = new Set([...shards.values()].flatMap(({ ids, dropped }) => [...ids, ...dropped.map(([id]) => id)]));
  const others = entry.description.order.filter((id) => known.has(id) && !wanted.has(id));
  return { ...description, order: [...others, ...order], expected: others.length + order.length };
}

/** Takes a lost shard out of a set. That some frames were dropped, and why, is still true. */
function forgetShard(changes: Map<string, unknown>, facts: SetFacts, shard: number): void {
  for (const [key, value] of keysOf(facts, [shard])) changes.set(key, value);
  const entry = facts.shards.get(shard)!;
  if (entry.dropped.length === 0) return;
  const rest: ShardEntry = { ...entry, sha256: "", bytes: 0, ids: [], sequences: [], notes: [] };
  changes.set(`shard/${shardPath(facts.entry.generation, shard)}`, rest);
}

async function startWriter(
  backend: ShardBackend,
  name: string,
  description: SetDescription,
  shardBytes: number,
  unlock: () => Promise<void>,
): Promise<ShardWriter> {
  // Before the manifest is read: another set's blob that is seen here has its set's entry there.
  const blobs = await backend.blobNames();
  let sets = await loadFacts(backend);
  const old = sets.get(name);
  if (old !== undefined) expectSame(old, description);
  const repairs = old === undefined ? [] : [...old.damage.values()];
  const generation = old?.entry.generation ?? `${name}-${randomHex()}`;
  const merged = old === undefined ? description : withKnown(description, old);
  const changes = new Map<string, unknown>([[`set/${name}`, setEntry(merged, generation, false)]]);
  if (old !== undefined) for (const { shard } of repairs) forgetShard(changes, old, shard);
  await backend.commit(changes);
  sets = await loadFacts(backend);
  await updateSentinel(backend, sets);
  const used = new Set<string>();
  const active = new Set<string>();
  for (const { name: each, entry, shards } of sets.values()) {
    if (each !== name) active.add(entry.generation);
    for (const [shard, { bytes }] of shards) if (bytes > 0) used.add(shardPath(entry.generation, shard));
  }
  // What a crash left without an entry; a blob of another set may be one whose entry is about to follow.
  const orphans = blobs.filter((blob) => !used.has(blob) && !active.has(blob.split("/")[0]));
  for (const blob of orphans) await backend.removeBlob(blob);
  return new SetWriter(backend, { facts: sets.get(name)!, repairs, description: merged, shardBytes, unlock });
}

function expectSame({ name, entry }: SetFacts, description: SetDescription): void {
  const different = SAME.find((key) => JSON.stringify(entry.description[key]) !== JSON.stringify(description[key]));
  if (different === undefined) return;
  const [was, is] = [entry.description, description].map((each) => JSON.stringify(each[different]) ?? "none");
  throw new StoreError(
    "different",
    `"${name}" was imported with ${different} ${was}, this import has ${is}; remove it first or choose another name`,
  );
}

function randomHex(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(4)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function check(
  backend: ShardBackend,
  load: () => Promise<SetFacts>,
  onProgress?: (done: number, total: number) => void,
  signal?: AbortSignal,
): Promise<Damage[]> {
  const facts = await load();
  const shards = [...facts.shards].filter(([, { bytes }]) => bytes > 0).sort(([a], [b]) => a - b);
  const found: Damage[] = [];
  for (const [done, [shard, entry]] of shards.entries()) {
    signal?.throwIfAborted();
    const result = await checkShard(backend, facts, shard, entry);
    if ("kind" in result) found.push(result);
    onProgress?.(done + 1, shards.length);
  }
  return found;
}
