/** Where an evaluation is computed: in this thread, or by ranks in threads of their own. */
import { restore } from "../../train/restore";
import { openGpu } from "../run-setup";
import type { CheckpointFile } from "./checkpoint-file";
import type { EvaluationChoice, EvaluationData } from "./data";
import { startRanks } from "./ranks";
import { type Scored, score } from "./score";

/** A network that is ready to be evaluated. */
export interface Scorer {
  /** Evaluates every sample; `onProgress` hears of the samples of all ranks. */
  score(onProgress: (done: number, total: number) => void): Promise<Scored>;
  /** Frees devices and threads. */
  close(): Promise<void>;
}

/** Restores the checkpoint on as many ranks as `choice` says; one of them works in this thread. `program` is the ranks'. Throws a sentence when it cannot. */
export function openScorer(
  choice: EvaluationChoice,
  checkpoint: CheckpointFile,
  data: EvaluationData,
  program?: string,
): Promise<Scorer> {
  return choice.ranks === 1 ? openHere(choice, checkpoint, data) : startRanks(choice, checkpoint, data, program);
}

async function openHere(
  { wantsPredictions }: EvaluationChoice,
  { config, bytes, file }: CheckpointFile,
  data: EvaluationData,
): Promise<Scorer> {
  const gpu = await openGpu();
  const network = await restore(gpu, config, data.hand, bytes, file);
  const quirks = new Set<string>(config.quirks);
  return {
    score: (onProgress) => score(network.recording, data, { quirks, wantsPredictions, onProgress }),
    async close() {
      network.destroy();
      gpu.destroy();
    },
  };
}
