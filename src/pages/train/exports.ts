/** A run's files as downloads. */
import { metricsCsv } from "../runs/csv";

export type ExportKind = "metrics" | "csv" | "tfevents" | "config" | "checkpoint" | "run";

export const EXPORTS: readonly { readonly kind: ExportKind; readonly label: string; readonly hint: string }[] = [
  { kind: "metrics", label: "JSONL", hint: "One line per step and evaluation" },
  { kind: "csv", label: "CSV", hint: "The metrics as a table, one column for each number" },
  { kind: "tfevents", label: "tfevents", hint: "Event file for TensorBoard" },
  { kind: "config", label: "Config", hint: "The configuration that was run" },
  { kind: "checkpoint", label: "Checkpoint", hint: "Latest weights, optimiser and state, zipped" },
  { kind: "run", label: "Whole run", hint: "Every file of the run, zipped; it can be imported again" },
];

/** What is put into a zip at once: few milliseconds. */
const PIECE_BYTES = 4 << 20;

const PICK: Record<ExportKind, (path: string) => boolean> = {
  metrics: (path) => path === "metrics.jsonl",
  csv: (path) => path === "metrics.jsonl",
  tfevents: (path) => path.split("/").pop()!.startsWith("events.out.tfevents"),
  config: (path) => path === "config.yaml",
  checkpoint: (path) => path.startsWith("checkpoints/"),
  run: () => true,
};

/** Paths of the files that an export holds; of the checkpoints only the last. */
export function pathsOf(kind: ExportKind, paths: readonly string[]): string[] {
  const picked = paths.filter(PICK[kind]);
  if (kind !== "checkpoint") return picked;
  // step-NNNNNN: the greatest name is the latest step.
  const folders = picked.map((path) => path.split("/")[1]).sort();
  return picked.filter((path) => path.split("/")[1] === folders[folders.length - 1]);
}

export interface DownloadOptions {
  /** Files that are read, of how many. */
  readonly onProgress?: (done: number, total: number) => void;
  /** When it is aborted, the download rejects with its reason. */
  readonly signal?: AbortSignal;
}

/**
 * One download of the run that has files at `paths`: the file itself, or a zip of several, read one after the other. Throws when
 * the run has no such file.
 */
export async function makeDownload(
  kind: ExportKind,
  run: string,
  paths: readonly string[],
  read: (path: string) => Promise<Uint8Array<ArrayBuffer>>,
  { onProgress, signal }: DownloadOptions = {},
): Promise<{ readonly name: string; readonly blob: Blob }> {
  const picked = pathsOf(kind, paths);
  if (picked.length === 0) {
    throw new Error(
      `The run "${run}" has no file for "${kind}" yet; it is written when the run ends or is checkpointed.`,
    );
  }
  if (kind !== "checkpoint" && kind !== "run") {
    const [path] = picked;
    const bytes = await read(path);
    signal?.throwIfAborted();
    if (kind === "csv") {
      const text = metricsCsv(new TextDecoder().decode(bytes));
      return { name: `${run}-metrics.csv`, blob: new Blob([text], { type: "text/csv" }) };
    }
    return { name: `${run}-${path.split("/").pop()}`, blob: new Blob([bytes]) };
  }
  const { Zip, ZipDeflate, ZipPassThrough } = await import("fflate");
  const parts: Uint8Array<ArrayBuffer>[] = [];
  const zip = new Zip((error, part) => {
    if (error) throw error;
    parts.push(part as Uint8Array<ArrayBuffer>);
  });
  for (const [i, path] of picked.entries()) {
    onProgress?.(i, picked.length);
    const bytes = await read(path);
    const name = `${run}/${path}`;
    // Weights hardly compress; stored, the zip is made in an instant.
    const entry = path.endsWith(".safetensors") ? new ZipPassThrough(name) : new ZipDeflate(name, { level: 6 });
    zip.add(entry);
    for (let at = 0; at === 0 || at < bytes.length; at += PIECE_BYTES) {
      entry.push(bytes.subarray(at, at + PIECE_BYTES), at + PIECE_BYTES >= bytes.length);
      // The page stays alive, and hears of a change of mind.
      await new Promise((resolve) => setTimeout(resolve));
      signal?.throwIfAborted();
    }
  }
  zip.end();
  const name = kind === "run" ? `${run}.zip` : `${run}-${picked[0].split("/")[1]}.zip`;
  return { name, blob: new Blob(parts, { type: "application/zip" }) };
}

/** Hands a blob to the browser's downloads. */
export function download(name: string, blob: Blob): void {
  const anchor = document.createElement("a");
  anchor.href = URL.createObjectURL(blob);
  anchor.download = name;
  anchor.click();
  // The download has its own hold on the blob once the click is handled.
  setTimeout(() => URL.revokeObjectURL(anchor.href), 10_000);
}
