import { spawn } from "node:child_process";
import { readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { folderBackend, folderShardStore } from "../../src/cli/folder-shards";
import { temporaryFolder } from "../../src/cli/host";
import { cropRecord, recordSide } from "../../src/data/crop";
import { describeSet, recordStride } from "../../src/data/shards/format";
import type { ShardStore } from "../../src/data/shards/types";
import { testFrame } from "../data/helpers";

const temporary = temporaryFolder("folder-shards-test");
afterAll(() => temporary.remove());

const SIZE = 16;
const records = Array.from({ length: 6 }, (_, i) => cropRecord(testFrame(i), { size: SIZE }));
const description = await describeSet(
  { source: "SET", format: "test", split: "train", size: SIZE },
  records.map(({ id }) => id),
);
const storeIn = (name: string): ShardStore =>
  folderShardStore(join(temporary.path, name), 2 * recordStride(recordSide(SIZE)));

async function importAll(store: ShardStore): Promise<number> {
  const writer = await store.writer("ho3d", description);
  let read = 0;
  for (const record of records) {
    if (writer.done.has(record.id)) continue;
    read++;
    await writer.add(record);
  }
  await writer.finish();
  return read;
}

const shardsOf = (name: string): string[] => {
  const blob = join(temporary.path, name, "blob");
  const [generation] = readdirSync(blob);
  return readdirSync(join(blob, generation))
    .sort()
    .map((file) => join(blob, generation, file));
};

test("a folder gives back what was stored, and nothing else lies in it", async () => {
  const store = storeIn("plain");
  expect(await store.list()).toEqual([]);
  await importAll(store);
  const set = await storeIn("plain").open("ho3d", { cacheBytes: 0 });
  for (const record of records) expect(await set.read(record.id)).toEqual(record);
  const usage = await store.usage();
  expect(usage.usedBytes).toBe(set.info.bytes);
  expect(usage.quotaBytes).toBeGreaterThan(usage.usedBytes);
  const files = readdirSync(join(temporary.path, "plain"), { recursive: true, withFileTypes: true });
  expect(
    files.filter((file) => file.isFile() && !/^(\d{6}\.(shard|json)|ho3d\.json|sentinel\.json)$/.test(file.name)),
  ).toEqual([]);
  await store.remove("ho3d");
  expect(await store.list()).toEqual([]);
});

test("a cut and a deleted shard are named and repaired; a half-written file is cleared away", async () => {
  const store = storeIn("damaged");
  await importAll(store);
  const [first, second] = shardsOf("damaged");
  truncateSync(first, statSync(first).size - 1);
  rmSync(second);
  writeFileSync(`${second}.partial-99`, "half");
  const damage = await store.check("ho3d");
  expect(damage.map(({ kind, frames, message }) => [kind, frames, message.replace(/the folder \S+;/, "F;")])).toEqual([
    [
      "damaged",
      2,
      expect.stringMatching(/^shard 0 of "ho3d" has \d+ bytes, expected \d+; it held 2 frames of SYA0, SYA1/),
    ],
    [
      "evicted",
      2,
      'shard 1 of "ho3d" is gone from F; it held 2 frames of SYA0, SYA1; import the set again to read just them',
    ],
  ]);
  expect(await importAll(store)).toBe(4);
  const set = await store.open("ho3d");
  for (const record of records) expect(await set.read(record.id)).toEqual(record);
  expect(shardsOf("damaged").map((path) => path.slice(-12))).toEqual(["000002.shard", "000003.shard", "000004.shard"]);
});

test("a lock is refused while its process lives, taken over after its death, never from another machine", async () => {
  const folder = join(temporary.path, "locks");
  const backend = folderBackend(folder);
  const unlock = await backend.lock("a");
  expect(await folderBackend(folder).lock("a")).toBeUndefined();
  await unlock!();
  const path = join(folder, "lock", "a.json");
  // A child that ended: its number may belong to nobody, or to a later process with another start.
  const child = spawn(process.execPath, ["-e", ""]);
  await new Promise((resolve) => child.on("exit", resolve));
  for (const holder of [
    { host: hostname(), pid: child.pid, start: "1", token: "t" },
    { host: hostname(), pid: process.pid, start: "1", token: "t" },
  ]) {
    writeFileSync(path, JSON.stringify(holder));
    const [one, two] = await Promise.all([folderBackend(folder).lock("a"), backend.lock("a")]);
    expect([one, two].filter((each) => each !== undefined)).toHaveLength(1);
    expect(await backend.lock("a")).toBeUndefined();
    await (one ?? two)!();
  }
  writeFileSync(path, JSON.stringify({ host: "elsewhere", pid: 7, token: "t" }));
  await expect(backend.lock("a")).rejects.toThrow(
    "is held by process 7 on elsewhere; if it does not run any more, delete",
  );
  expect(readdirSync(join(folder, "lock"))).toEqual(["a.json"]);
});

test("a process that is killed in the middle of an import loses nothing that it committed", async () => {
  const store = storeIn("killed");
  const backend = folderBackend(join(temporary.path, "killed"));
  const writer = await store.writer("ho3d", description);
  for (const record of records.slice(0, 5)) await writer.add(record);
  // What a killed process leaves: no release of its lock, and a blob without an entry.
  const lock = join(temporary.path, "killed", "lock", "ho3d.json");
  const holder = JSON.parse(readFileSync(lock, "utf8"));
  writeFileSync(lock, JSON.stringify({ ...holder, start: "1" }));
  const [first] = await backend.blobNames();
  await backend.writeBlob(first.replace("000000", "000002"), new Uint8Array(100));
  expect((await storeIn("killed").list())[0]).toMatchObject({ state: "importing", kept: 4 });
  expect(await importAll(storeIn("killed"))).toBe(2);
  const set = await storeIn("killed").open("ho3d");
  for (const record of records) expect(await set.read(record.id)).toEqual(record);
  expect(await storeIn("killed").check("ho3d")).toEqual([]);
});
