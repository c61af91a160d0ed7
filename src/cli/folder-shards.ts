/**
 * Shards in a folder, the same bytes as in a browser: blob/GENERATION/000000.shard, and the manifest as one JSON file for each
 * key. Files appear by rename after their bytes are on the disk, so a killed process leaves no half.
 */
import { open, readdir, readFile, rm, stat, statfs } from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import { DataError, messageOf } from "../data/data-error";
import type { ShardBackend, StoredBlob } from "../data/shards/backend";
import { shardStore } from "../data/shards/store";
import { type ShardStore, StoreError } from "../data/shards/types";
import { takeLockFile } from "./lock-file";
import { isFull, orAbsent, PARTIAL, writeWhole } from "./whole-file";

/** The store in a folder, which is made when it is first written to. `shardBytes`: about the size of a shard, 48 MiB by default. */
export function folderShardStore(folder: string, shardBytes?: number): ShardStore {
  return shardStore(folderBackend(folder), shardBytes === undefined ? {} : { shardBytes });
}

/** A backend over one folder. */
export function folderBackend(folder: string): ShardBackend {
  const inside = (...names: string[]): string => join(folder, ...names);
  const entryPath = (key: string): string => inside("manifest", `${key}.json`);
  const blobPath = (name: string): string => inside("blob", `${name}.shard`);
  const sentinel = inside("sentinel.json");
  return {
    place: `the folder ${folder}`,
    entries: async () => {
      const keys = await filesBelow(inside("manifest"), ".json");
      return new Map(await Promise.all(keys.map(async (key) => [key, await readJson(entryPath(key))] as const)));
    },
    commit: async (changes) => {
      for (const [key, value] of changes) {
        if (value === undefined) await rm(entryPath(key), { force: true });
        else await writeWhole(entryPath(key), Buffer.from(JSON.stringify(value)));
      }
    },
    blobNames: () => filesBelow(inside("blob"), ".shard"),
    writeBlob: async (name, bytes) => {
      await removePartials(dirname(blobPath(name)));
      await writeWhole(blobPath(name), bytes);
    },
    readBlob: (name) => openBlob(blobPath(name)),
    removeBlob: (name) => rm(blobPath(name), { force: true }),
    lock: (name) => lockImport(inside("lock", `${name}.json`)),
    usage: async () => {
      const names = await filesBelow(inside("blob"), ".shard");
      const sizes = await Promise.all(names.map((name) => stat(blobPath(name)).then(({ size }) => size)));
      const usedBytes = sizes.reduce((sum, size) => sum + size, 0);
      const disk = await statfs(folder).catch(() => undefined);
      return { usedBytes, quotaBytes: disk && usedBytes + disk.bavail * disk.bsize };
    },
    readSentinel: () => orAbsent(readFile(sentinel, "utf8")),
    writeSentinel: (text) => writeWhole(sentinel, Buffer.from(text)),
    isFull,
  };
}

/** Paths of the files below a folder that end so, "/"-separated, without the ending, sorted. */
async function filesBelow(folder: string, ending: string): Promise<string[]> {
  const entries = (await orAbsent(readdir(folder, { recursive: true, withFileTypes: true }))) ?? [];
  return entries
    .filter((entry) => entry.isFile() && entry.name.endsWith(ending))
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join("/").slice(0, -ending.length))
    .sort();
}

async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, "utf8"));
  } catch (error) {
    throw new DataError(`${path} cannot be read as JSON: ${messageOf(error)}`);
  }
}

/** Removes what killed processes left half written. The folder's only writer is the holder of its lock. */
async function removePartials(folder: string): Promise<void> {
  const names = (await orAbsent(readdir(folder))) ?? [];
  for (const name of names) if (name.includes(PARTIAL)) await rm(join(folder, name), { force: true });
}

/** Opened for each read: a set may have more shards than a process may have files open. */
async function openBlob(path: string): Promise<StoredBlob | undefined> {
  const facts = await orAbsent(stat(path));
  if (facts === undefined) return undefined;
  return {
    bytes: facts.size,
    read: async (from, to) => {
      const file = await open(path, "r");
      try {
        const bytes = new Uint8Array(Math.max(0, to - from));
        let at = 0;
        while (at < bytes.length) {
          const { bytesRead } = await file.read(bytes, at, bytes.length - at, from + at);
          if (bytesRead === 0) break;
          at += bytesRead;
        }
        return at === bytes.length ? bytes : bytes.slice(0, at);
      } finally {
        await file.close();
      }
    },
  };
}

/** Undefined when an import of this machine goes on. Throws StoreError when nothing here can tell whether the holder still runs. */
async function lockImport(path: string): Promise<(() => Promise<void>) | undefined> {
  const attempt = await takeLockFile(path);
  if (attempt.kind === "taken") return attempt.release;
  if (attempt.kind === "unreadable")
    throw new StoreError("locked", `the lock file ${path} cannot be read; if no import runs, delete it`);
  if (attempt.isHere) return undefined;
  throw new StoreError(
    "locked",
    `the import is held by process ${attempt.pid} on ${attempt.host}; if it does not run any more, delete ${path}`,
  );
}
