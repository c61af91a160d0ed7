/** Runs of a network that learns little and runs fast, on several ranks, with their files in memory. */
import { type Config, tiny } from "../../src/config";
import { sha256 } from "../../src/data/shards/format";
import type { RankFault } from "../../src/ranks/fault-hook";
import type { RankHost } from "../../src/ranks/slot";
import { Supervisor, type SupervisorOptions } from "../../src/ranks/supervisor";
import { checkpointFolder } from "../../src/train/checkpoint";
import type { FaultRecord, StepRecord, TrainEvent } from "../../src/train/events";
import { MemoryStorage } from "./memory-storage";

export const FRAMES = 16;

/** 2 x 2 patches, one block, with drop-path and every augmentation; 4 micro-batches of one sample. */
export function rankConfig(run: Partial<Config["run"]>): Config {
  const base = tiny();
  return {
    ...base,
    model: { ...base.model, height: 32, width: 32, dim: 16, depth: 1, heads: 2, gcn: [8, 8, 8], dropPath: 0.2 },
    data: { ...base.data, threads: 0 },
    optim: { ...base.optim, batch: 4, microBatches: 4, warmupSteps: 2 },
    run: { ...base.run, ...run },
  };
}

export interface RankRun {
  readonly storage: MemoryStorage;
  readonly events: readonly TrainEvent[];
  /** Undefined when the run ended with an error. */
  readonly end: Awaited<ReturnType<Supervisor["run"]>> | undefined;
  readonly error: string | undefined;
}

export interface RankRunOptions {
  readonly host: RankHost;
  readonly ranks: number;
  readonly config: Config;
  readonly storage?: MemoryStorage;
  readonly resume?: boolean;
  readonly hold?: boolean;
  readonly keepWorst?: number;
  readonly faults?: readonly RankFault[];
  readonly watchdog?: SupervisorOptions["watchdog"];
  readonly during?: (supervisor: Supervisor, event: TrainEvent) => void;
}

export async function trainRanks(options: RankRunOptions): Promise<RankRun> {
  const { storage = new MemoryStorage(), resume = false, host, ranks, config, faults, watchdog, during } = options;
  const { hold, keepWorst } = options;
  const events: TrainEvent[] = [];
  const supervisor: Supervisor = new Supervisor({
    ...{ name: "test", host, ranks, config, storage, resume, hold, keepWorst, faults, watchdog },
    data: { kind: "synthetic", frames: FRAMES, seed: 3 },
    hand: { kind: "openhand" },
    // The doctor has tests of its own.
    preflight: false,
    wallSeconds: () => 1_700_000_000,
    emit(event) {
      events.push(event);
      during?.(supervisor, event);
    },
  });
  let error: string | undefined;
  const end = await supervisor.run().catch((reason: Error) => {
    error = reason.message;
    return undefined;
  });
  await supervisor.dispose();
  return { storage, events, end, error };
}

/** SHA-256 of a checkpoint's files; "missing" for one that is not there. */
export async function checkpointOf(
  { storage }: Pick<RankRun, "storage">,
  step: number,
): Promise<Record<string, string>> {
  const hashes: Record<string, string> = {};
  for (const name of ["model.safetensors", "optimizer.safetensors", "state.json"]) {
    const bytes = storage.files.get(`${checkpointFolder(step)}/${name}`);
    hashes[name] = bytes ? await sha256(bytes) : "missing";
  }
  return hashes;
}

export const stepsOf = ({ events }: RankRun): StepRecord[] =>
  events.flatMap((event) => (event.type === "step" ? [event.record] : []));

export const faultsOf = ({ events }: RankRun): FaultRecord[] =>
  events.flatMap((event) => (event.type === "fault" ? [event.record] : []));

/** metrics.jsonl without what the clock and the number of ranks decide. */
export const metricsOf = ({ storage }: RankRun): object[] =>
  storage
    .text("metrics.jsonl")
    .trimEnd()
    .split("\n")
    .map((line) => ({ ...(JSON.parse(line) as object), ms: 0, host_ms: 0, ranks: 0 }));
