/** What tests of shards do inside a page or a worker; `run` is called with the name of an action and its argument. */
import { describeSet, recordStride } from "../../src/data/shards/format";
import { idbShardStore } from "../../src/data/shards/idb-browser";
import { type OpenedSet, type StoredSet, StoreError } from "../../src/data/shards/types";
import type { CropRecord } from "../../src/data/types";

const SIDE = 80;
const PER_SHARD = 8;
const store = idbShardStore({ shardBytes: PER_SHARD * recordStride(SIDE) });
let committed = 0;

/** A record of noise, which nothing can compress, the same for the same number. */
function makeRecord(index: number): CropRecord {
  let state = (index + 1) * 2654435761;
  const noise = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 8;
  };
  const sequence = `S${Math.floor(index / PER_SHARD)}`;
  return {
    ...{
      id: `${sequence}/${index}`,
      sequence,
      recording: sequence,
      width: SIDE,
      height: SIDE,
      x0: 0.5,
      y0: 1,
      step: 1.5,
    },
    rgb: Uint8Array.from({ length: 3 * SIDE * SIDE }, noise),
    depth: index % 3 === 0 ? undefined : Uint16Array.from({ length: SIDE * SIDE }, noise),
    square: [1, 2, 3],
    camera: [500, 501, 320, 240],
    joints3d: Float64Array.from({ length: 63 }, () => noise() / 7),
    rootOnly: index % 2 === 0,
    mano: undefined,
  };
}

const idsOf = (count: number): string[] =>
  Array.from({ length: count }, (_, i) => `S${Math.floor(i / PER_SHARD)}/${i}`);

/**
 * Imports what is missing of `count` records; returns how many were read. An import with `standAt` stands still before that
 * record for good, so that a test finds it unfinished however fast the machine is.
 */
async function importSet(count: number, standAt = Number.POSITIVE_INFINITY): Promise<number> {
  const ids = idsOf(count);
  const description = await describeSet({ source: "SET", format: "test", split: "train", size: 64 }, ids);
  const writer = await store.writer("ho3d", description);
  let read = 0;
  try {
    for (const [i, id] of ids.entries()) {
      if (writer.done.has(id)) continue;
      if (i >= standAt) await new Promise(() => undefined);
      read++;
      await writer.add(makeRecord(i));
      committed = writer.done.size;
    }
    await writer.finish();
  } finally {
    await writer.close();
  }
  return read;
}

/** Number of stored records that are what they were, out of those that the store hands out. */
async function countEqual(): Promise<string> {
  const set = await store.open("ho3d", { partial: true, cacheBytes: 0 });
  let equal = 0;
  for (const id of set.ids) {
    const [found, made] = [await set.read(id), makeRecord(Number(id.split("/")[1]))];
    const same = (Object.keys(made) as (keyof CropRecord)[]).every((key) => `${found[key]}` === `${made[key]}`);
    if (same) equal++;
  }
  return `${equal}/${set.ids.length}`;
}

/** Stays open from one action to the next. */
let opened: OpenedSet | undefined;

/** Reads a record of a set that stays open, from its file each time; returns its id. */
async function readOne(index: number): Promise<string> {
  opened ??= await store.open("ho3d", { cacheBytes: 0 });
  return (await opened.read(opened.ids[index])).id;
}

/** Removes the blob of one shard, as an eviction might. */
async function evict(shard: number): Promise<void> {
  const request = indexedDB.open("handloom-shards");
  await new Promise((resolve) => (request.onsuccess = resolve));
  const shards = request.result.transaction("shards", "readwrite").objectStore("shards");
  const keys = shards.getAllKeys();
  await new Promise((resolve) => (keys.onsuccess = resolve));
  const key = keys.result.find((each) => `${each}`.startsWith("blob/") && `${each}`.endsWith(`00000${shard}`));
  if (key === undefined) throw new Error(`no shard ${shard}`);
  shards.delete(key);
  await new Promise((resolve) => (shards.transaction.oncomplete = resolve));
  request.result.close();
}

const actions: Record<string, (argument: number) => Promise<unknown>> = {
  import: (count) => importSet(count),
  importPart: (standAt) => importSet(64, standAt),
  countEqual,
  evict,
  readOne,
  list: async () =>
    (await store.list()).map(({ sequences, ...set }: StoredSet) => ({ ...set, sequences: [...sequences.keys()] })),
  check: () => store.check("ho3d"),
  usage: () => store.usage(),
  committed: async () => committed,
};

/** The action's value, or its error as an object. */
async function run(action: string, argument = 0): Promise<unknown> {
  try {
    return await actions[action](argument);
  } catch (error) {
    if (error instanceof StoreError) {
      const { kind, message, usedBytes, neededBytes } = error;
      return { kind, message, usedBytes, neededBytes };
    }
    return { kind: "untyped", message: String(error) };
  }
}

Object.assign(globalThis, { run });
if (typeof document === "undefined") {
  addEventListener("message", async ({ data }) => postMessage(await run(data.action, data.argument)));
}
