/** The database of runs in this browser: one object store, "run//path" to Blob. Knows no run. */

const DATABASE = "handloom-runs";
const STORE = "files";
/** Version of the layout. An older one is brought up in the transaction that opens it; a newer one is refused. */
const VERSION = 1;

let opened: Promise<IDBDatabase> | undefined;

/**
 * One transaction. `work` makes its requests at once and returns what reads their results when all is complete: with no
 * room, Chromium lets every request succeed and aborts the transaction afterwards. A "strict" one is complete when its bytes
 * are on the disk.
 */
export async function inTransaction<T>(
  mode: "readonly" | "readwrite",
  work: (files: IDBObjectStore) => () => T,
  durability: "default" | "strict" = "default",
): Promise<T> {
  opened ??= openDatabase();
  const database = await opened;
  return new Promise((resolve, reject) => {
    const transaction = database.transaction(STORE, mode, { durability });
    const result = work(transaction.objectStore(STORE));
    transaction.oncomplete = () => resolve(result());
    transaction.onabort = () =>
      reject(transaction.error ?? new DOMException("the transaction was aborted", "AbortError"));
  });
}

/** Keys that begin with `prefix`. */
export const keysFrom = (prefix: string): IDBKeyRange => IDBKeyRange.bound(prefix, `${prefix}\uffff`);

function openDatabase(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(DATABASE, VERSION);
    let isOver = false;
    const fail = (message: string): void => {
      opened = undefined;
      isOver = true;
      reject(new Error(message));
    };
    request.onupgradeneeded = ({ oldVersion }) => {
      if (oldVersion < 1) request.result.createObjectStore(STORE);
    };
    request.onsuccess = () => {
      const database = request.result;
      if (isOver) return database.close(); // was blocked
      // Another tab has a newer version of this page and waits for this connection; or the browser's data are being cleared.
      database.onversionchange = () => {
        opened = undefined;
        database.close();
      };
      database.onclose = () => {
        opened = undefined;
      };
      resolve(database);
    };
    request.onblocked = () =>
      fail("an older version of this page in another tab holds the runs of this browser; close that tab and try again");
    request.onerror = () =>
      fail(
        request.error?.name === "VersionError"
          ? "the runs in this browser were written by a newer version of this page; reload this tab"
          : `the runs in this browser cannot be opened: ${request.error?.message ?? "no reason given"}`,
      );
  });
}
