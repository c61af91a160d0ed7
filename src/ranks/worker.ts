/** A rank's entry in a page: a worker of the supervisor's worker or of the page, spoken to over Comlink. */
import "../security/own-scripts";
import { adapterNamed } from "../data/adapter";
import { formatTitle, openFrames } from "../data/open";
import { idbShardStore } from "../data/shards/idb-browser";
import type { FileSource } from "../data/source";
import { directorySource, pathFileSource } from "../data/source-browser";
import { httpSource } from "../data/source-http";
import { Gpu } from "../gpu/gpu";
import type { DataChoice } from "./api";
import { openHand, renderedFrames } from "./choices";
import { exposeToStarter } from "./nursery";
import { type RankPlatform, RankWorker } from "./rank-worker";
import { pageThreads } from "./sample-threads";

function sourceOf(choice: Exclude<DataChoice, { kind: "synthetic" | "stored" }>): FileSource {
  if (choice.kind === "directory") return directorySource(choice.handle);
  if (choice.kind === "http") return httpSource(choice.name, choice.url);
  return pathFileSource(choice.name ?? "chosen folder", new Map(choice.files.map(({ path, file }) => [path, file])));
}

const platform: RankPlatform = {
  threads: pageThreads,
  openHand: ({ hand = { kind: "openhand" } }) => openHand(hand),
  async openData({ data, config }, hand) {
    if (data === undefined) throw new Error("this rank was not told what to read; start it with data");
    if (data.kind === "synthetic") return renderedFrames(hand, data);
    if (data.kind === "stored") {
      const set = await idbShardStore().open(data.name, { cacheBytes: config.data.memoryMiB * 2 ** 20 });
      return { ...set, adapter: adapterNamed(set.info.description?.format) };
    }
    const frames = await openFrames(sourceOf(data), { split: "train", hand, quirks: new Set(config.quirks) });
    return { ...frames, name: `${frames.name}, ${formatTitle(frames)}` };
  },
  openGpu: (powerPreference) => Gpu.request(navigator.gpu, { powerPreference }),
  hold: (lock) =>
    new Promise((resolve) => {
      void navigator.locks.request(lock, () => {
        resolve();
        return new Promise(() => undefined);
      });
    }),
  end: () => close(),
};

exposeToStarter(new RankWorker(platform));
