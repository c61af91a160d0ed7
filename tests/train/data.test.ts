import { expect, test } from "vitest";
import { applySettings, type Config, tiny } from "../../src/config";
import { newReport } from "../../src/data/import-report";
import { NO_THREADS, type ThreadHost } from "../../src/data/sample-pool";
import { shareCrops } from "../../src/data/shared-crops";
import type { FrameSet } from "../../src/data/types";
import { evenly, prepareData, prepareEvaluation } from "../../src/train/data";
import { testFrame } from "../data/helpers";

const all = new Map(Array.from({ length: 12 }, (_, i) => testFrame(i)).map((frame) => [frame.id, frame]));
const frames: FrameSet = { name: "set", ids: [...all.keys()], report: newReport(), read: async (id) => all.get(id)! };
const settings = (...more: string[]): Config => applySettings(tiny(), ["optim.batch=2", ...more]).config;
const host: ThreadHost = { ...NO_THREADS, cores: 8 };
const prepare = (config: Config, on = host) => prepareData(frames, config, on, () => undefined);

test("the log says how many threads make samples and why, and what memory the records take", async () => {
  const { notes, pool } = await prepare(settings());
  expect(notes).toContain("4 threads make the samples, as there are 8 processors");
  expect(pool.threads).toBe(4);
  expect(notes).toContain("12 records in 1 MiB of memory, of at most 1024 MiB (data.memoryMiB)");
  const single = await prepare(settings(), NO_THREADS);
  expect(single.notes).toContain("the thread that trains makes the samples, as there is 1 processor");
  const chosen = await prepare(settings("data.threads=0", "data.memoryMiB=0"));
  expect(chosen.notes).toContain("the thread that trains makes the samples, as data.threads says");
  expect(chosen.notes).toContain("0 records in 0 MiB of memory, of at most 0 MiB (data.memoryMiB)");
  expect(chosen.notes.join()).toContain("12 frames: read from its files again in every epoch, for lack of memory");
});

test("the mean pose of many samples is that of some at even distances", async () => {
  expect(evenly([0, 1, 2], 3)).toEqual([0, 1, 2]);
  expect(evenly([0, 1, 2, 3, 4, 5, 6], 3)).toEqual([0, 2, 4]);
  const many = evenly(
    Array.from({ length: 66_034 }, (_, i) => i),
    2000,
  );
  expect(new Set(many).size).toBe(2000);
  expect([many[0], many[1], many[1999]]).toEqual([0, 33, 66_000]);
});

test("micro-batches cut a training step, and leave evaluation and the order of samples alone", async () => {
  const config = settings("optim.batch=4", "data.threads=0");
  const whole = await prepareData(frames, config, host, () => undefined, undefined, { microBatches: 1 });
  const steps = whole.train.batchesPerEpoch;
  for (const microBatches of [2, 4]) {
    const { train, val, trainPlain } = await prepareData(frames, config, host, () => undefined, undefined, {
      microBatches,
    });
    expect([train.batchesPerEpoch, val.batchesPerEpoch]).toEqual([microBatches * steps, whole.val.batchesPerEpoch]);
    expect(trainPlain.batchesPerEpoch).toBe(whole.trainPlain.batchesPerEpoch);
    const parts = Array.from({ length: microBatches }, (_, m) => train.batch(1, (steps - 1) * microBatches + m));
    const made = await Promise.all(parts);
    for (const each of [train, val, trainPlain]) each.close();
    const batch = await whole.train.batch(1, steps - 1);
    expect(made.flatMap(({ ids }) => ids)).toEqual(batch.ids);
    expect(made.flatMap(({ image }) => [...image])).toEqual([...batch.image]);
  }
  for (const each of [whole.train, whole.val, whole.trainPlain]) each.close();
  expect((await prepare(config)).train.batchesPerEpoch).toBe(4 * steps);
  const tooLarge = prepare(settings("optim.batch=16"));
  await expect(tooLarge).rejects.toThrow(/do not fill one training batch of 16; lower/);
});

test("a rank that takes the records of another has the same samples and mean pose, and reads no frame", async () => {
  const config = settings("data.threads=0");
  const first = await prepareData(frames, config, host, () => undefined, undefined, { forOthers: true });
  const plain = await prepare(config);
  const unread: FrameSet = { ...frames, read: (id) => Promise.reject(new Error(`${id} was read`)) };
  const crops = structuredClone(shareCrops(first.set));
  const second = await prepareData(unread, config, host, () => undefined, undefined, { crops });
  for (const { meanPose, report, notes, train, val } of [first, second]) {
    expect([meanPose, report, notes]).toEqual([plain.meanPose, plain.report, plain.notes]);
    expect(await train.batch(1, 2)).toEqual(await plain.train.batch(1, 2));
    expect(await val.batch(0, 0)).toEqual(await plain.val.batch(0, 0));
  }
  for (const { train, val } of [first, second, plain]) for (const each of [train, val]) each.close();
});

test("an evaluation without depth, or with boxes that are off, changes what validation shows and nothing else", async () => {
  const view = { useDepth: false, boxJitter: 0.1 };
  const config = settings("data.threads=0");
  const [plain, changed] = [
    await prepare(config),
    await prepareData(frames, config, host, () => undefined, undefined, view),
  ];
  const [seen, other] = [await plain.val.batch(0, 0), await changed.val.batch(0, 0)];
  expect([...seen.hasDepth, ...other.hasDepth]).toEqual([1, 1, 0, 0]);
  expect(other.ids).toEqual(seen.ids);
  expect(other.joints3d).toEqual(seen.joints3d);
  expect(other.cropFromImage).not.toEqual(seen.cropFromImage);
  expect(await changed.train.batch(0, 0)).toEqual(await plain.train.batch(0, 0));
  expect(await changed.trainPlain.batch(0, 0)).toEqual(await plain.trainPlain.batch(0, 0));
  const whole = await prepareEvaluation(frames, config, host, () => undefined, view);
  const batch = await whole.loader.batch(0, 0);
  expect([...batch.hasDepth]).toEqual([0, 0]);
  expect(batch.cropFromImage).not.toEqual((await plain.trainPlain.batch(0, 0)).cropFromImage);
  for (const { train, val, trainPlain } of [plain, changed]) for (const each of [train, val, trainPlain]) each.close();
  whole.loader.close();
});
