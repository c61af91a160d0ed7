/** The benchmark of the data in Node: a rendered HO-3D tree, its frames repeated, imported into a folder and fed to nobody. */
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { benchData, type StepTimes } from "../bench/data";
import { medianStepMs } from "../bench/timed-step";
import { prepareNetworkStep } from "../bench/tiny-step";
import { PRESETS } from "../config";
import { decodersHere } from "../data/import-decode";
import { openFrames } from "../data/open";
import { Gpu } from "../gpu/gpu";
import { requestNodeGpu } from "./dawn";
import { nodeDecoders } from "./decode-threads";
import { folderShardStore } from "./folder-shards";
import { folderSource } from "./folder-source";
import { say, temporaryFolder } from "./host";
import { repeatedTree } from "./repeated-tree";
import { openHand } from "./run-setup";
import { nodeThreads } from "./sample-threads";

/** Frames that are rendered; all others are these again under other names. */
const RENDERED = 24;

export interface DataBenchChoice {
  /** Frames to import. */
  readonly frames: number;
  /** Training steps to time; 0 leaves them out. */
  readonly steps: number;
}

/** Runs it in a temporary folder, which is removed at the end. */
export async function benchDataInNode(
  { frames, steps }: DataBenchChoice,
  print: (line: string) => void,
): Promise<void> {
  const hand = await openHand("openhand");
  const stepTimes = await timeSteps(hand, steps, print);
  const temporary = temporaryFolder("bench-data");
  try {
    const path = join(temporary.path, "tree");
    say(`rendering ${RENDERED} frames`);
    await repeatedTree(path, hand, RENDERED, frames);
    const set = await openFrames(await folderSource(path), { split: "train", hand });
    const host = {
      print,
      say,
      what: `${frames} frames of 640 x 480 as HO-3D v3: ${RENDERED} rendered ones, repeated as links to the same files, which the system keeps in memory; shards in a folder; ${availableParallelism()} processors`,
      ids: set.ids,
      store: folderShardStore(join(temporary.path, "store")),
      threads: nodeThreads(),
      residentBytes: () => process.memoryUsage.rss(),
      busyMs: () => performance.eventLoopUtilization().active,
      decoders: async (threads: number, size: number) =>
        threads === 0
          ? decodersHere(set, { size })
          : nodeDecoders({ path, split: "train", hand, quirks: [], crop: { size } }, threads),
    };
    await benchData(host, stepTimes);
  } finally {
    temporary.remove();
  }
}

/** Median step of both presets at batch 8. `small` on a software adapter takes many seconds: two steps say enough. */
async function timeSteps(
  hand: Awaited<ReturnType<typeof openHand>>,
  steps: number,
  print: (line: string) => void,
): Promise<StepTimes> {
  if (steps === 0) return { tiny: undefined, small: undefined };
  const gpu = await Gpu.request(await requestNodeGpu());
  print(`adapter: ${gpu.label}`);
  say("timing steps of tiny");
  const tiny = await medianStepMs(() => prepareNetworkStep(gpu, hand, PRESETS.tiny()), 3, steps);
  say("timing steps of small");
  const small = await medianStepMs(() => prepareNetworkStep(gpu, hand, PRESETS.small()), 1, Math.min(2, steps));
  gpu.destroy();
  return { tiny, small };
}
