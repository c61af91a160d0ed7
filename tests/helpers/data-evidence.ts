/** Evidence about small data sets, taken as a run takes it before its first step. */
import { type Config, tiny } from "../../src/config";
import type { QuirkName } from "../../src/config/quirks";
import { openFrames } from "../../src/data/open";
import { NO_THREADS } from "../../src/data/sample-pool";
import { memorySource } from "../../src/data/source";
import { type SyntheticFrameSet, syntheticFrameSet } from "../../src/data/synthetic/frames";
import { ho3dFrameFiles, ho3dListFiles } from "../../src/data/synthetic/write-ho3d";
import type { Frame, FrameSet } from "../../src/data/types";
import { prepareData } from "../../src/train/data";
import type { DataEvidence } from "../../src/train/evidence";
import { dataEvidence } from "../../src/train/probes/data";
import { openHand } from "./open-hand";

/** Rendered frames, each drawn once: two frames from each of two cameras for every four. */
export async function drawnFrames(frames: number, seed: number): Promise<SyntheticFrameSet> {
  const rendered = syntheticFrameSet(openHand(), { frames, seed, camerasPerRecording: 2, framesPerSequence: 2 });
  const drawn = new Map<string, Frame>();
  for (const id of rendered.ids) drawn.set(id, await rendered.read(id));
  return { ...rendered, read: async (id) => drawn.get(id)! };
}

/** The files of an HO-3D v3 tree with these frames. */
export async function ho3dFiles(frames: SyntheticFrameSet): Promise<Map<string, Uint8Array>> {
  const files = ho3dListFiles(frames, { train: frames.ids, evaluation: [] });
  for (const id of frames.ids) {
    for (const [path, bytes] of await ho3dFrameFiles(frames, id, "train", 3)) files.set(path, bytes);
  }
  return files;
}

/** tiny with a small batch, a quarter for validation, and these quirks. */
export function tinyConfig(quirks: readonly QuirkName[] = []): Config {
  const base = tiny();
  const data = { ...base.data, valFraction: 0.25 };
  return { ...base, data, optim: { ...base.optim, batch: 4, microBatches: 1 }, quirks };
}

/** `tinyConfig` on crops of 64 x 48. */
export function smallConfig(quirks: readonly QuirkName[] = []): Config {
  const base = tinyConfig(quirks);
  return { ...base, model: { ...base.model, height: 64, width: 48 } };
}

/** Evidence of the first samples. */
export async function evidenceOf(frames: FrameSet, config: Config): Promise<DataEvidence> {
  const data = await prepareData(frames, config, NO_THREADS, () => undefined);
  return dataEvidence({ ...data, hand: openHand() }, { depthCube: config.data.depthCube });
}

/** The same of an HO-3D tree, read with the configuration's quirks. */
export async function ho3dEvidence(files: ReadonlyMap<string, Uint8Array>, config: Config): Promise<DataEvidence> {
  const quirks = new Set<string>(config.quirks);
  return evidenceOf(await openFrames(memorySource("HO3D_v3", files), { split: "train", quirks }), config);
}
