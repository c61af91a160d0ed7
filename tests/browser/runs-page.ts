/** What tests of stored runs do inside a page; `run` is called with the name of an action and its argument. */
import { IdbStorage } from "../../src/ranks/idb-storage";
import { utf8 } from "../../src/train/storage";
import { resume, writeOne } from "../faults/checkpoints/workload";

const storage = new IdbStorage("demo");

/** Bytes that nothing can compress. */
function noise(megabytes: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(1e6 * megabytes);
  for (let at = 0; at < bytes.length; at += 65_536) crypto.getRandomValues(bytes.subarray(at, at + 65_536));
  return bytes;
}

/** "done", or the error. */
async function outcome(work: Promise<void>): Promise<string> {
  try {
    await work;
    return "done";
  } catch (error) {
    return String(error);
  }
}

const folder = (step: number): string => `checkpoints/step-${String(step).padStart(6, "0")}`;
const text = utf8("replaced");

const actions = {
  commit: ({ step, megabytes }: { step: number; megabytes: number }) =>
    outcome(storage.commit(folder(step), new Map([["model.safetensors", noise(megabytes)]]))),
  replace: (step: number) =>
    outcome(storage.commit(folder(step), new Map([["state.json", text]]), new Map([["checkpoints/last.json", text]]))),
  /** A disk that keeps something else than it was given. */
  async commitChanged(step: number) {
    const { put } = IDBObjectStore.prototype;
    IDBObjectStore.prototype.put = function (value, key) {
      const changed = value instanceof Blob ? new Blob([value.slice(0, -1), "x"]) : value;
      return put.call(this, changed, key);
    };
    try {
      return await actions.commit({ step, megabytes: 1 });
    } finally {
      IDBObjectStore.prototype.put = put;
    }
  },
  /** What the transactions of a commit ask for. */
  async durabilities(step: number) {
    const { transaction } = IDBDatabase.prototype;
    const asked: unknown[] = [];
    IDBDatabase.prototype.transaction = function (stores, mode, options) {
      if (mode === "readwrite") asked.push(options?.durability);
      return transaction.call(this, stores, mode, options);
    };
    try {
      await actions.commit({ step, megabytes: 1 });
      return asked;
    } finally {
      IDBDatabase.prototype.transaction = transaction;
    }
  },
  write: (megabytes: number) => outcome(storage.write("log.txt", noise(megabytes))),
  remove: () => storage.remove(""),
  facts: () => storage.facts(),
  /** Short files as text, of others their length. */
  async look() {
    const files: Record<string, string> = {};
    for (const path of await storage.list()) {
      const bytes = await storage.read(path);
      files[path] = bytes.length < 100 ? new TextDecoder().decode(bytes) : `${bytes.length} bytes`;
    }
    return { files, lost: await IdbStorage.lost(), names: await IdbStorage.names() };
  },
  /** What a later version of the page does at its first look. */
  upgrade: () =>
    new Promise((resolve) => {
      const request = indexedDB.open("handloom-runs", 1000);
      request.onsuccess = () => resolve("upgraded");
      request.onblocked = () => resolve("blocked");
    }),
  checkpoint: (step: number) => outcome(writeOne(storage, step)),
  resume: () => resume(storage),
};

Object.assign(globalThis, {
  run: (name: keyof typeof actions, argument: never) => (actions[name] as (argument: never) => unknown)(argument),
});
