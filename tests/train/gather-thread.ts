/** A rank of the tests in a thread of Node. */
import { parentPort, workerData } from "node:worker_threads";
import { type GatherStart, runGatherRank } from "../helpers/gather-job";

void runGatherRank(workerData as GatherStart).then((answer) => parentPort?.postMessage(answer));
