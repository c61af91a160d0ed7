/** What all runs share: a device, a hand, frames that are rendered once, trees on the disk, and the threads of ranks. */
import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { build } from "vite";
import { prepareNodeGpu, requestNodeGpu } from "../../src/cli/dawn";
import { projectRoot } from "../../src/cli/host";
import { openFrames, openHand } from "../../src/cli/run-setup";
import { synthesize } from "../../src/cli/synthesize";
import { startWorkerThread, type WorkerThread } from "../../src/cli/worker-thread";
import type { Config } from "../../src/config";
import type { Frame, FrameSet, HandModel } from "../../src/data/types";
import { Gpu } from "../../src/gpu/gpu";
import type { RankCalls, RankHost } from "../../src/ranks/slot";
import type { RunData } from "../../src/train/data";
import { frameSet } from "../helpers/train-job";
import type { Case } from "./cases";
import type { DataKind } from "./expected";
import { FRAMES, optionOf, type RankThreadData, treeOf } from "./rank-data";

/** Seeds whose frames are kept: 50 MiB each. */
const KEPT = 3;

export class World {
  /** Frames by seed, the latest last. */
  readonly #rendered = new Map<number, Promise<FrameSet>>();
  #threads: WorkerThread<RankCallsToEnd>[] = [];
  #program: Promise<string> | undefined;

  private constructor(
    /** Trees and the program of the ranks lie in it. */
    private readonly folder: string,
    readonly gpu: Gpu,
    readonly hand: HandModel,
  ) {}

  static async open(folder: string): Promise<World> {
    await prepareNodeGpu({ install: true });
    return new World(folder, await Gpu.request(await requestNodeGpu()), await openHand("openhand"));
  }

  /** The frames of a run, as `train` opens them; rendered ones are drawn once. */
  async frames({ data, config, isColourOnly }: Case): Promise<RunData> {
    const { seed } = config.run;
    await this.makeTree(data, seed);
    const frames =
      data === "ho3d"
        ? await openFrames(optionOf(this.folder, data, seed), this.hand, config)
        : await this.#drawn(seed, config);
    return isColourOnly && !("info" in frames) ? withoutDepth(frames) : frames;
  }

  /** Writes the files that ranks read by themselves, where they are not there. */
  async makeTree(data: DataKind, seed: number): Promise<void> {
    const out = treeOf(this.folder, seed);
    if (data === "ho3d" && !existsSync(out))
      await synthesize({ hand: this.hand, out, version: 3, threads: 1, frames: FRAMES, seed });
  }

  /** Threads that serve as ranks of one run after the other. */
  async rankHost(ranks: number): Promise<RankHost> {
    this.#program ??= buildRank();
    const program = await this.#program;
    for (let i = this.#threads.length; i < ranks; i++)
      this.#threads.push(startWorkerThread(program, `rank ${i}`, { folder: this.folder } satisfies RankThreadData));
    return {
      start: (worker) => {
        const { api, onEnd } = this.#threads[worker];
        return { api: api as RankCalls, onEnd, terminate: () => true };
      },
    };
  }

  #drawn(seed: number, config: Config): Promise<FrameSet> {
    const known = this.#rendered.get(seed);
    this.#rendered.delete(seed);
    const drawn = known ?? this.#draw(config);
    this.#rendered.set(seed, drawn);
    for (const old of this.#rendered.keys()) if (this.#rendered.size > KEPT) this.#rendered.delete(old);
    return drawn;
  }

  async #draw(config: Config): Promise<FrameSet> {
    const set = await openFrames(optionOf(this.folder, "synthetic", config.run.seed), this.hand, config);
    if ("info" in set) throw new Error("rendered frames are no stored set");
    const frames: Frame[] = [];
    for (const id of set.ids) frames.push(await set.read(id));
    return frameSet(frames, set.name);
  }

  /** Ends the threads, each from within: one that is ended inside of Dawn takes the process with it. */
  async close(): Promise<void> {
    const ended = this.#threads.map(({ onEnd }) => new Promise<string>(onEnd));
    for (const { api } of this.#threads) void api.finish();
    await Promise.all(ended);
    this.gpu.destroy();
  }
}

/** What is asked of a rank's thread, and to end it. */
type RankCallsToEnd = RankCalls & { finish(): Promise<void> };

const withoutDepth = (set: FrameSet): FrameSet => ({
  ...set,
  read: async (id) => ({ ...(await set.read(id)), depth: undefined }),
});

async function buildRank(): Promise<string> {
  // Inside the project, which the threads look for their assets and packages in.
  const outDir = join(projectRoot(), "dist/confusion-ranks");
  const entry = join(projectRoot(), "tests/confusion/rank.ts");
  await build({ configFile: false, logLevel: "silent", build: { ssr: entry, outDir, emptyOutDir: true } });
  const [name] = (await readdir(outDir)).filter((file) => /^rank\.m?js$/.test(file));
  return join(outDir, name);
}
