/** Starts threads of Node that make samples. */
import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import type { ThreadHost } from "../data/sample-pool";
import type { SampleMaker } from "../data/sample-thread";
import { projectRoot } from "./host";
import { startWorkerThread } from "./worker-thread";

/** Threads of this process. `program` is the built `sample-worker`. */
export function nodeThreads(program = join(projectRoot(), "dist/node/sample-worker.js")): ThreadHost {
  return {
    cores: availableParallelism(),
    start(name) {
      if (!existsSync(program)) {
        throw new Error(`${name}: the thread's program "${program}" does not exist; run npm run build:node`);
      }
      const { api, onEnd, terminate } = startWorkerThread<SampleMaker>(program, name);
      return { make: api.make, onEnd, terminate };
    },
  };
}
