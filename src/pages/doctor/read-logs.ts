/** Dropped training logs to what the page shows of them. */
import { diagnoseLog, whyNothing } from "../../doctor/log/diagnose-log";
import { blobAsFile, readLogs } from "../../doctor/log/read-log";
import type { LogKind } from "../../doctor/log/types";
import { plural } from "../format";
import type { LogResult } from "./state";

const KINDS: Record<LogKind, string> = {
  original: "the original trainer",
  lightning: "PyTorch Lightning",
  events: "TensorBoard events",
  handloom: "Handloom",
  unknown: "an unknown trainer",
};

/** A file, and its path inside what was dropped: a File that was posted to a worker has forgotten its folder. */
export interface NamedFile {
  readonly name: string;
  readonly file: File;
}

/** Reads the files into runs with their findings; `onProgress` hears of the bytes read of all. Throws what reading throws. */
export async function readFiles(files: readonly NamedFile[], onProgress: (bytes: number) => void): Promise<LogResult> {
  const read = new Map<string, number>();
  const book = await readLogs(
    files.map(({ name, file }) => blobAsFile(name, file)),
    (name, bytes) => {
      read.set(name, bytes);
      onProgress([...read.values()].reduce((sum, each) => sum + each, 0));
    },
  );
  const why = whyNothing(book);
  const notes = book.files.flatMap(({ name, notes }) => notes.map((note) => `${name}: ${note}`));
  if (why !== undefined) return { runs: [], notes, why: `This is ${why}` };
  const runs = diagnoseLog(book).map(({ run, findings }) => ({
    name: run.name,
    place: `${KINDS[run.kind]}, ${run.file}, ${run.kind === "events" ? "records" : "lines"} ${run.firstLine} to ${run.lastLine}${run.isResumed ? ", resumed" : ""}, ${plural(run.series.length, "curve")}`,
    findings,
    series: run.series,
  }));
  return { runs, notes, why: undefined };
}
