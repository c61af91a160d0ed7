/** A worker behind a Comlink interface, started when it is first needed. */
import * as Comlink from "comlink";

/**
 * Returns the function that makes one call. The worker starts with the first; when the worker itself fails (its script does
 * not load, or an error escapes it) every call that is under way rejects with a sentence, as Comlink alone would wait for
 * ever, and the next call starts a new one.
 */
export function connect<Api>(
  what: string,
  start: () => Worker,
): <T>(make: (api: Comlink.Remote<Api>) => Promise<T>) => Promise<T> {
  let connected: { readonly api: Comlink.Remote<Api>; readonly failed: Promise<never> } | undefined;
  const open = () => {
    if (connected === undefined) {
      const worker = start();
      const failed = new Promise<never>((_, reject) => {
        worker.addEventListener("error", (event) => {
          connected = undefined;
          worker.terminate();
          const reason =
            event.message === undefined || event.message === "" ? "its script could not be loaded" : event.message;
          reject(new Error(`The worker ${what} stopped: ${reason}.`));
        });
      });
      failed.catch(() => undefined);
      connected = { api: Comlink.wrap<Api>(worker), failed };
    }
    return connected;
  };
  return (make) => {
    const { api, failed } = open();
    return Promise.race([make(api), failed]);
  };
}
