/** The report of an import, for a person and for a program: what was kept, what was dropped, why, and the first example of each. */

import { openingReport } from "./import-description";
import type { DropExample, ImportOutcome } from "./import-job";
import { gigabytes, type KnownTotal, namedFrames, totalSentence, whole } from "./import-plan";
import { newReport } from "./import-report";
import type { FrameSet, ImportReport } from "./types";

/** One line of the report; plain data. */
export interface ReportRow {
  readonly reason: string;
  readonly count: number;
  /** First frame that it happened to. */
  readonly first: string;
  /** The first frame's whole sentence, where it was read in this session. */
  readonly message?: string;
}

/** The report as it is saved; plain data. */
export interface ImportResult {
  readonly schema: 1;
  readonly name: string;
  readonly source: string;
  readonly split: string;
  /** "checked": read without a store. */
  readonly state: ImportOutcome["state"] | "checked";
  /** Chosen sequences; undefined: all. */
  readonly sequences: readonly string[] | undefined;
  /** Frames that the files name, usable or not, and how many they should name. */
  readonly named: number;
  readonly known: number | undefined;
  readonly totals: string;
  /** Frames chosen, looked at so far, and of these kept and dropped, over all sessions. */
  readonly chosen: number;
  readonly done: number;
  readonly kept: number;
  readonly dropped: readonly ReportRow[];
  readonly notes: readonly ReportRow[];
  /** Frames that were there before this session. */
  readonly before: number;
  readonly recordBytes: number;
  readonly bytes: number;
  /** Of this session, without its pauses. */
  readonly seconds: number;
  readonly framesPerSecond: number | undefined;
}

export interface ResultParts {
  readonly frames: Pick<FrameSet, "name" | "ids" | "report">;
  /** Name of the stored set; the source's when nothing is stored. */
  readonly name: string;
  readonly split: string;
  readonly sequences: readonly string[] | undefined;
  readonly known: KnownTotal | undefined;
  readonly recordBytes: number;
  readonly outcome: Omit<ImportOutcome, "state"> & { readonly state: ImportResult["state"] };
  /** The report of the stored set over all sessions; without it, this session's. */
  readonly stored?: ImportReport;
}

type Counts = ReadonlyMap<string, { readonly count: number; readonly example: string }>;

/** Drops at opening first, then those at reading, most frequent first; the same reason in both is one row. */
function rows(opened: Counts, read: Counts, messages: ReadonlyMap<string, DropExample> = new Map()): ReportRow[] {
  const sum = new Map<string, { count: number; example: string }>();
  for (const counts of [opened, read]) {
    for (const [reason, { count, example }] of counts) {
      const known = sum.get(reason);
      sum.set(reason, { count: count + (known?.count ?? 0), example: known?.example ?? example });
    }
  }
  return [...sum]
    .map(([reason, { count, example }]) => {
      const told = messages.get(reason);
      return { reason, count, first: example, ...(told?.example === example && { message: told.message }) };
    })
    .sort((a, b) => b.count - a.count || (a.reason < b.reason ? -1 : 1));
}

/** Puts the report together. */
export function importResult(parts: ResultParts): ImportResult {
  const { frames, name, split, sequences, known, recordBytes, outcome, stored } = parts;
  const { progress } = outcome;
  const named = namedFrames(frames);
  const kept = stored?.kept ?? progress.kept;
  // A stored set's report has what was counted when the files were opened.
  const opened = stored === undefined ? frames.report : newReport();
  const openNotes = progress.done === 0 ? opened.notes : new Map(openingReport(opened).notes);
  return {
    schema: 1,
    name,
    source: frames.name,
    split,
    state: outcome.state,
    sequences,
    named,
    known: known?.frames,
    totals: totalSentence(named, known),
    chosen: progress.total,
    done: progress.done,
    kept,
    dropped: rows(opened.dropped, stored?.dropped ?? outcome.dropped, outcome.dropped),
    notes: rows(openNotes, stored?.notes ?? outcome.notes),
    before: progress.before,
    recordBytes,
    bytes: kept * recordBytes,
    seconds: outcome.seconds,
    framesPerSecond: progress.framesPerSecond,
  };
}

const STATES: Readonly<Record<ImportResult["state"], string>> = {
  complete: "complete",
  cancelled: "paused",
  full: "stopped, the store is full",
  checked: "checked, nothing stored",
};

/** The report as lines of text. */
export function resultLines(result: ImportResult): string[] {
  const { dropped, notes, kept, bytes, seconds, framesPerSecond, before, sequences } = result;
  const all = dropped.reduce((sum, each) => sum + each.count, 0);
  const row = (what: string) => (each: ReportRow) =>
    `  ${what} ${whole(each.count)} x ${each.reason}, first ${each.first}${each.message ? `: ${each.message}` : ""}`;
  const speed = framesPerSecond === undefined ? "" : ` (${framesPerSecond.toFixed(1)} frames/s)`;
  return [
    `Import of ${result.source}, ${result.split}, as "${result.name}": ${STATES[result.state]}`,
    `  ${result.totals}`,
    `  ${sequences === undefined ? "all sequences" : `${whole(sequences.length)} sequences (${sequences.join(", ")})`}: ${whole(result.chosen)} frames chosen, ${whole(result.done)} looked at${before > 0 ? `, ${whole(before)} of them by earlier sessions` : ""}`,
    `  kept ${whole(kept)} frames, ${gigabytes(bytes)}; dropped ${whole(all)}`,
    ...dropped.map(row("dropped")),
    ...notes.map(row("note")),
    `  ${seconds.toFixed(1)} s of reading${speed}`,
  ];
}

/** The report as a text file. */
export function resultText(result: ImportResult): string {
  return `${resultLines(result).join("\n")}\n`;
}

/** The report as a JSON file. */
export function resultJson(result: ImportResult): string {
  return `${JSON.stringify(result, null, 2)}\n`;
}
