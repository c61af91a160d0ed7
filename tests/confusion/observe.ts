/** One run beside a doctor, and what a person was told when. */

import { THREAD_WATCHDOG } from "../../src/cli/rank-threads";
import { clock } from "../../src/cli/run-setup";
import { microBatchesOf } from "../../src/config";
import { NO_THREADS } from "../../src/data/sample-pool";
import { preflightData, preflightNetwork } from "../../src/doctor/explain/preflight";
import { type Diagnosis, diagnose } from "../../src/doctor/finding";
import { Watch } from "../../src/doctor/watch";
import { Supervisor } from "../../src/ranks/supervisor";
import { prepareData } from "../../src/train/data";
import type { TrainEvent } from "../../src/train/events";
import { launch } from "../../src/train/launch";
import type { LocalRun } from "../../src/train/local-run";
import { MemoryStorage } from "../helpers/memory-storage";
import type { Case } from "./cases";
import { namedIn } from "./judge";
import { nameOf } from "./rank-data";
import type { World } from "./world";

/** A finding as it stood in the list. */
export interface Told {
  readonly id: string;
  readonly severity: Diagnosis["severity"];
  readonly certainty: Diagnosis["certainty"];
  readonly sentence: string;
  /** Ids of what it explains. */
  readonly symptoms: readonly string[];
}

/** What a run told. */
export interface Observation {
  /** The list as it was told last, in its order. */
  readonly told: readonly Told[];
  /** Of each id when it was first in the list at first: "pre-flight", "batch 1", "evaluation 2". */
  readonly firstAt: Readonly<Record<string, string>>;
  /** What ended the run before its last step. */
  readonly stoppedBy: string | undefined;
  readonly adapter: string;
  /** Steps that were done. */
  readonly steps: number;
  /** Lines of the log that say that something could not be looked at. */
  readonly complaints: readonly string[];
}

export interface ObserveOptions {
  /** As in `train --ignore`. */
  readonly ignore?: readonly string[];
  /** Whether these ids are all that is waited for: the run is then stopped. */
  readonly isEnough?: (named: readonly string[]) => boolean;
}

/** Runs a case as `train` would. Throws what the run throws. */
export async function observe(
  world: World,
  each: Case,
  { ignore = [], isEnough = () => false }: ObserveOptions = {},
): Promise<Observation> {
  if (each.isPreflightOnly) return lookBefore(world, each);
  const storage = new MemoryStorage();
  const first = new Notes();
  await run(world, each, { storage, ignore, isEnough, notes: first, until: each.resumes ? 2 : each.until });
  if (!each.resumes || first.stoppedBy !== undefined) return first.observation();
  const second = new Notes(first);
  await run(world, each, { storage, ignore, isEnough, notes: second, resume: true });
  return second.observation();
}

interface RunOptions extends Required<ObserveOptions> {
  readonly storage: MemoryStorage;
  readonly notes: Notes;
  readonly resume?: boolean;
  /** Ends the run after this step. */
  readonly until?: number;
}

const run = (world: World, each: Case, options: RunOptions): Promise<void> =>
  each.ranks > 1 ? runInThreads(world, each, options) : runHere(world, each, options);

/** Whether the run has shown what was asked for with this event. */
const isOver = (event: TrainEvent, { until, isEnough }: RunOptions): boolean =>
  (event.type === "step" && event.record.step === until) ||
  (event.type === "findings" && isEnough(namedIn({ told: event.diagnoses })));

async function runHere(world: World, each: Case, options: RunOptions): Promise<void> {
  const { storage, ignore, notes, resume } = options;
  let running: LocalRun | undefined;
  const watch = new Watch({ ignore, tell: (event) => running?.tell(event), stop: () => running?.stop() });
  const emit = (event: TrainEvent): void => {
    notes.take(event);
    watch.see(event);
    if (isOver(event, options)) running?.stop();
  };
  const { gpu, hand } = world;
  const frames = await world.frames(each);
  const shared = { ...{ gpu, hand, frames, storage, emit, clock, resume }, threads: NO_THREADS, preflight: true };
  running = await launch({ name: each.key, config: each.config, ...shared });
  try {
    await running.run();
  } finally {
    running.destroy();
  }
}

async function runInThreads(world: World, each: Case, options: RunOptions): Promise<void> {
  const { storage, ignore, notes, resume = false } = options;
  const { config, ranks, data } = each;
  await world.makeTree(data, config.run.seed);
  const host = await world.rankHost(ranks);
  const supervisor: Supervisor = new Supervisor({
    ...{ name: nameOf(data, each.key), host, ranks, config, storage, resume, ignore },
    wallSeconds: clock.wallSeconds,
    watchdog: THREAD_WATCHDOG,
    emit(event) {
      notes.take(event);
      if (isOver(event, options)) void supervisor.stop();
    },
  });
  try {
    await supervisor.run();
  } finally {
    await supervisor.dispose();
  }
}

/** What `check` shows: data and network before the first step. */
async function lookBefore(world: World, each: Case): Promise<Observation> {
  const { config, ranks } = each;
  const { gpu, hand } = world;
  const frames = await world.frames(each);
  const prepared = await prepareData(frames, config, NO_THREADS, () => undefined, undefined, {
    microBatches: microBatchesOf(config),
  });
  const notes = new Notes();
  const emit = (event: TrainEvent): void => notes.take(event);
  const parts = { ...prepared, name: each.key, config, gpu, hand, dataName: frames.name, emit: () => undefined, clock };
  const findings = [...(await preflightData(prepared, parts)), ...(await preflightNetwork(parts, { ranks }))];
  emit({ type: "findings", diagnoses: diagnose(findings) });
  for (const loader of [prepared.train, prepared.val, prepared.trainPlain]) loader.close();
  return { ...notes.observation(), adapter: gpu.label };
}

/** Writes down what a run says. */
class Notes {
  #told: readonly Diagnosis[] = [];
  #steps = 0;
  #evaluations = 0;
  #now = "pre-flight";
  #adapter = "";
  readonly #firstAt: Record<string, string> = {};
  readonly #complaints: string[] = [];
  stoppedBy: string | undefined;

  /** `before`: of the part of the run before it was stopped. */
  constructor(before?: Notes) {
    if (!before) return;
    this.#firstAt = { ...before.#firstAt };
    this.#complaints = [...before.#complaints];
    this.#steps = before.#steps;
    this.#evaluations = before.#evaluations;
  }

  take(event: TrainEvent): void {
    switch (event.type) {
      case "started":
        this.#adapter = event.run.adapter;
        break;
      case "step":
        this.#steps = event.record.step;
        this.#now = `batch ${this.#steps}`;
        break;
      case "evaluation":
        this.#evaluations++;
        this.#now = `evaluation ${this.#evaluations}`;
        break;
      case "evidence":
        // Told beside the record of its evaluation, in either order.
        if (event.evidence.kind === "evaluation" && !this.#now.startsWith("evaluation"))
          this.#now = `evaluation ${this.#evaluations + 1}`;
        break;
      case "findings":
        this.#told = event.diagnoses;
        if (event.diagnoses.length > 0) this.#firstAt[event.diagnoses[0].id] ??= this.#now;
        break;
      case "log":
        if (/could not be checked|no longer checked/.test(event.line)) this.#complaints.push(event.line);
        break;
      case "finished":
        if (event.reason === "stopped") this.stoppedBy = fatal(this.#told)?.id;
        break;
    }
  }

  observation(): Observation {
    return {
      told: this.#told.map(({ id, severity, certainty, sentence, symptoms }) => ({
        ...{ id, severity, certainty, sentence },
        symptoms: symptoms.map((each) => each.id),
      })),
      firstAt: this.#firstAt,
      stoppedBy: this.stoppedBy,
      adapter: this.#adapter,
      steps: this.#steps,
      complaints: this.#complaints,
    };
  }
}

const fatal = (diagnoses: readonly Diagnosis[]): Diagnosis | undefined =>
  diagnoses.find(({ severity, certainty }) => severity === "fatal" && certainty === "certain");
