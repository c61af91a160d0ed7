/** The page's end of a run: starts the ranks, watches them, and keeps the run's files; spoken to over Comlink. */
import "../security/own-scripts";
import { expose } from "comlink";
import { storedSteps } from "../train/checkpoint";
import type { TrainEvent } from "../train/events";
import { dropLook, keepLook, keptLook, keptLooks } from "../train/inspect/kept";
import type { LookAbout, SavedLook } from "../train/inspect/look-file";
import type { KeptPlace, LookRequest, LookView, SplitName } from "../train/inspect/types";
import { configToResume } from "../train/resume-config";
import type { RunStorage } from "../train/storage";
import type { RankApi, StartOptions, StoredRun } from "./api";
import { HttpStorage } from "./http-storage";
import { IdbStorage } from "./idb-storage";
import { pageRanks } from "./page-ranks";
import { forkRun, readArchive, storeArchive } from "./run-archive";
import { lockRun, type RunLock } from "./run-lock";
import { type RunNotes, type RunSummary, summarize, writeNotes } from "./run-summary";
import { Supervisor } from "./supervisor";

class PageSupervisor implements RankApi {
  #supervisor: Supervisor | undefined;
  #isRunning = false;
  #isImportCancelled = false;
  #loaded: { readonly name: string; readonly storage: RunStorage } | undefined;

  async ping(): Promise<void> {}

  async start(options: StartOptions, onEvent: (event: TrainEvent) => void): Promise<void> {
    if (this.#isRunning) throw new Error("a run is going on; stop it first");
    this.#isRunning = true;
    let lock: RunLock | undefined;
    let undo: (() => Promise<void>) | undefined;
    try {
      await this.#supervisor?.dispose();
      this.#supervisor = undefined;
      if (options.hold && options.resume === undefined)
        throw new Error("hold: expected with a run to resume, found none");
      const name = options.resume ?? options.name;
      const { storage, hold } = await openStorage(options);
      lock = await hold();
      if (options.resume === undefined) await requireNew(options, storage);
      if (options.fork !== undefined) undo = await fork(options.fork, storage);
      const resume = options.resume !== undefined || options.fork !== undefined;
      this.#loaded = { name, storage };
      const settled = resume ? await configToResume(storage, options.config) : undefined;
      this.#supervisor = new Supervisor({
        ...options,
        ...settled,
        ...{ name, storage, resume, emit: onEvent, host: pageRanks(name) },
        wallSeconds: () => Date.now() / 1000,
      });
    } catch (error) {
      this.#isRunning = false;
      await undo?.();
      await lock?.release();
      onEvent({ type: "error", message: (error as Error).message });
      throw error;
    }
    try {
      await this.#supervisor.run();
    } catch (error) {
      await undo?.();
      throw error;
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

  async step(): Promise<void> {
    await this.#supervisor?.step();
  }

  async stop(): Promise<void> {
    await this.#supervisor?.stop();
  }

  async profile(repeats: number, warmUp?: number): ReturnType<RankApi["profile"]> {
    return this.#need("profile").profile(repeats, warmUp);
  }

  async cancelProfile(): Promise<void> {
    await this.#supervisor?.cancelProfile();
  }

  async peaks(): ReturnType<RankApi["peaks"]> {
    return this.#need("peaks").peaks();
  }

  async samples(split: SplitName, from?: number, to?: number): ReturnType<RankApi["samples"]> {
    return this.#need("samples").samples(split, from, to);
  }

  async thumbnails(split: SplitName, indices: readonly number[], side: number): ReturnType<RankApi["thumbnails"]> {
    return this.#need("thumbnails").thumbnails(split, indices, side);
  }

  async predict(split: SplitName, indices: readonly number[]): ReturnType<RankApi["predict"]> {
    return this.#need("predict").predict(split, indices);
  }

  async look(request: LookRequest, checkpoint?: number): ReturnType<RankApi["look"]> {
    return this.#need("look").look(request, checkpoint);
  }

  async cancelLook(): Promise<void> {
    await this.#supervisor?.cancelLook();
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

  checkpoints(run: string): Promise<number[]> {
    return storedSteps(new IdbStorage(run));
  }

  async files(run: string): ReturnType<RankApi["files"]> {
    const storage = new IdbStorage(run);
    const paths = await storage.list();
    return Promise.all(paths.map(async (path) => ({ path, bytes: await storage.read(path) })));
  }

  paths(run: string): Promise<readonly string[]> {
    return new IdbStorage(run).list();
  }

  async deleteRun(run: string): Promise<void> {
    await new IdbStorage(run).remove("");
  }

  async readFiles(run: string, paths: readonly string[]): ReturnType<RankApi["readFiles"]> {
    const storage = new IdbStorage(run);
    const stored = await storage.list();
    const found = paths.filter((path) => stored.includes(path));
    return Promise.all(found.map(async (path) => ({ path, bytes: await storage.read(path) })));
  }

  async keepLook(run: string, view: LookView, about: LookAbout): Promise<void> {
    const storage = this.#storageOf(run);
    // A run that was deleted meanwhile must not come back as one sample.
    if ((await storage.list()).length > 0) await keepLook(storage, view, about);
  }

  dropLook(run: string, place: KeptPlace): Promise<void> {
    return dropLook(this.#storageOf(run), place);
  }

  async keptLooks(run: string): Promise<KeptPlace[]> {
    return keptLooks(this.#storageOf(run));
  }

  async keptLook(run: string, place: KeptPlace): Promise<SavedLook> {
    return keptLook(this.#storageOf(run), place);
  }

  /** The loaded run may be kept elsewhere than in this browser. */
  #storageOf(run: string): RunStorage {
    return this.#loaded?.name === run ? this.#loaded.storage : new IdbStorage(run);
  }

  async summarize(run: string): Promise<RunSummary> {
    return summarize(run, new IdbStorage(run));
  }

  async annotate(run: string, notes: RunNotes): Promise<void> {
    // A run that was deleted meanwhile must not come back as a note.
    const storage = new IdbStorage(run);
    if ((await storage.list()).length > 0) await writeNotes(storage, notes);
  }

  async importRun(zip: File, progress: (done: number, total: number) => void): Promise<string> {
    // Before anything is waited for, or a request to cancel would be forgotten.
    this.#isImportCancelled = false;
    const { zipSource } = await import("../data/source-zip");
    const archive = await readArchive(await zipSource(zip, zip.name), (done, total) => {
      if (this.#isImportCancelled) throw new Error("it was cancelled");
      progress(done, total);
    });
    const names = await IdbStorage.names();
    let name = archive.name;
    for (let copy = 2; names.includes(name); copy++) name = `${archive.name}-${copy}`;
    const lock = await lockRun(name);
    try {
      await storeArchive(archive, new IdbStorage(name));
    } finally {
      await lock.release();
    }
    return name;
  }

  async cancelImport(): Promise<void> {
    this.#isImportCancelled = true;
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

/** Copies the checkpoint that a run begins with; returns what removes the run again if it never got beyond it. */
async function fork({ run, step }: NonNullable<StartOptions["fork"]>, to: RunStorage): Promise<() => Promise<void>> {
  await forkRun(new IdbStorage(run), run, step, to);
  return async () => {
    if ((await storedSteps(to)).at(-1) === step) await to.remove("");
  };
}

/** A new run never writes over a stored one. */
async function requireNew({ storage, name }: StartOptions, place: RunStorage): Promise<void> {
  if (storage || (await place.list()).length === 0) return;
  throw new Error(`a run named "${name}" is stored already; choose another name or resume it`);
}

expose(new PageSupervisor());
