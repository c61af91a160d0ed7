import { type Config, microBatchesOf } from "../config";
import type { ThreadHost } from "../data/sample-pool";
import type { HandModel } from "../data/types";
import type { Gpu } from "../gpu/gpu";
import { prepareData, type RunData } from "./data";
import type { TrainEvent } from "./events";
import { LocalRun, type LocalRunParts } from "./local-run";
import { configToResume } from "./resume-config";
import type { RunStorage } from "./storage";

export interface LaunchOptions {
  readonly name: string;
  readonly config: Config;
  readonly gpu: Gpu;
  readonly hand: HandModel;
  readonly frames: RunData;
  /** Where threads that make samples come from. */
  readonly threads: ThreadHost;
  readonly storage: RunStorage;
  readonly emit: (event: TrainEvent) => void;
  readonly clock: LocalRunParts["clock"];
  readonly debug?: LocalRunParts["debug"];
  /** Tells evidence for a doctor. */
  readonly preflight?: boolean;
  /** As `LocalRunParts`. */
  readonly keepWorst?: number;
  /** Continue from the storage's last checkpoint. */
  readonly resume?: boolean;
  readonly signal?: AbortSignal;
}

/** From a data set, a hand and a config to a run of one rank in this thread. */
export async function launch(options: LaunchOptions): Promise<LocalRun> {
  const { frames, emit, signal, resume, storage } = options;
  const { config, notes } = resume
    ? await configToResume(storage, options.config)
    : { config: options.config, notes: [] };
  const prepared = await prepareData(
    frames,
    config,
    options.threads,
    (done, total) => emit({ type: "status", text: `reading ${frames.name}`, done, total }),
    signal,
    { microBatches: microBatchesOf(config) },
  );
  for (const line of prepared.notes) emit({ type: "log", line });
  return LocalRun.create({ ...options, ...prepared, config, dataName: frames.name }, { resume, notes });
}
