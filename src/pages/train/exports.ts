/** A run's files as downloads. */
import type { RunFile } from "../report";
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

const PICK: Record<ExportKind, (path: string) => boolean> = {
  metrics: (path) => path === "metrics.jsonl",
  csv: (path) => path === "metrics.jsonl",
  tfevents: (path) => path.split("/").pop()!.startsWith("events.out.tfevents"),
  config: (path) => path === "config.yaml",
  checkpoint: (path) => path.startsWith("checkpoints/"),
  run: () => true,
};

/** The files that an export holds; of the checkpoints only the last. */
export function filesOf(kind: ExportKind, files: readonly RunFile[]): RunFile[] {
  const picked = files.filter(({ path }) => PICK[kind](path));
  if (kind !== "checkpoint") return picked;
  // step-NNNNNN: the greatest name is the latest step.
  const folders = picked.map(({ path }) => path.split("/")[1]).sort();
  return picked.filter(({ path }) => path.split("/")[1] === folders[folders.length - 1]);
}

/** One download: the file itself, or a zip of several. Throws when the run has no such file. */
export async function makeDownload(
  kind: ExportKind,
  run: string,
  files: readonly RunFile[],
): Promise<{ readonly name: string; readonly blob: Blob }> {
  const picked = filesOf(kind, files);
  if (picked.length === 0) {
    throw new Error(
      `The run "${run}" has no file for "${kind}" yet; it is written when the run ends or is checkpointed.`,
    );
  }
  if (kind !== "checkpoint" && kind !== "run") {
    const [{ path, bytes }] = picked;
    if (kind === "csv") {
      const text = metricsCsv(new TextDecoder().decode(bytes));
      return { name: `${run}-metrics.csv`, blob: new Blob([text], { type: "text/csv" }) };
    }
    return { name: `${run}-${path.split("/").pop()}`, blob: new Blob([bytes]) };
  }
  const { zipSync } = await import("fflate");
  // Weights hardly compress; stored, the zip is made in an instant.
  const entries = Object.fromEntries(
    picked.map(({ path, bytes }) => [
      `${run}/${path}`,
      [bytes, { level: path.endsWith(".safetensors") ? 0 : 6 }] as [Uint8Array, { level: 0 | 6 }],
    ]),
  );
  const name = kind === "run" ? `${run}.zip` : `${run}-${picked[0].path.split("/")[1]}.zip`;
  return { name, blob: new Blob([zipSync(entries) as Uint8Array<ArrayBuffer>], { type: "application/zip" }) };
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
