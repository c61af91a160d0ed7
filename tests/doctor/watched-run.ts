/** Short runs of a small network beside a doctor, with their files in memory. */
import { type Config, tiny } from "../../src/config";
import type { QuirkName } from "../../src/config/quirks";
import { NO_THREADS } from "../../src/data/sample-pool";
import { syntheticFrameSet } from "../../src/data/synthetic/frames";
import type { FrameSet } from "../../src/data/types";
import type { Diagnosis } from "../../src/doctor/finding";
import { Watch } from "../../src/doctor/watch";
import type { TrainEvent } from "../../src/train/events";
import { launch } from "../../src/train/launch";
import type { LocalRun } from "../../src/train/local-run";
import { testGpu } from "../helpers/gpu";
import { MemoryStorage } from "../helpers/memory-storage";
import { openHand } from "../helpers/open-hand";
import { frameSet } from "../helpers/train-job";

const FRAMES = 16;

export interface WatchedConfig {
  readonly seed: number;
  readonly quirks?: readonly QuirkName[];
  readonly steps?: number;
  readonly optim?: Partial<Config["optim"]>;
  readonly model?: Partial<Config["model"]>;
}

/** 2 x 2 patches and one block; heads that learn faster than the backbone; an evaluation after every second step. */
export function watchedConfig({ seed, quirks = [], steps = 4, optim, model }: WatchedConfig): Config {
  const base = tiny();
  return {
    ...base,
    model: { ...base.model, height: 32, width: 32, dim: 16, depth: 1, heads: 2, gcn: [8, 8, 8], ...model },
    data: { ...base.data, threads: 0 },
    optim: { ...base.optim, batch: 4, lrBackbone: 1e-4, warmupSteps: 3, ...optim },
    run: { ...base.run, seed, steps, evaluateEvery: 2, checkpointEvery: 2 },
    quirks,
  };
}

export interface WatchedRun {
  readonly storage: MemoryStorage;
  readonly events: readonly TrainEvent[];
  /** As they were told last. */
  readonly diagnoses: readonly Diagnosis[];
  readonly cause: Diagnosis | undefined;
}

export interface WatchedOptions {
  readonly ignore?: readonly string[];
  readonly storage?: MemoryStorage;
  readonly resume?: boolean;
  /** Goes on whatever is found. */
  readonly goesOn?: boolean;
  /** Ends the run after this step. */
  readonly until?: number;
  readonly onEvent?: (event: TrainEvent) => void;
}

const rendered = new Map<number, Promise<FrameSet>>();
function framesOf(seed: number): Promise<FrameSet> {
  const set = syntheticFrameSet(openHand(), { frames: FRAMES, seed });
  const made =
    rendered.get(seed) ?? Promise.all(set.ids.map((id) => set.read(id))).then((frames) => frameSet(frames, set.name));
  rendered.set(seed, made);
  return made;
}

export async function watch(config: Config, options: WatchedOptions = {}): Promise<WatchedRun> {
  const { storage = new MemoryStorage(), ignore, resume, goesOn = false, until } = options;
  const events: TrainEvent[] = [];
  let diagnoses: readonly Diagnosis[] = [];
  let run: LocalRun | undefined;
  const doctor = new Watch({
    ignore,
    tell: (event) => (run ? run.tell(event) : events.push(event)),
    stop: () => goesOn || run?.stop(),
  });
  run = await launch({
    ...{ name: "test", config, gpu: await testGpu(), hand: openHand(), storage, resume, threads: NO_THREADS },
    frames: await framesOf(config.run.seed),
    clock: { now: () => performance.now(), wallSeconds: () => 1_700_000_000 },
    preflight: true,
    emit(event) {
      events.push(event);
      options.onEvent?.(event);
      if (event.type === "findings") diagnoses = event.diagnoses;
      doctor.see(event);
      if (event.type === "step" && event.record.step === until) run!.stop();
    },
  });
  await run.run();
  run.destroy();
  return { storage, events, diagnoses, cause: doctor.cause };
}
