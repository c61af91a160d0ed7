/** Starts workers that make samples, from a page or from a rank's worker; they end with the one that started them. */
import { wrap } from "comlink";
import type { ThreadHost } from "../data/sample-pool";
import type { SampleMaker } from "../data/sample-thread";

/** Workers of this page or worker. */
export const pageThreads: ThreadHost = {
  cores: navigator.hardwareConcurrency,
  start(name) {
    const worker = new Worker(new URL("./sample-worker.ts", import.meta.url), { type: "module", name });
    const { make } = wrap<SampleMaker>(worker);
    return {
      make,
      onEnd(listener) {
        worker.addEventListener("error", ({ message }) => listener(message || "its program could not be loaded"));
        worker.addEventListener("messageerror", () => listener("an answer could not be read"));
      },
      terminate: () => worker.terminate(),
    };
  },
};
