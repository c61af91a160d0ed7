/** Weights of a checkpoint, to look at in place of the current ones. */
import { checkpointFolder, MODEL_FILE, storedSteps } from "../checkpoint";
import type { RunStorage } from "../storage";

/** Weights of the step `step`: the bytes of that checkpoint's model.safetensors. */
export interface CheckpointWeights {
  readonly step: number;
  /** Path of the file, for sentences. */
  readonly file: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Throws a sentence when the run has no checkpoint of that step, naming those that there are. */
export async function readWeights(storage: RunStorage, step: number): Promise<CheckpointWeights> {
  const steps = await storedSteps(storage);
  if (!steps.includes(step)) {
    const there = steps.length === 0 ? "none" : `those of steps ${steps.join(", ")}`;
    throw new Error(`look: ${storage.place} has no checkpoint of step ${step}, found ${there}`);
  }
  const file = `${checkpointFolder(step)}/${MODEL_FILE}`;
  return { step, file: `${storage.place}/${file}`, bytes: await storage.read(file) };
}
