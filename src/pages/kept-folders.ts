/**
 * What runs and imported sets were made from, kept in this browser beside them: where it hands out handles of folders, the
 * folder itself, so that going on asks for permission alone. Nothing of the files is copied.
 */
import { createStore, del, get, set, type UseStore } from "idb-keyval";
import type { DataChoice } from "../ranks/api";
import type { ImportSource } from "../ranks/import-api";
import { plural } from "./format";

/** The folder of a run or of a set; "setup": the one that was chosen last. */
export type Owner = "run" | "set" | "setup";

/** Where samples came from. A folder has a handle where the browser gave one: Firefox and Safari give none. */
export type KeptData =
  | Extract<DataChoice, { kind: "synthetic" | "stored" }>
  | { readonly kind: "folder"; readonly name: string; readonly handle: FileSystemDirectoryHandle }
  /** Files that have to be chosen again; `detail`: "1 204 files", "zip". */
  | { readonly kind: "gone"; readonly name: string; readonly detail: string };

let opened: UseStore | undefined;
const store = (): UseStore => (opened ??= createStore("handloom-folders", "kept"));

const keyOf = (owner: Owner, name: string): string => `${owner}/${name}`;

/** What of a choice can be kept; undefined for files that another program serves. */
export function keepable(data: DataChoice | ImportSource): KeptData | undefined {
  switch (data.kind) {
    case "synthetic":
    case "stored":
      return data;
    case "directory":
      return { kind: "folder", name: data.handle.name, handle: data.handle };
    case "files":
      return { kind: "gone", name: data.name ?? "the chosen folder", detail: plural(data.files.length, "file") };
    case "zip":
      return { kind: "gone", name: data.file.name, detail: "zip" };
    case "http":
      return undefined;
  }
}

/** A place without storage, as a test in Node, keeps nothing. */
const hasStorage = (): boolean => globalThis.indexedDB !== undefined;

/** Keeps what `name` is made from, in place of what was kept before. Throws what the browser says when it cannot. */
export async function keepData(owner: Owner, name: string, data: DataChoice | ImportSource): Promise<void> {
  const kept = keepable(data);
  if (kept !== undefined && hasStorage()) await set(keyOf(owner, name), kept, store());
}

/** undefined where nothing was kept. Throws what the browser says when it cannot tell. */
export async function keptData(owner: Owner, name: string): Promise<KeptData | undefined> {
  return hasStorage() ? get<KeptData>(keyOf(owner, name), store()) : undefined;
}

/** Keeps nothing of `name` any longer. */
export async function forgetData(owner: Owner, name: string): Promise<void> {
  if (hasStorage()) await del(keyOf(owner, name), store());
}

/** What TypeScript's types of handles lack. */
interface AskedHandle {
  readonly name: string;
  queryPermission?(options: { mode: "read" }): Promise<PermissionState>;
  requestPermission?(options: { mode: "read" }): Promise<PermissionState>;
  keys(): AsyncIterator<string>;
}

/**
 * Makes sure that a kept folder can be read; must be called from a click where the browser has to ask. Throws a sentence with
 * the way out when it is not allowed, and when the folder is not there any more.
 */
export async function openKept(directory: FileSystemDirectoryHandle): Promise<void> {
  const handle = directory as unknown as AskedHandle;
  const mode = { mode: "read" } as const;
  let state = (await handle.queryPermission?.(mode)) ?? "granted";
  if (state === "prompt") {
    // Without a click the browser refuses to ask: that is no permission either.
    state = (await handle.requestPermission?.(mode).catch(() => "prompt" as const)) ?? "granted";
  }
  if (state !== "granted") {
    throw new Error(
      `The browser may not read the folder "${handle.name}": permission was ${state === "denied" ? "denied" : "not given"}. Allow it when the browser asks, or choose the folder again.`,
    );
  }
  try {
    await handle.keys().next();
  } catch (error) {
    if (!(error instanceof DOMException && error.name === "NotFoundError")) throw error;
    throw new Error(
      `The folder "${handle.name}" is not where it was: it was moved, renamed or deleted. Choose it again where it is now.`,
    );
  }
}

/** Why files have to be chosen again although they were chosen before; `hasHandles`: this browser can hand over folders. */
export function againSentence(
  { name, detail }: { readonly name: string; readonly detail: string },
  hasHandles: boolean,
): string {
  const why =
    detail === "zip"
      ? "a zip is not kept between visits"
      : hasHandles
        ? "it was not handed over as a folder that can be kept"
        : "this browser does not let a page keep folders between visits, as Chrome and Edge do";
  return `Choose "${name}" (${detail}) again: ${why}.`;
}
