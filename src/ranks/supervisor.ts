/** Trains on several ranks, and goes on when one of them fails. Owns the run's files; knows neither pages nor Node. */
import { microBatchesOf } from "../config";
import { Watch } from "../doctor/watch";
import { readCheckpoint } from "../train/checkpoint";
import { isForPeople, type Peaks, type ProfileReport, type RankEvent, type TrainEvent } from "../train/events";
import { keepWorst } from "../train/inspect/kept";
import { ScoreKeeper } from "../train/inspect/score-keeper";
import type {
  InspectApi,
  LookRequest,
  LookView,
  QuickPrediction,
  SampleTable,
  SplitName,
  Thumbnail,
} from "../train/inspect/types";
import { readWeights } from "../train/inspect/weights";
import { Recorder } from "../train/recorder";
import { DivergedError } from "../train/refused";
import { committedSnapshot, createShadow, readSnapshotState, type ShadowMemory } from "../train/snapshot";
import type { RunStorage } from "../train/storage";
import type { StartOptions } from "./api";
import { type FaultPlan, faultPlan, takeTerminations } from "./fault-hook";
import { type Fault, Generation, type GenerationEnd } from "./generation";
import { createGroup } from "./group-memory";
import type { RankOptions, RankShape } from "./rank-api";
import { type RankHost, realTimers, Slot, StuckThreadError, type Timers, WorkerLost } from "./slot";
import type { WatchdogOptions } from "./watchdog";

/** Faults in a row, with no step committed between them, after which a run ends. */
const MOST_FAULTS = 5;
/** Waits before a worker is built again, ms; the last one repeats. */
const BACK_OFF_MS = [0, 250, 500, 1000, 2000, 5000, 10_000, 20_000, 30_000] as const;
/** How long a worker is tried to be built again, ms: Chromium gives no adapter for 120 s after the GPU process crashed twice. */
const GIVE_UP_MS = 150_000;
/** How long a group waits for more workers that are nearly built, ms. */
const GATHER_MS = 500;
/** How long workers may take to end in order, ms. */
const CLOSE_MS = 2000;
/** How long a rank may take to answer for a sample that is kept, ms. */
const LOOK_MS = 120_000;
/** How often the first worker is started before the run is given up. */
const BUILD_ATTEMPTS = 3;
/** Times the watchdog's patience that the only one left of a group has: nobody vouches for the machine there. */
const ALONE_FACTOR = 1.3;

export interface SupervisorOptions
  extends Omit<StartOptions, "storage" | "resume" | "data" | "hand">,
    Partial<Pick<StartOptions, "data" | "hand">> {
  readonly host: RankHost;
  readonly storage: RunStorage;
  /** Go on from the storage's last checkpoint. */
  readonly resume: boolean;
  readonly emit: (event: TrainEvent) => void;
  /** Sentences for the log. */
  readonly notes?: readonly string[];
  /** Seconds since 1970, for tfevents. */
  readonly wallSeconds: () => number;
  readonly timers?: Timers;
  readonly watchdog?: WatchdogOptions;
}

/** How a run ended. */
export interface RunEnd {
  readonly kind: "done" | "stopped";
  readonly step: number;
}

interface PendingFault extends Fault {
  readonly worker: number;
  readonly step: number;
  readonly replayed: number;
  readonly action: string;
  readonly ranksBefore: number;
  readonly ranksAfter: number;
}

/**
 * Throws a sentence when a run of so many ranks cannot be; returns how many there will be and why they are fewer than
 * asked for.
 */
export function plannedRanks({ config, ranks = 1 }: Pick<StartOptions, "config" | "ranks">): {
  readonly ranks: number;
  readonly why?: string;
} {
  const microBatches = microBatchesOf(config);
  if (!Number.isInteger(ranks) || ranks < 1) throw new Error(`${ranks} ranks, expected a whole number from 1 on`);
  if (ranks > microBatches) {
    throw new Error(
      `${ranks} ranks, but a step has ${microBatches} micro-batch${microBatches === 1 ? "" : "es"} (optim.microBatches) and each rank needs one; expected at most ${microBatches} ranks`,
    );
  }
  const isIsolated = (globalThis as { crossOriginIsolated?: boolean }).crossOriginIsolated !== false;
  if (ranks > 1 && (typeof SharedArrayBuffer === "undefined" || !isIsolated)) {
    return {
      ranks: 1,
      why: `training on 1 rank instead of ${ranks}: ranks share memory, which this page may not, as its server does not send Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp`,
    };
  }
  return { ranks };
}

export class Supervisor implements InspectApi {
  readonly #scores: ScoreKeeper;
  readonly #timers: Timers;
  readonly #slots: Slot[];
  readonly #early: RankEvent[] = [];
  readonly #watch: Watch | undefined;
  readonly #faults: FaultPlan | undefined;
  #recorder: Recorder | undefined;
  #first: RankShape | undefined;
  #generations = 0;
  #current: Generation | undefined;
  #shadow: ShadowMemory | undefined;
  #pending: PendingFault | undefined;
  #faultsInRow = 0;
  /** The committed step at the last fault. */
  #faultStep = -1;
  #resumedStep: number | undefined;
  #isAnnounced = false;
  #isPaused: boolean;
  /** Of a run that is held no file is written before it goes on. */
  #isQuiet: boolean;
  #isStopping = false;
  #isOver = false;
  /** Workers that are being built again; given up ones are in none of the lists. */
  readonly #rebuilding = new Map<Slot, Promise<void>>();
  #lastTrouble = "";
  /** To be built again once the others are at work. */
  #lost: Slot[] = [];
  /** Waits for news of workers or of a person. */
  readonly #waiting = new Set<() => void>();
  /** Who was rank 0 last: asked for profiles and samples once the run is over. */
  #lastFirst: Slot | undefined;

  /** Throws a sentence when there are more ranks than micro-batches. */
  constructor(private readonly options: SupervisorOptions) {
    this.#timers = options.timers ?? realTimers;
    this.#scores = new ScoreKeeper(options.storage);
    this.#isPaused = options.hold ?? false;
    this.#isQuiet = this.#isPaused;
    if (options.preflight ?? true) {
      const stop = (): void => void this.stop();
      this.#watch = new Watch({ ignore: options.ignore, tell: (event) => this.#emit(event), stop });
    }
    const { ranks, why } = plannedRanks(options);
    this.#slots = Array.from(
      { length: ranks },
      (_, worker) =>
        new Slot(worker, options.host, this.#timers, {
          hear: (slot, event) => this.#hear(slot, event),
          lost: (slot, why) => this.#lostIdle(slot, why),
        }),
    );
    this.#faults = options.faults && faultPlan(options.faults);
    for (const line of [...(options.notes ?? []), ...(why === undefined ? [] : [why])]) this.#log(line);
  }

  get isStopping(): boolean {
    return this.#isStopping;
  }

  /** Builds the ranks and trains to the end of the run or to `stop`. Throws a sentence, once a checkpoint is written. */
  async run(): Promise<RunEnd> {
    try {
      const isBuilt = await this.#buildFirst();
      const end = isBuilt ? await this.#train() : ({ kind: "stopped", step: 0 } as const);
      this.#reportFault();
      this.#isOver = true;
      await this.#written();
      await this.#saveCommitted();
      await this.#keepWorst(end);
      this.#emit({ type: "finished", step: end.step, reason: end.kind });
      await this.#close(this.#slots.filter((slot) => slot !== this.#lastFirst));
      return end;
    } catch (error) {
      this.#reportFault();
      this.#isOver = true;
      await this.#written();
      await this.#saveCommitted();
      this.#emit({ type: "error", message: (error as Error).message });
      await this.#written();
      await this.dispose();
      throw error;
    }
  }

  /** A run that has made a step keeps its worst samples; whatever becomes of that, the run has ended well. */
  async #keepWorst({ step }: RunEnd): Promise<void> {
    const { keepWorst: count = 0, name: run, config, storage } = this.options;
    if (count === 0 || step <= (this.#resumedStep ?? 0)) return;
    const tell = (event: TrainEvent): void => this.#emit(event);
    const tooLong = new Error(`the rank did not answer within ${LOOK_MS / 1000} s`);
    const look = (request: LookRequest): Promise<LookView> =>
      new Promise((resolve, reject) => {
        const cancel = this.#timers.after(LOOK_MS, () => reject(tooLong));
        this.look(request).then(resolve, reject).finally(cancel);
      });
    await keepWorst({ count, run, config, storage, scores: () => this.#scores.latest(), look, tell });
    await this.#written();
  }

  /** Ends all workers. Until then the one that was rank 0 answers `profile` and `look`. */
  async dispose(): Promise<void> {
    this.#isOver = true;
    this.#lastFirst = undefined;
    await this.#close(this.#slots);
  }

  // Requests of a person.

  async pause(): Promise<void> {
    this.#isPaused = true;
    await this.#ask((slot) => slot.call((api) => api.pause()));
  }

  async resume(): Promise<void> {
    this.#isPaused = false;
    await this.#ask((slot) => slot.call((api) => api.resume()));
  }

  /** Makes one step of a run that is paused. */
  async step(): Promise<void> {
    if (this.#isPaused) await this.#ask((slot) => slot.call((api) => api.stepOnce()));
  }

  /** Ends the run after the step at hand, with a checkpoint; before the first step at once. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#tellNews();
    await this.#ask((slot) => slot.call((api) => api.stop()));
  }

  profile(repeats: number, warmUp?: number): Promise<ProfileReport> {
    return this.#firstRank("profile").call((api) => api.profile(repeats, warmUp));
  }

  cancelProfile(): Promise<void> {
    return this.#firstRank("profile").call((api) => api.cancelProfile());
  }

  peaks(): Promise<Peaks> {
    return this.#firstRank("peaks").call((api) => api.peaks());
  }

  async samples(split: SplitName, from?: number, to?: number): Promise<SampleTable> {
    return this.#scores.attach(await this.#firstRank("samples").call((api) => api.samples(split, from, to)));
  }

  async thumbnails(split: SplitName, indices: readonly number[], side: number): Promise<Thumbnail[]> {
    return this.#firstRank("thumbnails").call((api) => api.thumbnails(split, indices, side));
  }

  async predict(split: SplitName, indices: readonly number[]): Promise<QuickPrediction[]> {
    return this.#firstRank("predict").call((api) => api.predict(split, indices));
  }

  async look(request: LookRequest, checkpoint?: number): Promise<LookView> {
    const weights = checkpoint === undefined ? undefined : await readWeights(this.options.storage, checkpoint);
    return this.#firstRank("look").call((api) => api.look(request, weights));
  }

  cancelLook(): Promise<void> {
    return this.#firstRank("look").call((api) => api.cancelLook());
  }

  /** Of rank 0: what it does, all do. A worker that dies meanwhile is no matter for the person who asked. */
  async #ask(make: (slot: Slot) => Promise<void>): Promise<void> {
    const [first] = this.#current?.slots ?? [];
    if (first) await make(first).catch(() => undefined);
  }

  #firstRank(what: string): Slot {
    const slot = this.#current?.slots[0] ?? this.#lastFirst;
    if (!slot?.isReady) throw new Error(`${what}: no network is loaded; start a run first`);
    return slot;
  }

  // Building.

  #rankOptions(slot: Slot): Omit<RankOptions, "worker" | "lock"> {
    const { name, config, data, hand, debug, preflight = true, adapters } = this.options;
    const isSecond = adapters === "both" && slot.worker % 2 === 1;
    return {
      ...{ name, config, data, hand, debug, preflight, crops: this.#first?.crops, faults: this.#faults },
      ranks: this.#slots.length,
      powerPreference: isSecond ? "low-power" : "high-performance",
    };
  }

  /** The first worker imports the data, the others take its records. False when the run was stopped before. */
  async #buildFirst(): Promise<boolean> {
    const [first, ...others] = this.#slots;
    for (let attempt = 1; ; attempt++) {
      const building = this.#build(first);
      const shape = await Promise.race([building, this.#untilStopped()]).catch((error: unknown) => {
        if (!(error instanceof WorkerLost) || attempt === BUILD_ATTEMPTS) throw error;
        this.#log(`rank 0: ${error.message}; it is started again`);
        return undefined;
      });
      if (this.#isStopping) {
        building.catch(() => undefined);
        return false;
      }
      if (!shape) continue;
      this.#first = shape;
      break;
    }
    await this.#openRecorder(this.#first);
    const built = await Promise.race([
      Promise.allSettled(others.map((slot) => this.#build(slot))),
      this.#untilStopped(),
    ]);
    if (this.#isStopping || !built) return false;
    for (const [i, outcome] of built.entries()) {
      if (outcome.status === "fulfilled") continue;
      const { message, name } = outcome.reason as Error;
      if (name === SHAPE_ERROR) throw outcome.reason;
      this.#log(`rank ${others[i].worker} was not built: ${message}; the others begin without it`);
      this.#rebuild(others[i], 1);
    }
    const labels = new Set(this.#slots.flatMap(({ shape }) => (shape ? [shape.adapter] : [])));
    if (labels.size > 1) {
      this.#log(
        `ranks compute on different adapters (${[...labels].join("; ")}): they take rank 0's weights after each step, and the result is not the one of a single adapter to the last bit`,
      );
    }
    return true;
  }

  async #build(slot: Slot): Promise<RankShape> {
    slot.say("building", this.#first ? "building its network" : "reading the data");
    const shape = await slot.build(this.#rankOptions(slot));
    if (this.#first) requireSame(this.#first, shape, slot.worker);
    slot.say("waiting", "ready");
    return shape;
  }

  async #untilStopped(): Promise<undefined> {
    while (!this.#isStopping && !this.#isOver) await this.#untilNews();
    return undefined;
  }

  async #openRecorder({ layout, facts }: RankShape): Promise<void> {
    const { storage, config, emit, wallSeconds, resume } = this.options;
    const resumed = resume ? await readCheckpoint(storage, layout, facts) : undefined;
    this.#recorder = new Recorder({ storage, config, layout, facts, emit, wallSeconds, resumed });
    this.#tellEarly();
    if (!resumed) return;
    for (const line of resumed.notes) this.#log(line);
    this.#resumedStep = resumed.state.step;
    this.#faultStep = resumed.state.step;
    this.#shadow = createShadow(layout, shared(resumed.snapshot));
  }

  /** Starts and builds a worker again in the background, backing off. */
  #rebuild(slot: Slot, from = 0): void {
    if (this.#rebuilding.has(slot)) return;
    this.#rebuilding.set(
      slot,
      this.#tryAgain(slot, from).finally(() => {
        this.#rebuilding.delete(slot);
        this.#tellNews();
      }),
    );
  }

  async #tryAgain(slot: Slot, from: number): Promise<void> {
    const began = this.#timers.now();
    for (let attempt = from; !this.#isOver; attempt++) {
      const waitMs = BACK_OFF_MS[Math.min(attempt, BACK_OFF_MS.length - 1)];
      if (waitMs > 0) await this.#sleep(waitMs);
      if (this.#isOver) return;
      try {
        await this.#build(slot);
        if (!this.#isOver) this.#join();
        return;
      } catch (error) {
        const { message } = error as Error;
        this.#lastTrouble = message;
        const leftMs = GIVE_UP_MS - (this.#timers.now() - began);
        if (leftMs <= 0 || error instanceof StuckThreadError || (error as Error).name === SHAPE_ERROR) {
          slot.end();
          slot.say("ended", `given up: ${message}`);
          this.#log(`rank ${slot.worker} was given up: ${message}`);
          return;
        }
        const nextMs = BACK_OFF_MS[Math.min(attempt + 1, BACK_OFF_MS.length - 1)];
        const advice = /adapter/.test(message)
          ? "; a browser gives no adapter for two minutes after its GPU process crashed twice: wait, or reload the page by hand (F5)"
          : "";
        slot.say("lost", `${message}; it is tried again in ${nextMs / 1000} s${advice}`);
        // Whatever happens to the browser now, the run can go on from here.
        if (nextMs >= 1000) await this.#saveCommitted();
      }
    }
  }

  /** A worker ended between two groups. */
  #lostIdle(slot: Slot, why: string): void {
    if (this.#isOver || this.#current?.slots.includes(slot)) return;
    slot.say("lost", why);
    this.#log(`rank ${slot.worker}: ${why}; it is started again`);
    this.#rebuild(slot);
  }

  /** A worker is built while others train: they come out after their step, for a group of all. */
  #join(): void {
    if (!this.#current || this.#current.isEnding) return;
    void this.#ask((slot) => slot.call((api) => api.reform()));
  }

  // Training.

  async #train(): Promise<RunEnd> {
    for (;;) {
      const members = await this.#members();
      if (members.length === 0) {
        await this.#saveCommitted();
        return { kind: "stopped", step: this.#committed };
      }
      const end = await this.#generation(members);
      if (end.kind === "done" || end.kind === "stopped") return { kind: end.kind, step: end.step };
    }
  }

  /** The workers that are built; waits while there is none, and a moment for those that nearly are. */
  async #members(): Promise<readonly Slot[]> {
    const ready = (): Slot[] => this.#slots.filter(({ isReady }) => isReady);
    while (ready().length === 0) {
      if (this.#isStopping) return [];
      if (this.#rebuilding.size === 0) throw new Error(`no rank is left to train on: ${this.#lastTrouble}`);
      const waiting = [...this.#rebuilding.keys()].map(({ worker }) => worker).join(", ");
      this.#emit({ type: "status", text: `no rank is left; rank ${waiting} is being built again` });
      await this.#untilNews();
      if (this.#rebuilding.size > 0) await Promise.race([this.#untilNews(), this.#sleep(GATHER_MS)]);
    }
    return ready();
  }

  #untilNews(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.add(resolve);
    });
  }

  #tellNews(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const resolve of waiting) resolve();
  }

  /** What is left of a larger group has others that will join: a rank that hangs there is worth finding as soon as in company. */
  #watchdogFor(worldSize: number): WatchdogOptions | undefined {
    const { watchdog } = this.options;
    const isLeft = worldSize === 1 && this.#slots.length > 1;
    return isLeft ? { ...watchdog, aloneMs: ALONE_FACTOR * (watchdog?.silentMs ?? 1000) } : watchdog;
  }

  async #generation(members: readonly Slot[]): Promise<GenerationEnd> {
    const { layout, microBatches, buckets, tables } = this.#first!;
    const worldSize = members.length;
    const memory = createGroup({ worldSize, microBatches, buckets, tables }, ++this.#generations);
    const from = this.#shadow && copyCommitted(this.#shadow);
    const shadow = createShadow(layout, from);
    this.#shadow = shadow;
    await this.#saveMissed(from);
    const recorder = this.#recorder!;
    const { recordedStep, recordedEvaluation } = recorder;
    const mixedAdapters = new Set(members.map(({ shape }) => shape!.adapter)).size > 1;
    const isSoftware = members.some(({ shape }) => shape!.softwareAdapter);
    const announce = this.#isAnnounced ? undefined : { ranks: worldSize, resumedStep: this.#resumedStep };
    const generation = new Generation(members, {
      ...{ memory, shadow, timers: this.#timers, watchdog: this.#watchdogFor(worldSize) },
      place: { recordedStep, recordedEvaluation, mixedAdapters, isHeld: this.#isPaused, isSoftware, announce },
      onLook: () => this.#injectFaults(),
      onBegun: () => {
        this.#reportFault();
        this.#rebuildLost();
      },
      onAbort: () => this.#lookUp(),
    });
    for (const slot of members)
      slot.say("training", worldSize === 1 ? "training alone" : `training, one of ${worldSize} ranks`);
    this.#current = generation;
    this.#lastFirst = members[0];
    const running = generation.run();
    if (this.#isPaused) void this.pause();
    if (this.#isStopping) void this.stop();
    // One that was built while the group was formed.
    if (this.#slots.some((slot) => slot.isReady && !members.includes(slot))) this.#join();
    const end = await running;
    this.#current = undefined;
    this.#settle(end, members);
    return end;
  }

  /** In a pause rank 0 waits for a person; a request makes it look at its group, which is aborted. */
  #lookUp(): void {
    if (this.#isPaused) void this.#ask((slot) => slot.call((api) => api.reform()));
  }

  /** What is done about a group that has ended. Throws when nothing can be done. */
  #settle(end: GenerationEnd, members: readonly Slot[]): void {
    const { rebuild, ended, stuck, fault } = end;
    if (end.kind === "done" || end.kind === "stopped") return;
    if (end.kind === "diverged") throw new DivergedError(namedByWorker(end.text, members));
    this.#rebuildLost();
    const cannotEnd = stuck.filter((slot) => !slot.end());
    const lost = [...rebuild, ...ended, ...stuck];
    const step = this.#committed;
    if (fault) {
      this.#reportFault();
      this.#faultsInRow = step > this.#faultStep ? 1 : this.#faultsInRow + 1;
      this.#faultStep = step;
      const before = members.length;
      const after = before - lost.length;
      const culprit = members[fault.rank];
      const text = namedByWorker(fault.text, members);
      const who = lost.map(({ worker }) => worker).join(", ");
      const action =
        lost.length === 0
          ? `all ${before} ranks went on from step ${step}`
          : after === 0
            ? `rank ${who} is built again and goes on from step ${step}`
            : `${after} of ${before} ranks went on from step ${step}, rank ${who} is ${rebuild.length === lost.length ? "built" : "started"} again`;
      const replayed = Math.max(0, this.#recorder!.recordedStep - step);
      this.#pending = {
        ...{ ...fault, text },
        ...{ worker: culprit?.worker ?? -1, step, replayed, action, ranksBefore: before, ranksAfter: after },
      };
      this.#log(`${text}; ${action}`);
      for (const slot of lost) slot.say("lost", text);
    }
    if (cannotEnd.length > 0) {
      const who = cannotEnd.map(({ worker }) => worker).join(", ");
      throw new StuckThreadError(
        `rank ${who} hangs in a thread that cannot be ended (${fault ? namedByWorker(fault.text, members) : "it did not come out of its group"}); the run ends with a checkpoint of step ${step}, go on with --resume`,
      );
    }
    if (this.#faultsInRow >= MOST_FAULTS) {
      throw new Error(
        `${MOST_FAULTS} faults in a row without one step kept between them, the last one: ${fault && namedByWorker(fault.text, members)}; the run ends at step ${step}`,
      );
    }
    this.#lost = lost;
    // Until it is built again it is no member of a group.
    for (const slot of lost) slot.shape = undefined;
    // The survivors come first: building a network keeps a processor busy for seconds.
    if (lost.length === members.length) this.#rebuildLost();
  }

  #rebuildLost(): void {
    for (const slot of this.#lost.splice(0)) this.#rebuild(slot, Math.max(0, this.#faultsInRow - 1));
  }

  /** The step that a new group would go on from. */
  get #committed(): number {
    const snapshot = this.#shadow && committedSnapshot(this.#shadow);
    return snapshot ? readSnapshotState(snapshot).step : 0;
  }

  /** The group works again: now it is known how long that took. */
  #reportFault(): void {
    const fault = this.#pending;
    if (!fault) return;
    this.#pending = undefined;
    const { step, replayed, worker, reason, text, action } = fault;
    this.#emit({
      type: "fault",
      record: {
        ...{ step, replayed, rank: worker, reason, text, action },
        detected_ms: Math.round(fault.detectedMs),
        recovered_ms: Math.round(this.#timers.now() - fault.abortedAt),
        ranks_before: fault.ranksBefore,
        ranks_after: fault.ranksAfter,
      },
    });
  }

  #injectFaults(): void {
    if (!this.#faults) return;
    for (const worker of takeTerminations(this.#faults)) this.#slots[worker].kill();
  }

  // Files.

  /** Resolves when all that was said is written; of a run that is held nothing is. */
  async #written(): Promise<void> {
    if (!this.#isQuiet) await this.#recorder?.idle();
  }

  /** What a worker says: all of it while the first one is built and of rank 0, of others what they do. */
  #hear(slot: Slot, event: RankEvent): unknown {
    const isFirst = this.#current ? this.#current.slots[0] === slot : slot.worker === 0;
    if (event.type === "rank") return this.#emit(event);
    if (event.type === "status" && !slot.isReady) slot.say("building", event.text);
    // Where a worker reads and compiles again, its lines are known.
    const isKnown = !this.#current && this.#recorder !== undefined;
    if (!isFirst || isKnown || this.#isOver) return undefined;
    if (event.type === "snapshot") return this.#takeSnapshot(event);
    if (event.type === "started") this.#isAnnounced = true;
    const recorder = this.#recorder;
    if (event.type === "step" && recorder && event.record.step <= recorder.recordedStep) return undefined;
    if (event.type === "evaluation" && recorder && event.record.step <= recorder.recordedEvaluation) return undefined;
    return this.#emit(event);
  }

  /** Resolves when the snapshot is not read any more. */
  #takeSnapshot({ step, slot }: Extract<RankEvent, { type: "snapshot" }>): Promise<void> | undefined {
    const snapshot = this.#current?.shadow.snapshots[slot];
    if (!snapshot || readSnapshotState(snapshot).step !== step) return undefined;
    return this.#recorder?.checkpoint(snapshot);
  }

  /** A checkpoint that was due at the step that the run goes on from, and whose request was lost with rank 0. */
  async #saveMissed(snapshot: ArrayBufferLike | undefined): Promise<void> {
    if (!snapshot || !this.#recorder) return;
    const { step, bestStep } = readSnapshotState(snapshot);
    const every = this.options.config.run.checkpointEvery ?? this.#first!.facts.stepsPerEpoch;
    const isDue = step > 0 && (step % every === 0 || step === bestStep || step === this.#first!.totalSteps);
    if (isDue && !this.#recorder.saved.includes(step)) void this.#recorder.checkpoint(snapshot.slice(0));
  }

  /** A checkpoint of the last committed step, when there is none. */
  async #saveCommitted(): Promise<void> {
    const snapshot = this.#shadow && copyCommitted(this.#shadow);
    if (!snapshot || !this.#recorder) return;
    const { step } = readSnapshotState(snapshot);
    if (step > 0 && !this.#recorder.saved.includes(step)) await this.#recorder.checkpoint(snapshot);
  }

  #emit(event: RankEvent): void {
    this.#scores.take(event);
    if (event.type === "step") this.#isQuiet = false;
    this.#early.push(event);
    this.#tellEarly();
    if (!isForPeople(event)) return;
    this.options.emit(event);
    this.#watch?.see(event);
  }

  /** Gives the recorder what was said before it was there, or before a run that is held went on. */
  #tellEarly(): void {
    if (!this.#recorder || this.#isQuiet) return;
    for (const event of this.#early.splice(0)) this.#recorder.take(event);
  }

  #log(line: string): void {
    this.#emit({ type: "log", line });
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#timers.after(ms, resolve);
    });
  }

  /** Ends workers, in order where they answer. */
  async #close(slots: readonly Slot[]): Promise<void> {
    const closing = slots.map(async (slot) => {
      if (slot.hasWorker) await slot.call((api) => api.close()).catch(() => undefined);
      slot.end();
    });
    await Promise.race([Promise.all(closing), this.#sleep(CLOSE_MS)]);
    for (const slot of slots) slot.end();
  }
}

/** A group's sentence with the numbers of workers, which people see, in place of the ranks in the group. */
const namedByWorker = (text: string, members: readonly Slot[]): string =>
  text.replace(/\brank (\d+)\b/g, (found, rank: string) => {
    const slot = members[Number(rank)];
    return slot ? `rank ${slot.worker}` : found;
  });

const SHAPE_ERROR = "RankShapeError";

/** Ranks that differ in what they compute cannot share a step. */
function requireSame(first: RankShape, other: RankShape, worker: number): void {
  const compared = ({
    layout,
    microBatches,
    buckets,
    tables,
    totalSteps,
    facts,
  }: RankShape): Record<string, unknown> => {
    const { adapter: _, ...rest } = facts;
    return { layout, microBatches, buckets, tables, totalSteps, facts: rest };
  };
  const [mine, theirs] = [compared(first), compared(other)].map((shape) =>
    Object.entries(shape).map(([key, value]) => [key, JSON.stringify(value)] as const),
  );
  for (const [i, [key, value]] of mine.entries()) {
    if (theirs[i][1] === value) continue;
    const error = new Error(
      `rank ${worker} was built with ${key} ${theirs[i][1].slice(0, 80)}, rank 0 with ${value.slice(0, 80)}; all ranks must be built from the same data and settings`,
    );
    error.name = SHAPE_ERROR;
    throw error;
  }
}

/** The same bytes in new memory, which no worker that was given up has seen. */
function shared(snapshot: ArrayBufferLike): ArrayBufferLike {
  if (typeof SharedArrayBuffer === "undefined") return snapshot.slice(0);
  const copy = new SharedArrayBuffer(snapshot.byteLength);
  new Uint8Array(copy).set(new Uint8Array(snapshot));
  return copy;
}

/** The committed snapshot in new memory; undefined before the first commit. */
function copyCommitted(shadow: ShadowMemory): ArrayBufferLike | undefined {
  for (;;) {
    const commits = Atomics.load(new Int32Array(shadow.control), 0);
    const snapshot = committedSnapshot(shadow);
    const copy = snapshot && shared(snapshot);
    // A worker that was given up may have committed meanwhile, and be writing where was read.
    if (Atomics.load(new Int32Array(shadow.control), 0) === commits) return copy;
  }
}
