/** A run whose ranks fail, what is asked of it, and what came of it; plain data, which crosses from a page to Node. */
import type { Config } from "../../../src/config";
import { sha256 } from "../../../src/data/shards/format";
import type { RankFault } from "../../../src/ranks/fault-hook";
import type { FaultRecord } from "../../../src/train/events";
import type { MemoryStorage } from "../../helpers/memory-storage";
import { rankConfig } from "../../helpers/rank-run";

/** Rendered once for all runs of a browser. */
export const FRAMES = 8;

/** A worker that is ended from outside, wherever it is by then. */
export interface Kill {
  readonly worker: number;
  /** Once this step was told, and so much later, ms. */
  readonly step: number;
  readonly delayMs: number;
}

export interface Order {
  readonly ranks: number;
  readonly steps: number;
  readonly faults?: readonly RankFault[];
  readonly kills?: readonly Kill[];
  /** Goes on from the last checkpoint of the run before. */
  readonly resume?: boolean;
  /** Asks for an end after this step. */
  readonly stopAt?: number;
}

/** What became of one injected fault. */
export interface Struck {
  /** As a `RankFault`, or "kill" for one from outside. */
  readonly kind: RankFault["kind"] | "kill";
  readonly worker: number;
  readonly step: number;
  readonly at: string;
  /** From the fault to the abort of the group, as another thread sees it; undefined where no group was aborted. */
  readonly detectedMs: number | undefined;
  /** From the abort until every rank of the next group has restored its weights and begun a step. */
  readonly recoveredMs: number | undefined;
}

/** What a run came to. */
export interface Outcome {
  readonly error: string | undefined;
  readonly end: string | undefined;
  readonly step: number;
  /** SHA-256 of the last checkpoint's files. */
  readonly hashes: Readonly<Record<string, string>>;
  /** metrics.jsonl without what the clock and the number of ranks decide. */
  readonly metrics: readonly string[];
  /** faults.jsonl, and the records that were told. */
  readonly written: readonly FaultRecord[];
  readonly told: readonly FaultRecord[];
  readonly struck: readonly Struck[];
  /** Every group that was aborted: when, why, and when the next one had begun, ms since 1970. */
  readonly aborts: readonly { readonly at: number; readonly reason: string; readonly begunAt: number | undefined }[];
  readonly lines: readonly string[];
  /** Milliseconds of every step, as the run tells them. */
  readonly stepMs: readonly number[];
  readonly adapter: string;
  /** Until the first group began, and from there to the end. */
  readonly builtMs: number;
  readonly trainedMs: number;
}

/** The smallest network that has all parts: some MFLOP for a step of 4 micro-batches; a snapshot every third step. */
export const campaignConfig = (steps: number): Config =>
  rankConfig({ steps, checkpointEvery: steps, evaluateEvery: steps, snapshotEvery: 3 });

const linesOf = (storage: MemoryStorage, path: string): string[] =>
  storage.files.has(path) ? storage.text(path).trimEnd().split("\n") : [];

export const metricsOf = (storage: MemoryStorage): string[] =>
  linesOf(storage, "metrics.jsonl").map((line) =>
    JSON.stringify({ ...(JSON.parse(line) as object), ms: 0, host_ms: 0, ranks: 0 }),
  );

export const faultsOf = (storage: MemoryStorage): FaultRecord[] =>
  linesOf(storage, "faults.jsonl").map((line) => JSON.parse(line) as FaultRecord);

/** SHA-256 of the files of a run's last checkpoint, by name. */
export async function hashesOf(storage: MemoryStorage): Promise<Record<string, string>> {
  const [last] = (await storage.list()).filter((path) => path.endsWith("/model.safetensors")).slice(-1);
  if (!last) return {};
  const folder = last.slice(0, last.lastIndexOf("/"));
  const hashes: Record<string, string> = {};
  for (const name of ["model.safetensors", "optimizer.safetensors", "state.json"]) {
    const bytes = storage.files.get(`${folder}/${name}`);
    if (bytes) hashes[`${folder}/${name}`] = await sha256(bytes);
  }
  return hashes;
}

/**
 * What is wrong with a run that is to have come to the same as `whole`, one sentence each: other bytes, other records, records
 * that are missing or doubled, faults that stand in the file and were not told.
 */
export function complaints(run: Outcome, whole: Outcome): string[] {
  const found: string[] = [];
  if (run.error !== undefined) found.push(`ended with an error: ${run.error}`);
  if (Object.keys(whole.hashes).length !== 3) found.push("the fault-free run left no checkpoint");
  for (const [name, hash] of Object.entries(whole.hashes))
    if (run.hashes[name] !== hash) found.push(`${name} has ${run.hashes[name] ?? "no bytes"}, expected ${hash}`);
  if (run.metrics.length !== whole.metrics.length)
    found.push(`${run.metrics.length} lines in metrics.jsonl, expected ${whole.metrics.length}`);
  const other = run.metrics.findIndex((line, i) => line !== whole.metrics[i]);
  if (other >= 0) found.push(`line ${other + 1} of metrics.jsonl is another: ${run.metrics[other].slice(0, 80)}`);
  if (JSON.stringify(run.written) !== JSON.stringify(run.told)) found.push("faults.jsonl is not what was told");
  return found;
}
