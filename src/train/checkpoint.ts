import { type Config, writeConfig } from "../config";
import { readSafetensors, type SafeTensor, writeSafetensors } from "../export/safetensors";
import type { ParameterStore } from "../nn/parameter-store";
import type { AdamW, Moments } from "../optim/adamw";
import { type RunStorage, utf8 } from "./storage";

/** What a run must know to go on exactly where it was; batches are a pure function of (seed, step). */
export interface CheckpointState {
  readonly step: number;
  /** Steps of the optimiser, t of the bias correction. */
  readonly optimizerStep: number;
  /** Best validation PA-MPJPE in mm so far, and its step; null before the first evaluation. */
  readonly best: number | null;
  readonly bestStep: number | null;
  /** Steps of the checkpoints that are kept. */
  readonly saved: readonly number[];
  /** The hand model's name, and a fingerprint of the training and validation samples: another would not be the same run. */
  readonly hand: string;
  readonly samples: string;
}

/** Version of state.json; a newer one is refused. */
const FORMAT = 1;
const FOLDER = /^checkpoints\/step-(\d{6,})\/state\.json$/;
const FIRST_MOMENT = "exp_avg.";
const SECOND_MOMENT = "exp_avg_sq.";

export const checkpointFolder = (step: number): string => `checkpoints/step-${String(step).padStart(6, "0")}`;

/** Writes model.safetensors (PyTorch's keys), optimizer.safetensors and state.json as one commit. */
export async function writeCheckpoint(
  storage: RunStorage,
  store: ParameterStore,
  optimizer: AdamW,
  state: CheckpointState,
  config: Config,
): Promise<{ readonly name: string; readonly sizeBytes: number }> {
  const name = checkpointFolder(state.step);
  const files = new Map([
    ["model.safetensors", writeSafetensors(await modelTensors(store))],
    ["optimizer.safetensors", writeSafetensors(momentTensors(await optimizer.readMoments(), store))],
    [
      "state.json",
      utf8(`${JSON.stringify({ format: FORMAT, ...state, config: writeConfig(config) }, undefined, 2)}\n`),
    ],
  ]);
  await storage.commit(name, files);
  return { name, sizeBytes: [...files.values()].reduce((sum, bytes) => sum + bytes.byteLength, 0) };
}

/** All parameters and state under their checkpoint keys. */
export async function modelTensors(store: ParameterStore): Promise<Map<string, SafeTensor>> {
  const values = await store.read();
  return new Map(
    store.parameters.map((p): [string, SafeTensor] => {
      const data = values.get(p.name)!;
      if (p.options.storedAs === "i64") {
        return [p.name, { dtype: "I64", shape: p.shape, data: BigInt64Array.from(data, (x) => BigInt(x)) }];
      }
      return [p.name, { dtype: "F32", shape: p.shape, data }];
    }),
  );
}

function momentTensors({ m, v }: Moments, store: ParameterStore): Map<string, SafeTensor> {
  const tensors = new Map<string, SafeTensor>();
  for (const [prefix, moments] of [
    [FIRST_MOMENT, m],
    [SECOND_MOMENT, v],
  ] as const) {
    for (const [name, data] of moments) {
      tensors.set(`${prefix}${name}`, { dtype: "F32", shape: store.entry(name).parameter.shape, data });
    }
  }
  return tensors;
}

/** Steps of the checkpoints in a run's storage, ascending. */
export async function storedSteps(storage: RunStorage): Promise<number[]> {
  const matches = (await storage.list()).map((path) => FOLDER.exec(path)).filter((match) => match !== null);
  return matches.map((match) => Number(match[1])).sort((a, b) => a - b);
}

/**
 * Loads parameters from a safetensors file with PyTorch's keys. Throws, writing nothing, when a key is missing, unknown
 * or of another shape, naming the first and counting the rest.
 */
export function loadModel(store: ParameterStore, bytes: Uint8Array, file: string): void {
  const { tensors } = readSafetensors(bytes, file);
  const known = new Set(store.names);
  const unknown = [...tensors.keys()].filter((name) => !known.has(name));
  const missing = store.names.filter((name) => !tensors.has(name));
  if (unknown.length > 0 || missing.length > 0) {
    const parts = [
      missing.length > 0 ? `${missing.length} parameters are missing (first "${missing[0]}")` : "",
      unknown.length > 0 ? `${unknown.length} are not of this network (first "${unknown[0]}")` : "",
    ];
    throw new Error(
      `${file}: ${parts.filter((part) => part !== "").join(", ")}; is it a checkpoint of another preset?`,
    );
  }
  for (const p of store.parameters) {
    const { shape } = tensors.get(p.name)!;
    if (shape.join() !== p.shape.join()) {
      throw new Error(`${file}: "${p.name}" has shape [${shape.join(", ")}], expected [${p.shape.join(", ")}]`);
    }
  }
  for (const p of store.parameters)
    store.write(p.name, Float32Array.from(tensors.get(p.name)!.data as ArrayLike<number>, Number));
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

/** What a state.json must hold, key by key. */
const STATE: { readonly [K in keyof CheckpointState]: readonly [(value: unknown) => boolean, string] } = {
  step: [isCount, "a count"],
  optimizerStep: [isCount, "a count"],
  best: [(value) => value === null || Number.isFinite(value), "a number or null"],
  bestStep: [(value) => value === null || isCount(value), "a count or null"],
  saved: [(value) => Array.isArray(value) && value.every(isCount), "a list of counts"],
  hand: [(value) => typeof value === "string", "a text"],
  samples: [(value) => typeof value === "string", "a text"],
};

/** The state in the text of `file`. Throws a sentence when it holds anything else. */
function parseState(text: string, file: string): CheckpointState {
  const instead = `delete the folder ${file.slice(0, file.lastIndexOf("/"))} to resume from the checkpoint before`;
  const found = parseJson(text, file, instead);
  if (found.format !== FORMAT) {
    throw new Error(`${file}: format ${JSON.stringify(found.format)}, this version reads ${FORMAT}`);
  }
  for (const [key, [fits, expected]] of Object.entries(STATE)) {
    if (fits(found[key])) continue;
    const shown = String(JSON.stringify(found[key])).slice(0, 60);
    throw new Error(`${file}: "${key}" is ${shown}, expected ${expected}; ${instead}`);
  }
  const { format: _, ...state } = found;
  return state as unknown as CheckpointState;
}

/** The lines of metrics.jsonl up to a step; later ones are written again. Throws a sentence with the number of a line that is no record. */
function linesUpTo(text: string, step: number, file: string): string {
  const lines = text.split("\n");
  const kept = lines.filter((line, i) => {
    if (line === "") return false;
    const what = `${file}, line ${i + 1}`;
    const record = parseJson(line, what, "delete that line");
    if (!isCount(record.step)) {
      throw new Error(
        `${what}: "step" is ${String(JSON.stringify(record.step)).slice(0, 60)}, expected a count; delete that line`,
      );
    }
    return record.step <= step;
  });
  return kept.map((line) => `${line}\n`).join("");
}

function parseJson(text: string, what: string, instead: string): Record<string, unknown> {
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch {
    // Shown like any other value that is no object.
  }
  if (typeof found === "object" && found !== null && !Array.isArray(found)) return found as Record<string, unknown>;
  throw new Error(`${what}: begins with ${JSON.stringify(text.slice(0, 40))}, expected a JSON object; ${instead}`);
}

/** What `readCheckpoint` found. */
export interface Resumed {
  readonly state: CheckpointState;
  /** Lines of the run's files up to the checkpoint's step. */
  readonly metrics: string;
  readonly log: string;
}

/**
 * Restores the last checkpoint of a run: parameters, moments, position. Throws when there is none, when it does not fit the
 * network, when a file is damaged, or when it was made with another hand or other samples than `expected`.
 */
export async function readCheckpoint(
  storage: RunStorage,
  store: ParameterStore,
  optimizer: AdamW,
  expected: Pick<CheckpointState, "hand" | "samples">,
): Promise<Resumed> {
  const last = (await storedSteps(storage)).at(-1);
  if (last === undefined) throw new Error(`${storage.place}: no checkpoint to resume from`);
  const folder = checkpointFolder(last);
  const text = new TextDecoder().decode(await storage.read(`${folder}/state.json`));
  const state = parseState(text, `${folder}/state.json`);
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
  const metrics = linesUpTo(await read("metrics.jsonl"), state.step, "metrics.jsonl");
  loadModel(store, await storage.read(`${folder}/model.safetensors`), `${folder}/model.safetensors`);
  const file = `${folder}/optimizer.safetensors`;
  const { tensors } = readSafetensors(await storage.read(file), file);
  const moments = (prefix: string): Map<string, Float32Array<ArrayBuffer>> =>
    new Map(
      [...tensors]
        .filter(([name]) => name.startsWith(prefix))
        .map(([name, { data }]) => [name.slice(prefix.length), data as Float32Array<ArrayBuffer>]),
    );
  optimizer.writeMoments({ m: moments(FIRST_MOMENT), v: moments(SECOND_MOMENT) }, state.optimizerStep);
  return { state, metrics, log: await read("log.txt") };
}
