/** A thread of `handloom synthesize`: renders the frames it is given and writes their files. */
import { parentPort, workerData } from "node:worker_threads";
import { type RenderJob, renderFrames } from "./synthesize";

renderFrames(workerData as RenderJob, () => parentPort?.postMessage("frame done")).catch((error: unknown) => {
  // An error that is thrown in a thread's event reaches the main thread as its "error".
  setImmediate(() => {
    throw error;
  });
});
