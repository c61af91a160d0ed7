import { type RunStorage, StorageFull } from "../train/storage";
import { inTransaction, keysFrom } from "./run-database";
import { readMarks, writeMark } from "./run-sentinel";

const SEPARATOR = "//";
/** Keys of the times of the last write, apart from the files. */
const TIME_PREFIX = "saved-at:";

type Files = ReadonlyMap<string, Uint8Array<ArrayBuffer>>;

/**
 * A run in IndexedDB: one record for each file, "run//path". The files of a checkpoint are put in one transaction, read again and
 * compared before `commit` resolves.
 */
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
    await this.#put(path, new Map([[path, bytes]]));
  }

  async commit(folder: string, files: Files, beside: Files = new Map()): Promise<void> {
    const all = new Map([...[...files].map(([name, bytes]) => [`${folder}/${name}`, bytes] as const), ...beside]);
    await this.#put(folder, all, `${folder}/`);
    await this.#verify(all);
    const mark = { checkpoint: folder, savedAt: Date.now() };
    // Without it a cleared database looks like a shorter run or none; the checkpoint is there all the same.
    await writeMark(this.run, mark).catch(() => undefined);
  }

  /** Puts files by path in one transaction, after removing what lies below `replaced`; that one is on the disk when this resolves. */
  async #put(what: string, files: Files, replaced?: string): Promise<void> {
    // Made outside of the transaction, which a slow copy would keep open.
    const blobs = [...files].map(([path, bytes]) => [this.#key(path), new Blob([bytes])] as const);
    try {
      await inTransaction(
        "readwrite",
        (store) => {
          if (replaced !== undefined) store.delete(keysFrom(this.#key(replaced)));
          for (const [key, blob] of blobs) store.put(blob, key);
          store.put(Date.now(), `${TIME_PREFIX}${this.run}`);
          return () => undefined;
        },
        replaced === undefined ? "default" : "strict",
      );
    } catch (error) {
      if (!(error instanceof DOMException && error.name === "QuotaExceededError")) throw error;
      throw new StorageFull(await this.#fullSentence(what, files));
    }
  }

  async #fullSentence(what: string, files: Files): Promise<string> {
    const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;
    const needed = [...files.values()].reduce((sum, bytes) => sum + bytes.byteLength, 0);
    const { usage = 0 } = await navigator.storage.estimate().catch((): StorageEstimate => ({}));
    return `this browser has no room for ${what} of the run "${this.run}": it needs ${megabytes(needed)}, ${megabytes(usage)} are in use; what is stored stays; delete old runs or data sets in this page or free space on the disk, and download this run to have it safe`;
  }

  /** Chromium hands out changed bytes of a large value without an error. */
  async #verify(files: Files): Promise<void> {
    for (const [path, bytes] of files) {
      const found = await this.read(path);
      if (!equal(found, bytes))
        throw new Error(
          `run "${this.run}": ${path} was written to this browser's storage and reads as something else (${found.byteLength} bytes, expected ${bytes.byteLength}); the checkpoint before it is still there; is the disk sound?`,
        );
    }
  }

  async read(path: string): Promise<Uint8Array<ArrayBuffer>> {
    const blob = await inTransaction("readonly", (store) => {
      const request: IDBRequest<Blob | undefined> = store.get(this.#key(path));
      return () => request.result;
    });
    if (!blob) throw new Error(`run "${this.run}": no file ${path} in this browser's storage`);
    try {
      return new Uint8Array(await blob.arrayBuffer());
    } catch (error) {
      throw new Error(
        `run "${this.run}": ${path} in this browser's storage cannot be read: ${(error as Error).message}`,
      );
    }
  }

  async list(): Promise<readonly string[]> {
    const prefix = this.#key("");
    return (await keys(keysFrom(prefix))).map((key) => key.slice(prefix.length)).sort();
  }

  async remove(folder: string): Promise<void> {
    // First, so that a kill in between leaves a run that is there, not a mark of one that is gone.
    if (folder === "") await writeMark(this.run, undefined);
    await inTransaction("readwrite", (store) => {
      store.delete(keysFrom(folder === "" ? this.#key("") : this.#key(`${folder}/`)));
      store.delete(this.#key(folder));
      if (folder === "") store.delete(`${TIME_PREFIX}${this.run}`);
      return () => undefined;
    });
  }

  /** Size of all files, and when the run was last written (milliseconds since 1970). */
  async facts(): Promise<{ readonly sizeBytes: number; readonly savedAt: number }> {
    return inTransaction("readonly", (store) => {
      const blobs: IDBRequest<Blob[]> = store.getAll(keysFrom(this.#key("")));
      const time: IDBRequest<number | undefined> = store.get(`${TIME_PREFIX}${this.run}`);
      return () => ({ sizeBytes: blobs.result.reduce((sum, { size }) => sum + size, 0), savedAt: time.result ?? 0 });
    });
  }

  /** Names of all stored runs. */
  static async names(): Promise<string[]> {
    const files = (await keys()).filter((key) => key.includes(SEPARATOR));
    return [...new Set(files.map((key) => key.split(SEPARATOR)[0]))].sort();
  }

  /** Sentences on runs that were stored here and are gone without having been deleted here: evicted, or cleared by a person. */
  static async lost(): Promise<
    readonly { readonly run: string; readonly savedAt: number; readonly message: string }[]
  > {
    const names = new Set(await IdbStorage.names());
    return [...(await readMarks())]
      .filter(([run]) => !names.has(run))
      .map(([run, { checkpoint, savedAt }]) => ({
        run,
        savedAt,
        message: `the run "${run}" (${checkpoint}, saved ${new Date(savedAt).toISOString().slice(0, 16).replace("T", " ")} UTC) was in this browser's storage and is gone: the browser or a person has cleared it; a download of it can be unpacked and gone on with in a terminal (train --resume FOLDER); delete it here to be told no more`,
      }));
  }
}

const keys = (range?: IDBKeyRange): Promise<string[]> =>
  inTransaction("readonly", (store) => {
    const request = store.getAllKeys(range) as IDBRequest<string[]>;
    return () => request.result;
  });

function equal(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
