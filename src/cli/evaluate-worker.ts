/** The entry of a rank of `evaluate` in a thread of Node, spoken to over Comlink. */
import { type MessagePort, workerData } from "node:worker_threads";
import { type Endpoint, expose } from "comlink";
import { EvaluationRank } from "./evaluation/rank";

const { port } = workerData as { readonly port: MessagePort };

expose(new EvaluationRank(() => process.exit(0)), port as unknown as Endpoint);
