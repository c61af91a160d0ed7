/** The page's end of the importing worker. */
import { proxy } from "comlink";
import type { ImportApi } from "../ranks/import-api";
import { nursed } from "../ranks/nursed";
import { connect } from "./connect";

/** An ImportApi whose worker starts with the first call. */
export function connectImport(): ImportApi {
  const call = connect<ImportApi>("that imports", () =>
    nursed(new Worker(new URL("../ranks/import-worker.ts", import.meta.url), { type: "module", name: "import" })),
  );
  return {
    look: (source, split, options) => call((api) => api.look(source, split, options)),
    start: (request, onProgress) => call((api) => api.start(request, proxy(onProgress))),
    pause: () => call((api) => api.pause()),
    resume: () => call((api) => api.resume()),
    cancel: () => call((api) => api.cancel()),
    sets: () => call((api) => api.sets()),
    usage: () => call((api) => api.usage()),
    remove: (name) => call((api) => api.remove(name)),
    check: (name, onProgress) => call((api) => api.check(name, proxy(onProgress))),
    ids: (set) => call((api) => api.ids(set)),
    summary: (set, options, onProgress) => call((api) => api.summary(set, options, proxy(onProgress))),
    tiles: (set, places, side) => call((api) => api.tiles(set, places, side)),
    stopReading: (what) => call((api) => api.stopReading(what)),
  };
}
