import { beforeAll, describe, expect, test } from "vitest";
import { cropRecord, recordSide } from "../../../src/data/crop";
import { describeSet, recordStride } from "../../../src/data/shards/format";
import { shardStore } from "../../../src/data/shards/store";
import { type SetDescription, type ShardStore, type ShardWriter, StoreError } from "../../../src/data/shards/types";
import type { CropRecord } from "../../../src/data/types";
import { type Fault, MemoryShards } from "../../helpers/memory-shards";
import { testFrame } from "../helpers";

const SIZE = 16;
/** Three records. */
const SHARD_BYTES = 3 * recordStride(recordSide(SIZE));
/** Frames 3 and 9 cannot be used. */
const BAD = new Set([3, 9]);
const records: CropRecord[] = Array.from({ length: 10 }, (_, i) => cropRecord(testFrame(i), { size: SIZE }));
const ids = records.map(({ id }) => id);
let description: SetDescription;

beforeAll(async () => {
  description = await describeSet({ source: "SET", format: "test", split: "train", size: SIZE }, ids);
});

const storeOf = (memory: MemoryShards, failAt?: number, fault?: Fault): ShardStore =>
  shardStore(memory.program(failAt, fault), { shardBytes: SHARD_BYTES });

/** Imports what is not done yet, in an order of its own; returns the ids that it read. */
async function fill(writer: ShardWriter, limit = records.length): Promise<string[]> {
  const read: string[] = [];
  for (const [i, record] of [...records.entries()].reverse()) {
    if (writer.done.has(record.id) || read.length === limit) continue;
    read.push(record.id);
    if (BAD.has(i)) writer.drop(record.id, "image damaged");
    else await writer.add(record);
  }
  return read;
}

async function importAll(store: ShardStore): Promise<string[]> {
  const writer = await store.writer("ho3d", description);
  const read = await fill(writer);
  await writer.finish();
  return read;
}

/** All bits of a record as text: far quicker to compare than arrays. */
const textOf = (record: CropRecord): string =>
  JSON.stringify(Object.entries(record).sort(), (_, value) =>
    ArrayBuffer.isView(value)
      ? Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("base64")
      : value,
  );
const texts = new Map(records.map((record) => [record.id, textOf(record)]));

async function expectWhole(store: ShardStore): Promise<void> {
  const set = await store.open("ho3d");
  const good = records.filter((_, i) => !BAD.has(i));
  expect(set.ids).toEqual(good.map(({ id }) => id));
  for (const { id } of good) expect(textOf(await set.read(id)) === texts.get(id)).toBe(true);
  expect(set.report).toEqual({
    kept: 8,
    dropped: new Map([["image damaged", { count: 2, example: expect.any(String) }]]),
    notes: new Map(),
  });
  set.close();
}

test("an import comes back as it was, in the order of the data set", async () => {
  const memory = new MemoryShards();
  const store = storeOf(memory);
  await importAll(store);
  const [set] = await store.list();
  expect(set).toMatchObject({ name: "ho3d", state: "complete", kept: 8, dropped: 2, shards: 3, damage: [] });
  expect(set.description).toMatchObject({ source: "SET", expected: 10 });
  expect([...set.sequences.values()].reduce((a, b) => a + b)).toBe(8);
  expect(set.bytes).toBe(memory.usedBytes);
  expect(memory.blobs.size).toBe(3);
  await expectWhole(store);
  expect(await store.check("ho3d")).toEqual([]);
  await store.remove("ho3d");
  expect([await store.list(), memory.blobs.size, memory.manifest.size]).toEqual([[], 0, 0]);
  await expect(store.open("ho3d")).rejects.toThrow('this memory has no data set "ho3d"; import it first');
});

test("calls may overlap, and a pause keeps what is committed", async () => {
  const memory = new MemoryShards();
  const writer = await storeOf(memory).writer("ho3d", description);
  await Promise.all(records.filter((_, i) => i < 8 && !BAD.has(i)).map((record) => writer.add(record)));
  writer.note(ids[0], "no depth image");
  writer.drop(ids[3], "image damaged");
  expect(writer.done.size).toBe(6);
  await writer.close();
  const store = storeOf(memory);
  expect((await store.list())[0]).toMatchObject({ state: "importing", kept: 6, dropped: 0 });
  await expect(store.open("ho3d")).rejects.toThrow('the import of "ho3d" is not finished: 6 of 10 frames are done');
  expect((await store.open("ho3d", { partial: true })).ids).toHaveLength(6);
  const again = await store.writer("ho3d", description);
  expect(again.done.size).toBe(6);
  await expect(again.finish()).rejects.toThrow("6 frames were kept or dropped, expected 10");
  await expect(again.add(records[0])).rejects.toThrow(`frame "${ids[0]}" came twice`);
  expect(await fill(again)).toEqual([ids[9], ids[8], ids[7], ids[3]]);
  await again.finish();
  await expect(again.add(records[0])).rejects.toThrow("is closed");
  await expectWhole(storeOf(memory));
});

describe.each(["before", "after", "crash"] as const)("the k-th call fails (%s)", (fault) => {
  test("in an import: nothing committed is lost, and the next one goes on", async () => {
    const counting = new MemoryShards();
    await importAll(storeOf(counting));
    const calls = counting.calls;
    expect(calls).toBeGreaterThan(25);
    let failures = 0;
    for (let k = 1; k <= calls; k++) {
      const memory = new MemoryShards();
      let writer: ShardWriter | undefined;
      const read: string[] = [];
      try {
        const store = storeOf(memory, k, fault);
        writer = await store.writer("ho3d", description);
        read.push(...(await fill(writer)));
        await writer.finish();
      } catch (error) {
        failures++;
        expect(error).toBeInstanceOf(StoreError);
        expect((error as StoreError).message).toMatch(/^[^\n]*\(fault \d+\)|^"ho3d"|read back/);
        await writer?.close().catch((reason) => expect(reason).toBeInstanceOf(StoreError));
      }
      const done = new Set(writer?.done);
      const next = storeOf(memory);
      const kept = await next.open("ho3d", { partial: true }).catch((error: StoreError) => error);
      if (kept instanceof StoreError) expect([kept.kind, done.size]).toEqual(["missing", 0]);
      else {
        const usable = new Set(kept.ids);
        for (const id of done) if (!BAD.has(ids.indexOf(id))) expect(usable).toContain(id);
        for (const id of kept.ids) expect(textOf(await kept.read(id)) === texts.get(id)).toBe(true);
      }
      const resumed = await importAll(next);
      for (const id of done) expect(resumed).not.toContain(id);
      await expectWhole(next);
      expect((await next.list()).map(({ state }) => state)).toEqual(["complete"]);
      expect(memory.blobs.size, "no blob without an entry").toBe(
        [...memory.manifest.keys()]
          .filter((key) => key.startsWith("shard/"))
          .filter((key) => JSON.parse(memory.manifest.get(key)!).bytes > 0).length,
      );
    }
    // Removing the blob of a failed write is the one call whose failure is not an error.
    expect(failures).toBe(calls);
  });

  test("in reading, checking and removing: a sentence, and the set stays usable or is gone", async () => {
    const use = async (store: ShardStore): Promise<void> => {
      await store.list();
      const set = await store.open("ho3d", { cacheBytes: 0 });
      for (const id of set.ids.slice(0, 2)) await set.read(id);
      await store.check("ho3d");
    };
    const base = new MemoryShards();
    await importAll(storeOf(base));
    const counting = storeOf(base);
    const whole = base.clone();
    await use(counting);
    for (let k = 1; k <= base.calls; k++) {
      const memory = whole.clone();
      await use(storeOf(memory, k, fault)).catch((error) => expect(error).toBeInstanceOf(StoreError));
      expect((await importAll(storeOf(memory))).length).toBeLessThanOrEqual(3);
      const removing = await storeOf(memory, k, fault)
        .remove("ho3d")
        .catch((error) => error);
      if (removing !== undefined) expect(removing).toBeInstanceOf(StoreError);
      const left = await storeOf(memory).list();
      if (left.length > 0) await storeOf(memory).remove("ho3d");
      expect(await storeOf(memory).list()).toEqual([]);
      await importAll(storeOf(memory));
      expect(memory.blobs.size, "what the removed set left is cleared away").toBe(3);
    }
  });
});

test("no room: says what is needed and used, keeps what is committed, goes on when there is room", async () => {
  const memory = new MemoryShards();
  memory.capacity = 2.5 * SHARD_BYTES;
  const writer = await storeOf(memory).writer("ho3d", description);
  const error = (await fill(writer)
    .then(() => writer.finish())
    .catch((reason) => reason)) as StoreError;
  expect(error.kind).toBe("full");
  expect(error.usedBytes).toBe(memory.usedBytes);
  expect(error.neededBytes).toBeGreaterThan(0);
  expect(error.message).toMatch(
    /^this memory has no room for shard 2 of "ho3d": it needs 0\.\d+ GB, 0\.\d+ GB are in use; \d frames of "ho3d" are stored and stay; free/,
  );
  expect((await storeOf(memory).open("ho3d", { partial: true })).ids).toHaveLength(6);
  memory.capacity = Number.POSITIVE_INFINITY;
  await writer.flush();
  await writer.finish();
  await expectWhole(storeOf(memory));
});

test("a disk that keeps other bytes than it was given is found out at once", async () => {
  const memory = new MemoryShards();
  memory.flipIn = 2;
  const writer = await storeOf(memory).writer("ho3d", description);
  await expect(fill(writer)).rejects.toThrow(
    'shard 1 of "ho3d" was written to this memory and read back different; check',
  );
  await writer.flush();
  await writer.close();
  expect(await storeOf(memory).check("ho3d")).toEqual([]);
  await importAll(storeOf(memory));
  await expectWhole(storeOf(memory));
});

test("a damaged, a cut and a lost shard are named with their sequences and repaired alone", async () => {
  const memory = new MemoryShards();
  await importAll(storeOf(memory));
  const [first, second, third] = [...memory.blobs.keys()].sort();
  memory.blobs.get(first)![5000] ^= 1;
  memory.blobs.set(second, memory.blobs.get(second)!.slice(0, -100));
  memory.blobs.delete(third);
  const store = storeOf(memory);
  expect((await store.list())[0]).toMatchObject({ state: "evicted", kept: 6 });
  const set = await store.open("ho3d", { partial: true });
  expect(set.report.dropped.get("shard evicted")?.count).toBe(2);
  const found = await Promise.allSettled(set.ids.map((id) => set.read(id)));
  expect(found.every(({ status }) => status === "rejected")).toBe(true);
  const damage = await store.check("ho3d");
  expect(damage.map(({ shard, kind, frames }) => [shard, kind, frames])).toEqual([
    [0, "damaged", 3],
    [1, "damaged", 3],
    [2, "evicted", 2],
  ]);
  expect(damage[0].message).toMatch(
    /^shard 0 of "ho3d" has the SHA-256 \w+\.\.\., expected \w+\.\.\.; it held 3 frames of SY\w\d/,
  );
  expect(damage[1].message).toMatch(/^shard 1 of "ho3d" has \d+ bytes, expected \d+; it held 3 frames/);
  expect(damage[2].message).toMatch(/^shard 2 of "ho3d" is gone from this memory; it held 2 frames of SYA0, SYA1/);
  expect((await storeOf(memory).list())[0].damage).toHaveLength(3);
  await expect(storeOf(memory).open("ho3d")).rejects.toThrow("(and 2 more shards are lost)");
});

test("one lost shard: only its frames are read again", async () => {
  const memory = new MemoryShards();
  await importAll(storeOf(memory));
  const lost = [...memory.blobs.keys()].sort()[1];
  memory.blobs.delete(lost);
  const store = storeOf(memory);
  const [{ damage }] = await store.list();
  const writer = await store.writer("ho3d", description);
  expect(writer.repairs).toEqual(damage);
  expect((await fill(writer)).length).toBe(3);
  await writer.finish();
  await expectWhole(store);
  expect(memory.blobs.has(lost)).toBe(false);
});

test("an emptied database is not taken for a new one", async () => {
  const memory = new MemoryShards();
  await importAll(storeOf(memory));
  memory.manifest.clear();
  memory.blobs.clear();
  const store = storeOf(memory);
  const [gone] = await store.list();
  expect(gone).toMatchObject({ name: "ho3d", state: "evicted", kept: 0 });
  expect(gone.damage[0].message).toBe(
    '"ho3d" (10 frames of SET) was in this memory and is gone: its data were deleted or evicted as a whole; import it again',
  );
  await expect(store.open("ho3d")).rejects.toThrow("is gone: its data were deleted or evicted");
  expect(await importAll(store)).toHaveLength(10);
  await expectWhole(store);
});

test("sequences added later come later, and a set is complete only with all of them", async () => {
  const memory = new MemoryShards();
  const store = storeOf(memory);
  const some = ids.slice(0, 3);
  const first = await store.writer(
    "ho3d",
    await describeSet({ ...description, side: recordSide(SIZE) }, ids.slice(4, 8)),
  );
  for (const record of records.slice(4, 7)) await first.add(record);
  await first.flush();
  await first.close();
  const second = await store.writer("ho3d", await describeSet(description, some));
  for (const record of records.slice(0, 2)) await second.add(record);
  await expect(second.finish()).rejects.toThrow(`5 frames were kept or dropped, expected 6 with "${ids[2]}"; import`);
  await second.add(records[2]);
  expect((await second.finish()).description?.expected).toBe(6);
  expect((await store.open("ho3d")).ids).toEqual([...ids.slice(4, 7), ...some]);
});

test("one writer at a time, and one way of cropping", async () => {
  const memory = new MemoryShards();
  const store = storeOf(memory);
  const writer = await store.writer("ho3d", description);
  await expect(store.writer("ho3d", description)).rejects.toThrow('"ho3d" is being imported by another tab or program');
  await expect(store.remove("ho3d")).rejects.toMatchObject({ kind: "locked" });
  await fill(writer, 4);
  await writer.close();
  await expect(store.writer("ho3d", { ...description, boxScale: 2 })).rejects.toThrow(
    '"ho3d" was imported with boxScale 1.5, this import has 2; remove it first or choose another name',
  );
  await expect(store.writer("../x", description)).rejects.toThrow("cannot be named");
  await expect(store.writer("x", { ...description, recordBytes: 8 })).rejects.toThrow("found 8");
  await importAll(store);
});

test("two sets are apart, and one import does not clear up behind another", async () => {
  const memory = new MemoryShards();
  const store = storeOf(memory);
  const one = await store.writer("one", description);
  const two = await store.writer("two", description);
  await fill(one);
  await fill(two);
  await one.finish();
  await two.finish();
  await store.remove("one");
  expect((await store.open("two")).ids).toHaveLength(8);
});

test("a manifest of version 0 is brought up to date, one of a later version is refused", async () => {
  const memory = new MemoryShards();
  await importAll(storeOf(memory));
  const { schema: _, generation, ...entry } = JSON.parse(memory.manifest.get("set/ho3d")!);
  const shards = [...memory.manifest]
    .filter(([key]) => key.startsWith("shard/"))
    .sort()
    .map(([, json]) => JSON.parse(json));
  const blobs = [...memory.blobs];
  memory.manifest.clear();
  memory.blobs.clear();
  memory.manifest.set("set/ho3d", JSON.stringify({ ...entry, shards }));
  for (const [name, bytes] of blobs) memory.blobs.set(name.replace(generation, "ho3d"), bytes);
  for (const fault of ["before", "after"] as const) {
    await expect(storeOf(memory, 2, fault).list()).rejects.toThrow("fault 2");
    await expectWhole(storeOf(memory));
  }
  expect(JSON.parse(memory.manifest.get("set/ho3d")!)).toMatchObject({ schema: 1, generation: "ho3d" });
  memory.manifest.set("set/later", JSON.stringify({ schema: 2 }));
  await expect(storeOf(memory).list()).rejects.toThrow(
    'this memory: "later" was written by a later version of Handloom (manifest 2, this one reads 1); reload the page or update Handloom',
  );
});

test("an entry of the manifest that describes nothing is refused by its name, a damaged sentinel is no sentinel", async () => {
  const memory = new MemoryShards();
  await importAll(storeOf(memory));
  const shard = [...memory.manifest.keys()].find((key) => key.startsWith("shard/"))!;
  const set = JSON.parse(memory.manifest.get("set/ho3d")!);
  const faults: [string, unknown][] = [
    ["set/ho3d", null],
    ["set/ho3d", [set]],
    ["set/ho3d", { ...set, description: undefined }],
    ["set/ho3d", { ...set, description: { ...set.description, side: "24" } }],
    ["set/ho3d", { ...set, description: { ...set.description, opening: { dropped: [["why"]], notes: [] } } }],
    [shard, 5],
    [shard, { ...JSON.parse(memory.manifest.get(shard)!), ids: "SYA0/0000" }],
    [shard, { ...JSON.parse(memory.manifest.get(shard)!), dropped: [["SYA0/0000"]] }],
  ];
  for (const [key, value] of faults) {
    const broken = memory.clone();
    broken.manifest.set(key, JSON.stringify(value));
    const what = key === shard ? "a shard" : "a data set";
    await expect(storeOf(broken).list()).rejects.toThrow(
      `this memory: entry "${key}" of the manifest does not describe ${what}; delete that entry and import its frames again`,
    );
  }
  for (const sentinel of ["null", "[5]", '[["gone", null]]', "["]) {
    memory.sentinel = sentinel;
    expect((await storeOf(memory).list()).map(({ name }) => name)).toEqual(["ho3d"]);
  }
});
