/** The page's end of a run: the worker that supervises its ranks, talked to over Comlink. */
import type { ReadonlySignal } from "@preact/signals";
import { proxy, type Remote } from "comlink";
import type { RankApi } from "../ranks/api";
import { nursed } from "../ranks/nursed";
import { connect } from "./connect";
import { type Metronome, Pulse } from "./pulse";

/** What a page has in hand where the worker itself does not answer. */
export interface Lifeline {
  /** The worker has not answered for some seconds, while something is asked of it. */
  readonly isSilent: ReadonlySignal<boolean>;
  /** Ends the worker: what is under way rejects with `why`, a sentence; the next call starts a new one. */
  abandon(why: string): void;
}

/** A RankApi whose worker starts with the first call; a worker that fails rejects what is under way. */
export function connectRank(metronome?: Metronome): RankApi & Lifeline {
  const connection = connect<RankApi>("of the run", () =>
    nursed(
      new Worker(new URL("../ranks/supervisor-worker.ts", import.meta.url), { type: "module", name: "supervisor" }),
    ),
  );
  const pulse = new Pulse(() => connection((api) => api.ping()), metronome);
  const call = <T>(make: (api: Remote<RankApi>) => Promise<T>): Promise<T> => pulse.during(connection(make));
  return {
    isSilent: pulse.isSilent,
    abandon(why) {
      pulse.forget();
      connection.end(why);
    },
    ping: () => call((api) => api.ping()),
    start: (options, onEvent) => call((api) => api.start(options, proxy(onEvent))),
    pause: () => call((api) => api.pause()),
    resume: () => call((api) => api.resume()),
    step: () => call((api) => api.step()),
    stop: () => call((api) => api.stop()),
    profile: (repeats, warmUp) => call((api) => api.profile(repeats, warmUp)),
    cancelProfile: () => call((api) => api.cancelProfile()),
    peaks: () => call((api) => api.peaks()),
    storedRuns: () => call((api) => api.storedRuns()),
    samples: (split, from, to) => call((api) => api.samples(split, from, to)),
    thumbnails: (split, indices, side) => call((api) => api.thumbnails(split, indices, side)),
    predict: (split, indices) => call((api) => api.predict(split, indices)),
    look: (request, checkpoint) => call((api) => api.look(request, checkpoint)),
    cancelLook: () => call((api) => api.cancelLook()),
    checkpoints: (run) => call((api) => api.checkpoints(run)),
    files: (run) => call((api) => api.files(run)),
    paths: (run) => call((api) => api.paths(run)),
    deleteRun: (run) => call((api) => api.deleteRun(run)),
    readFiles: (run, paths) => call((api) => api.readFiles(run, paths)),
    keepLook: (run, view, about) => call((api) => api.keepLook(run, view, about)),
    dropLook: (run, place) => call((api) => api.dropLook(run, place)),
    keptLooks: (run) => call((api) => api.keptLooks(run)),
    keptLook: (run, place) => call((api) => api.keptLook(run, place)),
    summarize: (run) => call((api) => api.summarize(run)),
    annotate: (run, notes) => call((api) => api.annotate(run, notes)),
    importRun: (zip, progress) => call((api) => api.importRun(zip, proxy(progress))),
    cancelImport: () => call((api) => api.cancelImport()),
  };
}
