import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { nodeThreads } from "../../src/cli/sample-threads";
import { DEFAULT_AUGMENT } from "../../src/data/augment";
import type { Batch } from "../../src/data/batch";
import { importCrops } from "../../src/data/crop-set";
import { DataError } from "../../src/data/data-error";
import { newReport } from "../../src/data/import-report";
import { Loader } from "../../src/data/loader";
import { type SamplePool, samplePool } from "../../src/data/sample-pool";
import { sharedPlace } from "../../src/data/shared-crops";
import type { CropRecord, FrameSet } from "../../src/data/types";
import { testFrame } from "../data/helpers";
import { type BuiltPrograms, buildPrograms } from "../helpers/built-programs";

let folder = "";
let programs: BuiltPrograms;
let program = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "handloom-threads-"));
  programs = await buildPrograms("src/cli/sample-worker.ts");
  program = programs.path("sample-worker");
});
afterAll(async () => {
  await programs.remove();
  await rm(folder, { recursive: true, force: true });
});

const ALL = new Map(Array.from({ length: 10 }, (_, i) => testFrame(i)).map((frame) => [frame.id, frame]));
const FRAMES: FrameSet = { name: "set", ids: [...ALL.keys()], report: newReport(), read: async (id) => ALL.get(id)! };
const options = { size: 32, width: 24, seed: 3, batchSize: 4 };

/** Two epochs in order, then a batch of the first again. */
async function batches(
  pool: SamplePool | undefined,
  more: { augment?: typeof DEFAULT_AUGMENT } = {},
  isShared = false,
): Promise<Batch[]> {
  const set = await importCrops(FRAMES, { size: 32, place: isShared ? sharedPlace("set") : undefined });
  const loader = new Loader(set, { ...options, ...more, mode: more.augment ? "train" : "evaluate", pool });
  const out: Batch[] = [];
  for (let epoch = 0; epoch < 2; epoch++) {
    for (let index = 0; index < loader.batchesPerEpoch; index++) out.push(await loader.batch(epoch, index));
  }
  out.push(await loader.batch(0, 1));
  loader.close();
  pool?.end();
  return out;
}

test("the same bits without threads, with one and with three, and of records in shared memory", async () => {
  for (const more of [{ augment: DEFAULT_AUGMENT }, {}]) {
    const plain = await batches(undefined, more);
    for (const threads of [0, 1, 3]) {
      const made = await batches(samplePool(nodeThreads(program), threads), more);
      // Of whole arrays: toEqual tells 0 from -0 and finds NaN.
      expect(made).toEqual(plain);
    }
    expect(await batches(samplePool(nodeThreads(program), 2), more, true)).toEqual(plain);
  }
});

const record = async (): Promise<CropRecord> => (await importCrops(FRAMES, { size: 32 })).read(FRAMES.ids[0]);

test("a sample that cannot be made is the same error as without threads, and the next one is made", async () => {
  const good = await record();
  const bad = { ...good, joints3d: good.joints3d.map((x, i) => (i === 5 ? Number.NaN : x)) };
  const [here, there] = [samplePool(nodeThreads(program), 0), samplePool(nodeThreads(program), 2)];
  const job = (each: CropRecord) => ({ record: each, options, epoch: 0 });
  const errors = await Promise.all([here, there].map((pool) => pool.make(job(bad)).catch((error: unknown) => error)));
  expect(errors[0]).toBeInstanceOf(DataError);
  expect(errors[1]).toBeInstanceOf(DataError);
  expect((errors[1] as DataError).message).toBe((errors[0] as DataError).message);
  expect((errors[1] as DataError).message).toContain(`sample "${good.id}": joints`);
  expect((errors[1] as DataError).reason).toBe((errors[0] as DataError).reason);
  expect((errors[1] as Error).stack).toContain("sample-worker");
  expect(await there.make(job(good))).toEqual(await here.make(job(good)));
  there.end();
});

test("a job that no thread can be sent is an error, not a wait", async () => {
  const pool = samplePool(nodeThreads(program), 1);
  const odd = { ...(await record()), square: (() => 0) as unknown as CropRecord["square"] };
  await expect(pool.make({ record: odd, options, epoch: 0 })).rejects.toThrow(
    /sample thread 1 of 1 ended .*could not be (sent|cloned)/,
  );
  pool.end();
});

test("a thread that dies is named with the sample it was at, and so is each later one", async () => {
  const dying = join(folder, "dying.js");
  const start = async (text: string): Promise<{ pool: SamplePool; error: Error }> => {
    await writeFile(dying, text);
    const pool = samplePool(nodeThreads(dying), 1, 400);
    const error = await pool.make({ record: await record(), options, epoch: 0 }).catch((reason: Error) => reason);
    return { pool, error: error as Error };
  };
  const id = FRAMES.ids[0];
  const thrown = await start('throw new Error("no memory left")');
  expect(thrown.error.message).toMatch(`sample thread 1 of 1 ended while it made sample "${id}": no memory left; `);
  await expect(thrown.pool.make({ record: await record(), options, epoch: 0 })).rejects.toBe(thrown.error);
  expect((await start("process.exit(7)")).error.message).toContain(`"${id}": exit code 7; `);
  const silent = await start("setInterval(() => undefined, 1000)");
  expect(silent.error.message).toContain(`"${id}": no answer for 0.4 s; `);
  expect(silent.error).not.toBeInstanceOf(DataError);
  await expect(
    samplePool(nodeThreads("nowhere.js"), 1).make({ record: await record(), options, epoch: 0 }),
  ).rejects.toThrow('the thread\'s program "nowhere.js" does not exist; run npm run build:node');
});

test("the end rejects what is not made, and the next sample starts new threads", async () => {
  const pool = samplePool(nodeThreads(program), 2);
  const job = { record: await record(), options, epoch: 0 };
  const first = await pool.make(job);
  const many = Array.from({ length: 40 }, () => pool.make(job));
  pool.end();
  const ends = await Promise.allSettled(many);
  expect(ends.filter(({ status }) => status === "rejected")).toHaveLength(40);
  expect(ends[39]).toMatchObject({ reason: { message: expect.stringContaining("were ended") } });
  expect(await pool.make(job)).toEqual(first);
  pool.end();
});
