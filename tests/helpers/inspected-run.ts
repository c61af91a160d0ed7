/** A small run for tests of the inspector: 2 x 2 patches, two blocks, two feature maps, drop-path and every augmentation. */
import { type Config, tiny } from "../../src/config";
import { NO_THREADS } from "../../src/data/sample-pool";
import { syntheticFrameSet } from "../../src/data/synthetic/frames";
import type { Frame, FrameSet } from "../../src/data/types";
import { launch } from "../../src/train/launch";
import type { LocalRun } from "../../src/train/local-run";
import { testGpu } from "./gpu";
import { MemoryStorage } from "./memory-storage";
import { openHand } from "./open-hand";

export const FRAMES = 8;
/** The frame that has no depth. */
export const BARE = 2;

export function inspectedConfig(run: Partial<Config["run"]> = {}): Config {
  const base = tiny();
  return {
    ...base,
    model: { ...base.model, height: 32, width: 32, dim: 16, depth: 2, heads: 2, scales: 2, gcn: [8], dropPath: 0.2 },
    data: { ...base.data, overfit: true },
    optim: { ...base.optim, batch: 4, microBatches: 2, warmupSteps: 2 },
    run: { ...base.run, ...run },
  };
}

/** Rendered once, so that frames can be read again for nothing. */
export async function inspectedFrames(): Promise<FrameSet> {
  const rendered = syntheticFrameSet(openHand(), { frames: FRAMES, seed: 5 });
  const cache = new Map<string, Frame>();
  for (const [i, id] of rendered.ids.entries()) {
    const frame = await rendered.read(id);
    cache.set(id, i === BARE ? { ...frame, depth: undefined } : frame);
  }
  return { ...rendered, read: async (id) => cache.get(id)! };
}

export async function inspectedRun(
  frames: FrameSet,
  config: Config,
  options: Partial<Pick<Parameters<typeof launch>[0], "emit" | "resume" | "storage" | "keepWorst">> = {},
): Promise<LocalRun> {
  return launch({
    name: "test",
    ...{ config, frames, hand: openHand(), gpu: await testGpu(), storage: new MemoryStorage() },
    emit: () => undefined,
    clock: { now: () => 0, wallSeconds: () => 1_700_000_000 },
    threads: NO_THREADS,
    ...options,
  });
}
