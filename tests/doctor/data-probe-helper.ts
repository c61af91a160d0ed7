import { type Config, tiny } from "../../src/config";
import { NO_THREADS } from "../../src/data/sample-pool";
import { syntheticFrameSet } from "../../src/data/synthetic/frames";
import type { Frame, FrameSet } from "../../src/data/types";
import { prepareData } from "../../src/train/data";
import type { DataEvidence } from "../../src/train/evidence";
import { dataEvidence } from "../../src/train/probes/data";
import { openHand } from "../helpers/open-hand";

/** Rendered frames that are drawn once. */
export async function renderedFrames(frames: number, seed: number): Promise<FrameSet> {
  const rendered = syntheticFrameSet(openHand(), { frames, seed, camerasPerRecording: 2, framesPerSequence: 2 });
  const cache = new Map<string, Frame>();
  for (const id of rendered.ids) cache.set(id, await rendered.read(id));
  return { ...rendered, read: async (id) => cache.get(id)! };
}

/** A network of 64 x 48 pixels: the real shape, four thirds as high as wide, and small. */
export function smallConfig(change: (base: Config) => Partial<Config> = () => ({})): Config {
  const base = tiny();
  const config: Config = {
    ...base,
    model: { ...base.model, height: 64, width: 48 },
    data: { ...base.data, valFraction: 0.25 },
    optim: { ...base.optim, batch: 4, microBatches: 1 },
  };
  return { ...config, ...change(config) };
}

/** Evidence as a run would take it before its first step. */
export async function evidenceOf(frames: FrameSet, config: Config): Promise<DataEvidence> {
  const data = await prepareData(frames, config, NO_THREADS, () => undefined);
  try {
    return await dataEvidence({ ...data, hand: openHand() }, { depthCube: config.data.depthCube });
  } finally {
    for (const loader of [data.train, data.trainPlain, data.val]) loader.close();
  }
}
