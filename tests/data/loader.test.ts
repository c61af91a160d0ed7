import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DEFAULT_AUGMENT } from "../../src/data/augment";
import { makeBatch } from "../../src/data/batch";
import { recordBytes } from "../../src/data/crop";
import { importCrops, lazyCrops, memoryCrops } from "../../src/data/crop-set";
import { DataError } from "../../src/data/data-error";
import { newReport, reportLines } from "../../src/data/import-report";
import { Loader, type LoaderOptions } from "../../src/data/loader";
import { makeSample } from "../../src/data/sample";
import { IN_PLACE, type SamplePool } from "../../src/data/sample-pool";
import { epochOrder } from "../../src/data/sampler";
import type { FrameSet } from "../../src/data/types";
import { testFrame } from "./helpers";

const common = { size: 32, width: 24, seed: 3, batchSize: 4 };

/** 10 frames; reads are counted, and frame ids in `broken` fail. */
function frames(broken: string[] = [], count = 10): FrameSet & { reads: string[] } {
  const all = Array.from({ length: count }, (_, i) => testFrame(i));
  const reads: string[] = [];
  return {
    name: "set",
    ids: all.map((frame) => frame.id),
    report: { ...newReport(), kept: count },
    reads,
    read: async (id) => {
      reads.push(id);
      if (broken.includes(id)) throw new DataError(`set/${id}: the JPEG is cut off`, "image damaged");
      return all.find((frame) => frame.id === id)!;
    },
  };
}

test("a batch is a pure function of seed, epoch and number, prepared ahead or not", async () => {
  const crops = lazyCrops(frames(), { size: 32 });
  const options = { ...common, mode: "train" as const, augment: DEFAULT_AUGMENT };
  const [one, two] = [new Loader(crops, options), new Loader(crops, options)];
  const inOrder = [await one.batch(0, 0), await one.batch(0, 1), await one.batch(1, 0)];
  const backwards = [await two.batch(1, 0), await two.batch(0, 1), await two.batch(0, 0)].reverse();
  expect(inOrder).toEqual(backwards);
  expect(inOrder[0].ids).not.toEqual(inOrder[2].ids);
  one.close();
  two.close();
});

test("the next batch is made while the caller works", async () => {
  const set = frames();
  const loader = new Loader(lazyCrops(set, { size: 32 }), { ...common, mode: "evaluate" });
  await loader.batch(0, 0);
  expect(set.reads).toHaveLength(4);
  await new Promise((resolve) => setTimeout(resolve, 0));
  await new Promise((resolve) => setTimeout(resolve, 0));
  expect(set.reads).toHaveLength(8);
  expect((await loader.batch(0, 1)).ids).toEqual(set.ids.slice(4, 8));
  loader.close();
});

test("two batches are prepared ahead with threads, across the end of an epoch, and an end leaves nothing behind", async () => {
  const asked: string[] = [];
  let isEnded = false;
  const pool: SamplePool = {
    threads: 2,
    make(job) {
      asked.push(job.record.id);
      return isEnded ? Promise.reject(new Error("ended")) : IN_PLACE.make(job);
    },
    end: () => undefined,
  };
  const nextTask = () => new Promise((resolve) => setTimeout(resolve, 5));
  const loader = new Loader(lazyCrops(frames(), { size: 32 }), { ...common, mode: "train", pool });
  await loader.batch(0, 1);
  expect(asked).toHaveLength(4);
  await nextTask();
  // In the order in which their records are read.
  expect(asked.slice(4).sort()).toEqual([...loader.idsOf(1, 0), ...loader.idsOf(1, 1)].sort());
  isEnded = true;
  await loader.batch(1, 0);
  await nextTask();
  // (2, 0) was rejected while it was prepared; after `close` it is made anew.
  expect(asked).toHaveLength(16);
  loader.close();
  isEnded = false;
  expect((await loader.batch(2, 0)).ids).toEqual(loader.idsOf(2, 0));
  loader.close();
});

test("with nothing ahead, nothing is read but what is asked for", async () => {
  const set = frames();
  const loader = new Loader(lazyCrops(set, { size: 32 }), { ...common, mode: "evaluate", ahead: 0 });
  await loader.batch(0, 0);
  await new Promise((resolve) => setTimeout(resolve, 5));
  expect(set.reads).toHaveLength(4);
  loader.close();
});

test("an epoch shows every sample once, in whole batches, another order each time", async () => {
  const loader = new Loader(lazyCrops(frames(), { size: 32 }), { ...common, mode: "train" });
  expect(loader.batchesPerEpoch).toBe(2);
  const ids = [...loader.idsOf(0, 0), ...loader.idsOf(0, 1)];
  expect(new Set(ids).size).toBe(8);
  expect(ids).not.toEqual([...loader.idsOf(1, 0), ...loader.idsOf(1, 1)]);
  const doubled = new Loader(lazyCrops(frames(), { size: 32 }), {
    ...common,
    mode: "train",
    quirks: new Set(["duplicate-samples"]),
  });
  expect(new Set([...doubled.idsOf(0, 0), ...doubled.idsOf(0, 1)]).size).toBe(4);
  expect([...epochOrder(10, 1, 0)].sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

test("evaluation shows every sample once, unchanged; padding is marked by the count", async () => {
  const set = frames();
  const crops = lazyCrops(set, { size: 32 });
  const loader = new Loader(crops, { ...common, mode: "evaluate" });
  expect(loader.batchesPerEpoch).toBe(3);
  const last = await loader.batch(0, 2);
  expect([last.size, last.count]).toEqual([4, 2]);
  expect(last.ids).toEqual([set.ids[8], set.ids[9], set.ids[9], set.ids[9]]);
  const direct = makeSample(await crops.read(set.ids[9]), common, 0);
  for (const row of [1, 2, 3]) {
    expect(last.image.subarray(row * 3 * 32 * 24, (row + 1) * 3 * 32 * 24)).toEqual(direct.image);
    expect(last.pose.subarray(row * 144, (row + 1) * 144)).toEqual(direct.pose);
  }
  expect([last.joints2d.length, last.joints3d.length, last.shape.length, last.cropFromImage.length]).toEqual([
    4 * 63,
    4 * 84,
    40,
    24,
  ]);
  expect((await loader.batch(5, 0)).image).toEqual((await loader.batch(0, 0)).image);
  loader.close();
});

test("frames are decoded once while the cache holds them, and the cache is bounded", async () => {
  const set = frames();
  const crops = lazyCrops(set, { size: 32 });
  await Promise.all([...set.ids, ...set.ids].map((id) => crops.read(id)));
  expect(set.reads).toHaveLength(10);
  const tight = lazyCrops(set, { size: 32 }, 1);
  await tight.read(set.ids[0]);
  await tight.read(set.ids[0]);
  await tight.read(set.ids[1]);
  await tight.read(set.ids[0]);
  expect(set.reads).toHaveLength(13);
});

test("an import counts what it drops; training on a broken frame stops instead", async () => {
  const set = frames(["SYA1/0001", "SYA1/0003"]);
  const imported = await importCrops(set, { size: 32 });
  expect(imported.ids).toHaveLength(8);
  expect(reportLines(imported.name, imported.report)).toEqual([
    "set: 8 frames kept, 2 dropped",
    "dropped: 2 x image damaged, first SYA1/0001",
  ]);
  const loader = new Loader(lazyCrops(set, { size: 32 }), { ...common, mode: "evaluate" });
  await expect(loader.batch(0, 0)).rejects.toThrow("set/SYA1/0001: the JPEG is cut off");
});

test("a frame whose label is not finite is dropped at import and counted", async () => {
  const set = frames();
  const read: FrameSet["read"] = async (id) => {
    const frame = await set.read(id);
    return id === "SYA0/0002" ? { ...frame, joints3d: frame.joints3d.with(30, Number.NaN) } : frame;
  };
  const imported = await importCrops({ ...set, read }, { size: 32 });
  expect(reportLines(imported.name, imported.report)).toEqual([
    "set: 9 frames kept, 1 dropped",
    "dropped: 1 x label not finite, first SYA0/0002",
  ]);
});

test("a number that is not finite never gets into a batch: sample, array and count are named", async () => {
  const record = await lazyCrops(frames(), { size: 32 }).read("SYA1/0003");
  const good = makeSample(record, common, 0);
  const arrays = ["image", "depth", "principal", "joints2d", "joints3d", "pose", "shape", "cropFromImage"] as const;
  const anyFault = fc.record({
    name: fc.constantFrom(...arrays),
    at: fc.nat(),
    also: fc.nat(),
    value: fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY),
  });
  fc.assert(
    fc.property(anyFault, ({ name, at, also, value }) => {
      const array = good[name].slice();
      const places = new Set([at % array.length, also % array.length]);
      for (const place of places) array[place] = value;
      const count = places.size === 1 ? "1 number that is" : "2 numbers that are";
      expect(() => makeBatch([good, { ...good, [name]: array }, good], 4)).toThrow(
        `sample "SYA1/0003": ${name} holds ${count} not finite (first: [${Math.min(...places)}] is ${value})`,
      );
    }),
  );
  expect(() => makeBatch([good, { ...good, focal: Number.NaN }], 2)).toThrow("focal holds 1 number that is not finite");
  const large = { ...good, image: good.image.map(() => 3e38), depth: good.depth.fill(-1e-45) };
  expect(makeBatch([large], 2).image[5]).toBe(Math.fround(3e38));
});

test("an import beyond its memory reads the rest again from the files", async () => {
  const set = frames(["SYA1/0001"]);
  const imported = await importCrops(set, { size: 32, cacheBytes: 1 });
  expect(imported.ids).toHaveLength(9);
  expect(reportLines(imported.name, imported.report)[2]).toBe(
    "note: 9 x read from its files again in every epoch, for lack of memory, first SYA0/0000",
  );
  const all = await importCrops(set, { size: 32 });
  for (const id of all.ids) expect(await imported.read(id)).toEqual(await all.read(id));
  expect(imported.memory).toEqual({ records: 0, bytes: 0 });
  const sizes = await Promise.all(all.ids.map(async (id) => recordBytes(await all.read(id))));
  expect(all.memory).toEqual({ records: 9, bytes: sizes.reduce((sum, bytes) => sum + bytes) });
  // Room for three and a half: the first three, whatever fits behind them.
  const some = await importCrops(set, { size: 32, cacheBytes: sizes[0] + sizes[1] + sizes[2] + sizes[3] / 2 });
  expect(some.memory).toEqual({ records: 3, bytes: sizes[0] + sizes[1] + sizes[2] });
});

test("nothing usable, nothing half: one sentence", async () => {
  const all = frames().ids as string[];
  await expect(importCrops(frames(all), { size: 32 })).rejects.toThrow(
    "set: none of 10 frames can be used; first: set/SYA0/0000: the JPEG is cut off",
  );
  await expect(importCrops(frames(), { size: 32, signal: AbortSignal.abort() })).rejects.toThrow();
  const empty = memoryCrops("set", []);
  expect(() => new Loader(empty, { ...common, mode: "train" })).toThrow("set: there is no sample to train on");
  const crops = lazyCrops(frames([], 3), { size: 32 });
  expect(() => new Loader(crops, { ...common, mode: "train" })).toThrow(
    "3 samples do not fill one training batch of 4",
  );
  expect(() => new Loader(crops, { ...common, mode: "evaluate", augment: DEFAULT_AUGMENT })).toThrow(
    "augmentation is set",
  );
  await expect(new Loader(crops, { ...common, mode: "evaluate" }).batch(0, 1)).rejects.toThrow("batch 1 was asked for");
  expect(() => makeBatch([], 4)).toThrow("found 0 samples");
});

describe("micro-batches", () => {
  const ids = Array.from({ length: 23 }, (_, i) => `SYA0/${i}`);
  const set = { ...memoryCrops("set", []), ids };
  const cut = (stepBatches: number, batch = 8, some = ids): Loader =>
    new Loader(set, { ...common, mode: "train", ids: some, batchSize: batch / stepBatches, stepBatches });

  test("however many a step is cut into, it holds the same samples in the same order", () => {
    fc.assert(
      fc.property(fc.nat(5), fc.integer({ min: 8, max: 23 }), fc.constantFrom(1, 2, 4, 8), (epoch, count, parts) => {
        const some = ids.slice(0, count);
        const [whole, micro] = [cut(1, 8, some), cut(parts, 8, some)];
        expect(micro.batchesPerEpoch).toBe(parts * whole.batchesPerEpoch);
        for (let step = 0; step < whole.batchesPerEpoch; step++) {
          const found = Array.from({ length: parts }, (_, m) => micro.idsOf(epoch, step * parts + m));
          expect(found.flat()).toEqual(whole.idsOf(epoch, step));
          for (const each of found) expect(each).toHaveLength(8 / parts);
        }
      }),
    );
  });

  test("an epoch ends with its last whole step, and a step that is not filled is refused", async () => {
    // 23 samples are 5 micro-batches of 4, and 2 steps of 8.
    expect(cut(2).batchesPerEpoch).toBe(4);
    await expect(cut(2).batch(0, 4)).rejects.toThrow("batch 4 was asked for, expected 0 to 3");
    expect(() => cut(4, 8, ids.slice(0, 7))).toThrow("7 samples do not fill one training batch of 8; lower");
    expect(() => cut(0.5)).toThrow("the number of batches in a step is 0.5, expected a positive integer");
  });
});

describe("a share of the batches", () => {
  /** Ids of the samples that were made, in that order; batches of 1. */
  function watched(options: Partial<LoaderOptions>): { loader: Loader; made: () => Promise<number[]> } {
    const asked: number[] = [];
    const pool: SamplePool = {
      threads: 0,
      make(job) {
        asked.push(Number(job.record.id.slice(-4)));
        return IN_PLACE.make(job);
      },
      end: () => undefined,
    };
    const crops = lazyCrops(frames(), { size: 32 });
    const loader = new Loader(crops, { ...common, mode: "evaluate", batchSize: 1, pool, ...options });
    const made = async (): Promise<number[]> => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      return asked.splice(0).sort((a, b) => a - b);
    };
    return { loader, made };
  }

  test("is what is prepared: the caller's own of each group, in this one and the next", async () => {
    const { loader, made } = watched({ share: { first: 1, end: 3, of: 4 }, ahead: 3 });
    await loader.batch(0, 1);
    expect(await made()).toEqual([1, 2, 5, 6]);
    await loader.batch(0, 6);
    expect(await made()).toEqual([9]);
    // The end of an evaluation, asked for out of turn.
    await loader.batch(0, 8);
    expect(await made()).toEqual([8]);
    loader.close();
  });

  test("comes round to the next epoch in training", async () => {
    const { loader, made } = watched({ mode: "train", stepBatches: 4, share: { first: 2, end: 4, of: 4 }, ahead: 2 });
    expect(loader.batchesPerEpoch).toBe(8);
    await loader.batch(3, 7);
    const expected = [loader.idsOf(3, 7), loader.idsOf(4, 2), loader.idsOf(4, 3)].flat().map((id) => +id.slice(-4));
    expect(await made()).toEqual(expected.sort((a, b) => a - b));
    loader.close();
  });

  test.each([
    [{ first: 0, end: 1, of: 1 }, 4],
    [{ first: 0, end: 2, of: 4 }, 2],
    [{ first: 1, end: 4, of: 4 }, 3],
    [{ first: 3, end: 4, of: 4 }, 2],
  ])("with threads, %o of a step's four is prepared %i batches ahead", async (share, ahead) => {
    const set = frames();
    const pool: SamplePool = { ...IN_PLACE, threads: 1 };
    const own = new Loader(lazyCrops(set, { size: 32 }), {
      ...common,
      mode: "train",
      batchSize: 1,
      stepBatches: 4,
      share,
      pool,
    });
    await own.batch(0, share.first);
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(set.reads).toHaveLength(1 + ahead);
    own.close();
  });

  test("another one drops what was prepared, also for a batch that is under way", async () => {
    const { loader, made } = watched({ share: { first: 0, end: 1, of: 2 } });
    await loader.batch(0, 0);
    expect(await made()).toEqual([0, 2]);
    loader.share = { first: 1, end: 2, of: 2 };
    await loader.batch(0, 2);
    // Made anew, and what is prepared is of the new share.
    expect(await made()).toEqual([2, 3]);
    const underWay = loader.batch(0, 5);
    loader.share = { first: 0, end: 1, of: 3 };
    expect((await underWay).ids).toEqual([loader.ids[5]]);
    expect(await made()).toEqual([5]);
    loader.close();
  });

  test("that is none is refused", () => {
    const { loader } = watched({});
    for (const [first, end, of] of [
      [0, 0, 1],
      [-1, 1, 2],
      [1, 3, 2],
      [0.5, 1, 2],
    ]) {
      expect(() => {
        loader.share = { first, end, of };
      }).toThrow(
        `set: the share of the batches is ${first} to ${end} of ${of}, expected whole numbers with 0 <= first`,
      );
    }
  });
});
