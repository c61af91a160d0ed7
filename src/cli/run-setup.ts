/** What `train` and `evaluate` share: config, hand, data and the adapter from the terminal's options. */
import { readFile } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { applySettings, type Config, PRESET_NAMES, PRESETS, parseConfig, splitNames } from "../config";
import type { Adapted } from "../data/adapter";
import { readHandAsset } from "../data/hand/asset";
import { readManoFile } from "../data/mano-file";
import { type FrameSplit, type OpenedFrames, openFrames as openFolder } from "../data/open";
import { syntheticFrameSet, UPRIGHT_SPREAD } from "../data/synthetic/frames";
import type { FrameSet, HandModel } from "../data/types";
import { Gpu } from "../gpu/gpu";
import { readInteger } from "./command";
import { requestNodeGpu } from "./dawn";
import { folderSource } from "./folder-source";
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

/** What `--data` says: rendered frames or a folder. */
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
): Promise<FrameSet & Adapted> {
  if (option.kind === "synthetic") {
    return syntheticFrameSet(hand, { frames: option.frames, seed: config.run.seed, spread: UPRIGHT_SPREAD });
  }
  return openDataFolder(option.path, hand, config, split);
}

/** One split of the data set in a folder, whatever its format. */
export async function openDataFolder(
  path: string,
  hand: HandModel,
  config: Config,
  split: FrameSplit,
): Promise<OpenedFrames> {
  return openFolder(await folderSource(path), { split, hand, quirks: new Set(config.quirks) });
}

/** Dawn's adapter in Node. */
export const openGpu = async (): Promise<Gpu> => Gpu.request(await requestNodeGpu());
