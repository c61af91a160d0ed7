/** A worker in the place of a rank's: makes batches with workers of its own. */
import { expose } from "comlink";
import { DEFAULT_AUGMENT } from "../../src/data/augment";
import type { Batch } from "../../src/data/batch";
import { memoryCrops } from "../../src/data/crop-set";
import { Loader } from "../../src/data/loader";
import { random } from "../../src/data/random";
import { samplePool } from "../../src/data/sample-pool";
import type { CropRecord } from "../../src/data/types";
import { pageThreads } from "../../src/ranks/sample-threads";

const SIDE = 40;

/** A record of noise round a straight hand. */
export function noiseRecord(index: number): CropRecord {
  const rng = random(5, "noise-record", index, "");
  return {
    id: `NO${index % 3}/${String(index).padStart(4, "0")}`,
    sequence: `NO${index % 3}`,
    recording: "NO",
    width: SIDE,
    height: SIDE,
    x0: 30,
    y0: 20,
    step: 1,
    rgb: Uint8Array.from({ length: 3 * SIDE * SIDE }, () => rng.int(256)),
    depth: Uint16Array.from({ length: SIDE * SIDE }, () => 4000 + rng.int(900)),
    square: [50, 40, 30],
    camera: [200, 201, 60, 50],
    joints3d: Float64Array.from({ length: 63 }, (_, i) => (i % 3 === 2 ? 0.6 : 0.05 * rng.normal())),
    rootOnly: false,
    mano: {
      pose: Float64Array.from({ length: 48 }, () => 0.3 * rng.normal()),
      shape: Float64Array.from({ length: 10 }, () => rng.normal()),
      trans: Float64Array.of(0, 0, 0.6),
    },
  };
}

export interface SampleRank {
  /** The batches of two epochs; frame `broken` has a label that is not finite. */
  batches(threads: number, broken?: number): Promise<Batch[]>;
}

export const sampleRank: SampleRank = {
  async batches(threads, broken) {
    const records = Array.from({ length: 9 }, (_, i) => noiseRecord(i));
    if (broken !== undefined) records[broken].mano?.shape.fill(Number.NaN);
    const pool = samplePool(pageThreads, threads);
    const options = { size: 24, width: 18, seed: 2, batchSize: 4, mode: "train", augment: DEFAULT_AUGMENT } as const;
    const loader = new Loader(memoryCrops("noise", records), { ...options, pool });
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
