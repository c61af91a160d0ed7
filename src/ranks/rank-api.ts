/** What the supervisor asks of a rank's worker, over Comlink; the same in a page and in Node. */
import type { SharedCrops } from "../data/shared-crops";
import type { CheckpointFacts } from "../train/checkpoint";
import type { Peaks, ProfileReport, RankEvent } from "../train/events";
import type { InspectApi, LookRequest, LookView } from "../train/inspect/types";
import type { CheckpointWeights } from "../train/inspect/weights";
import type { ShadowMemory, SnapshotLayout } from "../train/snapshot";
import type { StartOptions } from "./api";
import type { FaultPlan } from "./fault-hook";
import type { GroupMemory } from "./group-memory";

/** What a rank is made from. Threads of Node know their data and hand by themselves. */
export interface RankOptions
  extends Pick<StartOptions, "name" | "config" | "debug" | "preflight">,
    Partial<Pick<StartOptions, "data" | "hand">> {
  /** A number that stays with the worker; its rank in a group may change. */
  readonly worker: number;
  /** Workers of the run, which share the machine's processors. */
  readonly ranks: number;
  readonly powerPreference?: GPUPowerPreference;
  /** Records that another worker has imported already; undefined imports them. */
  readonly crops?: SharedCrops;
  /** Name of a Web Lock that the worker holds while it lives; absent in Node. */
  readonly lock?: string;
  /** Ways to fail, for tests. */
  readonly faults?: FaultPlan;
}

/** What a built rank needs from its group and says of itself; all ranks of a run must agree in everything but the adapter. */
export interface RankShape {
  readonly adapter: string;
  readonly softwareAdapter: boolean;
  readonly layout: SnapshotLayout;
  readonly microBatches: number;
  /** Floats of each bucket of the all-reduce. */
  readonly buckets: readonly number[];
  readonly tables: GroupMemory["tables"];
  readonly totalSteps: number;
  /** What checkpoints hold beside a snapshot. */
  readonly facts: Omit<CheckpointFacts, "saved">;
  /** Records for other workers; from the one that imported. */
  readonly crops?: SharedCrops;
}

/** A place in a group. */
export interface RankPlace {
  readonly rank: number;
  readonly memory: GroupMemory;
  readonly shadow: ShadowMemory;
  /** The last step whose record was kept: earlier ones are done again without being told again; the same for evaluations. */
  readonly recordedStep: number;
  readonly recordedEvaluation: number;
  /** For rank 0 of a run's first group: to say what is trained on what, and the step of the checkpoint that it goes on from. */
  readonly announce?: { readonly ranks: number; readonly resumedStep?: number };
  readonly mixedAdapters: boolean;
  /** A person holds the run: it begins paused, also where no step is left. */
  readonly isHeld: boolean;
  /** Ranks compute on the CPU. */
  readonly isSoftware: boolean;
}

/** How a rank's part in a group ended. */
export type RankEnd =
  | { readonly kind: "done" | "stopped"; readonly step: number }
  /** The group asked all ranks to come out between two steps, to be formed anew. */
  | { readonly kind: "reform"; readonly step: number }
  /** Steps were refused again and again: the run cannot go on, whatever ranks it has. `text` says why; all ranks end so in the same step. */
  | { readonly kind: "diverged"; readonly step: number; readonly text: string }
  /** `canContinue`: this worker can join the next group as it is; else it must be built again (device lost) or ended. */
  | { readonly kind: "fault"; readonly reason: string; readonly text: string; readonly canContinue: boolean };

export interface RankWorkerApi {
  /** Opens the data and builds the network; after a lost device builds it again on a new one. */
  build(options: RankOptions, emit: (event: RankEvent) => unknown): Promise<RankShape>;
  /** Trains in a group until the run or the group ends. Never rejects for what a group can recover from. */
  train(place: RankPlace): Promise<RankEnd>;
  /** Asks all ranks to come out of `train` between two steps, with kind "reform". */
  reform(): Promise<void>;
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** Leaves a pause for one step. */
  stepOnce(): Promise<void>;
  stop(): Promise<void>;
  profile(repeats: number, warmUp?: number): Promise<ProfileReport>;
  cancelProfile(): Promise<void>;
  peaks(): Promise<Peaks>;
  /** The samples of a split, without scores. */
  samples: InspectApi["samples"];
  thumbnails: InspectApi["thumbnails"];
  predict: InspectApi["predict"];
  look(request: LookRequest, weights?: CheckpointWeights): Promise<LookView>;
  cancelLook: InspectApi["cancelLook"];
  /** Ends threads and the device. */
  close(): Promise<void>;
}
