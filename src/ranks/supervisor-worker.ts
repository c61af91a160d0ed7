/** The page's end of a run: starts the ranks, watches them, and keeps the run's files; spoken to over Comlink. */
import { expose } from "comlink";
import { storedSteps } from "../train/checkpoint";
import type { TrainEvent } from "../train/events";
import { configToResume } from "../train/resume-config";
import type { RunStorage } from "../train/storage";
import type { RankApi, StartOptions, StoredRun } from "./api";
import { HttpStorage } from "./http-storage";
import { IdbStorage } from "./idb-storage";
import { pageRanks } from "./page-ranks";
import { lockRun, type RunLock } from "./run-lock";
import { Supervisor } from "./supervisor";

class PageSupervisor implements RankApi {
  #supervisor: Supervisor | undefined;
  #isRunning = false;

  async start(options: StartOptions, onEvent: (event: TrainEvent) => void): Promise<void> {
    if (this.#isRunning) throw new Error("a run is going on; stop it first");
    this.#isRunning = true;
    let lock: RunLock | undefined;
    try {
      await this.#supervisor?.dispose();
      this.#supervisor = undefined;
      const name = options.resume ?? options.name;
      const { storage, hold } = await openStorage(options);
      lock = await hold();
      const resume = options.resume !== undefined;
      if (!resume) await requireNew(options, storage);
      const settled = resume ? await configToResume(storage, options.config) : undefined;
      this.#supervisor = new Supervisor({
        ...options,
        ...settled,
        ...{ name, storage, resume, emit: onEvent, host: pageRanks(name) },
        wallSeconds: () => Date.now() / 1000,
      });
    } catch (error) {
      this.#isRunning = false;
      await lock?.release();
      onEvent({ type: "error", message: (error as Error).message });
      throw error;
    }
    try {
      await this.#supervisor.run();
    } finally {
      this.#isRunning = false;
      await lock?.release();
    }
  }

  async pause(): Promise<void> {
    await this.#supervisor?.pause();
  }

  async resume(): Promise<void> {
    await this.#supervisor?.resume();
  }

  async stop(): Promise<void> {
    await this.#supervisor?.stop();
  }

  async profile(repeats: number): ReturnType<RankApi["profile"]> {
    return this.#need("profile").profile(repeats);
  }

  async inspect(split: "train" | "val", index: number): ReturnType<RankApi["inspect"]> {
    return this.#need("inspect").inspect(split, index);
  }

  #need(what: string): Supervisor {
    if (!this.#supervisor) throw new Error(`${what}: no network is loaded; start a run first`);
    return this.#supervisor;
  }

  async storedRuns(): Promise<StoredRun[]> {
    const runs: StoredRun[] = [];
    for (const name of await IdbStorage.names()) {
      const storage = new IdbStorage(name);
      const step = (await storedSteps(storage)).at(-1) ?? 0;
      const { sizeBytes, savedAt } = await storage.facts();
      runs.push({ name, step, sizeBytes, savedAt });
    }
    const lost = await IdbStorage.lost();
    return [
      ...runs,
      ...lost.map(({ run, savedAt, message }) => ({ name: run, step: 0, sizeBytes: 0, savedAt, lost: message })),
    ];
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

/** The run's place, and what makes this worker its only writer. */
async function openStorage({ storage, name, resume }: StartOptions): Promise<{
  readonly storage: RunStorage;
  hold(): Promise<RunLock | undefined>;
}> {
  // The terminal's own page is the only one that knows its folder.
  if (storage) return { storage: new HttpStorage(storage.url, storage.place), hold: async () => undefined };
  const run = resume ?? name;
  return { storage: new IdbStorage(run), hold: () => lockRun(run) };
}

/** A new run never writes over a stored one. */
async function requireNew({ storage, name }: StartOptions, place: RunStorage): Promise<void> {
  if (storage || (await place.list()).length === 0) return;
  throw new Error(`a run named "${name}" is stored already; choose another name or resume it`);
}

expose(new PageSupervisor());
