/** The page's end of a rank: one worker, talked to over Comlink. */
import * as Comlink from "comlink";
import type { RankApi } from "../ranks/api";

/**
 * A RankApi whose worker starts with the first call. When the worker itself fails (its script does not load, or an error
 * escapes it) every call that is under way rejects with a sentence, as Comlink alone would wait for ever.
 */
export function connectRank(): RankApi {
  let connected: { readonly api: Comlink.Remote<RankApi>; readonly failed: Promise<never> } | undefined;
  const connect = () => {
    if (connected === undefined) {
      const worker = new Worker(new URL("../ranks/worker.ts", import.meta.url), { type: "module", name: "rank 0" });
      const failed = new Promise<never>((_, reject) => {
        worker.addEventListener("error", (event) => {
          connected = undefined;
          worker.terminate();
          const what =
            event.message === undefined || event.message === "" ? "its script could not be loaded" : event.message;
          reject(new Error(`The worker of rank 0 stopped: ${what}.`));
        });
      });
      failed.catch(() => undefined);
      connected = { api: Comlink.wrap<RankApi>(worker), failed };
    }
    return connected;
  };
  const call = <T>(make: (api: Comlink.Remote<RankApi>) => Promise<T>): Promise<T> => {
    const { api, failed } = connect();
    return Promise.race([make(api), failed]);
  };
  return {
    start: (options, onEvent) => call((api) => api.start(options, Comlink.proxy(onEvent))),
    pause: () => call((api) => api.pause()),
    resume: () => call((api) => api.resume()),
    stop: () => call((api) => api.stop()),
    profile: (repeats) => call((api) => api.profile(repeats)),
    inspect: (split, index) => call((api) => api.inspect(split, index)),
    storedRuns: () => call((api) => api.storedRuns()),
    files: (run) => call((api) => api.files(run)),
    deleteRun: (run) => call((api) => api.deleteRun(run)),
  };
}
