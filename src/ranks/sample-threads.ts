/** Starts workers that make samples, from a page or from a rank's worker; they end with the one that started them. */
import { wrap } from "comlink";
import type { SampleThread, ThreadHost } from "../data/sample-pool";
import type { SampleMaker } from "../data/sample-thread";
import { type StartedWorker, startWorker } from "./nursery";

/** Workers of this page or worker. */
export const pageThreads: ThreadHost = {
  cores: navigator.hardwareConcurrency,
  start: (name) =>
    threadOf(
      startWorker(
        "sample",
        `handloom ${name}`,
        (name) => new Worker(new URL("./sample-worker.ts", import.meta.url), { type: "module", name }),
      ),
    ),
};

/** A worker that runs the program of `sample-worker.ts`. */
export function threadOf({ endpoint, onFail, terminate }: StartedWorker): SampleThread {
  return { make: wrap<SampleMaker>(endpoint).make, onEnd: onFail, terminate };
}
