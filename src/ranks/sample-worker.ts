/** A worker of a rank's worker that makes samples. */
import { transfer } from "comlink";
import { answerJob, buffersOf, type SampleMaker } from "../data/sample-thread";
import { exposeToStarter } from "./nursery";

const maker: SampleMaker = {
  async make(job) {
    const answer = answerJob(job);
    return transfer(answer, buffersOf(answer));
  },
};

exposeToStarter(maker);
