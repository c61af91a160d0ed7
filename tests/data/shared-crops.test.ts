import { MessageChannel, receiveMessageOnPort } from "node:worker_threads";
import { afterEach, describe, expect, test, vi } from "vitest";
import { DEFAULT_AUGMENT } from "../../src/data/augment";
import { type CropSet, importCrops, lazyCrops, memoryCrops } from "../../src/data/crop-set";
import { DataError } from "../../src/data/data-error";
import { newReport } from "../../src/data/import-report";
import { makeSample } from "../../src/data/sample";
import { answerJob, buffersOf } from "../../src/data/sample-thread";
import { cropsFromShared, type SharedCrops, shareCrops, sharedPlace } from "../../src/data/shared-crops";
import type { CropRecord, FrameSet } from "../../src/data/types";
import { testFrame } from "./helpers";

afterEach(() => {
  vi.unstubAllGlobals();
});

const ALL = new Map(
  Array.from({ length: 8 }, (_, i) => testFrame(i)).map((frame, i) => [
    frame.id,
    // Odd numbers of bytes, a frame without depth, one without parameters.
    { ...frame, depth: i === 2 ? undefined : frame.depth, mano: i === 5 ? undefined : frame.mano },
  ]),
);
const SIZE = { size: 33 };

function frames(): FrameSet & { reads: string[] } {
  const reads: string[] = [];
  const read: FrameSet["read"] = async (id) => {
    reads.push(id);
    if (id.endsWith("7")) throw new DataError(`set/${id}: the JPEG is cut off`, "image damaged");
    return ALL.get(id)!;
  };
  return { name: "set", ids: [...ALL.keys()], report: newReport(), reads, read };
}

/** What another worker gets. */
function posted<T>(value: T): T {
  const { port1, port2 } = new MessageChannel();
  port1.postMessage(value);
  const { message } = receiveMessageOnPort(port2) as { message: T };
  port1.close();
  return message;
}

const arraysOf = ({ rgb, depth, joints3d, mano }: CropRecord) => [
  rgb,
  ...(depth ? [depth] : []),
  joints3d,
  ...(mano ? [mano.pose, mano.shape, mano.trans] : []),
];

const buffersIn = (shared: SharedCrops): Set<ArrayBufferLike> =>
  new Set(shared.records.flatMap(arraysOf).map(({ buffer }) => buffer));

async function expectSame(one: CropSet, other: CropSet): Promise<void> {
  expect([one.name, one.ids, one.report, one.memory]).toEqual([other.name, other.ids, other.report, other.memory]);
  for (const id of one.ids) {
    const [a, b] = [await one.read(id), await other.read(id)];
    expect(a).toEqual(b);
    const options = { ...SIZE, width: 24, seed: 3, augment: DEFAULT_AUGMENT };
    expect(makeSample(a, options, 2)).toEqual(makeSample(b, options, 2));
  }
}

describe("shared records", () => {
  test("are the same records, samples and report on the other side, in the same memory, and no file is read", async () => {
    const set = await importCrops(frames(), SIZE);
    const shared = shareCrops(set)!;
    const received = posted(shared);
    const files = frames();
    await expectSame(cropsFromShared(received, files, SIZE), set);
    expect(files.reads).toEqual([]);
    const buffers = [...buffersIn(shared)];
    expect(buffers).toHaveLength(1);
    expect(buffers[0]).toBeInstanceOf(SharedArrayBuffer);
    // Written by one and seen by the other: no copy was made on the way.
    shared.records[3].rgb[7] ^= 255;
    expect(received.records[3].rgb[7]).toBe(shared.records[3].rgb[7]);
    // But not the importer's own.
    expect((await set.read(shared.records[3].id)).rgb[7]).not.toBe(shared.records[3].rgb[7]);
  });

  test("imported into shared memory need no second copy", async () => {
    const set = await importCrops(frames(), { ...SIZE, place: sharedPlace("set") });
    await expectSame(set, await importCrops(frames(), SIZE));
    const shared = shareCrops(set)!;
    for (const record of shared.records) expect(record.rgb).toBe((await set.read(record.id)).rgb);
    expect(buffersIn(shared).size).toBe(1);
  });

  test("beyond the importer's memory are read from the files", async () => {
    const all = await importCrops(frames(), SIZE);
    const cacheBytes = all.memory!.bytes / 2;
    const set = await importCrops(frames(), { ...SIZE, cacheBytes });
    const received = posted(shareCrops(set)!);
    expect(received.records.length).toBeLessThan(7);
    const files = frames();
    await expectSame(cropsFromShared(received, files, SIZE), set);
    expect(files.reads).toEqual(set.ids.slice(received.records.length));
    expect(() => cropsFromShared(received)).toThrow(
      `set: 4 of 7 records are not in shared memory (first: "${set.ids[3]}"), expected the files to read them from`,
    );
  });

  test("lie in a few buffers, and none over another", async () => {
    const [{ records = new Map<string, CropRecord>() }] = [await importCrops(frames(), SIZE)];
    const [record] = records.values();
    const large = { ...record, width: 701, height: 701, rgb: new Uint8Array(3 * 701 * 701).fill(9) };
    const many = [large, ...Array.from({ length: 400 }, (_, i) => ({ ...record, id: `${i}` }))];
    const shared = shareCrops(memoryCrops("many", many))!;
    expect(buffersIn(shared).size).toBeLessThan(8);
    for (const [i, each] of shared.records.entries()) for (const array of arraysOf(each)) array.fill(i % 256);
    for (const [i, each] of shared.records.entries()) {
      for (const array of arraysOf(each)) expect(array.every((value) => value === i % 256)).toBe(true);
    }
  });

  test("are made into samples whose buffers can move between threads", async () => {
    const [record] = shareCrops(await importCrops(frames(), SIZE))!.records;
    const answer = answerJob(posted({ record, options: { ...SIZE, width: 24, seed: 1 }, epoch: 0 }));
    const copy = structuredClone(answer);
    expect(structuredClone(answer, { transfer: buffersOf(answer) })).toEqual(copy);
  });

  test("are none where memory cannot be shared, and for sets that every rank opens itself", async () => {
    const set = await importCrops(frames(), SIZE);
    expect(shareCrops(lazyCrops(frames(), SIZE))).toBeUndefined();
    vi.stubGlobal("SharedArrayBuffer", undefined);
    expect(shareCrops(set)).toBeUndefined();
    expect(() => sharedPlace("set")).toThrow("set: memory cannot be shared here");
  });

  test("for which there is no memory give a sentence", async () => {
    const set = await importCrops(frames(), SIZE);
    class Full extends SharedArrayBuffer {
      constructor(bytes: number) {
        if (bytes > 0) throw new RangeError("Array buffer allocation failed");
        super(bytes);
      }
    }
    vi.stubGlobal("SharedArrayBuffer", Full);
    expect(() => shareCrops(set)).toThrow(
      "set: no 1 MiB of shared memory for the records (Array buffer allocation failed), lower data.memoryMiB",
    );
  });
});
