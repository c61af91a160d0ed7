/** What `train` and `evaluate` share: config, hand, data and the adapter from the terminal's options. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { applySettings, type Config, PRESET_NAMES, PRESETS, parseConfig, splitNames } from "../config";
import { type Adapted, adapterNamed } from "../data/adapter";
import { readHandAsset } from "../data/hand/asset";
import { readManoFile } from "../data/mano-file";
import { type FrameSplit, type OpenedFrames, openFrames as openFolder } from "../data/open";
import type { OpenedSet } from "../data/shards/types";
import { syntheticFrameSet, UPRIGHT_SPREAD } from "../data/synthetic/frames";
import type { HandModel } from "../data/types";
import { Gpu } from "../gpu/gpu";
import type { RunData } from "../train/data";
import { readInteger } from "./command";
import { openPlace } from "./data-place";
import { requestNodeGpu } from "./dawn";
import { folderShardStore } from "./folder-shards";
import { projectRoot } from "./host";

type ParsedConfig = ReturnType<typeof parseConfig>;

export const clock = { now: () => performance.now(), wallSeconds: () => Date.now() / 1000 };

/** Rendered frames when `synthetic` names no number. */
const SYNTHETIC_FRAMES = 256;

/** A preset's name or a yaml file, the original's included. Throws a sentence when it is neither. */
export async function readConfig(choice: string): Promise<ParsedConfig> {
  const preset = PRESET_NAMES.find((name) => name === choice);
  if (preset) return { config: PRESETS[preset](), warnings: [] };
  let text: string;
  try {
    text = await readFile(choice, "utf8");
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code === "ENOENT" ? "no such file" : (error as Error).message;
    throw new Error(
      `--config is "${choice}", expected a preset (${PRESET_NAMES.join(", ")}) or a yaml file: ${reason}`,
    );
  }
  return parseConfig(text);
}

/** Options that change single keys of the configuration, turned into `--set` settings. */
export interface Overrides {
  readonly steps?: string;
  readonly epochs?: string;
  readonly batch?: string;
  readonly seed?: string;
  readonly quirks?: string;
  readonly set: readonly string[];
}

/**
 * The configuration with the terminal's overrides; each is checked like a key of a file. A warm-up that would outlast
 * `--steps` is shortened to a sixth of them, with a warning, unless it is set too.
 */
export function override(parsed: ParsedConfig, { steps, epochs, batch, seed, quirks, set }: Overrides): ParsedConfig {
  const numbers = { "run.steps": steps, "run.epochs": epochs, "optim.batch": batch, "run.seed": seed };
  const settings = Object.entries(numbers).flatMap(([key, text]) => (text === undefined ? [] : [`${key}=${text}`]));
  if (epochs !== undefined && steps === undefined) settings.push("run.steps=null");
  if (quirks !== undefined) settings.push(`quirks=[${splitNames(quirks).join(", ")}]`);
  const warnings = [...parsed.warnings];
  const { warmupSteps } = parsed.config.optim;
  if (Number(steps) <= warmupSteps && !set.some((text) => text.startsWith("optim.warmupSteps="))) {
    const shortened = Math.floor(Number(steps) / 6);
    settings.push(`optim.warmupSteps=${shortened}`);
    warnings.push(`warm-up shortened from ${warmupSteps} to ${shortened} steps, as the run has ${steps}`);
  }
  const result = applySettings(parsed.config, [...settings, ...set]);
  return { config: result.config, warnings: [...warnings, ...result.warnings] };
}

/** `openhand`, or the path of the user's MANO_RIGHT.pkl. */
export async function openHand(choice: string): Promise<HandModel> {
  if (choice === "openhand") {
    const bytes = await readFile(join(projectRoot(), "public/openhand/openhand.safetensors"));
    return readHandAsset(new Uint8Array(bytes).buffer);
  }
  return readManoFile(await readHandFile(choice), basename(choice));
}

/** Bytes of the user's MANO_RIGHT.pkl. */
export async function readHandFile(path: string): Promise<Uint8Array> {
  const bytes = await readFile(path).catch((error: Error) => {
    throw new Error(`--hand is "${path}", expected openhand or the path of MANO_RIGHT.pkl or .npz: ${error.message}`);
  });
  return new Uint8Array(bytes);
}

/** What `--data` says: rendered frames, or a path of files or of a store. */
export type DataOption =
  | { readonly kind: "synthetic"; readonly frames: number }
  | { readonly kind: "folder"; readonly path: string };

/** `synthetic`, `synthetic:N` (N rendered frames), or a folder. */
export function readDataOption(text: string): DataOption {
  const [kind, frames] = text.split(":");
  if (kind !== "synthetic") return { kind: "folder", path: resolve(text) };
  return { kind, frames: frames === undefined ? SYNTHETIC_FRAMES : readInteger("data synthetic", frames, { min: 1 }) };
}

/** The frames of `--data`; `handOf(frames, hand)` is the hand to use with them. */
export async function openFrames(
  option: DataOption,
  hand: HandModel,
  config: Config,
  split: FrameSplit = "train",
): Promise<RunData & Adapted> {
  if (option.kind === "synthetic") {
    return syntheticFrameSet(hand, { frames: option.frames, seed: config.run.seed, spread: UPRIGHT_SPREAD });
  }
  const stored = findStored(option.path);
  return stored === undefined ? openDataFolder(option.path, hand, config, split) : openStored(stored, config);
}

/** A set in a store, or the only one in it. */
export interface StoredChoice {
  readonly store: string;
  readonly name: string | undefined;
}

/** The store, or the set in a store, that a path names: STORE or STORE/NAME; undefined where it names files. */
export function findStored(path: string): StoredChoice | undefined {
  const isStore = (folder: string): boolean => existsSync(join(folder, "manifest", "set"));
  if (isStore(path)) return { store: path, name: undefined };
  if (!existsSync(path) && isStore(dirname(path))) return { store: dirname(path), name: basename(path) };
  return undefined;
}

async function openStored({ store: folder, name }: StoredChoice, config: Config): Promise<OpenedSet & Adapted> {
  const store = folderShardStore(folder);
  let chosen = name;
  if (chosen === undefined) {
    const sets = (await store.list()).map((set) => set.name);
    if (sets.length !== 1) {
      const found = sets.length === 0 ? "no data set" : `${sets.length} data sets (${sets.join(", ")})`;
      throw new Error(
        `--data is ${folder}, a store with ${found}, expected one; name it as --data ${join(folder, sets[0] ?? "NAME")}`,
      );
    }
    [chosen] = sets;
  }
  const set = await store.open(chosen, { cacheBytes: config.data.memoryMiB * 2 ** 20 });
  return { ...set, adapter: adapterNamed(set.info.description?.format) };
}

/** One split of the data set in a folder or a zip, whatever its format. */
export async function openDataFolder(
  path: string,
  hand: HandModel,
  config: Config,
  split: FrameSplit,
): Promise<OpenedFrames> {
  if (findStored(path) !== undefined) {
    throw new Error(`--data is ${path}, a store of imported frames, expected the folder or zip of the data set itself`);
  }
  return openFolder(await openPlace(path), { split, hand, quirks: new Set(config.quirks) });
}

/** Dawn's adapter in Node. */
export const openGpu = async (): Promise<Gpu> => Gpu.request(await requestNodeGpu());
