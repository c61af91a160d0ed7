/** File sources of a page: a picked directory, `<input webkitdirectory>`, a dropped folder. The files never leave the machine. */
import { wholeBlob } from "./blob-bytes";
import { DataError, messageOf } from "./data-error";
import { type FileSource, folderIndex, missingFile, pathParts } from "./source";

async function bytesOf(file: File, source: string, path: string): Promise<Uint8Array> {
  try {
    return await wholeBlob(file);
  } catch (error) {
    throw new DataError(`${source}: file "${path}" could not be read (${messageOf(error)})`);
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof DOMException && (error.name === "NotFoundError" || error.name === "TypeMismatchError");
}

/** What the tree needs of a FileSystemDirectoryHandle; the DOM types lack its iterator. */
interface DirectoryHandle {
  readonly name: string;
  getDirectoryHandle(name: string): Promise<DirectoryHandle>;
  getFileHandle(name: string): Promise<{ getFile(): Promise<File> }>;
  entries(): AsyncIterable<[string, { readonly kind: "file" | "directory" }]>;
}

/** A folder from `showDirectoryPicker()`. Works in workers too: a handle can be posted to one. */
export function directorySource(directory: FileSystemDirectoryHandle): FileSource {
  const root = directory as unknown as DirectoryHandle;
  const opened = new Map<string, Promise<DirectoryHandle>>();
  const open = (parts: readonly string[]): Promise<DirectoryHandle> => {
    if (parts.length === 0) return Promise.resolve(root);
    const path = parts.join("/");
    let handle = opened.get(path);
    if (handle === undefined) {
      handle = open(parts.slice(0, -1)).then((parent) => parent.getDirectoryHandle(parts[parts.length - 1]));
      opened.set(path, handle);
      handle.catch(() => opened.delete(path));
    }
    return handle;
  };
  const fileAt = async (path: string): Promise<File | undefined> => {
    const parts = pathParts(path);
    try {
      const folder = await open(parts.slice(0, -1));
      return await (await folder.getFileHandle(parts[parts.length - 1])).getFile();
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw new DataError(`${root.name}: file "${path}" could not be opened (${messageOf(error)})`);
    }
  };
  return {
    name: root.name,
    list: async (folder) => {
      const names: string[] = [];
      try {
        for await (const [name, entry] of (await open(pathParts(folder))).entries()) {
          names.push(entry.kind === "directory" ? `${name}/` : name);
        }
      } catch (error) {
        if (isMissing(error)) return [];
        throw new DataError(`${root.name}: folder "${folder}" could not be listed (${messageOf(error)})`);
      }
      return names.sort();
    },
    has: async (path) => (await fileAt(path)) !== undefined,
    read: async (path) => {
      const file = await fileAt(path);
      if (file === undefined) throw missingFile(root.name, path);
      return bytesOf(file, root.name, path);
    },
  };
}

/** The files of `<input type="file" webkitdirectory>`. Throws DataError when the list is empty. */
export function fileListSource(list: Iterable<File>): FileSource {
  const files = new Map<string, File>();
  let name = "";
  for (const file of list) {
    const [top, ...rest] = pathParts(file.webkitRelativePath === "" ? file.name : file.webkitRelativePath);
    if (rest.length === 0) files.set(top, file);
    else {
      name = top;
      files.set(rest.join("/"), file);
    }
  }
  return pathFileSource(name === "" ? "files" : name, files);
}

/** Files with their paths inside the chosen folder. Throws DataError when there is none. */
export function pathFileSource(source: string, files: ReadonlyMap<string, File>): FileSource {
  if (files.size === 0) throw new DataError("the chosen folder holds no file; choose the data set's top folder");
  const index = folderIndex(files.keys());
  return {
    name: source,
    list: async (folder) => [...(index.get(folder) ?? [])],
    has: async (path) => files.has(path),
    read: async (path) => {
      const file = files.get(path);
      if (file === undefined) throw missingFile(source, path);
      return bytesOf(file, source, path);
    },
  };
}

/** A folder dropped on the page: `event.dataTransfer.items[0].webkitGetAsEntry()`, taken before the handler returns. Throws DataError for a file. */
export function droppedSource(entry: FileSystemEntry): FileSource {
  if (!entry.isDirectory) {
    throw new DataError(`"${entry.name}" is a file, expected a folder; drop the data set's top folder`);
  }
  const root = entry as FileSystemDirectoryEntry;
  const entryAt = (path: string, kind: "getFile" | "getDirectory"): Promise<FileSystemEntry | undefined> =>
    new Promise((resolve, reject) => {
      pathParts(path);
      root[kind](path, {}, resolve, (error) => {
        if (isMissing(error)) resolve(undefined);
        else reject(new DataError(`${root.name}: "${path}" could not be opened (${error.message})`));
      });
    });
  const readAll = async (folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> => {
    const reader = folder.createReader();
    const all: FileSystemEntry[] = [];
    // readEntries hands out at most 100 at a time and an empty list at the end.
    for (;;) {
      const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
      if (some.length === 0) return all;
      all.push(...some);
    }
  };
  return {
    name: root.name,
    list: async (folder) => {
      const found = folder === "" ? root : await entryAt(folder, "getDirectory");
      if (found === undefined) return [];
      const entries = await readAll(found as FileSystemDirectoryEntry);
      return entries.map((each) => (each.isDirectory ? `${each.name}/` : each.name)).sort();
    },
    has: async (path) => (await entryAt(path, "getFile")) !== undefined,
    read: async (path) => {
      const found = await entryAt(path, "getFile");
      if (found === undefined) throw missingFile(root.name, path);
      const file = await new Promise<File>((resolve, reject) => (found as FileSystemFileEntry).file(resolve, reject));
      return bytesOf(file, root.name, path);
    },
  };
}
