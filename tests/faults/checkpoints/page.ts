/** What the campaign does inside a page and its worker; the page's `run` is called with the name of an action and its argument. */
import { createStore, entries, get, set } from "idb-keyval";
import { IdbStorage } from "../../../src/ranks/idb-storage";
import { awaitRun, isRunLocked, lockRun, type RunLock } from "../../../src/ranks/run-lock";
import type { RunStorage } from "../../../src/train/storage";
import { type Verdict, verify, writeForEver } from "./workload";

export type Scheme = "safe" | "unsafe";

/** The control: one `set` for each file, in place, as a checkpoint is saved by who does not think of kills. */
function unsafeStorage(): RunStorage {
  const store = createStore("unsafe", "files");
  const name = (path: string): string => path.split("/").at(-1)!;
  return {
    place: "the unsafe control",
    write: (path, bytes) => set(name(path), bytes, store),
    commit: async (folder, files) => {
      await set("folder", folder, store);
      for (const [path, bytes] of files) await set(path, bytes, store);
    },
    read: async (path) => (await get<Uint8Array<ArrayBuffer>>(name(path), store)) ?? Uint8Array.of(),
    list: async () => {
      const folder = (await get<string>("folder", store)) ?? "";
      const files = (await entries<string>(store)).map(([key]) => key).filter((key) => key.includes("."));
      return files.map((file) => `${folder}/${file}`);
    },
    remove: async () => undefined,
  };
}

const storageOf = (scheme: Scheme): RunStorage => (scheme === "safe" ? new IdbStorage("killed") : unsafeStorage());

interface Order {
  readonly scheme: Scheme;
  readonly from: number;
}

let lock: RunLock | undefined;

const actions = {
  /** Begins to write in a worker. */
  write(order: Order): void {
    const worker = new Worker("/page.js");
    Object.assign(globalThis, { worker });
    worker.postMessage(order);
  },
  verify: (scheme: Scheme): Promise<Verdict> => verify(storageOf(scheme)),
  /** True when this tab became the writer, else the sentence. */
  async lock(run: string): Promise<true | string> {
    try {
      lock = await lockRun(run);
      return true;
    } catch (error) {
      return (error as Error).message;
    }
  },
  /** Milliseconds since 1970 at which this tab became the writer. */
  async waitForLock(run: string): Promise<number> {
    lock = await awaitRun(run);
    return Date.now();
  },
  async release(): Promise<void> {
    await lock?.release();
    lock = undefined;
  },
  isLocked: isRunLocked,
};

if (typeof document === "undefined") {
  // Awaited: what the driver has heard, it has heard before the next write begins.
  globalThis.onmessage = ({ data: { scheme, from } }: MessageEvent<Order>) =>
    writeForEver(storageOf(scheme), from, (what, step) => fetch(`/tell?${what}=${step}`));
} else {
  Object.assign(globalThis, {
    run: (name: keyof typeof actions, argument: never) => (actions[name] as (argument: never) => unknown)(argument),
  });
}
