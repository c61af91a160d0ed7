import { wrap } from "comlink";
import { afterAll, expect, test } from "vitest";
import { memoryCrops } from "../../src/data/crop-set";
import { type SamplePool, samplePool } from "../../src/data/sample-pool";
import { shareCrops } from "../../src/data/shared-crops";
import { ownWorker } from "../../src/ranks/nursery";
import { threadOf } from "../../src/ranks/sample-threads";
import { type SampleRank, sampleRank } from "../browser/sample-rank";
import { noiseRecord } from "../helpers/noise-record";

const worker = new Worker(new URL("../browser/sample-rank.ts", import.meta.url), { type: "module" });
const rank = wrap<SampleRank>(worker);
afterAll(() => worker.terminate());

test("workers of a rank's worker make the same bits, whatever their number", async () => {
  const plain = await sampleRank.batches(0);
  for (const threads of [0, 1, 3]) expect(await rank.batches(threads)).toEqual(plain);
});

test("and of records that another worker has imported, in memory shared by all of them", async () => {
  const records = Array.from({ length: 9 }, (_, i) => noiseRecord(i));
  const shared = shareCrops(memoryCrops("noise", records));
  expect(shared?.records[8].rgb.buffer).toBeInstanceOf(SharedArrayBuffer);
  expect(await rank.batches(2, undefined, shared)).toEqual(await sampleRank.batches(0));
});

test("a label that is not finite is named by the worker as without one", async () => {
  const id = noiseRecord(4).id;
  const sentence = `sample "${id}": shape holds 10 numbers that are not finite (first: [0] is NaN)`;
  await expect(sampleRank.batches(0, 4)).rejects.toThrow(sentence);
  await expect(rank.batches(2, 4)).rejects.toThrow(sentence);
});

test("a worker that dies is named with its sample", async () => {
  const text = 'setTimeout(() => { throw new Error("no memory left"); })';
  const program = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
  const running = (url: string): SamplePool =>
    samplePool({ cores: 2, start: () => threadOf(ownWorker(new Worker(url, { type: "module" }))) }, 1);
  const job = { record: noiseRecord(0), options: { size: 24, width: 18, seed: 2 }, epoch: 0 };
  await expect(running(program).make(job)).rejects.toThrow(
    /^sample thread 1 of 1 ended while it made sample "NO0\/0000": .*no memory left; /,
  );
  await expect(running("/missing-program.js").make(job)).rejects.toThrow(/ended while it made sample "NO0\/0000": /);
  URL.revokeObjectURL(program);
});
