/** A rank's worker: data, device and trainer behind `RankWorkerApi`. The same in a page and in Node, which give it a platform. */
import { measurePeaks } from "../bench/peaks";
import { microBatchesOf } from "../config";
import type { Adapted } from "../data/adapter";
import { handOf } from "../data/adapter";
import type { ThreadHost } from "../data/sample-pool";
import { shareCrops } from "../data/shared-crops";
import type { HandModel } from "../data/types";
import type { Gpu } from "../gpu/gpu";
import { type PreparedData, prepareData, type RunData } from "../train/data";
import type { Peaks, ProfileReport, RankEvent } from "../train/events";
import { evaluationTables } from "../train/gather";
import type { LookRequest, LookView, QuickPrediction, SampleTable, SplitName, Thumbnail } from "../train/inspect/types";
import type { CheckpointWeights } from "../train/inspect/weights";
import type { TrainGroup } from "../train/ranks";
import { DivergedError } from "../train/refused";
import { committedSnapshot, readSnapshotState } from "../train/snapshot";
import { Trainer } from "../train/trainer";
import { faultyGroup } from "./fault-hook";
import { ProcessGroup, SOFTWARE_SUBMISSIONS } from "./group";
import { GroupError } from "./group-memory";
import type { RankEnd, RankOptions, RankPlace, RankShape, RankWorkerApi } from "./rank-api";

/** What a page and Node do differently. */
export interface RankPlatform {
  readonly threads: ThreadHost;
  openHand(options: RankOptions): Promise<HandModel>;
  openData(options: RankOptions, hand: HandModel): Promise<RunData & Adapted>;
  openGpu(powerPreference: GPUPowerPreference | undefined): Promise<Gpu>;
  /** Resolves once a Web Lock of that name is held, for as long as this worker lives. */
  hold?(lock: string): Promise<void>;
  /** Ends this worker from within. */
  end(): void;
}

interface Opened {
  readonly data: PreparedData;
  readonly hand: HandModel;
  readonly name: string;
}

const clock = { now: (): number => performance.now() };
/** How long after an error the news of a lost device may come, ms: Chromium unmaps buffers first. */
const LOST_NEWS_MS = 100;
/** Longest wait for the supervisor to hear what was said, ms; it answers at once, but to a checkpoint only when it is written. */
const HEARD_MS = 5000;

export class RankWorker implements RankWorkerApi {
  #options: RankOptions | undefined;
  #opened: Promise<Opened> | undefined;
  #held: Promise<void> | undefined;
  #gpu: Gpu | undefined;
  #trainer: Trainer | undefined;
  #building: Promise<unknown> = Promise.resolve();
  #emit: (event: RankEvent) => unknown = () => undefined;
  /** The supervisor's answer to what was said last. */
  #heard: Promise<unknown> = Promise.resolve();
  readonly #closed = new AbortController();
  /** Ends the profile that is being taken, or the peaks that are being measured. */
  #profiling: AbortController | undefined;

  constructor(private readonly platform: RankPlatform) {}

  build(options: RankOptions, emit: (event: RankEvent) => unknown): Promise<RankShape> {
    this.#options = options;
    this.#emit = (event) => {
      const answer = emit(event);
      this.#heard = Promise.resolve(answer).catch(() => undefined);
      return answer;
    };
    const building = this.#build(options);
    this.#building = building.catch(() => undefined);
    return building;
  }

  async #build(options: RankOptions): Promise<RankShape> {
    if (options.lock !== undefined) this.#held ??= this.platform.hold?.(options.lock);
    await this.#held;
    const emit = (event: RankEvent): unknown => this.#emit(event);
    emit({ type: "status", text: "asking for a device" });
    this.#dropDevice();
    // First the device: who has none need not read the data.
    const gpu = await this.platform.openGpu(options.powerPreference);
    this.#gpu = gpu;
    this.#opened ??= this.#open(options);
    this.#opened.catch(() => {
      this.#opened = undefined;
    });
    const { data, hand, name: dataName } = await this.#opened;
    this.#closed.signal.throwIfAborted();
    const { name, config, preflight } = options;
    const debug = new Set(options.debug);
    const trainer = await Trainer.create({
      ...{ ...data, name, config, gpu, hand, dataName, emit, clock, debug, preflight },
    });
    this.#trainer = trainer;
    this.#closed.signal.throwIfAborted();
    return {
      adapter: gpu.label,
      softwareAdapter: gpu.adapter.software,
      layout: trainer.layout,
      microBatches: microBatchesOf(config),
      buckets: trainer.buckets,
      tables: evaluationTables(data.val.ids.length),
      totalSteps: trainer.totalSteps,
      facts: trainer.facts,
      crops: options.crops === undefined ? shareCrops(data.set) : undefined,
    };
  }

  async #open(options: RankOptions): Promise<Opened> {
    const { config, crops, ranks } = options;
    const chosen = await this.platform.openHand(options);
    const frames = await this.platform.openData(options, chosen);
    const { cores, start } = this.platform.threads;
    // Ranks share the processors.
    const threads: ThreadHost = { cores: Math.max(1, Math.floor(cores / ranks)), start };
    const data = await prepareData(
      frames,
      config,
      threads,
      (done, total) => void this.#emit({ type: "status", text: `reading ${frames.name}`, done, total }),
      this.#closed.signal,
      { microBatches: microBatchesOf(config), crops, forOthers: ranks > 1 },
    );
    for (const line of data.notes) this.#emit({ type: "log", line });
    return { data, hand: handOf(frames, chosen), name: frames.name };
  }

  async train(place: RankPlace): Promise<RankEnd> {
    const end = await this.#train(place);
    // What was said goes another way than this answer, which must not come before it.
    await Promise.race([this.#heard, new Promise((resolve) => setTimeout(resolve, HEARD_MS))]);
    return end;
  }

  async #train(place: RankPlace): Promise<RankEnd> {
    const trainer = this.#need("train");
    const { rank, memory, shadow, recordedStep, recordedEvaluation, mixedAdapters, isHeld, isSoftware } = place;
    // Before anything is awaited: a call to go on may be the next one.
    if (isHeld && rank === 0) trainer.pause();
    let group: ProcessGroup | undefined;
    let endKeepAlive = (): void => undefined;
    try {
      const submissions = isSoftware && memory.worldSize > 1 ? SOFTWARE_SUBMISSIONS : undefined;
      group = new ProcessGroup(rank, memory, { submissions, mixedAdapters });
      endKeepAlive = group.keepAlive();
      const snapshot = committedSnapshot(shadow);
      const { announce } = place;
      if (snapshot && announce?.resumedStep !== undefined) trainer.resumeFrom(snapshot);
      else if (snapshot) trainer.restore(snapshot);
      if (announce) trainer.announce(announce);
      const step = snapshot ? readSnapshotState(snapshot).step : 0;
      return await trainer.run({ group: this.#faulty(group, step), shadow, recordedStep, recordedEvaluation, isHeld });
    } catch (error) {
      // All ranks throw this one, and each must have left the last collective by itself.
      if (error instanceof DivergedError) return { kind: "diverged", step: trainer.step, text: error.message };
      group?.abort(error);
      return await this.#faultOf(error as Error);
    } finally {
      endKeepAlive();
      group?.leave();
    }
  }

  #faulty(group: ProcessGroup, step: number): TrainGroup {
    const { faults, worker } = this.#options!;
    if (!faults) return group;
    const host = { worker, close: () => this.platform.end(), loseDevice: () => this.#gpu?.device.destroy() };
    return faultyGroup(group, faults, host, step);
  }

  async #faultOf(error: Error): Promise<RankEnd> {
    // The news of a lost device may come after the error that it causes; where another rank lost its own, this one's may be gone too.
    const mayBeLost = !(error instanceof GroupError) || /GPU device was lost/.test(error.message);
    const patience = new Promise((resolve) => setTimeout(resolve, mayBeLost ? LOST_NEWS_MS : 0));
    await Promise.race([this.#gpu?.device.lost ?? patience, patience]);
    let canContinue = true;
    let { message } = error;
    try {
      this.#gpu?.check("train");
    } catch (cause) {
      canContinue = false;
      if (!(error instanceof GroupError)) message = (cause as Error).message;
    }
    const reason = error instanceof GroupError ? error.abort.reason : canContinue ? "threw" : "device";
    return { kind: "fault", reason, text: message, canContinue };
  }

  async reform(): Promise<void> {
    this.#trainer?.requestReform();
  }

  async pause(): Promise<void> {
    this.#trainer?.pause();
  }

  async resume(): Promise<void> {
    this.#trainer?.resume();
  }

  async stepOnce(): Promise<void> {
    this.#trainer?.stepOnce();
  }

  async stop(): Promise<void> {
    this.#trainer?.stop();
  }

  async profile(repeats: number, warmUp?: number): Promise<ProfileReport> {
    const trainer = this.#need("profile");
    const signal = this.#cancelled();
    return trainer.whilePaused((paused) => paused.profile(repeats, { warmUp, signal }));
  }

  async cancelProfile(): Promise<void> {
    this.#profiling?.abort(new Error("profile: cancelled before its last repeat; nothing was recorded"));
  }

  async peaks(): Promise<Peaks> {
    const trainer = this.#need("peaks");
    const signal = this.#cancelled();
    return trainer.whilePaused(({ parts: { gpu, emit } }) => {
      const progress = (what: string, done: number, total: number): unknown =>
        emit({ type: "status", text: `measuring peaks, ${what}, probe`, done, total });
      return measurePeaks(gpu, { signal, progress });
    });
  }

  /** Ends what is being measured; the signal of what is measured next. */
  #cancelled(): AbortSignal {
    void this.cancelProfile();
    this.#profiling = new AbortController();
    return this.#profiling.signal;
  }

  async samples(split: SplitName, from?: number, to?: number): Promise<SampleTable> {
    return this.#need("samples").inspector.samples(split, from, to);
  }

  async thumbnails(split: SplitName, indices: readonly number[], side: number): Promise<Thumbnail[]> {
    return this.#need("thumbnails").inspector.thumbnails(split, indices, side);
  }

  async predict(split: SplitName, indices: readonly number[]): Promise<QuickPrediction[]> {
    return this.#need("predict").inspector.predict(split, indices);
  }

  async look(request: LookRequest, weights?: CheckpointWeights): Promise<LookView> {
    return this.#need("look").inspector.look(request, weights);
  }

  async cancelLook(): Promise<void> {
    this.#trainer?.inspector.cancelLook();
  }

  async close(): Promise<void> {
    this.#closed.abort();
    await this.#building;
    this.#trainer?.endThreads();
    this.#dropDevice();
    // After the answer to this call.
    setTimeout(() => this.platform.end(), 0);
  }

  #need(what: string): Trainer {
    if (!this.#trainer) throw new Error(`${what}: no network is loaded; start a run first`);
    return this.#trainer;
  }

  #dropDevice(): void {
    this.#trainer?.destroy();
    this.#trainer = undefined;
    this.#gpu?.destroy();
    this.#gpu = undefined;
  }
}
