/** What stands behind `--data`: a folder or a zip file as a source of files. */
import { openAsBlob } from "node:fs";
import { stat } from "node:fs/promises";
import { basename, resolve } from "node:path";
import { DataError, messageOf } from "../data/data-error";
import type { FileSource } from "../data/source";
import { archiveName, zipSource } from "../data/source-zip";
import { folderSource } from "./folder-source";

/** The files below a folder, or in a zip. Throws DataError when it is neither. */
export async function openPlace(path: string): Promise<FileSource> {
  const place = resolve(path);
  const isFile = await stat(place).then(
    (found) => found.isFile(),
    () => false,
  );
  if (!isFile) return folderSource(path);
  try {
    return await zipSource(await openAsBlob(place), archiveName(basename(place)));
  } catch (error) {
    if (error instanceof DataError) throw error;
    throw new DataError(`file "${path}" could not be opened (${messageOf(error)})`);
  }
}
