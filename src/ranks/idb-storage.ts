import { createStore, delMany, get, getMany, keys, setMany, type UseStore } from "idb-keyval";
import type { RunStorage } from "../train/storage";

const SEPARATOR = "//";
/** Keys of the times of the last write, apart from the files. */
const TIME_PREFIX = "saved-at:";

let store: UseStore | undefined;
const runs = (): UseStore => {
  store ??= createStore("handloom-runs", "files");
  return store;
};

/** A run in IndexedDB: one record for each file, "run//path". Files of a checkpoint are put in one transaction. */
export class IdbStorage implements RunStorage {
  constructor(private readonly run: string) {
    if (run === "" || run.includes(SEPARATOR))
      throw new Error(`run name "${run}": expected a name without "${SEPARATOR}"`);
  }

  get place(): string {
    return `this browser's storage, run "${this.run}"`;
  }

  #key(path: string): string {
    return `${this.run}${SEPARATOR}${path}`;
  }

  async write(path: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    await setMany([[this.#key(path), new Blob([bytes])], this.#now()], runs());
  }

  async commit(folder: string, files: ReadonlyMap<string, Uint8Array<ArrayBuffer>>): Promise<void> {
    const entries = [...files].map(([name, bytes]): [string, Blob | number] => [
      this.#key(`${folder}/${name}`),
      new Blob([bytes]),
    ]);
    await setMany([...entries, this.#now()], runs());
  }

  #now(): [string, number] {
    return [`${TIME_PREFIX}${this.run}`, Date.now()];
  }

  async read(path: string): Promise<Uint8Array<ArrayBuffer>> {
    const blob = await get<Blob>(this.#key(path), runs());
    if (!blob) throw new Error(`run "${this.run}": no file ${path} in this browser's storage`);
    return new Uint8Array(await blob.arrayBuffer());
  }

  async list(): Promise<readonly string[]> {
    const prefix = this.#key("");
    const all = await keys<string>(runs());
    return all
      .filter((key) => key.startsWith(prefix))
      .map((key) => key.slice(prefix.length))
      .sort();
  }

  async remove(folder: string): Promise<void> {
    const prefix = folder === "" ? this.#key("") : this.#key(`${folder}/`);
    const all = await keys<string>(runs());
    const gone = all.filter((key) => key.startsWith(prefix));
    await delMany(folder === "" ? [...gone, `${TIME_PREFIX}${this.run}`] : gone, runs());
  }

  /** Size of all files, and when the run was last written (milliseconds since 1970). */
  async facts(): Promise<{ readonly sizeBytes: number; readonly savedAt: number }> {
    const paths = await this.list();
    const blobs = await getMany<Blob>(
      paths.map((path) => this.#key(path)),
      runs(),
    );
    const savedAt = (await get<number>(`${TIME_PREFIX}${this.run}`, runs())) ?? 0;
    return { sizeBytes: blobs.reduce((sum, blob) => sum + (blob?.size ?? 0), 0), savedAt };
  }

  /** Names of all stored runs. */
  static async names(): Promise<string[]> {
    const all = await keys<string>(runs());
    const files = all.filter((key) => key.includes(SEPARATOR));
    return [...new Set(files.map((key) => key.split(SEPARATOR)[0]))].sort();
  }
}
