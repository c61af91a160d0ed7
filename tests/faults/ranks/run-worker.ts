/** Supervises runs with files in memory, and measures faults with a clock of its own beside the supervisor's. */
import "../../../src/security/own-scripts";
import { expose } from "comlink";
import type { SharedCrops } from "../../../src/data/shared-crops";
import type { FaultPlan } from "../../../src/ranks/fault-hook";
import { abortOf, type GroupMemory, placeOf, WORD, wordOf } from "../../../src/ranks/group-memory";
import { pageRanks } from "../../../src/ranks/page-ranks";
import type { RankCalls, RankHandle, RankHost } from "../../../src/ranks/slot";
import { Supervisor } from "../../../src/ranks/supervisor";
import type { FaultRecord, TrainEvent } from "../../../src/train/events";
import { MemoryStorage } from "../../helpers/memory-storage";
import {
  campaignConfig,
  FRAMES,
  faultsOf,
  hashesOf,
  type Kill,
  metricsOf,
  type Order,
  type Outcome,
  type Struck,
} from "./run";

/** Time between two looks at the groups, ms: the least that a worker's timer takes. */
const LOOK_MS = 4;

const now = (): number => performance.timeOrigin + performance.now();

interface Seen {
  readonly memory: GroupMemory;
  readonly workers: Set<number>;
  abortedAt: number | undefined;
  reason: string;
  begunAt: number | undefined;
}

/** Sees the groups that ranks are given, and the plan of their faults. */
class Witness {
  readonly groups: Seen[] = [];
  plan: FaultPlan | undefined;
  readonly #handles = new Map<number, RankHandle>();
  readonly #kills: { readonly kill: Kill; readonly at: number }[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    this.#look();
  }

  host(host: RankHost): RankHost {
    return {
      start: (worker) => {
        const handle = host.start(worker);
        this.#handles.set(worker, handle);
        return { ...handle, api: this.#calls(worker, handle.api) };
      },
    };
  }

  #calls(worker: number, api: RankCalls): RankCalls {
    return {
      build: async (options, emit) => {
        this.plan = options.faults;
        const shape = await api.build({ ...options, crops: options.crops ?? rendered }, emit);
        rendered ??= shape.crops;
        return { ...shape, crops: rendered };
      },
      train: (place) => {
        let seen = this.groups.find(({ memory }) => memory === place.memory);
        if (!seen) {
          seen = { memory: place.memory, workers: new Set(), abortedAt: undefined, reason: "", begunAt: undefined };
          this.groups.push(seen);
        }
        seen.workers.add(worker);
        return api.train(place);
      },
      reform: () => api.reform(),
      pause: () => api.pause(),
      resume: () => api.resume(),
      stepOnce: () => api.stepOnce(),
      stop: () => api.stop(),
      profile: (repeats, warmUp) => api.profile(repeats, warmUp),
      cancelProfile: () => api.cancelProfile(),
      peaks: () => api.peaks(),
      samples: (split, from, to) => api.samples(split, from, to),
      thumbnails: (split, indices, side) => api.thumbnails(split, indices, side),
      predict: (split, indices) => api.predict(split, indices),
      look: (request, weights) => api.look(request, weights),
      cancelLook: () => api.cancelLook(),
      close: () => api.close(),
    };
  }

  /** Ends the worker by force, unless it has ended before: the supervisor is not told. */
  kill(kill: Kill): void {
    setTimeout(() => {
      const isThere = this.groups.at(-1)?.workers.has(kill.worker) && this.groups.at(-1)?.abortedAt === undefined;
      const handle = this.#handles.get(kill.worker);
      if (!handle || !isThere) return;
      this.#kills.push({ kill, at: now() });
      handle.terminate();
    }, kill.delayMs);
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
    const times = this.plan ? new Float64Array(this.plan.times) : [];
    const planned = (this.plan?.faults ?? []).flatMap((fault, i) =>
      times[i] > 0 ? [this.#outcome(fault, times[i])] : [],
    );
    const killed = this.#kills.map(({ kill, at }) =>
      this.#outcome({ kind: "kill", worker: kill.worker, step: kill.step, at: `${kill.delayMs} ms behind` }, at),
    );
    return [...planned, ...killed];
  }

  #outcome({ kind, worker, step, at: place }: Pick<Struck, "kind" | "worker" | "step" | "at">, at: number): Struck {
    // A slow rank and a NaN end no group.
    const abort = ["slow", "nan"].includes(kind) ? undefined : this.aborts.find((one) => one.at >= at - LOOK_MS);
    const begun = abort?.begunAt;
    return {
      ...{ kind, worker, step, at: place },
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

/** Samples of all runs. */
let rendered: SharedCrops | undefined;
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
  /** Everything that the run at hand has said, and where the ranks of its last group are: for one that stands still. */
  lately(): { readonly lines: readonly string[]; readonly ranks: readonly string[] };
}

let witness: Witness | undefined;
let said: readonly string[] = [];

/** Where each rank of a group is, and how often it worked and gave a sign of life. */
function placesOf({ memory, workers, reason }: Seen): string[] {
  const words = new Int32Array(memory.control);
  const load = (rank: number, word: number): number => Atomics.load(words, wordOf(rank, word));
  return Array.from({ length: memory.worldSize }, (_, rank) => {
    const state = ["not started", "at work", "left"][load(rank, WORD.state)];
    const counts = `progress ${load(rank, WORD.progress)}, signs of life ${load(rank, WORD.alive)}`;
    return `rank ${rank} of workers ${[...workers].join(" ")}: ${state}, ${placeOf(memory, rank)}, ${counts}${reason && `; aborted: ${reason}`}`;
  });
}

const ward: Ward = {
  async train({ ranks, steps, faults: plan, kills = [], resume = false, stopAt }) {
    if (!resume) storage = new MemoryStorage();
    [step, faults] = [0, 0];
    const began = now();
    const own = new Witness();
    witness = own;
    const told: FaultRecord[] = [];
    const lines: string[] = [];
    said = lines;
    const stepMs: number[] = [];
    const supervisor: Supervisor = new Supervisor({
      ...{ name: "faults", ranks, config: campaignConfig(steps), storage, resume, faults: plan },
      host: own.host(pageRanks(`faults ${crypto.randomUUID()}`)),
      data: { kind: "synthetic", frames: FRAMES, seed: 3 },
      hand: { kind: "openhand" },
      wallSeconds: () => 1_700_000_000,
      emit(event: TrainEvent) {
        if (event.type === "started") started = event.run.adapter;
        const at = `${((now() - began) / 1000).toFixed(1)} s, step ${step}`;
        if (event.type === "log") lines.push(`${at}: ${event.line}`);
        if (event.type === "rank")
          lines.push(`${at}: rank ${event.status.rank} ${event.status.state}, ${event.status.text}`);
        if (event.type === "fault") faults = told.push(event.record);
        if (event.type !== "step") return;
        step = event.record.step;
        stepMs.push(event.record.ms);
        for (const kill of kills) if (kill.step === step) own.kill(kill);
        if (step === stopAt) void supervisor.stop();
      },
    });
    let error: string | undefined;
    const end = await supervisor.run().catch((reason: Error) => {
      error = reason.message;
      return undefined;
    });
    const ended = now();
    await supervisor.dispose();
    own.end();
    const firstAt = own.groups[0]?.begunAt ?? ended;
    return {
      ...{ error, end: end?.kind, step: end?.step ?? step, told, lines, stepMs, adapter: started },
      hashes: await hashesOf(storage),
      metrics: metricsOf(storage),
      written: faultsOf(storage),
      struck: own.struck,
      aborts: own.aborts,
      ...{ builtMs: firstAt - began, trainedMs: ended - firstAt },
    };
  },
  place: () => ({ step, faults, begun: witness?.groups.filter(({ begunAt }) => begunAt !== undefined).length ?? 0 }),
  lately: () => ({ lines: said, ranks: witness?.groups.slice(-1).flatMap(placesOf) ?? [] }),
  saved: () => storage.list().then((paths) => paths.filter((path) => path.endsWith("/state.json"))),
};

expose(ward);
