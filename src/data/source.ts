/** Where the files of a data set come from: a folder on disk, a folder given to the page, a map in memory. Read only. */
import { DataError } from "./data-error";

/** A tree of files. Paths are relative, with "/" between names and no leading "/"; "" is the top folder. */
export interface FileSource {
  /** What a person calls the tree, e.g. "HO3D_v3". Starts every error message. */
  readonly name: string;
  /** Names in one folder, sorted; those of folders end in "/". Empty when the folder does not exist. Never recursive: trees hold 200,000 files. */
  list(folder: string): Promise<string[]>;
  /** The bytes of one file. Throws DataError when it does not exist. */
  read(path: string): Promise<Uint8Array>;
  has(path: string): Promise<boolean>;
}

/** The sentence for a file that is not there. */
export function missingFile(source: string, path: string): DataError {
  return new DataError(`${source}: file "${path}" does not exist`, "file missing");
}

/** The parts of a path. Throws DataError on "..", ".", an empty part or a backslash, which would leave the tree. */
export function pathParts(path: string): string[] {
  if (path === "") return [];
  const parts = path.split("/");
  const bad = parts.find((part) => part === "" || part === "." || part === ".." || part.includes("\\"));
  if (bad !== undefined) {
    throw new DataError(
      `path "${path}" has the part "${bad}", expected names separated by "/" below the chosen folder`,
    );
  }
  return parts;
}

/** Listings of all folders of a tree whose file paths are known. */
export function folderIndex(paths: Iterable<string>): Map<string, string[]> {
  const folders = new Map<string, Set<string>>([["", new Set()]]);
  for (const path of paths) {
    const parts = pathParts(path);
    for (let depth = 0; depth < parts.length; depth++) {
      const folder = parts.slice(0, depth).join("/");
      let names = folders.get(folder);
      if (names === undefined) {
        names = new Set();
        folders.set(folder, names);
      }
      names.add(depth === parts.length - 1 ? parts[depth] : `${parts[depth]}/`);
    }
  }
  return new Map([...folders].map(([folder, names]) => [folder, [...names].sort()]));
}

/** A tree in memory: path to bytes. */
export function memorySource(name: string, files: ReadonlyMap<string, Uint8Array>): FileSource {
  const index = folderIndex(files.keys());
  return {
    name,
    list: async (folder) => [...(index.get(folder) ?? [])],
    has: async (path) => files.has(path),
    read: async (path) => {
      const bytes = files.get(path);
      if (bytes === undefined) throw missingFile(name, path);
      return bytes;
    },
  };
}

/** The tree below one folder of another tree. */
export function subfolder(source: FileSource, folder: string): FileSource {
  if (folder === "") return source;
  const inside = (path: string): string => (path === "" ? folder : `${folder}/${path}`);
  return {
    name: `${source.name}/${folder}`,
    list: (path) => source.list(inside(path)),
    has: (path) => source.has(inside(path)),
    read: (path) => source.read(inside(path)),
  };
}

/** Text of a UTF-8 file. Throws DataError when it does not exist or is not UTF-8. */
export async function readText(source: FileSource, path: string): Promise<string> {
  const bytes = await source.read(path);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new DataError(`${source.name}: file "${path}" is not UTF-8 text`);
  }
}
