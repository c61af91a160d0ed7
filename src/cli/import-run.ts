/** `handloom import` without its options: frames of a place into a store, or only looked at. */

import { handFor } from "../data/adapter";
import type { Decoders } from "../data/import-decode";
import { importDescription } from "../data/import-description";
import { ImportJob, type ImportOutcome, type ImportProgress } from "../data/import-job";
import {
  chosenIds,
  knownTotal,
  type Preflight,
  preflight,
  type SequenceChoice,
  sequenceChoices,
} from "../data/import-plan";
import { newReport } from "../data/import-report";
import { type ImportResult, importResult } from "../data/import-result";
import type { FrameSplit, OpenedFrames } from "../data/open";
import type { SetDescription, ShardStore, ShardWriter } from "../data/shards/types";
import { type DataSummary, type SummaryOptions, spreadIds, summarise, summaryOf } from "../data/summary";
import { measureRecord, type RecordFacts } from "../data/summary/measure";
import type { CropRecord, HandModel } from "../data/types";

/** What to import and how. */
export interface ImportPlan {
  readonly frames: OpenedFrames;
  readonly split: FrameSplit;
  /** All when undefined. */
  readonly sequences: readonly string[] | undefined;
  readonly size: number;
  readonly boxScale: number;
  readonly quirks: readonly string[];
  readonly hand: HandModel | undefined;
  /** Without one, frames are only looked at. */
  readonly store: ShardStore | undefined;
  /** Name in the store; made of source, split and size when it is not given. */
  readonly name: string | undefined;
}

/** A plan with what follows from it, before anything is decoded. */
export interface PreparedImport extends ImportPlan {
  readonly name: string;
  readonly ids: readonly string[];
  readonly description: SetDescription;
  readonly choices: readonly SequenceChoice[];
  readonly preflight: Preflight;
}

/** What came of it. */
export interface FinishedImport {
  readonly result: ImportResult;
  /** Of what is stored, or of what was looked at; undefined while an import is not complete. */
  readonly summary: DataSummary | undefined;
  /** Why the import stopped before its end. */
  readonly message: string | undefined;
}

/** Room and sequences of an import. Throws DataError for a sequence that is not there, StoreError when the store cannot be asked. */
export async function prepareImport(plan: ImportPlan): Promise<PreparedImport> {
  const { frames, split, size, store } = plan;
  const ids = chosenIds(frames, plan.sequences);
  const description = await importDescription({ ...plan, ids });
  const { source, recordBytes } = description;
  const name = plan.name ?? `${source}-${split}-${size}`.replace(/[^\p{L}\p{N}_.() -]/gu, "-");
  const done = store === undefined ? 0 : ((await store.list()).find((set) => set.name === name)?.bytes ?? 0);
  const needed = Math.max(0, ids.length * recordBytes - done);
  return {
    ...plan,
    name,
    ids,
    description,
    choices: sequenceChoices(ids, recordBytes),
    preflight: preflight(ids.length, needed, await store?.usage()),
  };
}

/** A store that keeps nothing but the measures of some frames, for a look at a data set. */
function onlyLooking(onRecord: (record: CropRecord) => void): ShardWriter & { readonly kept: string[] } {
  const done = new Set<string>();
  const kept: string[] = [];
  return {
    done,
    kept,
    repairs: [],
    add: async (record) => {
      onRecord(record);
      kept.push(record.id);
      done.add(record.id);
    },
    drop: (id) => void done.add(id),
    note: () => undefined,
    flush: async () => undefined,
    finish: async () => undefined as never,
    close: async () => undefined,
  };
}

export interface RunOptions {
  readonly decoders: Decoders;
  readonly now: () => number;
  readonly onProgress?: (progress: ImportProgress) => void;
  /** The job, as soon as it can be paused. */
  readonly onJob?: (job: ImportJob) => void;
}

/** Runs an import to its end, its cancel or a full store. Ends the decoders. Throws what `ImportJob.run` throws. */
export async function runImport(plan: PreparedImport, options: RunOptions): Promise<FinishedImport> {
  try {
    return plan.store === undefined ? await look(plan, options) : await store(plan, plan.store, options);
  } finally {
    options.decoders.end();
  }
}

function jobOf({ frames, ids, description }: PreparedImport, writer: ShardWriter, options: RunOptions): ImportJob {
  const { decoders, now, onProgress, onJob } = options;
  const job = new ImportJob({
    ...{ name: frames.name, ids, writer, now, onProgress, recordBytes: description.recordBytes, endWhenFull: true },
    decode: decoders.decode,
    parallel: decoders.parallel,
  });
  onJob?.(job);
  return job;
}

const knownOf = ({ frames, split }: PreparedImport): ReturnType<typeof knownTotal> => knownTotal(frames.version, split);

function summaryOptions(plan: PreparedImport): SummaryOptions {
  const known = knownOf(plan);
  return {
    ...(plan.hand !== undefined && { hand: handFor(plan.hand, plan.frames.adapter) }),
    known,
    isPart: plan.sequences !== undefined,
  };
}

async function look(plan: PreparedImport, options: RunOptions): Promise<FinishedImport> {
  const { ids } = plan;
  const more = summaryOptions(plan);
  const looked = new Set(spreadIds(ids, 400));
  const facts: RecordFacts[] = [];
  const writer = onlyLooking((record) => {
    if (looked.has(record.id)) facts.push(measureRecord(record, more.hand));
  });
  const outcome = await jobOf(plan, writer, options).run();
  const result = resultOf(plan, { ...outcome, state: outcome.state === "complete" ? "checked" : outcome.state });
  const report = { ...newReport(), kept: writer.kept.length };
  for (const { reason, count, first } of result.dropped) report.dropped.set(reason, { count, example: first });
  const isDone = outcome.state === "complete" && facts.length > 0;
  const summary = isDone ? summaryOf({ name: plan.name, ids: writer.kept, report }, facts, more) : undefined;
  return { result, summary, message: outcome.progress.message };
}

async function store(plan: PreparedImport, to: ShardStore, options: RunOptions): Promise<FinishedImport> {
  const { name, description } = plan;
  const writer = await to.writer(name, description);
  const outcome = await jobOf(plan, writer, options).run();
  if (outcome.state !== "complete") {
    return { result: resultOf(plan, outcome), summary: undefined, message: outcome.progress.message };
  }
  const set = await to.open(name);
  try {
    const summary = await summarise(set, summaryOptions(plan));
    return { result: resultOf(plan, outcome, set.report), summary, message: undefined };
  } finally {
    set.close();
  }
}

function resultOf(
  plan: PreparedImport,
  outcome: Omit<ImportOutcome, "state"> & { readonly state: ImportResult["state"] },
  stored?: Parameters<typeof importResult>[0]["stored"],
): ImportResult {
  const { frames, name, split, sequences, description } = plan;
  return importResult({
    ...{ frames, name, split, sequences, outcome, stored },
    known: knownOf(plan),
    recordBytes: description.recordBytes,
  });
}
