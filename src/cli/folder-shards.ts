/**
 * Shards in a folder, the same bytes as in a browser: blob/GENERATION/000000.shard, and the manifest as one JSON file for each
 * key. Files appear by rename after their bytes are on the disk, so a killed process leaves no half.
 */
import { randomBytes } from "node:crypto";
import { link, mkdir, open, readdir, readFile, rename, rm, stat, statfs, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { dirname, join, relative, sep } from "node:path";
import { DataError, messageOf } from "../data/data-error";
import type { ShardBackend, StoredBlob } from "../data/shards/backend";
import { shardStore } from "../data/shards/store";
import { type ShardStore, StoreError } from "../data/shards/types";

const PARTIAL = ".partial-";

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
    lock: (name) => takeLock(inside("lock", `${name}.json`)),
    usage: async () => {
      const names = await filesBelow(inside("blob"), ".shard");
      const sizes = await Promise.all(names.map((name) => stat(blobPath(name)).then(({ size }) => size)));
      const usedBytes = sizes.reduce((sum, size) => sum + size, 0);
      const disk = await statfs(folder).catch(() => undefined);
      return { usedBytes, quotaBytes: disk && usedBytes + disk.bavail * disk.bsize };
    },
    readSentinel: () => orAbsent(readFile(sentinel, "utf8")),
    writeSentinel: (text) => writeWhole(sentinel, Buffer.from(text)),
    isFull: (error) => ["ENOSPC", "EDQUOT", "EFBIG"].includes(codeOf(error) ?? ""),
  };
}

const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code;

/** Undefined when the file does not exist. */
async function orAbsent<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
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

/** Writes a file beside its place, makes sure that it is on the disk, and renames it. The rename is on the disk as well afterwards. */
async function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const partial = `${path}${PARTIAL}${process.pid}`;
  try {
    await writeFile(partial, bytes, { flush: true });
    await rename(partial, path);
  } catch (error) {
    await rm(partial, { force: true }).catch(() => undefined);
    throw error;
  }
  // A folder cannot be opened on Windows, where the rename needs no more than this.
  const folder = await open(dirname(path), "r").catch(() => undefined);
  await folder?.sync().catch(() => undefined);
  await folder?.close();
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

/** Who holds a lock: a process of one machine, told from a later one with the same number by its start. */
interface Holder {
  readonly host: string;
  readonly pid: number;
  /** Start of the process in ticks since the machine's; undefined where there is no /proc. */
  readonly start?: string;
  /** Tells two locks of one process apart. */
  readonly token: string;
}

async function startOf(pid: number): Promise<string | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => undefined);
  // Field 22; the name in field 2 may have spaces and brackets, so it is counted from the last bracket.
  return text?.slice(text.lastIndexOf(")") + 2).split(" ")[19];
}

async function isAlive(holder: Holder): Promise<boolean> {
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    // EPERM: it lives and is someone else's.
    if (codeOf(error) !== "EPERM") return false;
  }
  const start = await startOf(holder.pid);
  return start === undefined || holder.start === undefined || start === holder.start;
}

/**
 * A lock file that names its holder. It appears whole or not at all (a hard link), and one whose process is gone is taken over.
 * Throws StoreError when another machine holds it, as nothing here can tell whether it still runs.
 */
async function takeLock(path: string): Promise<(() => Promise<void>) | undefined> {
  await mkdir(dirname(path), { recursive: true });
  const start = await startOf(process.pid);
  const self: Holder = { host: hostname(), pid: process.pid, start, token: randomBytes(8).toString("hex") };
  const own = `${path}.${self.token}`;
  await writeFile(own, JSON.stringify(self));
  try {
    for (let tries = 0; tries < 3; tries++) {
      if (await linked(own, path)) return () => release(path, self.token);
      const text = await orAbsent(readFile(path, "utf8"));
      if (text === undefined) continue;
      const holder = parseHolder(text, path);
      if (holder.host !== self.host) {
        throw new StoreError(
          "locked",
          `the import is held by process ${holder.pid} on ${holder.host}; if it does not run any more, delete ${path}`,
        );
      }
      if (await isAlive(holder)) return undefined;
      await removeStale(path, text, own);
    }
    return undefined;
  } finally {
    await rm(own, { force: true });
  }
}

async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    throw error;
  }
}

function parseHolder(text: string, path: string): Holder {
  try {
    return JSON.parse(text) as Holder;
  } catch {
    throw new StoreError("locked", `the lock file ${path} cannot be read; if no import runs, delete it`);
  }
}

/** Takes a dead holder's file away. Where another process was quicker and the file is its own by now, it is put back. */
async function removeStale(path: string, expected: string, own: string): Promise<void> {
  const aside = `${own}.stale`;
  if ((await orAbsent(rename(path, aside).then(() => true))) === undefined) return;
  if ((await readFile(aside, "utf8")) !== expected) await linked(aside, path);
  await rm(aside, { force: true });
}

async function release(path: string, token: string): Promise<void> {
  const text = await orAbsent(readFile(path, "utf8"));
  if (text !== undefined && (JSON.parse(text) as Holder).token === token) await rm(path, { force: true });
}
