/** Files for an import, in the ways in which browsers hand them over. Nothing is uploaded. */
import type { ImportSource } from "../../ranks/import-api";
import { fromDrop, fromInput, pickDirectory } from "../train/folder";
import type { Folder } from "../train/setup";

function ofFolder({ name, data }: Folder): ImportSource {
  if (data.kind === "directory") return data;
  if (data.kind === "files") return { kind: "files", name, files: data.files };
  throw new Error(`"${name}" is no folder on this machine.`);
}

/** A folder from the directory picker; undefined when the person closed it. */
export async function pickedSource(): Promise<ImportSource | undefined> {
  const folder = await pickDirectory();
  return folder === undefined ? undefined : ofFolder(folder);
}

/** What `<input webkitdirectory>` gives. Throws when it is empty. */
export function inputSource(files: Iterable<File>): ImportSource {
  return ofFolder(fromInput(files));
}

/** One archive. Throws for another kind of file. */
export function zipSource(file: File): ImportSource {
  if (!/\.zip$/i.test(file.name)) {
    throw new Error(`"${file.name}" is neither a folder nor a zip, expected one of them; unpack other archives first.`);
  }
  return { kind: "zip", file };
}

/** What was dropped: a folder or a zip. Must be called within the drop event. Throws a sentence for anything else. */
export function droppedSource(
  transfer: DataTransfer,
  onCount: (name: string, files: number) => void,
): Promise<ImportSource> | ImportSource {
  const entry = transfer.items[0]?.webkitGetAsEntry();
  if (transfer.items.length > 1) {
    throw new Error(
      `${transfer.items.length} things were dropped, expected one: the data set's top folder, or a zip of it.`,
    );
  }
  const file = transfer.files[0];
  if (entry?.isFile && file !== undefined) return zipSource(file);
  return fromDrop(transfer, (files) => onCount(entry?.name ?? "folder", files)).then(ofFolder);
}
