import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { FolderStorage, lockRunFolder } from "../../src/cli/folder-storage";
import { temporaryFolder } from "../../src/cli/host";
import { utf8 } from "../../src/train/storage";

const temporary = temporaryFolder("folder-storage-test");
afterAll(() => temporary.remove());

const GONE = Number(execFileSync(process.execPath, ["-p", "process.pid"], { encoding: "utf8" }));
const STEP = "checkpoints/step-000004";
const files = (text: string): Map<string, Uint8Array<ArrayBuffer>> => new Map([["state.json", utf8(text)]]);

/** A folder as a killed process left it: paths and contents. */
function left(name: string, contents: Readonly<Record<string, string>>): string {
  const place = join(temporary.path, name);
  for (const [path, text] of Object.entries(contents)) {
    mkdirSync(join(place, path, ".."), { recursive: true });
    writeFileSync(join(place, path), text);
  }
  return place;
}

test("a checkpoint is replaced whole, pointers beside it", async () => {
  const storage = new FolderStorage(join(temporary.path, "plain"));
  expect(await storage.list()).toEqual([]);
  await storage.commit(STEP, new Map([...files("1"), ["model.safetensors", utf8("m")]]));
  await storage.commit(STEP, files("2"), new Map([["checkpoints/last.json", utf8("4")]]));
  expect(await storage.list()).toEqual(["checkpoints/last.json", `${STEP}/state.json`]);
  expect(new TextDecoder().decode(await storage.read(`${STEP}/state.json`))).toBe("2");
  expect(readdirSync(join(storage.place, "checkpoints")).sort()).toEqual(["last.json", "step-000004"]);
});

test.each([
  ["of another process", GONE],
  ["of an earlier process with this one's number", process.pid],
])("what a killed process left is put right by the next writer: %s", async (name, pid) => {
  const place = left(name, {
    [`${STEP}.old-${pid}/state.json`]: "old",
    [`checkpoints/step-000008.old-${pid}/state.json`]: "old",
    "checkpoints/step-000008/state.json": "new",
    [`checkpoints/step-000012.partial-${pid}/model.safetensors`]: "ha",
    [`log.txt.partial-${pid}`]: "ha",
    [`checkpoints/step-000016.partial-${process.ppid}/model.safetensors`]: "another, living process",
  });
  const storage = new FolderStorage(place);
  expect(await storage.list()).toEqual(["checkpoints/step-000008/state.json"]);
  await storage.write("config.yaml", utf8("c"));
  expect(await storage.list()).toEqual([`${STEP}/state.json`, "checkpoints/step-000008/state.json", "config.yaml"]);
  expect(readFileSync(join(place, "checkpoints/step-000008/state.json"), "utf8")).toBe("new");
  expect(readdirSync(place).sort()).toEqual(["checkpoints", "config.yaml"]);
  const partials = readdirSync(join(place, "checkpoints")).filter((path) => !/^step-\d+$/.test(path));
  expect(partials).toEqual([`step-000016.partial-${process.ppid}`]);
});

test("one process writes a run; its lock is no file of the run and ends with it", async () => {
  const place = join(temporary.path, "locked");
  const lock = await lockRunFolder(place);
  expect(await new FolderStorage(place).list()).toEqual([]);
  await expect(lockRunFolder(place)).rejects.toThrow(
    `run "${place}": process ${process.pid} writes it; wait for that process or end it, or give this run another --out`,
  );
  const path = join(place, "run.lock");
  const holder = JSON.parse(readFileSync(path, "utf8"));
  await lock.release();
  expect(existsSync(place)).toBe(false);
  await new FolderStorage(place).write("log.txt", utf8("l"));
  writeFileSync(path, JSON.stringify({ ...holder, pid: GONE }));
  mkdirSync(join(place, `${STEP}.old-${GONE}`), { recursive: true });
  await (await lockRunFolder(place)).release();
  expect(readdirSync(join(place, "checkpoints"))).toEqual(["step-000004"]);
  writeFileSync(path, JSON.stringify({ ...holder, host: "elsewhere" }));
  await expect(lockRunFolder(place)).rejects.toThrow(/on elsewhere writes it; .* delete .*run\.lock/);
  writeFileSync(path, "{");
  await expect(lockRunFolder(place)).rejects.toThrow("cannot be read; if no other process writes the run, delete it");
});
