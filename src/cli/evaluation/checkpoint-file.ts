/** A checkpoint as `evaluate` finds it on the disk. */
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type Config, parseConfig } from "../../config";
import { checkpointFolder, storedSteps } from "../../train/checkpoint";
import { FolderStorage } from "../folder-storage";

/** Weights, configuration and step. */
export interface CheckpointFile {
  readonly file: string;
  readonly bytes: Uint8Array;
  readonly config: Config;
  readonly step: number;
}

/**
 * Reads a run's last checkpoint, or one by its file: exactly one of the two must be given. Throws one sentence when a file is
 * missing or is none of ours.
 */
export async function readCheckpointFile({
  run,
  checkpoint,
}: {
  readonly run?: string;
  readonly checkpoint?: string;
}): Promise<CheckpointFile> {
  if ((run === undefined) === (checkpoint === undefined))
    throw new Error("evaluate: --run DIR or --checkpoint FILE must be given, one of them");
  let file = checkpoint;
  if (run !== undefined) {
    const last = (await storedSteps(new FolderStorage(run))).at(-1);
    if (last === undefined) throw new Error(`evaluate: --run is "${run}", which holds no checkpoint`);
    file = join(run, checkpointFolder(last), "model.safetensors");
  }
  const read = async (path: string): Promise<Uint8Array> => {
    try {
      return new Uint8Array(await readFile(path));
    } catch (error) {
      throw new Error(`evaluate: ${path} cannot be read: ${(error as Error).message}`);
    }
  };
  const bytes = await read(file!);
  const path = join(dirname(file!), "state.json");
  const text = new TextDecoder().decode(await read(path));
  let state: { readonly step?: unknown; readonly config?: unknown };
  try {
    state = JSON.parse(text) as typeof state;
  } catch (error) {
    throw new Error(`evaluate: ${path} is no JSON: ${(error as Error).message}`);
  }
  if (typeof state.step !== "number" || typeof state.config !== "string")
    throw new Error(`evaluate: ${path} has no step and config, expected the state.json of a checkpoint`);
  return { file: file!, bytes, config: parseConfig(state.config).config, step: state.step };
}
