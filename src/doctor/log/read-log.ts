/** Files to a LogBook: one log, or all of a folder. Knows no file system: bytes come in chunks. */
import { blobBytes, cutSentence } from "../../data/blob-bytes";
import { messageOf } from "../../data/data-error";
import { EventFileReader, isEventFile } from "./event-file";
import { TextLogReader } from "./log-reader";
import type { RunBuilder } from "./run-builder";
import type { FileReport, LogBook, LogRun } from "./types";

/** A file and its bytes, in chunks of any size: a `Blob`'s stream, or what a folder gives. */
export interface LogFile {
  /** Path with "/", "run-3/log.txt". */
  readonly name: string;
  chunks(): AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
}

/** Reads one file as it comes; event files are known by their first bytes. */
export class LogFileReader {
  #reader: TextLogReader | EventFileReader | undefined;
  #start: Uint8Array = new Uint8Array(0);

  constructor(readonly name: string) {}

  push(chunk: Uint8Array): void {
    if (this.#reader) {
      this.#reader.push(chunk);
      return;
    }
    // Twelve bytes tell an event file.
    const start = new Uint8Array(this.#start.length + chunk.length);
    start.set(this.#start);
    start.set(chunk, this.#start.length);
    this.#start = start;
    if (start.length >= 12) this.#choose();
  }

  end(): { readonly builders: readonly RunBuilder[]; readonly report: FileReport } {
    if (!this.#reader) this.#choose();
    const report = this.#reader!.end();
    return { builders: this.#reader!.runs, report };
  }

  #choose(): void {
    const isEvents = isEventFile(this.#start) || baseOf(this.name).includes("tfevents");
    this.#reader = isEvents ? new EventFileReader(this.name) : new TextLogReader(this.name);
    this.#reader.push(this.#start);
    this.#start = new Uint8Array(0);
  }
}

const baseOf = (name: string): string => name.slice(name.lastIndexOf("/") + 1);
const folderOf = (name: string): string => name.slice(0, Math.max(0, name.lastIndexOf("/")));

/** Whether a file of a folder may be a log: events, .log, .txt, .out, .err, .jsonl, and the config beside them. */
export function mayBeLog(name: string): boolean {
  const base = baseOf(name);
  if (folderOf(name).split("/").includes("splits")) return false;
  return base.includes("tfevents") || base === "config.yaml" || /\.(?:log|txt|out|err|jsonl)$/i.test(base);
}

/** Reads files into one book, telling how far it is in each. Files of one folder of ours (config.yaml, metrics.jsonl, log.txt) make one run. */
export async function readLogs(
  files: Iterable<LogFile>,
  onProgress?: (file: string, bytes: number) => void,
): Promise<LogBook> {
  const runs: LogRun[] = [];
  const reports: FileReport[] = [];
  const inOrder = [...files].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  for (const { name, chunks } of inOrder) {
    const reader = new LogFileReader(name);
    let bytes = 0;
    for await (const chunk of chunks()) {
      reader.push(chunk);
      bytes += chunk.length;
      onProgress?.(name, bytes);
    }
    const { builders, report } = reader.end();
    reports.push(report);
    // A beginning without a number behind it is no run, unless it is all there is.
    const kept = builders.filter((run) => !run.isEmpty || run.hasRemarks || baseOf(name) === "config.yaml");
    const finished = kept.map((run, i) => run.finish(kept.length > 1 ? `${baseOf(name)}, run ${i + 1}` : baseOf(name)));
    runs.push(...finished);
  }
  return { runs: joinFolders(runs), files: reports };
}

/** What the other files of a run's folder say besides its metrics. */
function joinFolders(runs: readonly LogRun[]): LogRun[] {
  const joined: LogRun[] = [];
  const folders = new Map<string, LogRun[]>();
  for (const run of runs) {
    const folder = folderOf(run.file);
    folders.set(folder, [...(folders.get(folder) ?? []), run]);
  }
  for (const [folder, inside] of folders) {
    const metrics = inside.filter((run) => baseOf(run.file) === "metrics.jsonl");
    const config = inside.find((run) => baseOf(run.file) === "config.yaml");
    const log = inside.filter((run) => baseOf(run.file) === "log.txt");
    if (metrics.length === 0) {
      const others = inside.filter((run) => run !== config);
      joined.push(...others.map((run) => ({ ...run, facts: { ...run.facts, ...config?.facts } })));
      continue;
    }
    for (const [i, run] of metrics.entries()) {
      const beside = i === 0 ? log : [];
      const evaluated = beside.flatMap((each) => each.evaluated);
      joined.push({
        ...run,
        name: metrics.length > 1 ? `${folder || "run"}, run ${i + 1}` : folder || "run",
        kind: "handloom",
        facts: { ...Object.assign({}, ...beside.map((each) => each.facts)), ...run.facts, ...config?.facts },
        debugBatches: beside.flatMap((each) => each.debugBatches),
        debugLosses: beside.flatMap((each) => each.debugLosses),
        evaluated: evaluated.length > 0 ? evaluated : run.evaluated,
        remarks: [...run.remarks, ...beside.flatMap((each) => each.remarks)],
        isResumed: run.isResumed || beside.some((each) => each.isResumed),
      });
    }
    // Event files beside metrics.jsonl hold the same numbers.
    joined.push(...inside.filter((run) => ![...metrics, ...log, config].includes(run) && run.kind !== "events"));
  }
  return joined;
}

/** Bytes of a slice of a Blob: reading yields to the page between two. */
const SLICE_BYTES = 1 << 18;

/** A dropped or chosen file, slice by slice. Throws when it becomes shorter while it is read. */
export const blobAsFile = (name: string, blob: Blob): LogFile => ({
  name,
  async *chunks() {
    for (let at = 0; at < blob.size; at += SLICE_BYTES) {
      const end = Math.min(at + SLICE_BYTES, blob.size);
      const bytes = await blobBytes(blob, at, end).catch((error: unknown) => {
        throw new Error(`${name}: ${messageOf(error)}`);
      });
      if (bytes.length < end - at) {
        throw new Error(`${name}: ${cutSentence(at + bytes.length, blob.size)}; choose it again`);
      }
      yield bytes;
    }
  },
});

/** One file whose bytes are all there. */
export const bytesAsFile = (name: string, bytes: Uint8Array): LogFile => ({ name, chunks: () => [bytes] });
