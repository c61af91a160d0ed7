/** A rank of the tests in a thread of Node: a real trainer on a real device, for one group after the other. */
import { parentPort, workerData } from "node:worker_threads";
import { requestNodeGpu } from "../../src/cli/dawn";
import { type TrainJob, TrainRank, type TrainStart } from "../helpers/train-job";

const port = parentPort!;
const rank = await TrainRank.build(workerData as TrainStart, requestNodeGpu);
port.on("message", async (job: TrainJob | "close") => {
  if (job !== "close") {
    port.postMessage(await rank.train(job));
    return;
  }
  // Nothing else ends this thread: one that is ended inside of Dawn takes the process with it.
  rank.close();
  port.close();
});
port.postMessage(rank.shape);
