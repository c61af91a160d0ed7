/** A rank's entry: the trainer in a worker of a page, spoken to over Comlink. */
import { expose } from "comlink";
import type { Config } from "../config";
import { type Adapted, adapterNamed, handOf } from "../data/adapter";
import { openFrames } from "../data/open";
import { idbShardStore } from "../data/shards/idb-browser";
import type { FileSource } from "../data/source";
import { directorySource, pathFileSource } from "../data/source-browser";
import { httpSource } from "../data/source-http";
import { syntheticFrameSet, UPRIGHT_SPREAD } from "../data/synthetic/frames";
import type { FrameSet, HandModel } from "../data/types";
import { Gpu } from "../gpu/gpu";
import { storedSteps } from "../train/checkpoint";
import type { RunData } from "../train/data";
import type { TrainEvent } from "../train/events";
import { launch } from "../train/launch";
import type { LocalRun } from "../train/local-run";
import type { RunStorage } from "../train/storage";
import type { DataChoice, RankApi, StartOptions, StoredRun } from "./api";
import { openHand } from "./choices";
import { HttpStorage } from "./http-storage";
import { IdbStorage } from "./idb-storage";
import { pageThreads } from "./sample-threads";

const clock = { now: () => performance.now(), wallSeconds: () => Date.now() / 1000 };

function sourceOf(choice: Exclude<DataChoice, { kind: "synthetic" | "stored" }>): FileSource {
  if (choice.kind === "directory") return directorySource(choice.handle);
  if (choice.kind === "http") return httpSource(choice.name, choice.url);
  return pathFileSource("chosen folder", new Map(choice.files.map(({ path, file }) => [path, file])));
}

/** The run's place, checked: a new run never writes over a stored one. */
async function openStorage({ storage, name, resume }: StartOptions): Promise<RunStorage> {
  if (storage) return new HttpStorage(storage.url, storage.place);
  const stored = new IdbStorage(resume ?? name);
  if (resume === undefined && (await stored.list()).length > 0) {
    throw new Error(`a run named "${name}" is stored already; choose another name or resume it`);
  }
  return stored;
}

/** Lets a message in, `stop` for one, before each frame: rendering alone never returns to the event loop. */
function interruptible(frames: FrameSet): FrameSet {
  const nextTask = (): Promise<void> =>
    new Promise((resolve) => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => {
        port1.close();
        resolve();
      };
      port2.postMessage(undefined);
    });
  return { ...frames, read: (id) => nextTask().then(() => frames.read(id)) };
}

async function openChoice(choice: DataChoice, hand: HandModel, config: Config): Promise<RunData & Adapted> {
  if (choice.kind === "synthetic") {
    return interruptible(syntheticFrameSet(hand, { frames: choice.frames, seed: choice.seed, spread: UPRIGHT_SPREAD }));
  }
  if (choice.kind === "stored") {
    const set = await idbShardStore().open(choice.name, { cacheBytes: config.data.memoryMiB * 2 ** 20 });
    return { ...set, adapter: adapterNamed(set.info.description?.format) };
  }
  return openFrames(sourceOf(choice), { split: "train", hand, quirks: new Set(config.quirks) });
}

class Rank implements RankApi {
  #gpu: Promise<Gpu> | undefined;
  #trainer: LocalRun | undefined;
  #abort: AbortController | undefined;

  async start(options: StartOptions, onEvent: (event: TrainEvent) => void): Promise<void> {
    if (this.#abort) throw new Error("a run is going on; stop it first");
    const abort = new AbortController();
    this.#abort = abort;
    this.#trainer?.destroy();
    this.#trainer = undefined;
    try {
      this.#gpu ??= Gpu.request(navigator.gpu);
      const gpu = await this.#gpu;
      const chosen = await openHand(options.hand);
      const frames = await openChoice(options.data, chosen, options.config);
      const hand = handOf(frames, chosen);
      const { config } = options;
      const name = options.resume ?? options.name;
      const storage = await openStorage(options);
      const resume = options.resume !== undefined;
      this.#trainer = await launch({
        name,
        config,
        gpu,
        hand,
        frames,
        storage,
        emit: onEvent,
        clock,
        threads: pageThreads,
        debug: new Set(options.debug),
        resume,
        signal: abort.signal,
      });
      // Asked while the kernels were compiled.
      if (abort.signal.aborted) this.#trainer.stop();
      await this.#trainer.run();
    } catch (error) {
      if (abort.signal.aborted) onEvent({ type: "finished", step: this.#trainer?.step ?? 0, reason: "stopped" });
      else {
        // A lost device is asked for anew with the next start.
        this.#gpu = undefined;
        onEvent({ type: "error", message: (error as Error).message });
        throw error;
      }
    } finally {
      this.#abort = undefined;
    }
  }

  async pause(): Promise<void> {
    this.#trainer?.pause();
  }

  async resume(): Promise<void> {
    this.#trainer?.resume();
  }

  async stop(): Promise<void> {
    if (this.#trainer) this.#trainer.stop();
    else this.#abort?.abort();
  }

  #needTrainer(what: string): LocalRun {
    if (!this.#trainer) throw new Error(`${what}: no network is loaded; start a run first`);
    return this.#trainer;
  }

  async profile(repeats: number): ReturnType<RankApi["profile"]> {
    return this.#needTrainer("profile").whilePaused((trainer) => trainer.profile(repeats));
  }

  async inspect(split: "train" | "val", index: number): ReturnType<RankApi["inspect"]> {
    return this.#needTrainer("inspect").whilePaused((trainer) => trainer.inspect(split, index));
  }

  async storedRuns(): Promise<StoredRun[]> {
    const runs: StoredRun[] = [];
    for (const name of await IdbStorage.names()) {
      const storage = new IdbStorage(name);
      const step = (await storedSteps(storage)).at(-1) ?? 0;
      const { sizeBytes, savedAt } = await storage.facts();
      runs.push({ name, step, sizeBytes, savedAt });
    }
    return runs;
  }

  async files(run: string): ReturnType<RankApi["files"]> {
    const storage = new IdbStorage(run);
    const paths = await storage.list();
    return Promise.all(paths.map(async (path) => ({ path, bytes: await storage.read(path) })));
  }

  async deleteRun(run: string): Promise<void> {
    await new IdbStorage(run).remove("");
  }
}

expose(new Rank());
