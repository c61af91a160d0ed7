/** A worker in the place of a rank's: makes batches with workers of its own. */
import { expose } from "comlink";
import { DEFAULT_AUGMENT } from "../../src/data/augment";
import type { Batch } from "../../src/data/batch";
import { memoryCrops } from "../../src/data/crop-set";
import { Loader } from "../../src/data/loader";
import { samplePool } from "../../src/data/sample-pool";
import { cropsFromShared, type SharedCrops } from "../../src/data/shared-crops";
import { pageThreads } from "../../src/ranks/sample-threads";
import { noiseRecord } from "../helpers/noise-record";

export interface SampleRank {
  /** The batches of two epochs, of `shared` where given; frame `broken` has a label that is not finite. */
  batches(threads: number, broken?: number, shared?: SharedCrops): Promise<Batch[]>;
}

export const sampleRank: SampleRank = {
  async batches(threads, broken, shared) {
    const records = Array.from({ length: 9 }, (_, i) => noiseRecord(i));
    if (broken !== undefined) records[broken].mano?.shape.fill(Number.NaN);
    const pool = samplePool(pageThreads, threads);
    const options = { size: 24, width: 18, seed: 2, batchSize: 4, mode: "train", augment: DEFAULT_AUGMENT } as const;
    const set = shared ? cropsFromShared(shared) : memoryCrops("noise", records);
    const loader = new Loader(set, { ...options, pool });
    const made: Batch[] = [];
    try {
      for (const [epoch, index] of [
        [0, 0],
        [0, 1],
        [1, 0],
        [1, 1],
      ]) {
        made.push(await loader.batch(epoch, index));
      }
    } finally {
      loader.close();
      pool.end();
    }
    return made;
  },
};

if (typeof document === "undefined") expose(sampleRank);
