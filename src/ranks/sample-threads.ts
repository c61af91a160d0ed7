/** Starts workers that make samples, from a page or from a rank's worker; they end with the one that started them. */
import { wrap } from "comlink";
import type { SampleThread, ThreadHost } from "../data/sample-pool";
import type { SampleMaker } from "../data/sample-thread";

/** Workers of this page or worker. */
export const pageThreads: ThreadHost = {
  cores: navigator.hardwareConcurrency,
  start: (name) =>
    threadOf(new Worker(new URL("./sample-worker.ts", import.meta.url), { type: "module", name: `handloom ${name}` })),
};

/** A worker that runs the program of `sample-worker.ts`. */
export function threadOf(worker: Worker): SampleThread {
  const { make } = wrap<SampleMaker>(worker);
  return {
    make,
    onEnd(listener) {
      worker.addEventListener("error", ({ message }) => listener(message || "its program could not be loaded"));
      worker.addEventListener("messageerror", () => listener("an answer could not be read"));
    },
    terminate: () => worker.terminate(),
  };
}
