/** The page's end of a run: the worker that supervises its ranks, talked to over Comlink. */
import { proxy } from "comlink";
import type { RankApi } from "../ranks/api";
import { nursed } from "../ranks/nursed";
import { connect } from "./connect";

/** A RankApi whose worker starts with the first call; a worker that fails rejects what is under way. */
export function connectRank(): RankApi {
  const call = connect<RankApi>("of the run", () =>
    nursed(
      new Worker(new URL("../ranks/supervisor-worker.ts", import.meta.url), { type: "module", name: "supervisor" }),
    ),
  );
  return {
    start: (options, onEvent) => call((api) => api.start(options, proxy(onEvent))),
    pause: () => call((api) => api.pause()),
    resume: () => call((api) => api.resume()),
    step: () => call((api) => api.step()),
    stop: () => call((api) => api.stop()),
    profile: (repeats, warmUp) => call((api) => api.profile(repeats, warmUp)),
    cancelProfile: () => call((api) => api.cancelProfile()),
    peaks: () => call((api) => api.peaks()),
    inspect: (split, index) => call((api) => api.inspect(split, index)),
    storedRuns: () => call((api) => api.storedRuns()),
    samples: (split, from, to) => call((api) => api.samples(split, from, to)),
    thumbnails: (split, indices, side) => call((api) => api.thumbnails(split, indices, side)),
    predict: (split, indices) => call((api) => api.predict(split, indices)),
    look: (request, checkpoint) => call((api) => api.look(request, checkpoint)),
    checkpoints: (run) => call((api) => api.checkpoints(run)),
    files: (run) => call((api) => api.files(run)),
    deleteRun: (run) => call((api) => api.deleteRun(run)),
    readFiles: (run, paths) => call((api) => api.readFiles(run, paths)),
    summarize: (run) => call((api) => api.summarize(run)),
    annotate: (run, notes) => call((api) => api.annotate(run, notes)),
    importRun: (zip, progress) => call((api) => api.importRun(zip, proxy(progress))),
  };
}
