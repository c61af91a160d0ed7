import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import type { RunStorage } from "../train/storage";

/** A run in a folder. Files appear by rename, checkpoints as whole folders, so a killed process leaves no half. */
export class FolderStorage implements RunStorage {
  constructor(readonly place: string) {}

  async write(path: string, bytes: Uint8Array): Promise<void> {
    const target = join(this.place, path);
    const partial = `${target}.partial-${process.pid}`;
    await mkdir(dirname(target), { recursive: true });
    await writeFile(partial, bytes, { flush: true });
    await rename(partial, target);
  }

  async commit(folder: string, files: ReadonlyMap<string, Uint8Array>): Promise<void> {
    const target = join(this.place, folder);
    const partial = `${target}.partial-${process.pid}`;
    await rm(partial, { recursive: true, force: true });
    await mkdir(partial, { recursive: true });
    for (const [name, bytes] of files) await writeFile(join(partial, name), bytes, { flush: true });
    const old = `${target}.old-${process.pid}`;
    await rename(target, old).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "ENOENT") throw error;
    });
    await rename(partial, target);
    await rm(old, { recursive: true, force: true });
  }

  async read(path: string): Promise<Uint8Array<ArrayBuffer>> {
    try {
      return new Uint8Array(await readFile(join(this.place, path)));
    } catch (error) {
      throw new Error(`run "${this.place}": cannot read ${path}: ${(error as Error).message}`);
    }
  }

  async list(): Promise<readonly string[]> {
    const entries = await readdir(this.place, { recursive: true, withFileTypes: true }).catch(() => []);
    return entries
      .filter((entry) => entry.isFile() && !/\.(partial|old)-\d+/.test(join(entry.parentPath, entry.name)))
      .map((entry) => relative(this.place, join(entry.parentPath, entry.name)).split(sep).join("/"))
      .sort();
  }

  async remove(folder: string): Promise<void> {
    await rm(join(this.place, folder), { recursive: true, force: true });
  }
}
