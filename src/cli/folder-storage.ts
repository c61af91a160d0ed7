import { mkdir, readdir, readFile, rename, rm, rmdir, writeFile } from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import { messageOf } from "../data/data-error";
import { type RunStorage, StorageFull } from "../train/storage";
import { takeLockFile } from "./lock-file";
import { isFull, orAbsent, PARTIAL, syncFolder, writeWhole } from "./whole-file";

/** In the name of a folder whose successor is about to take its place; the number of the process follows. */
const OLD = ".old-";
const LOCK = "run.lock";
/** What is no file of the run: half-written ones, replaced ones, the lock and its helpers. */
const FOREIGN = /\.(partial|old)-\d+|^run\.lock/;

/** Folders that this process is replacing. */
const inFlight = new Set<string>();

/**
 * A run in a folder. Files appear by rename after their bytes are on the disk, checkpoints as whole folders, so a killed process
 * leaves no half. What it does leave is put right by the next writer.
 */
export class FolderStorage implements RunStorage {
  #recovered: Promise<void> | undefined;

  constructor(readonly place: string) {}

  async write(path: string, bytes: Uint8Array): Promise<void> {
    await this.recover();
    await this.#orFull(path, bytes.byteLength, () => writeWhole(join(this.place, path), bytes));
  }

  async commit(
    folder: string,
    files: ReadonlyMap<string, Uint8Array>,
    beside: ReadonlyMap<string, Uint8Array> = new Map(),
  ): Promise<void> {
    await this.recover();
    const sizeBytes = [...files.values()].reduce((sum, bytes) => sum + bytes.byteLength, 0);
    await this.#orFull(folder, sizeBytes, () => this.#replace(folder, files));
    for (const [path, bytes] of beside) await this.write(path, bytes);
  }

  async #replace(folder: string, files: ReadonlyMap<string, Uint8Array>): Promise<void> {
    const target = join(this.place, folder);
    const partial = `${target}${PARTIAL}${process.pid}`;
    const old = `${target}${OLD}${process.pid}`;
    try {
      inFlight.add(target);
      await rm(partial, { recursive: true, force: true });
      await mkdir(partial, { recursive: true });
      for (const [name, bytes] of files) await writeFile(join(partial, name), bytes, { flush: true });
      await syncFolder(partial);
      await orAbsent(rename(target, old));
      await rename(partial, target);
    } catch (error) {
      await rm(partial, { recursive: true, force: true }).catch(() => undefined);
      // Onto a successor it is refused.
      await rename(old, target).catch(() => undefined);
      throw error;
    } finally {
      inFlight.delete(target);
    }
    await syncFolder(dirname(target));
    await rm(old, { recursive: true, force: true });
  }

  async #orFull<T>(what: string, sizeBytes: number, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (!isFull(error)) throw error;
      throw new StorageFull(
        `the disk has no room for ${what} of the run ${this.place}: it needs ${(sizeBytes / 1e6).toFixed(1)} MB; what is stored stays; free space on that disk`,
      );
    }
  }

  /**
   * Puts right what processes left that were killed: half-written files go, and a checkpoint that was taken away for a successor
   * that never came is put back. Leftovers of living processes stay. Once per object; writing does it too.
   */
  recover(): Promise<void> {
    this.#recovered ??= this.#recover();
    return this.#recovered;
  }

  async #recover(): Promise<void> {
    const entries = (await orAbsent(readdir(this.place, { recursive: true, withFileTypes: true }))) ?? [];
    for (const { parentPath, name } of entries) {
      const match = /^(.+)\.(partial|old)-(\d+)$/.exec(name);
      if (!match) continue;
      const leftover = join(parentPath, name);
      const target = join(parentPath, match[1]);
      const pid = Number(match[3]);
      // In a container every start may have the same number: then only what is being written now is not a leftover.
      if (pid === process.pid ? inFlight.has(target) : isAlive(pid)) continue;
      // A rename onto a whole successor fails, as a folder that is not empty is never replaced.
      const isBack =
        match[2] === "old" &&
        (await rename(leftover, target).then(
          () => true,
          () => false,
        ));
      if (isBack) await syncFolder(parentPath);
      else await rm(leftover, { recursive: true, force: true });
    }
  }

  async read(path: string): Promise<Uint8Array<ArrayBuffer>> {
    try {
      return new Uint8Array(await readFile(join(this.place, path)));
    } catch (error) {
      throw new Error(`run "${this.place}": cannot read ${path}: ${messageOf(error)}`);
    }
  }

  async list(): Promise<readonly string[]> {
    const entries = (await orAbsent(readdir(this.place, { recursive: true, withFileTypes: true }))) ?? [];
    return entries
      .filter((entry) => entry.isFile())
      .map((entry) => relative(this.place, join(entry.parentPath, entry.name)).split(sep).join("/"))
      .filter((path) => !FOREIGN.test(path))
      .sort();
  }

  async remove(folder: string): Promise<void> {
    await this.recover();
    // Under another name first: a kill in the middle would leave a part of a checkpoint.
    const gone = `${join(this.place, folder)}${PARTIAL}${process.pid}`;
    await rm(gone, { recursive: true, force: true });
    await orAbsent(rename(join(this.place, folder), gone));
    await rm(gone, { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it lives and is someone else's.
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/**
 * Makes this process the only writer of a run's folder, and puts right what one that was killed has left; the lock ends with `release` or
 * with the process. Throws a sentence when another
 * one writes it.
 */
export async function lockRunFolder(place: string): Promise<{ release(): Promise<void> }> {
  const path = join(place, LOCK);
  const attempt = await takeLockFile(path);
  if (attempt.kind === "taken") {
    await new FolderStorage(place).recover();
    return {
      async release() {
        await attempt.release();
        // Of a run that has written nothing, nothing stays; a folder with files in it is not removed.
        await rmdir(place).catch(() => undefined);
      },
    };
  }
  if (attempt.kind === "unreadable")
    throw new Error(
      `run "${place}": the lock file ${path} cannot be read; if no other process writes the run, delete it`,
    );
  const { pid, host, isHere } = attempt;
  throw new Error(
    `run "${place}": process ${pid}${isHere ? "" : ` on ${host}`} writes it; wait for that process or end it, or give this run another --out${isHere ? "" : `; if it does not run any more, delete ${path}`}`,
  );
}
