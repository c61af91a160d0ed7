/** What a page may ask of the worker that imports and keeps data sets, over Comlink. Everything is plain data. */
import type { ImportProgress } from "../data/import-job";
import type { KnownTotal, SequenceChoice } from "../data/import-plan";
import type { ImportResult, ReportRow } from "../data/import-result";
import type { FrameSplit } from "../data/open";
import type { Damage, StoredSet, StoreUsage } from "../data/shards/types";
import type { SplitBy } from "../data/split";
import type { DataSummary } from "../data/summary";
import type { DataChoice, HandChoice } from "./api";
import type { SetTile } from "./set-tiles";

/** Files as the browser hands them over. */
export type ImportSource =
  | { readonly kind: "directory"; readonly handle: FileSystemDirectoryHandle }
  /** With their paths inside the chosen folder. */
  | {
      readonly kind: "files";
      readonly name: string;
      readonly files: readonly { readonly path: string; readonly file: File }[];
    }
  | { readonly kind: "zip"; readonly file: File };

/** What the chosen files are, before anything is decoded. */
export interface Found {
  /** What a person calls the files, e.g. "HO3D_v3". */
  readonly name: string;
  /** The data set in words, e.g. "HO-3D v3". */
  readonly title: string;
  readonly split: FrameSplit;
  /** Splits that such a data set has. */
  readonly splits: readonly FrameSplit[];
  /** Usable frames. */
  readonly frames: number;
  readonly dropped: readonly ReportRow[];
  readonly notes: readonly ReportRow[];
  readonly known: KnownTotal | undefined;
  /** Frames that are named against how many there should be, in a sentence. */
  readonly totals: string;
  readonly sequences: readonly SequenceChoice[];
}

/** Which frames go where. */
export interface ImportRequest {
  readonly source: ImportSource;
  readonly split: FrameSplit;
  /** Name of the set in the store; one that is there already is continued or repaired. */
  readonly name: string;
  /** Names of the sequences; all when undefined. */
  readonly sequences: readonly string[] | undefined;
  readonly options: ImportOptions;
}

/** How files are read and how the crops of training are cut; a stored set keeps what it was made with. */
export interface ImportOptions {
  /** Side S of the square crop, pixels. */
  readonly size: number;
  /** Side of the square over the longer side of the hand's box. */
  readonly boxScale: number;
  readonly quirks: readonly string[];
  /** The chosen hand: some data sets' parameters cannot be read without MANO. */
  readonly hand: HandChoice;
}

/** Samples that can be looked at without a run: an imported set, or frames as a run renders them. */
export type SampleSet =
  | Extract<DataChoice, { kind: "stored" }>
  | (Extract<DataChoice, { kind: "synthetic" }> & { readonly options: ImportOptions });

/** What a summary depends on, besides the set. */
export interface SummaryRequest {
  readonly hand: HandChoice;
  /** The split of the configuration at hand. */
  readonly by: SplitBy;
  readonly fraction: number;
  readonly seed: number;
  readonly quirks: readonly string[];
}

/** How an import ended: the report in numbers, and as the text of a file. */
export interface ImportEnd {
  readonly result: ImportResult;
  readonly text: string;
}

/** The importing worker. Every method rejects with one sentence for a person. */
export interface ImportApi {
  /** Finds out what the files are; lists, decodes nothing. */
  look(source: ImportSource, split: FrameSplit, options: ImportOptions): Promise<Found>;
  /** Imports until it is complete or cancelled; waits for `resume` while the store is full. One at a time. */
  start(request: ImportRequest, onProgress: (progress: ImportProgress) => void): Promise<ImportEnd>;
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** Ends with what is committed so far; it can be continued. */
  cancel(): Promise<void>;
  sets(): Promise<StoredSet[]>;
  usage(): Promise<StoreUsage>;
  remove(name: string): Promise<void>;
  /** Every byte of a set against its checksums. */
  check(name: string, onProgress: (done: number, total: number) => void): Promise<Damage[]>;
  /** Ids of a set's samples, in its order; of an unfinished or damaged one those that are left. */
  ids(set: SampleSet): Promise<readonly string[]>;
  summary(
    set: SampleSet,
    options: SummaryRequest,
    onProgress: (done: number, total: number) => void,
  ): Promise<DataSummary>;
  /** The samples at these places of a set's order, with pictures of `side` pixels; one that cannot be read says why in its place. */
  tiles(set: SampleSet, places: readonly number[], side: number): Promise<SetTile[]>;
  /** Ends the checks or the summaries under way: they reject. */
  stopReading(what: "check" | "summary"): Promise<void>;
}
