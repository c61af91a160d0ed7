/** A worker behind a Comlink interface, started when it is first needed. */
import * as Comlink from "comlink";

/** Makes one call of the worker's interface. */
export interface Connection<Api> {
  <T>(make: (api: Comlink.Remote<Api>) => Promise<T>): Promise<T>;
  /** Ends the worker, whatever it is at: calls under way reject with `why`, a sentence, and the next one starts a new worker. */
  end(why: string): void;
}

/**
 * Returns the function that makes one call. The worker starts with the first; when the worker itself fails (its script does
 * not load, or an error escapes it) every call that is under way rejects with a sentence, as Comlink alone would wait for
 * ever, and the next call starts a new one.
 */
export function connect<Api>(what: string, start: () => Worker): Connection<Api> {
  let connected:
    | { readonly api: Comlink.Remote<Api>; readonly failed: Promise<never>; readonly end: (why: string) => void }
    | undefined;
  const open = () => {
    if (connected === undefined) {
      const worker = start();
      let fail: (error: Error) => void = () => undefined;
      const failed = new Promise<never>((_, reject) => {
        fail = reject;
      });
      const end = (why: string) => {
        connected = undefined;
        worker.terminate();
        fail(new Error(why));
      };
      worker.addEventListener("error", (event) => {
        const reason =
          event.message === undefined || event.message === "" ? "its script could not be loaded" : event.message;
        end(`The worker ${what} stopped: ${reason}.`);
      });
      failed.catch(() => undefined);
      connected = { api: Comlink.wrap<Api>(worker), failed, end };
    }
    return connected;
  };
  const call = <T>(make: (api: Comlink.Remote<Api>) => Promise<T>): Promise<T> => {
    const { api, failed } = open();
    return Promise.race([make(api), failed]);
  };
  return Object.assign(call, { end: (why: string) => connected?.end(why) });
}
