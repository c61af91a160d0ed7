import type { Config } from "../config";
import type { Peaks, ProfileReport, TrainEvent } from "../train/events";
import type { LookAbout, SavedLook } from "../train/inspect/look-file";
import type { InspectApi, KeptPlace, LookView } from "../train/inspect/types";
import type { RankFault } from "./fault-hook";
import type { RunNotes, RunSummary } from "./run-summary";

/** Where the samples of a run come from. */
export type DataChoice =
  | { readonly kind: "synthetic"; readonly frames: number; readonly seed: number }
  /** A directory handle, or files with their paths inside the chosen folder and its name. */
  | { readonly kind: "directory"; readonly handle: FileSystemDirectoryHandle }
  | {
      readonly kind: "files";
      readonly name?: string;
      readonly files: readonly { readonly path: string; readonly file: File }[];
    }
  /** A data set that was imported into this browser. */
  | { readonly kind: "stored"; readonly name: string }
  /** A folder that the page's own server shows below `url`, see data/source-http.ts. */
  | { readonly kind: "http"; readonly url: string; readonly name: string };

export type HandChoice =
  | { readonly kind: "openhand" }
  | { readonly kind: "mano"; readonly name: string; readonly bytes: ArrayBuffer }
  /** A MANO file that the page's own server shows below `url`. */
  | { readonly kind: "http"; readonly url: string; readonly name: string };

export interface StartOptions {
  readonly name: string;
  readonly config: Config;
  readonly data: DataChoice;
  readonly hand: HandChoice;
  /** Name of a stored run whose last checkpoint is continued. */
  readonly resume?: string;
  /**
   * With `resume`: waits before the first step as if paused, also where no step is left, so that the run can be looked at. Nothing is
   * computed and no file of the run is written before it is resumed.
   */
  readonly hold?: boolean;
  /** A checkpoint of a stored run that a new run, `name`, begins with: weights, optimiser and what was told by then. */
  readonly fork?: { readonly run: string; readonly step: number };
  /** Where the run is kept; undefined: in the browser's storage under `name`. */
  readonly storage?: { readonly kind: "http"; readonly url: string; readonly place: string };
  /** Debug lines of the original to log. */
  readonly debug?: readonly ("batch" | "loss")[];
  /** Looks at data, network and steps, tells findings, and ends a run that is wasted. Default true. */
  readonly preflight?: boolean;
  /** Ids of findings that are not told and end nothing. */
  readonly ignore?: readonly string[];
  /** Workers that share each step, 1 to the micro-batches of a step. Default 1. */
  readonly ranks?: number;
  /** `both`: every second rank asks for the low-power adapter, for machines with two. Default `same`: all ask for the fast one. */
  readonly adapters?: "same" | "both";
  /** Validation samples with the largest errors that the run keeps with all their stages when it ends. Default 0. */
  readonly keepWorst?: number;
  /** Ways to fail, for tests. */
  readonly faults?: readonly RankFault[];
}

/** What the terminal asks a page to run: `StartOptions` that can be written as JSON. */
export interface TerminalRequest extends Omit<StartOptions, "config" | "data" | "hand"> {
  readonly configYaml: string;
  readonly data: Extract<DataChoice, { kind: "synthetic" | "http" }>;
  readonly hand: Extract<HandChoice, { kind: "openhand" | "http" }>;
}

export interface StoredRun {
  readonly name: string;
  readonly step: number;
  readonly sizeBytes: number;
  /** Milliseconds since 1970, for display only. */
  readonly savedAt: number;
  /** Why there is nothing of it any more, a sentence; deleting it forgets it. */
  readonly lost?: string;
}

/** What a page may ask of a rank's worker, over Comlink. Events come back through `onEvent`. */
export interface RankApi extends InspectApi {
  /** Answers at once: no work of a step is done on the thread that answers. */
  ping(): Promise<void>;
  /** Resolves when the run ends; errors arrive as an "error" event and reject. */
  start(options: StartOptions, onEvent: (event: TrainEvent) => void): Promise<void>;
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** Makes one step of a run that is paused, which is paused again after it. */
  step(): Promise<void>;
  /** Ends after the step at hand, with a checkpoint. */
  stop(): Promise<void>;
  /** Times every kernel of the training step and of the update, `repeats` times after `warmUp` (1) that do not count. */
  profile(repeats: number, warmUp?: number): Promise<ProfileReport>;
  /** Ends `profile` after the repeat at hand, `peaks` after the round: it rejects with a sentence. */
  cancelProfile(): Promise<void>;
  /** What the adapter of rank 0 reaches: two probes, run between steps. */
  peaks(): Promise<Peaks>;
  storedRuns(): Promise<StoredRun[]>;
  /** Steps of the checkpoints of a run, ascending: `look` shows the weights of those of the run that is loaded. */
  checkpoints(run: string): Promise<number[]>;
  /** Files of a run by path, as the terminal's --out folder holds them. */
  files(run: string): Promise<{ readonly path: string; readonly bytes: Uint8Array<ArrayBuffer> }[]>;
  /** Paths of a run's files. */
  paths(run: string): Promise<readonly string[]>;
  deleteRun(run: string): Promise<void>;
  /** Those of the named files that a run has. */
  readFiles(
    run: string,
    paths: readonly string[],
  ): Promise<{ readonly path: string; readonly bytes: Uint8Array<ArrayBuffer> }[]>;
  /** Keeps a sample of a run among its files, in place of what was kept of it; nothing where the run is gone. */
  keepLook(run: string, view: LookView, about: LookAbout): Promise<void>;
  dropLook(run: string, place: KeptPlace): Promise<void>;
  /** Samples that a run has kept, validation first. */
  keptLooks(run: string): Promise<KeptPlace[]>;
  /** Throws a sentence when the run has not kept it, or its file is damaged. */
  keptLook(run: string, place: KeptPlace): Promise<SavedLook>;
  /** What a table of runs tells of a stored run. */
  summarize(run: string): Promise<RunSummary>;
  /** Keeps a person's notes beside a stored run. */
  annotate(run: string, notes: RunNotes): Promise<void>;
  /** Takes in a run that was downloaded as a zip, once all of it is checked; returns its name, another one where that is taken. */
  importRun(zip: File, progress: (done: number, total: number) => void): Promise<string>;
  /** Ends `importRun` after the file at hand: it rejects, and nothing is stored. */
  cancelImport(): Promise<void>;
}
