/** A rank of an evaluation, in a thread of its own: device, network and its share of the samples. */
import type { Gpu } from "../../gpu/gpu";
import { ProcessGroup, SOFTWARE_SUBMISSIONS } from "../../ranks/group";
import type { GroupMemory } from "../../ranks/group-memory";
import { type Restored, restore } from "../../train/restore";
import { openGpu } from "../run-setup";
import type { CheckpointFile } from "./checkpoint-file";
import {
  closeEvaluation,
  type EvaluationChoice,
  type EvaluationData,
  openEvaluation,
  type SharedEvaluation,
} from "./data";
import { type Scored, score } from "./score";

/** How long ranks wait for one that does no work, ms: a large batch on a processor takes tens of seconds. */
export const PATIENCE_MS = 120_000;

export interface EvaluationRankOptions {
  readonly rank: number;
  readonly choice: EvaluationChoice;
  readonly checkpoint: CheckpointFile;
  readonly shared: SharedEvaluation;
}

/** Tells that this rank is at work, and of how many of its samples are done. */
export type TellProgress = (done: number, total: number) => unknown;

/** What the command asks of a rank, over Comlink. */
export interface EvaluationRankApi {
  /** Opens the data and restores the network; resolves with whether it computes on the CPU. */
  build(options: EvaluationRankOptions, tell: TellProgress): Promise<{ readonly softwareAdapter: boolean }>;
  /** Evaluates with the others of the group; rank 0 has the result. An error of this rank ends the group for all. */
  evaluate(memory: GroupMemory, isSoftware: boolean, tell: TellProgress): Promise<Scored | undefined>;
  /** Ends its threads and device, then the thread itself. */
  close(): Promise<void>;
}

interface Built {
  readonly options: EvaluationRankOptions;
  readonly data: EvaluationData;
  readonly network: Restored;
}

export class EvaluationRank implements EvaluationRankApi {
  #gpu: Gpu | undefined;
  #data: EvaluationData | undefined;
  #built: Built | undefined;
  #working: Promise<unknown> = Promise.resolve();

  /** `end` ends the thread from within. */
  constructor(private readonly end: () => void) {}

  build(options: EvaluationRankOptions, tell: TellProgress): Promise<{ readonly softwareAdapter: boolean }> {
    return this.#work(async () => {
      const { choice, checkpoint, shared } = options;
      const gpu = await openGpu();
      this.#gpu = gpu;
      tell(0, 0);
      const listener = { onProgress: () => void tell(0, 0), onNotes: () => undefined };
      const data = await openEvaluation(choice, listener, shared);
      this.#data = data;
      tell(0, 0);
      const network = await restore(gpu, checkpoint.config, data.hand, checkpoint.bytes, checkpoint.file);
      this.#built = { options, data, network };
      return { softwareAdapter: gpu.adapter.software };
    });
  }

  evaluate(memory: GroupMemory, isSoftware: boolean, tell: TellProgress): Promise<Scored | undefined> {
    return this.#work(async () => {
      if (!this.#built) throw new Error("evaluate: no network is loaded");
      const { options, data, network } = this.#built;
      const { rank, choice } = options;
      const submissions = isSoftware ? SOFTWARE_SUBMISSIONS : undefined;
      const group = new ProcessGroup(rank, memory, { submissions, timeoutMs: PATIENCE_MS });
      const endKeepAlive = group.keepAlive();
      try {
        const quirks = new Set<string>(choice.config.quirks);
        const { wantsPredictions } = choice;
        const onProgress = (done: number, total: number): void => void tell(done, total);
        const found = await score(network.recording, data, { quirks, wantsPredictions, onProgress, group });
        return rank === 0 ? found : undefined;
      } catch (error) {
        group.abort(error);
        throw error;
      } finally {
        endKeepAlive();
        group.leave();
      }
    });
  }

  async close(): Promise<void> {
    // What is at work uses the device.
    await this.#working;
    if (this.#data) closeEvaluation(this.#data);
    this.#built?.network.destroy();
    this.#gpu?.destroy();
    // After the answer to this call.
    setTimeout(() => this.end(), 0);
  }

  #work<T>(work: () => Promise<T>): Promise<T> {
    const done = work();
    this.#working = done.catch(() => undefined);
    return done;
  }
}
