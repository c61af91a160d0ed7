/** A folder on disk as a file source, for the terminal and for tests. */
import { access, readdir, readFile, stat } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { DataError, messageOf } from "../data/data-error";
import { type FileSource, missingFile, pathParts } from "../data/source";

function isMissing(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  return code === "ENOENT" || code === "ENOTDIR";
}

/** The tree below `path`. Throws DataError when the folder does not exist. */
export async function folderSource(path: string): Promise<FileSource> {
  const root = resolve(path);
  const name = basename(root);
  const onDisk = (inside: string): string => join(root, ...pathParts(inside));
  const list = async (folder: string): Promise<string[]> => {
    try {
      const entries = await readdir(onDisk(folder), { withFileTypes: true });
      const names = entries.map(async (entry) => {
        const isFolder = entry.isSymbolicLink()
          ? (await stat(onDisk(join(folder, entry.name)))).isDirectory()
          : entry.isDirectory();
        return isFolder ? `${entry.name}/` : entry.name;
      });
      return (await Promise.all(names)).sort();
    } catch (error) {
      if (isMissing(error)) return [];
      throw new DataError(`${name}: folder "${folder}" could not be listed (${messageOf(error)})`);
    }
  };
  const exists = (inside: string): Promise<boolean> =>
    access(onDisk(inside)).then(
      () => true,
      () => false,
    );
  if (!(await exists(""))) throw new DataError(`folder "${path}" does not exist`, "file missing");
  return {
    name,
    list,
    has: exists,
    read: async (inside) => {
      try {
        const data = await readFile(onDisk(inside));
        return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
      } catch (error) {
        if (isMissing(error)) throw missingFile(name, inside);
        throw new DataError(`${name}: file "${inside}" could not be read (${messageOf(error)})`);
      }
    },
  };
}
