/** A rank's entry in a thread of Node, spoken to over Comlink. */
import { type MessagePort, workerData } from "node:worker_threads";
import { type Endpoint, expose } from "comlink";
import type { FrameSet } from "../data/types";
import { type RankPlatform, RankWorker } from "../ranks/rank-worker";
import type { RankThreadData } from "./rank-threads";
import { openFrames, openGpu, openHand } from "./run-setup";
import { nodeThreads } from "./sample-threads";

const { data, hand, port } = workerData as RankThreadData & { readonly port: MessagePort };

/** Lets a message in before each frame: rendering alone never returns to the event loop. */
function interruptible(frames: FrameSet): FrameSet {
  const nextTask = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  return { ...frames, read: (id) => nextTask().then(() => frames.read(id)) };
}

const platform: RankPlatform = {
  threads: nodeThreads(),
  openHand: () => openHand(hand),
  async openData({ config }, chosen) {
    const frames = await openFrames(data, chosen, config);
    return "info" in frames ? frames : { ...interruptible(frames), adapter: frames.adapter };
  },
  openGpu: () => openGpu(),
  end: () => process.exit(0),
};

expose(new RankWorker(platform), port as unknown as Endpoint);
