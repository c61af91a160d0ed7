import type { Config } from "../config";
import { checkpointFolder, storedSteps } from "./checkpoint";
import type { RunStorage } from "./storage";

/**
 * The config that the run in `storage` goes on with, and what to tell people of it. One that leaves `optim.microBatches` open
 * means 1 where the newest checkpoint is of format 1: such a run was trained before steps were cut into micro-batches, and any other
 * number would not go on with the same bits.
 */
export async function configToResume(
  storage: RunStorage,
  config: Config,
): Promise<{ readonly config: Config; readonly notes: readonly string[] }> {
  if (config.optim.microBatches !== undefined || !(await isFirstFormat(storage))) return { config, notes: [] };
  return {
    config: { ...config, optim: { ...config.optim, microBatches: 1 } },
    notes: [
      "the run was made before steps were cut into micro-batches: it goes on with optim.microBatches 1, as it was trained",
    ],
  };
}

async function isFirstFormat(storage: RunStorage): Promise<boolean> {
  const newest = (await storedSteps(storage)).at(-1);
  if (newest === undefined) return false;
  try {
    const bytes = await storage.read(`${checkpointFolder(newest)}/state.json`);
    return (JSON.parse(new TextDecoder().decode(bytes)) as { format?: unknown } | null)?.format === 1;
  } catch {
    return false; // whoever reads the checkpoint says what is wrong with it
  }
}
