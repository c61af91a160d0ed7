import { createStore, delMany, get, keys, setMany, type UseStore } from "idb-keyval";
import type { RunStorage } from "../train/storage";

const SEPARATOR = "//";

let store: UseStore | undefined;
const runs = (): UseStore => {
  store ??= createStore("handloom-runs", "files");
  return store;
};

/** A run in IndexedDB: one record for each file, "run//path". Files of a checkpoint are put in one transaction. */
export class IdbStorage implements RunStorage {
  constructor(private readonly run: string) {
    if (run === "" || run.includes(SEPARATOR)) throw new Error(`run name "${run}": expected a name without "${SEPARATOR}"`);
  }

  get place(): string {
    return `this browser's storage, run "${this.run}"`;
  }

  #key(path: string): string {
    return `${this.run}${SEPARATOR}${path}`;
  }

  async write(path: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    await setMany([[this.#key(path), new Blob([bytes])]], runs());
  }

  async commit(folder: string, files: ReadonlyMap<string, Uint8Array<ArrayBuffer>>): Promise<void> {
    const entries = [...files].map(([name, bytes]): [string, Blob] => [this.#key(`${folder}/${name}`), new Blob([bytes])]);
    await setMany(entries, runs());
  }

  async read(path: string): Promise<Uint8Array<ArrayBuffer>> {
    const blob = await get<Blob>(this.#key(path), runs());
    if (!blob) throw new Error(`run "${this.run}": no file ${path} in this browser's storage`);
    return new Uint8Array(await blob.arrayBuffer());
  }

  async list(): Promise<readonly string[]> {
    const prefix = this.#key("");
    const all = await keys<string>(runs());
    return all.filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length)).sort();
  }

  async remove(folder: string): Promise<void> {
    const prefix = folder === "" ? this.#key("") : this.#key(`${folder}/`);
    const all = await keys<string>(runs());
    await delMany(all.filter((key) => key.startsWith(prefix)), runs());
  }

  /** Names of all stored runs. */
  static async names(): Promise<string[]> {
    const all = await keys<string>(runs());
    return [...new Set(all.map((key) => key.split(SEPARATOR)[0]))].sort();
  }
}
