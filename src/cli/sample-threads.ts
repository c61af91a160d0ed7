/** Starts threads of Node that make samples. */
import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { MessageChannel, Worker } from "node:worker_threads";
import { type Endpoint, wrap } from "comlink";
import type { ThreadHost } from "../data/sample-pool";
import type { SampleMaker } from "../data/sample-thread";
import { projectRoot } from "./host";

/** Threads of this process. `program` is the built `sample-worker`. */
export function nodeThreads(program = join(projectRoot(), "dist/node/sample-worker.js")): ThreadHost {
  return {
    cores: availableParallelism(),
    start(name) {
      if (!existsSync(program)) {
        throw new Error(`${name}: the thread's program "${program}" does not exist; run npm run build:node`);
      }
      // A port of its own: Node's has the listeners of a page's, its Worker has not.
      const { port1, port2 } = new MessageChannel();
      const worker = new Worker(program, { name, workerData: { port: port2 }, transferList: [port2] });
      const { make } = wrap<SampleMaker>(port1 as unknown as Endpoint);
      return {
        make,
        onEnd(listener) {
          worker.on("error", (error) => listener(error.message));
          port1.on("messageerror", (error) => listener(`an answer could not be read: ${error.message}`));
          worker.on("exit", (code) => listener(`exit code ${code}`));
        },
        terminate() {
          port1.close();
          void worker.terminate();
        },
      };
    },
  };
}
