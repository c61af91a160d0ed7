/** Supervises runs with files in memory, and measures faults with a clock of its own beside the supervisor's. */
import { expose } from "comlink";
import type { FaultPlan, RankFault } from "../../../src/ranks/fault-hook";
import { abortOf, type GroupMemory, WORD, wordOf } from "../../../src/ranks/group-memory";
import { pageRanks } from "../../../src/ranks/page-ranks";
import type { RankCalls, RankHost } from "../../../src/ranks/slot";
import { Supervisor } from "../../../src/ranks/supervisor";
import type { FaultRecord, TrainEvent } from "../../../src/train/events";
import { MemoryStorage } from "../../helpers/memory-storage";
import { campaignConfig, FRAMES, faultsOf, hashesOf, metricsOf, type Order, type Outcome, type Struck } from "./run";

/** Time between two looks at the groups, ms: the least that a worker's timer takes. */
const LOOK_MS = 4;

const now = (): number => performance.timeOrigin + performance.now();

interface Seen {
  readonly memory: GroupMemory;
  abortedAt: number | undefined;
  reason: string;
  begunAt: number | undefined;
}

/** Sees the groups that ranks are given, and the plan of their faults. */
class Witness {
  readonly groups: Seen[] = [];
  plan: FaultPlan | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    this.#look();
  }

  host(host: RankHost): RankHost {
    return {
      start: (worker) => {
        const handle = host.start(worker);
        return { ...handle, api: this.#calls(handle.api) };
      },
    };
  }

  #calls(api: RankCalls): RankCalls {
    return {
      build: (options, emit) => {
        this.plan = options.faults;
        return api.build(options, emit);
      },
      train: (place) => {
        if (!this.groups.some(({ memory }) => memory === place.memory))
          this.groups.push({ memory: place.memory, abortedAt: undefined, reason: "", begunAt: undefined });
        return api.train(place);
      },
      reform: () => api.reform(),
      pause: () => api.pause(),
      resume: () => api.resume(),
      stop: () => api.stop(),
      profile: (repeats) => api.profile(repeats),
      inspect: (split, index) => api.inspect(split, index),
      close: () => api.close(),
    };
  }

  #look(): void {
    for (const seen of this.groups) {
      const abort = seen.abortedAt === undefined ? abortOf(seen.memory) : undefined;
      if (abort) Object.assign(seen, { abortedAt: now(), reason: abort.reason });
      if (seen.begunAt === undefined && isBegun(seen.memory)) seen.begunAt = now();
    }
    this.#timer = setTimeout(() => this.#look(), LOOK_MS);
  }

  end(): void {
    clearTimeout(this.#timer);
  }

  get aborts(): Outcome["aborts"] {
    return this.groups.flatMap(({ abortedAt: at, reason }, i) => {
      const next = this.groups.slice(i + 1).find(({ begunAt }) => begunAt !== undefined);
      return at === undefined ? [] : [{ at, reason, begunAt: next?.begunAt }];
    });
  }

  get struck(): Struck[] {
    if (!this.plan) return [];
    const times = new Float64Array(this.plan.times);
    return this.plan.faults.flatMap((fault, i) => (times[i] > 0 ? [this.#outcome(fault, times[i])] : []));
  }

  #outcome(fault: RankFault, at: number): Struck {
    // A slow rank and a NaN end no group.
    const abort = ["slow", "nan"].includes(fault.kind) ? undefined : this.aborts.find((one) => one.at >= at - LOOK_MS);
    const begun = abort?.begunAt;
    return {
      fault,
      detectedMs: abort && Math.max(0, abort.at - at),
      recoveredMs: abort && begun !== undefined ? begun - abort.at : undefined,
    };
  }
}

/** Every rank has restored its weights and entered its first collective. */
function isBegun({ control, worldSize }: GroupMemory): boolean {
  const words = new Int32Array(control);
  for (let rank = 0; rank < worldSize; rank++) if (Atomics.load(words, wordOf(rank, WORD.call)) === 0) return false;
  return true;
}

let storage = new MemoryStorage();
let step = 0;
let faults = 0;
let started = "";

/** What the page can ask of this worker. */
export interface Ward {
  train(order: Order): Promise<Outcome>;
  /** Where the run at hand is: its last step, its faults so far, its groups that have begun. */
  place(): { readonly step: number; readonly faults: number; readonly begun: number };
  /** Steps of the checkpoints that are stored. */
  saved(): Promise<readonly string[]>;
}

let witness: Witness | undefined;

const ward: Ward = {
  async train({ ranks, steps, faults: plan, resume = false, stopAt }) {
    if (!resume) storage = new MemoryStorage();
    [step, faults] = [0, 0];
    const own = new Witness();
    witness = own;
    const told: FaultRecord[] = [];
    const lines: string[] = [];
    const stepMs: number[] = [];
    const supervisor: Supervisor = new Supervisor({
      ...{ name: "faults", ranks, config: campaignConfig(steps), storage, resume, faults: plan },
      host: own.host(pageRanks(`faults ${crypto.randomUUID()}`)),
      data: { kind: "synthetic", frames: FRAMES, seed: 3 },
      hand: { kind: "openhand" },
      wallSeconds: () => 1_700_000_000,
      emit(event: TrainEvent) {
        if (event.type === "started") started = event.run.adapter;
        if (event.type === "log") lines.push(event.line);
        if (event.type === "rank" && event.status.state === "lost") lines.push(event.status.text);
        if (event.type === "fault") faults = told.push(event.record);
        if (event.type !== "step") return;
        step = event.record.step;
        stepMs.push(event.record.ms);
        if (step === stopAt) void supervisor.stop();
      },
    });
    let error: string | undefined;
    const end = await supervisor.run().catch((reason: Error) => {
      error = reason.message;
      return undefined;
    });
    await supervisor.dispose();
    own.end();
    return {
      ...{ error, end: end?.kind, step: end?.step ?? step, told, lines, stepMs, adapter: started },
      hashes: await hashesOf(storage),
      metrics: metricsOf(storage),
      written: faultsOf(storage),
      struck: own.struck,
      aborts: own.aborts,
    };
  },
  place: () => ({ step, faults, begun: witness?.groups.filter(({ begunAt }) => begunAt !== undefined).length ?? 0 }),
  saved: () => storage.list().then((paths) => paths.filter((path) => path.endsWith("/state.json"))),
};

expose(ward);
