/** A rank of `evaluate` that fails after its first batch where it is rank 1: throws, or ends its thread, as the environment says. */
import { type MessagePort, workerData } from "node:worker_threads";
import { type Endpoint, expose } from "comlink";
import { EvaluationRank, type EvaluationRankOptions, type TellProgress } from "../../src/cli/evaluation/rank";
import type { GroupMemory } from "../../src/ranks/group-memory";

const { port } = workerData as { readonly port: MessagePort };

class FailingRank extends EvaluationRank {
  #rank = 0;

  override build(options: EvaluationRankOptions, tell: TellProgress): ReturnType<EvaluationRank["build"]> {
    this.#rank = options.rank;
    if (this.#rank === 1 && process.env.FAILURE === "build") throw new Error("a planted error in build");
    return super.build(options, tell);
  }

  override evaluate(
    memory: GroupMemory,
    isSoftware: boolean,
    tell: TellProgress,
  ): ReturnType<EvaluationRank["evaluate"]> {
    const fail = (): never => {
      if (process.env.FAILURE === "exit") process.exit(7);
      throw new Error("a planted error");
    };
    return super.evaluate(memory, isSoftware, this.#rank === 1 ? fail : tell);
  }
}

expose(new FailingRank(() => process.exit(0)), port as unknown as Endpoint);
