import { type Config, writeConfig } from "../config";
import { sha256 } from "../data/shards/format";
import { readSafetensors } from "../export/safetensors";
import type { ParameterStore } from "../nn/parameter-store";
import type { Schedule } from "../optim/schedule";
import {
  type CheckpointState,
  DamagedCheckpoint,
  type FileDigests,
  linesUpTo,
  type ParsedState,
  parseState,
  stateText,
} from "./checkpoint-state";
import { modelFile, numbers, optimizerFile, snapshotOf, tensorsOf } from "./checkpoint-tensors";
import { readSnapshotState, type SnapshotLayout, writeResumedStep, writeSnapshotState } from "./snapshot";
import { type RunStorage, utf8 } from "./storage";
import { SOFTWARE_VERSION } from "./version";

const FOLDER = /^checkpoints\/step-(\d{6,})\//;
const STATE_FILE = "state.json";
export const MODEL_FILE = "model.safetensors";
const OPTIMIZER_FILE = "optimizer.safetensors";
/** Checkpoints that are kept whatever they score. */
const NEWEST = 2;

export const checkpointFolder = (step: number): string => `checkpoints/step-${String(step).padStart(6, "0")}`;

/** What a snapshot does not know of its run. */
export interface CheckpointFacts {
  readonly hand: string;
  /** Fingerprint of the training and validation samples. */
  readonly samples: string;
  readonly microBatches: number;
  /** What the learning rate follows, before quirks. */
  readonly schedule: Schedule;
  readonly stepsPerEpoch: number;
  /** Name of rank 0's adapter. */
  readonly adapter: string;
  /** Steps of the checkpoints that are stored and whole. */
  readonly saved: readonly number[];
}

/**
 * Writes a snapshot that nobody changes any more as one commit: model.safetensors (PyTorch's keys), optimizer.safetensors and
 * state.json; with it checkpoints/last.json and checkpoints/best.json, which name a folder each. The bytes are a function of the arguments
 * alone, which hold no number of ranks.
 */
export async function writeCheckpoint(
  storage: RunStorage,
  layout: SnapshotLayout,
  snapshot: ArrayBufferLike,
  facts: CheckpointFacts,
  config: Config,
): Promise<{ readonly name: string; readonly sizeBytes: number }> {
  const place = readSnapshotState(snapshot);
  const { hand, samples, microBatches, schedule, stepsPerEpoch, adapter } = facts;
  const state: CheckpointState = {
    ...place,
    ...{ hand, samples, microBatches, schedule },
    sampler: {
      seed: config.run.seed,
      epoch: Math.floor(place.step / stepsPerEpoch),
      step: place.step % stepsPerEpoch,
    },
    ...{ software: SOFTWARE_VERSION, adapter },
  };
  const files = new Map([
    [MODEL_FILE, modelFile(layout, snapshot)],
    [OPTIMIZER_FILE, optimizerFile(layout, snapshot)],
  ]);
  const digests: Record<string, FileDigests[string]> = {};
  for (const [name, bytes] of files) digests[name] = { bytes: bytes.byteLength, sha256: await sha256(bytes) };
  files.set(STATE_FILE, utf8(await stateText(state, digests, writeConfig(config))));
  const name = checkpointFolder(place.step);
  await storage.commit(name, files, pointers(state, [...facts.saved, place.step]));
  return { name, sizeBytes: [...files.values()].reduce((sum, bytes) => sum + bytes.byteLength, 0) };
}

/** Where a person finds the last and the best checkpoint; state.json is what a run goes by. */
function pointers(
  { step, best, bestStep }: CheckpointState,
  saved: readonly number[],
): Map<string, Uint8Array<ArrayBuffer>> {
  const pointer = (at: number, score: number | null): Uint8Array<ArrayBuffer> =>
    utf8(
      `${JSON.stringify({ step: at, checkpoint: saved.includes(at) ? checkpointFolder(at) : null, pa_mpjpe_mm: score })}\n`,
    );
  const files = new Map([["checkpoints/last.json", pointer(step, bestStep === step ? best : null)]]);
  if (bestStep !== null) files.set("checkpoints/best.json", pointer(bestStep, best));
  return files;
}

/**
 * Which checkpoints stay, ascending: the last two, the best, and those of every `keepEvery`-th step. `steps` are all that are
 * stored; others may be removed once the newest is committed.
 */
export function keptSteps(
  steps: readonly number[],
  { bestStep, keepEvery }: { readonly bestStep: number | null; readonly keepEvery?: number },
): number[] {
  const sorted = [...new Set(steps)].sort((a, b) => a - b);
  const newest = new Set(sorted.slice(-NEWEST));
  return sorted.filter(
    (step) => newest.has(step) || step === bestStep || (keepEvery !== undefined && step % keepEvery === 0),
  );
}

/** Steps of the checkpoints in a run's storage, ascending; one whose state.json is gone counts too. */
export async function storedSteps(storage: RunStorage): Promise<number[]> {
  const matches = (await storage.list()).map((path) => FOLDER.exec(path)).filter((match) => match !== null);
  return [...new Set(matches.map((match) => Number(match[1])))].sort((a, b) => a - b);
}

/**
 * Loads parameters from a safetensors file with PyTorch's keys. Throws, writing nothing, when a key is missing, unknown
 * or of another shape, naming the first and counting the rest.
 */
export function loadModel(store: ParameterStore, bytes: Uint8Array, file: string): void {
  const tensors = tensorsOf(bytes, file, store.parameters);
  for (const { name } of store.parameters) store.write(name, numbers(tensors.get(name)!));
}

/** What `readCheckpoint` found. */
export interface Resumed {
  /** All numbers, its header filled in; nobody else's, so that it may become a shadow's. */
  readonly snapshot: ArrayBufferLike;
  readonly state: CheckpointState;
  /** Steps of the checkpoints up to this one; whatever lies beyond is damaged. */
  readonly saved: readonly number[];
  /** Lines of the run's files up to the checkpoint's step; the log's all. */
  readonly metrics: string;
  readonly times: string;
  readonly log: string;
  /** All lines of faults.jsonl: a fault after the checkpoint's step has happened all the same. */
  readonly faults: string;
  /** Sentences for the log: damaged checkpoints that were passed over, and settings that changed. */
  readonly notes: readonly string[];
}

/** What the run that goes on has: another hand or other samples are refused, other settings are noted. */
export type Expected = Pick<CheckpointState, "hand" | "samples"> &
  Partial<Pick<CheckpointState, "schedule" | "microBatches">>;

/**
 * The newest whole checkpoint of a run: digests are verified before anything is used, and a damaged checkpoint is named in `notes`. Throws a
 * sentence when there is none, when all are damaged, and when the newest whole one does not fit the network, is of a
 * newer format, or was made with another hand or other samples than `expected`.
 */
export async function readCheckpoint(
  storage: RunStorage,
  layout: SnapshotLayout,
  expected: Expected,
): Promise<Resumed> {
  const steps = await storedSteps(storage);
  if (steps.length === 0) throw new Error(`${storage.place}: no checkpoint to resume from`);
  const damaged: string[] = [];
  for (const step of steps.toReversed()) {
    try {
      const whole = await readWhole(storage, step);
      const notes = damaged.map((sentence) => `damaged checkpoint, not used: ${sentence}`);
      if (damaged.length > 0) notes.push(`the run goes on from the older checkpoint of step ${step}`);
      return await resumed(storage, layout, expected, whole, steps, notes);
    } catch (error) {
      if (!(error instanceof DamagedCheckpoint)) throw error;
      damaged.push(error.message);
    }
  }
  throw new Error(`${storage.place}: no whole checkpoint to resume from; ${damaged.join("; ")}`);
}

interface Whole extends ParsedState {
  readonly folder: string;
  readonly model: Uint8Array<ArrayBuffer>;
  readonly optimizer: Uint8Array<ArrayBuffer>;
}

/** A checkpoint's files, verified. Throws DamagedCheckpoint. */
async function readWhole(storage: RunStorage, step: number): Promise<Whole> {
  const folder = checkpointFolder(step);
  const read = async (name: string): Promise<Uint8Array<ArrayBuffer>> => {
    try {
      return await storage.read(`${folder}/${name}`);
    } catch (error) {
      throw new DamagedCheckpoint(`${folder}/${name}: ${(error as Error).message}`);
    }
  };
  const parsed = await parseState(new TextDecoder().decode(await read(STATE_FILE)), `${folder}/${STATE_FILE}`);
  if (parsed.state.step !== step)
    throw new DamagedCheckpoint(`${folder}/${STATE_FILE}: "step" is ${parsed.state.step}, expected ${step}`);
  const verified = async (name: string): Promise<Uint8Array<ArrayBuffer>> => {
    const bytes = await read(name);
    if (parsed.files === undefined) return readable(bytes, `${folder}/${name}`);
    const { bytes: length, sha256: digest } = parsed.files[name] ?? { bytes: 0, sha256: "none" };
    if (bytes.byteLength !== length)
      throw new DamagedCheckpoint(`${folder}/${name}: has ${bytes.byteLength} bytes, expected ${length}`);
    const found = await sha256(bytes);
    if (found !== digest)
      throw new DamagedCheckpoint(
        `${folder}/${name}: has the SHA-256 ${found.slice(0, 12)}..., expected ${digest.slice(0, 12)}...`,
      );
    return bytes;
  };
  return { ...parsed, folder, model: await verified(MODEL_FILE), optimizer: await verified(OPTIMIZER_FILE) };
}

/** The bytes of a file without digest, if its structure is sound: then only changed numbers go unseen. */
function readable(bytes: Uint8Array<ArrayBuffer>, file: string): Uint8Array<ArrayBuffer> {
  try {
    readSafetensors(bytes, file);
  } catch (error) {
    throw new DamagedCheckpoint((error as Error).message);
  }
  return bytes;
}

async function resumed(
  storage: RunStorage,
  layout: SnapshotLayout,
  expected: Expected,
  { state, files, folder, model, optimizer }: Whole,
  steps: readonly number[],
  damage: readonly string[],
): Promise<Resumed> {
  for (const key of ["hand", "samples"] as const) {
    if (state[key] !== expected[key]) {
      throw new Error(
        `${storage.place}: the run was made with ${key} "${state[key]}", now there is "${expected[key]}"; resume it with the same --data, --hand and settings`,
      );
    }
  }
  const paths = await storage.list();
  const read = async (path: string): Promise<string> =>
    paths.includes(path) ? new TextDecoder().decode(await storage.read(path)) : "";
  const recordsOf = async (file: string): Promise<string> => linesUpTo(await read(file), state.step, file);
  const [metrics, times] = [await recordsOf("metrics.jsonl"), await recordsOf("times.jsonl")];
  const { snapshot, withoutMoments } = snapshotOf(
    layout,
    { bytes: model, file: `${folder}/${MODEL_FILE}` },
    { bytes: optimizer, file: `${folder}/${OPTIMIZER_FILE}` },
    files === undefined,
  );
  writeSnapshotState(snapshot, state);
  writeResumedStep(snapshot, state.step);
  const notes = [...damage, ...changes(state, expected)];
  if (withoutMoments > 0)
    notes.push(`${folder}: ${withoutMoments} parameters have no optimiser state, they begin at 0`);
  const saved = steps.filter((step) => step <= state.step);
  const [log, faults] = [await read("log.txt"), await read("faults.jsonl")];
  return { snapshot, state, saved, metrics, times, log, faults, notes };
}

/** Settings that decide the numbers and are not as the checkpoint has them, one sentence each. */
function changes(state: CheckpointState, { schedule, microBatches }: Expected): string[] {
  const notes: string[] = [];
  const note = (what: string, was: number, is: number): void => {
    if (was !== is) notes.push(`${what} was ${was} when the checkpoint was written and is ${is} from here on`);
  };
  if (microBatches !== undefined) note("the number of micro-batches of a step", state.microBatches, microBatches);
  if (schedule && state.schedule) {
    note("the learning rate's last step", state.schedule.totalSteps, schedule.totalSteps);
    note("the learning rate's warm-up in steps", state.schedule.warmupSteps, schedule.warmupSteps);
    note("the peak learning rate", state.schedule.lrHead, schedule.lrHead);
    note("the backbone's peak learning rate", state.schedule.lrBackbone, schedule.lrBackbone);
    note("the lowest learning rate", state.schedule.minLr, schedule.minLr);
  }
  return notes;
}
