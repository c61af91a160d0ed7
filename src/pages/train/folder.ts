/** An HO-3D folder on this machine, in the three ways in which browsers hand one over. Nothing is uploaded. */
import { count } from "../format";
import type { Folder } from "./setup";

interface PickerWindow {
  showDirectoryPicker?(options: { id: string; mode: "read" }): Promise<FileSystemDirectoryHandle>;
}

/** Chromium can hand over a directory without reading its list of files. */
export function canPickDirectory(): boolean {
  return (window as PickerWindow).showDirectoryPicker !== undefined;
}

/** The picked folder, or undefined when the person closed the picker. Throws what the browser says otherwise. */
export async function pickDirectory(): Promise<Folder | undefined> {
  try {
    const handle = await (window as PickerWindow).showDirectoryPicker!({ id: "ho3d", mode: "read" });
    return ofHandle(handle);
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") return undefined;
    throw error;
  }
}

function ofHandle(handle: FileSystemDirectoryHandle): Folder {
  return { name: handle.name, detail: "folder", data: { kind: "directory", handle } };
}

function ofFiles(name: string, files: readonly { readonly path: string; readonly file: File }[]): Folder {
  if (files.length === 0) throw new Error(`The folder "${name}" holds no file; choose the data set's top folder.`);
  return { name, detail: `${count(files.length)} files`, data: { kind: "files", name, files } };
}

/** What `<input webkitdirectory>` gives. Throws when it is empty. */
export function fromInput(list: Iterable<File>): Folder {
  let name = "folder";
  const files = Array.from(list, (file) => {
    const [top, ...rest] = file.webkitRelativePath.split("/");
    name = top || name;
    return { path: rest.join("/"), file };
  });
  return ofFiles(name, files);
}

/**
 * The dropped folder. Must be called within the drop event: its items are gone when the handler has returned.
 * `onCount` hears how many files were found so far where the tree has to be walked. Throws for a file.
 */
export async function fromDrop(transfer: DataTransfer, onCount: (files: number) => void): Promise<Folder> {
  const item = transfer.items[0] as
    | (DataTransferItem & { getAsFileSystemHandle?(): Promise<FileSystemHandle | null> })
    | undefined;
  const entry = item?.webkitGetAsEntry();
  if (item === undefined || !entry) throw new Error("What was dropped is no folder; drop the data set's top folder.");
  if (!entry.isDirectory) {
    throw new Error(`"${entry.name}" is a file, expected a folder; drop the data set's top folder.`);
  }
  const handle = await item.getAsFileSystemHandle?.();
  if (handle?.kind === "directory") return ofHandle(handle as FileSystemDirectoryHandle);
  const files: { path: string; file: File }[] = [];
  await walk(entry as FileSystemDirectoryEntry, "", files, onCount);
  return ofFiles(entry.name, files);
}

async function walk(
  folder: FileSystemDirectoryEntry,
  path: string,
  files: { path: string; file: File }[],
  onCount: (files: number) => void,
): Promise<void> {
  const reader = folder.createReader();
  for (;;) {
    // readEntries hands out at most 100 at a time and an empty list at the end.
    const entries = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (entries.length === 0) return;
    for (const entry of entries) {
      const entryPath = path === "" ? entry.name : `${path}/${entry.name}`;
      if (entry.isDirectory) await walk(entry as FileSystemDirectoryEntry, entryPath, files, onCount);
      else {
        const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
        files.push({ path: entryPath, file });
      }
    }
    onCount(files.length);
  }
}
