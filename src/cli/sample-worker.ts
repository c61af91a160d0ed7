/** A thread of Node that makes samples. */
import { type MessagePort, workerData } from "node:worker_threads";
import { type Endpoint, expose, transfer } from "comlink";
import { answerJob, buffersOf, type SampleMaker } from "../data/sample-thread";

const maker: SampleMaker = {
  async make(job) {
    const answer = answerJob(job);
    return transfer(answer, buffersOf(answer));
  },
};

expose(maker, (workerData as { readonly port: MessagePort }).port as unknown as Endpoint);
