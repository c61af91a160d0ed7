/** state.json: everything of a checkpoint that is no tensor, with the digests by which damage is told. */
import { sha256 } from "../data/shards/format";
import type { Schedule } from "../optim/schedule";
import type { SnapshotState } from "./snapshot";

/** What a run must know to go on exactly where it was; batches are a pure function of (seed, step). Holds no number of ranks. */
export interface CheckpointState extends SnapshotState {
  /** The hand model's name, and a fingerprint of the training and validation samples: another would not be the same run. */
  readonly hand: string;
  readonly samples: string;
  /** Equal parts that a batch is cut into. */
  readonly microBatches: number;
  /** What the learning rate follows, before quirks. Undefined in format 1, like all below. */
  readonly schedule?: Schedule;
  /** Where the sampler stands: the step to come is `step` of `epoch`, both counted from 0, shuffled by `seed`. */
  readonly sampler?: { readonly seed: number; readonly epoch: number; readonly step: number };
  /** Version of Handloom that wrote it, and the adapter of rank 0, for people. */
  readonly software?: string;
  readonly adapter?: string;
}

/** What is told of each other file of the folder. */
export type FileDigests = Readonly<Record<string, { readonly bytes: number; readonly sha256: string }>>;

/** A checkpoint's file was changed since it was written, or was never whole; an older one may be sound. */
export class DamagedCheckpoint extends Error {}

/** Version of state.json. A newer one is refused; 1 has no digests. */
export const FORMAT = 2;

/** The text of state.json; its last field is the SHA-256 of the text without that field. */
export async function stateText(state: CheckpointState, files: FileDigests, config: string): Promise<string> {
  const fields = { format: FORMAT, ...state, files, config };
  return `${JSON.stringify({ ...fields, sha256: await digestOf(fields) }, undefined, 2)}\n`;
}

/** JSON.parse keeps the order of keys and JSON.stringify prints a number as it was, so that both sides make the same text. */
const digestOf = (fields: object): Promise<string> =>
  sha256(new TextEncoder().encode(JSON.stringify(fields)) as Uint8Array<ArrayBuffer>);

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const isText = (value: unknown): boolean => typeof value === "string";
const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const holds = (value: unknown, keys: readonly string[], fits: (value: unknown) => boolean): boolean =>
  isRecord(value) && keys.every((key) => fits(value[key]));

type Check = readonly [(value: unknown) => boolean, string];

const COUNT: Check = [isCount, "a count"];
const TEXT: Check = [isText, "a text"];

/** What a state.json of any format must hold, key by key. */
const STATE: { readonly [K in keyof CheckpointState]?: Check } = {
  step: COUNT,
  optimizerStep: COUNT,
  best: [(value) => value === null || Number.isFinite(value), "a number or null"],
  bestStep: [(value) => value === null || isCount(value), "a count or null"],
  hand: TEXT,
  samples: TEXT,
};

const SCHEDULE: readonly (keyof Schedule)[] = ["lrBackbone", "lrHead", "minLr", "warmupSteps", "totalSteps"];

/** What format 2 has on top. */
const STATE_2: Readonly<Record<string, Check>> = {
  microBatches: COUNT,
  schedule: [(value) => holds(value, SCHEDULE, Number.isFinite), `numbers named ${SCHEDULE.join(", ")}`],
  sampler: [(value) => holds(value, ["seed", "epoch", "step"], isCount), "counts named seed, epoch, step"],
  software: TEXT,
  adapter: TEXT,
  files: [
    (value) =>
      isRecord(value) && Object.values(value).every((of) => isRecord(of) && isCount(of.bytes) && isText(of.sha256)),
    "bytes and sha256 of each file",
  ],
  config: TEXT,
};

export interface ParsedState {
  readonly state: CheckpointState;
  /** Undefined for format 1. */
  readonly files: FileDigests | undefined;
}

/**
 * The state in the text of `file`. Throws DamagedCheckpoint with a sentence when it holds anything else, a plain error when it is of a
 * newer format.
 */
export async function parseState(text: string, file: string): Promise<ParsedState> {
  const found = parseObject(text, file);
  if (isCount(found.format) && found.format > FORMAT) {
    throw new Error(
      `${file}: format ${found.format}, this version reads up to ${FORMAT}; go on with the newer Handloom that wrote it`,
    );
  }
  if (found.format !== 1 && found.format !== FORMAT)
    throw new DamagedCheckpoint(`${file}: format ${shown(found.format)}, expected 1 or ${FORMAT}`);
  // A digest in format 1 is format 2 with a changed number.
  if (found.format === FORMAT || found.sha256 !== undefined) {
    const { sha256: told, ...fields } = found;
    if (told !== (await digestOf(fields)))
      throw new DamagedCheckpoint(`${file}: its SHA-256 is not the one that it names`);
  }
  for (const [key, [fits, expected]] of Object.entries(found.format === FORMAT ? { ...STATE, ...STATE_2 } : STATE)) {
    if (!fits(found[key]))
      throw new DamagedCheckpoint(`${file}: "${key}" is ${shown(found[key])}, expected ${expected}`);
  }
  const { step, optimizerStep, best, bestStep, hand, samples } = found as unknown as CheckpointState;
  const state = { step, optimizerStep, best, bestStep, hand, samples };
  if (found.format === 1) return { state: { ...state, microBatches: 1 }, files: undefined };
  const { microBatches, schedule, sampler, software, adapter } = found as unknown as CheckpointState;
  return { state: { ...state, microBatches, schedule, sampler, software, adapter }, files: found.files as FileDigests };
}

/** The lines of metrics.jsonl or times.jsonl up to a step; later ones are written again. Throws a sentence with the number of a line that is no record. */
export function linesUpTo(text: string, step: number, file: string): string {
  const lines = text.split("\n");
  const kept = lines.filter((line, i) => {
    if (line === "") return false;
    const what = `${file}, line ${i + 1}`;
    let record: Record<string, unknown>;
    try {
      record = parseObject(line, what);
    } catch (error) {
      throw new Error(`${(error as Error).message}; delete that line`);
    }
    if (!isCount(record.step))
      throw new Error(`${what}: "step" is ${shown(record.step)}, expected a count; delete that line`);
    return record.step <= step;
  });
  return kept.map((line) => `${line}\n`).join("");
}

const shown = (value: unknown): string => String(JSON.stringify(value)).slice(0, 60);

function parseObject(text: string, what: string): Record<string, unknown> {
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch {
    // Shown like any other value that is no object.
  }
  if (isRecord(found)) return found;
  throw new DamagedCheckpoint(`${what}: begins with ${JSON.stringify(text.slice(0, 40))}, expected a JSON object`);
}
