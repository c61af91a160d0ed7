/** What an import will take, before it takes anything: sequences, room, and whether the data set is all there. Pure. */
import { DataError } from "./data-error";
import type { StoredSet, StoreUsage } from "./shards/types";
import { recordingOf, sequenceOf } from "./split";
import type { FrameSet } from "./types";

/** A number with commas: "66,034". */
export function whole(value: number): string {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+(?!\d))/g, ",");
}

/** Bytes in decimal units, as disks are sold: "16.6 GB". */
export function gigabytes(bytes: number): string {
  if (bytes >= 1e9) return `${(bytes / 1e9).toFixed(1)} GB`;
  return bytes >= 1e6 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e3).toFixed(1)} kB`;
}

/** One sequence that a person can take or leave; plain data. */
export interface SequenceChoice {
  readonly sequence: string;
  readonly recording: string;
  readonly frames: number;
  /** Room that its records need in the store. */
  readonly bytes: number;
}

/** The sequences of a set in the order of its frames. */
export function sequenceChoices(ids: readonly string[], recordBytes: number): SequenceChoice[] {
  const frames = new Map<string, number>();
  for (const id of ids) {
    const sequence = sequenceOf(id);
    frames.set(sequence, (frames.get(sequence) ?? 0) + 1);
  }
  return [...frames].map(([sequence, n]) => ({
    sequence,
    recording: recordingOf(sequence),
    frames: n,
    bytes: n * recordBytes,
  }));
}

/** The frames of the chosen sequences, all when undefined, in the set's order. Throws DataError for a sequence that is not there, or none. */
export function chosenIds(
  frames: Pick<FrameSet, "name" | "ids">,
  sequences: readonly string[] | undefined,
): readonly string[] {
  if (sequences === undefined) return frames.ids;
  const known = new Set(frames.ids.map(sequenceOf));
  const unknown = sequences.find((sequence) => !known.has(sequence));
  if (unknown !== undefined || sequences.length === 0) {
    const names = [...known].slice(0, 8).join(", ");
    const found = unknown === undefined ? "no sequence is chosen" : `there is no usable frame of sequence "${unknown}"`;
    throw new DataError(
      `${frames.name}: ${found}, expected some of its ${known.size} (${names}${known.size > 8 ? ", ..." : ""})`,
      "no such sequence",
    );
  }
  const chosen = new Set(sequences);
  return frames.ids.filter((id) => chosen.has(sequenceOf(id)));
}

/**
 * Frames that train.txt and evaluation.txt of the published data sets name. Source: shreyashampali/ho3d README (v2),
 * the data set configurations of HaMeR and WiLoR (v3).
 */
const KNOWN_TOTALS: Readonly<Record<string, number>> = {
  "2 train": 66_034,
  "2 evaluation": 11_524,
  "3 train": 83_325,
  "3 evaluation": 20_137,
};

export interface KnownTotal {
  readonly frames: number;
  /** "HO-3D v3 train". */
  readonly what: string;
}

/** The published number of frames of a part of HO-3D; undefined where none is known. */
export function knownTotal(version: number | undefined, split: string): KnownTotal | undefined {
  const frames = KNOWN_TOTALS[`${version} ${split}`];
  return frames === undefined ? undefined : { frames, what: `HO-3D v${version} ${split}` };
}

/** Frames that a set's files name, usable or not. */
export function namedFrames({ ids, report }: Pick<FrameSet, "ids" | "report">): number {
  return [...report.dropped.values()].reduce((sum, each) => sum + each.count, ids.length);
}

/** How many frames are named against how many there should be, as a sentence. */
export function totalSentence(found: number, known: KnownTotal | undefined): string {
  if (known === undefined) return `The files name ${whole(found)} frames; no total is known to compare with.`;
  const of = `the ${whole(known.frames)} of ${known.what}`;
  const difference = found - known.frames;
  if (difference === 0) return `The files name ${whole(found)} frames, exactly ${of}.`;
  return difference < 0
    ? `The files name ${whole(found)} frames: ${whole(-difference)} of ${of} are missing.`
    : `The files name ${whole(found)} frames, ${whole(difference)} more than ${of}.`;
}

/** Whether an import fits, as far as anybody can know. */
export interface Preflight {
  readonly neededBytes: number;
  /** What the store says is free; undefined when it says nothing. */
  readonly freeBytes: number | undefined;
  /** Undefined when the store says nothing. False warns, it refuses nothing: what browsers say about free room is not true. */
  readonly seemsToFit: boolean | undefined;
  readonly sentence: string;
}

/** Needed room against what the store says is free. */
export function preflight(frames: number, neededBytes: number, usage?: StoreUsage): Preflight {
  const needs = `${whole(frames)} frames need ${gigabytes(neededBytes)}`;
  const freeBytes = usage?.quotaBytes === undefined ? undefined : Math.max(0, usage.quotaBytes - usage.usedBytes);
  if (freeBytes === undefined) {
    return { neededBytes, freeBytes, seemsToFit: undefined, sentence: `${needs}.` };
  }
  const seemsToFit = neededBytes <= freeBytes;
  const free = `${gigabytes(freeBytes)} ${seemsToFit ? "are said to be free" : "are said to be free, which is too little: choose fewer sequences or a smaller crop"}`;
  return {
    neededBytes,
    freeBytes,
    seemsToFit,
    sentence: `${needs}, ${free}. That figure is only what the storage claims: if it runs full, nothing that was imported is lost and the import can go on after room is made.`,
  };
}

/** Quirks of the readers: with them a record holds other numbers. The rest is done to a record later. */
const RECORD_QUIRKS = ["depth-bytes-swapped", "opengl-unconverted", "pose-opengl", "tips-smplx"];

/** The quirks in force that change a record, sorted; undefined when there is none. */
export function recordQuirks(quirks: Iterable<string>): readonly string[] | undefined {
  const names = [...new Set(quirks)].filter((name) => RECORD_QUIRKS.includes(name)).sort();
  return names.length === 0 ? undefined : names;
}

/** What a run needs of records. */
export interface WantedCrops {
  /** Side S of the crop, pixels. */
  readonly size: number;
  readonly boxScale: number;
  readonly quirks: Iterable<string>;
}

/** Throws DataError when a stored set was cropped or read otherwise than a run needs it. */
export function requireFit({ name, description }: Pick<StoredSet, "name" | "description">, wanted: WantedCrops): void {
  if (description === undefined) return;
  const { size, boxScale } = description;
  const differs = (what: string, found: string, expected: string, how: string): DataError =>
    new DataError(
      `"${name}" was imported with ${what} ${found}, but the configuration has ${expected}; ${how}`,
      "imported otherwise",
    );
  if (size < wanted.size) {
    throw differs("crops of", `${size} px`, `${wanted.size} px`, `import it again with --size ${wanted.size}`);
  }
  if (boxScale !== wanted.boxScale) {
    const how = `set data.boxScale to ${boxScale}, or import again with --box-scale ${wanted.boxScale}`;
    throw differs("box scale", `${boxScale}`, `${wanted.boxScale}`, how);
  }
  const [found, expected] = [description.quirks, recordQuirks(wanted.quirks)].map((each) => (each ?? []).join(", "));
  if (found !== expected) {
    throw differs("quirks", found || "(none)", expected || "(none)", "import it again with the same --quirks");
  }
}
