/** One of a run's workers: started, built, and started again when it was lost. Knows neither pages nor Node. */
import { proxy } from "comlink";
import type { RankEvent, RankStatus } from "../train/events";
import type { RankEnd, RankOptions, RankPlace, RankShape, RankWorkerApi } from "./rank-api";

/** The calls of a worker: Comlink's end of them, or the object itself. */
export type RankCalls = Pick<RankWorkerApi, keyof RankWorkerApi>;

/** A started worker, as a page or Node gives it. */
export interface RankHandle {
  readonly api: RankCalls;
  /** The Web Lock that the worker is to hold while it lives. */
  readonly lock?: string;
  /** `listener` is called with the end of a sentence once the worker cannot answer any more. */
  onEnd(listener: (why: string) => void): void;
  /** The worker has said something, so it holds its lock. */
  heard?(): void;
  /** Ends the worker; false where a thread that is at work on a device cannot be ended. */
  terminate(): boolean;
}

/** Starts workers; what a page and Node do differently. */
export interface RankHost {
  start(worker: number): RankHandle;
}

/** Timers, so that tests can do without. */
export interface Timers {
  /** Milliseconds that only grow. */
  now(): number;
  /** Calls back after `ms`; returns what prevents it. */
  after(ms: number, callback: () => void): () => void;
}

export const realTimers: Timers = {
  now: () => performance.now(),
  after(ms, callback) {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
};

/** A worker ended or went silent: another one may do its work. */
export class WorkerLost extends Error {
  override readonly name = "WorkerLost";
}

/** A rank hangs in a thread that cannot be ended: the process has to be. */
export class StuckThreadError extends Error {
  override readonly name = "StuckThreadError";
}

/** A worker that is being built says something at least so often, ms: data are read frame by frame, kernels compile in between. */
const BUILD_SILENCE_MS = 300_000;

/** Who is told of a slot. */
export interface SlotListener {
  hear(slot: Slot, event: RankEvent): unknown;
  /** A built worker ended by itself; whoever waits for an answer of it is told as well. */
  lost(slot: Slot, why: string): void;
}

interface Running {
  readonly handle: RankHandle;
  /** Rejects with WorkerLost once the worker cannot answer. */
  readonly lost: Promise<never>;
}

export class Slot {
  /** What it needs from a group; undefined until it is built, and again once it is lost. */
  shape: RankShape | undefined;
  #running: Running | undefined;
  #heard = 0;
  #said = "";

  constructor(
    readonly worker: number,
    private readonly host: RankHost,
    private readonly timers: Timers,
    private readonly listener: SlotListener,
  ) {}

  get isReady(): boolean {
    return this.shape !== undefined;
  }

  get hasWorker(): boolean {
    return this.#running !== undefined;
  }

  /** Tells people what this worker is doing. */
  say(state: RankStatus["state"], text: string): void {
    // Progress comes once a frame.
    if (this.#said === state + text) return;
    this.#said = state + text;
    this.listener.hear(this, {
      type: "rank",
      status: { rank: this.worker, state, text, adapter: this.shape?.adapter },
    });
  }

  /** Starts the worker where there is none, and builds its network. Rejects with WorkerLost when it ends or is silent. */
  async build(options: Omit<RankOptions, "worker" | "lock">): Promise<RankShape> {
    this.shape = undefined;
    this.#running ??= this.#start();
    const { handle, lost } = this.#running;
    this.#heard = this.timers.now();
    const emit = (event: RankEvent): unknown => {
      this.#heard = this.timers.now();
      handle.heard?.();
      return handle === this.#running?.handle ? this.listener.hear(this, event) : undefined;
    };
    const silence = this.#silence();
    try {
      const full: RankOptions = { ...options, worker: this.worker, lock: handle.lock };
      const shape = await Promise.race([handle.api.build(full, proxy(emit)), lost, silence.rejects]);
      this.shape = shape;
      return shape;
    } catch (error) {
      if (error instanceof WorkerLost && !this.end()) throw new StuckThreadError(error.message);
      throw error;
    } finally {
      silence.cancel();
    }
  }

  /** Trains in a group; a worker that ends meanwhile is a fault like another. Never rejects. */
  async train(place: RankPlace): Promise<RankEnd> {
    const running = this.#running;
    if (!running) return { kind: "fault", reason: "ended", text: "its worker had ended", canContinue: false };
    try {
      return await Promise.race([running.handle.api.train(place), running.lost]);
    } catch (error) {
      const reason = error instanceof WorkerLost ? "ended" : "threw";
      return { kind: "fault", reason, text: (error as Error).message, canContinue: false };
    }
  }

  /** A call to the worker. Rejects with WorkerLost when it ends first. */
  async call<T>(make: (api: RankCalls) => Promise<T>): Promise<T> {
    const running = this.#running;
    if (!running) throw new WorkerLost(`rank's worker ${this.worker} is not running`);
    return Promise.race([make(running.handle.api), running.lost]);
  }

  /** Ends the worker by force; false where that cannot be done. */
  end(): boolean {
    this.shape = undefined;
    const ended = this.#running?.handle.terminate() ?? true;
    if (ended) this.#running = undefined;
    return ended;
  }

  /** Ends the worker as a fault of the tests: nobody is told, and the run has to find out. */
  kill(): void {
    this.#running?.handle.terminate();
  }

  #start(): Running {
    this.say("starting", "starting its worker");
    const handle = this.host.start(this.worker);
    const lost = new Promise<never>((_, reject) => {
      handle.onEnd((why) => {
        const isOwn = this.#running?.handle === handle;
        const wasReady = isOwn && this.isReady;
        if (isOwn) this.#running = undefined;
        if (isOwn) this.shape = undefined;
        reject(new WorkerLost(`its worker ended: ${why}`));
        if (wasReady) this.listener.lost(this, `its worker ended: ${why}`);
      });
    });
    lost.catch(() => undefined);
    return { handle, lost };
  }

  #silence(): { readonly rejects: Promise<never>; cancel(): void } {
    let cancel = (): void => undefined;
    const rejects = new Promise<never>((_, reject) => {
      const look = (): void => {
        const leftMs = this.#heard + BUILD_SILENCE_MS - this.timers.now();
        if (leftMs <= 0) reject(new WorkerLost(`it said nothing for ${BUILD_SILENCE_MS / 1000} s while it was built`));
        else cancel = this.timers.after(leftMs, look);
      };
      look();
    });
    rejects.catch(() => undefined);
    return { rejects, cancel: () => cancel() };
  }
}
