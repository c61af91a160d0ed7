/** A small run that ranks share, and one rank of it. */
import { type Config, microBatchesOf, tiny } from "../../src/config";
import { readHandAsset } from "../../src/data/hand/asset";
import { newReport } from "../../src/data/import-report";
import { NO_THREADS } from "../../src/data/sample-pool";
import type { Frame, FrameSet } from "../../src/data/types";
import { Gpu } from "../../src/gpu/gpu";
import { ProcessGroup } from "../../src/ranks/group";
import type { GroupMemory } from "../../src/ranks/group-memory";
import { prepareData } from "../../src/train/data";
import type { RankEvent } from "../../src/train/events";
import type { TrainGroup } from "../../src/train/ranks";
import { committedSnapshot, type ShadowMemory, type SnapshotLayout, snapshotBytes } from "../../src/train/snapshot";
import { type TrainEnd, Trainer } from "../../src/train/trainer";

/** What a rank does besides training. */
export interface Mischief {
  readonly rank: number;
  /** Steps whose sum gets a NaN. */
  readonly nanSteps?: readonly number[];
  /** The step after which one of its weights changes. */
  readonly changeAfter?: number;
  /** Asks all ranks to end after this step. */
  readonly stopAfter?: number;
  readonly reformAfter?: number;
}

/** What a rank is built from. */
export interface TrainStart {
  readonly config: Config;
  readonly hand: ArrayBuffer;
  readonly frames: readonly Frame[];
}

/** A place in a group; without memory the rank trains alone. */
export interface TrainJob {
  readonly rank: number;
  readonly memory?: GroupMemory;
  readonly shadow: ShadowMemory;
  readonly recordedStep?: number;
  readonly mixedAdapters?: boolean;
  readonly mischief?: Mischief;
}

export type TrainAnswer = { readonly events: readonly RankEvent[] } & (
  | { readonly end: TrainEnd }
  | { readonly error: string; readonly name: string }
);

/** Steps of 4 micro-batches of one sample: a network that learns little and runs fast, with drop-path and every augmentation. */
export function trainConfig(run: Partial<Config["run"]>): Config {
  const base = tiny();
  return {
    ...base,
    model: { ...base.model, height: 32, width: 32, dim: 16, depth: 1, heads: 2, scales: 2, gcn: [8], dropPath: 0.2 },
    optim: { ...base.optim, batch: 4, microBatches: 4, warmupSteps: 2 },
    run: { ...base.run, ...run },
  };
}

export const frameSet = (frames: readonly Frame[], name = "frames"): FrameSet => ({
  name,
  ids: frames.map(({ id }) => id),
  report: newReport(),
  read: async (id) => frames.find((frame) => frame.id === id)!,
});

/** The group as the rank sees it, with what it does wrong. */
function mischievous(group: ProcessGroup, trainer: Trainer, mischief: Mischief): TrainGroup {
  let step = 0;
  return new Proxy<TrainGroup>(group, {
    get(target, key) {
      if (key === "agree")
        return (bits: number): number => {
          step++;
          if (mischief.stopAfter === step) trainer.stop();
          if (mischief.reformAfter === step) trainer.requestReform();
          if (mischief.changeAfter === step - 1) {
            // State would come out of the all-reduce alike again.
            const { name, size } = trainer.store.parameters.find(({ trainable }) => trainable)!;
            trainer.store.write(name, new Float32Array(size).fill(0.125));
          }
          return target.agree(bits);
        };
      if (key === "publish")
        return (bucket: number, subtree: number, values: Float32Array): void => {
          const given = values.slice();
          if (bucket === 0 && mischief.nanSteps?.includes(step)) given[3] = Number.NaN;
          target.publish(bucket, subtree, given);
        };
      const value = Reflect.get(target, key, target) as unknown;
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

/** What a rank says once it is built. */
export interface TrainShape {
  readonly layout: SnapshotLayout;
  readonly buckets: readonly number[];
  /** Of the validation set. */
  readonly samples: number;
}

/** A rank that joins one group after the other. */
export class TrainRank {
  #events: RankEvent[] = [];

  private constructor(
    private readonly gpu: Gpu,
    private readonly trainer: Trainer,
    private readonly initial: ArrayBuffer,
    events: RankEvent[],
  ) {
    this.#events = events;
  }

  static async build({ config, frames, hand }: TrainStart, requestGpu: () => Promise<GPU>): Promise<TrainRank> {
    const events: RankEvent[] = [];
    const gpu = await Gpu.request(await requestGpu());
    const microBatches = microBatchesOf(config);
    const data = await prepareData(frameSet(frames), config, NO_THREADS, () => {}, undefined, { microBatches });
    const made = { name: "test", config, gpu, hand: readHandAsset(hand), dataName: "frames" };
    const clock = { now: () => performance.now() };
    const trainer = await Trainer.create({ ...data, ...made, clock, emit: (event) => void events.push(event) });
    const initial = new ArrayBuffer(snapshotBytes(trainer.layout));
    await trainer.capture(initial);
    return new TrainRank(gpu, trainer, initial, events);
  }

  get shape(): TrainShape {
    const { layout, buckets, parts } = this.trainer;
    return { layout, buckets, samples: parts.val.ids.length };
  }

  async train({ rank, memory, shadow, mischief, mixedAdapters, recordedStep }: TrainJob): Promise<TrainAnswer> {
    const { trainer } = this;
    const events = this.#events;
    events.length = 0;
    let endKeepAlive = (): void => {};
    let group: ProcessGroup | undefined;
    try {
      if (memory) group = new ProcessGroup(rank, memory, { mixedAdapters, submissions: 2 });
      if (group) endKeepAlive = group.keepAlive();
      trainer.restore(committedSnapshot(shadow) ?? this.initial);
      const own = group && mischief?.rank === rank ? mischievous(group, trainer, mischief) : group;
      return { events, end: await trainer.run({ group: own, shadow, recordedStep }) };
    } catch (error) {
      const { message, name } = error as Error;
      if (name !== "DivergedError") group?.abort(error);
      return { events, error: message, name };
    } finally {
      endKeepAlive();
    }
  }

  close(): void {
    this.trainer.endThreads();
    this.trainer.destroy();
    this.gpu.destroy();
  }
}
