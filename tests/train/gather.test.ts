import { Worker } from "node:worker_threads";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { mpjpe } from "../../src/metrics/mpjpe";
import { createGroup } from "../../src/ranks/group-memory";
import { evaluationTables } from "../../src/train/gather";
import { type BuiltPrograms, buildPrograms } from "../helpers/built-programs";
import {
  type GatherAnswer,
  type GatherJob,
  type GatherStart,
  gatherJob,
  hasDepth,
  hasMesh,
  idsOf,
  isNonFinite,
  predictionOf,
  textOf,
  VERTICES,
} from "../helpers/gather-job";

const SIZES = [1, 7, 101, 333];

let programs: BuiltPrograms;
let program = "";
beforeAll(async () => {
  programs = await buildPrograms("tests/train/gather-thread.ts");
  program = programs.path("gather-thread");
});
afterAll(() => programs.remove());

/** The answers of n ranks, each in a thread of its own. */
async function launch(worldSize: number, job: GatherJob): Promise<GatherAnswer[]> {
  const tables = evaluationTables(Math.max(...job.sizes), {
    vertices: job.wantsPredictions ? VERTICES : undefined,
    measures: 2,
  });
  const memory = createGroup({ worldSize, microBatches: 8, buckets: [1], tables });
  const workers: Worker[] = [];
  try {
    const answers = Array.from({ length: worldSize }, (_, rank) => {
      const start: GatherStart = { rank, memory, job };
      const worker = new Worker(program, { workerData: start });
      workers.push(worker);
      return new Promise<GatherAnswer>((resolve, reject) => worker.on("message", resolve).on("error", reject));
    });
    return await Promise.all(answers);
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}

async function resultsOf(worldSize: number, job: GatherJob): Promise<(readonly string[])[]> {
  return (await launch(worldSize, job)).map((answer) => {
    if ("error" in answer) throw new Error(answer.error);
    return answer.results;
  });
}

async function errorsOf(worldSize: number, job: GatherJob): Promise<string[]> {
  return (await launch(worldSize, job)).map((answer) => ("error" in answer ? answer.error : "no error"));
}

const placesOf = (samples: number): number[] => Array.from({ length: samples }, (_, place) => place);

describe("gather", () => {
  it("counts every sample once and gives 1 to 5 ranks the same bytes, fewer samples than ranks included", async () => {
    for (const alsoWithoutDepth of [false, true]) {
      const job = { sizes: SIZES, alsoWithoutDepth, wantsPredictions: alsoWithoutDepth };
      const expected: string[] = [];
      for (const samples of SIZES) {
        const gathered = await gatherJob(undefined, samples, job);
        expect(gathered.report).toMatchObject({ samples, duplicates: 0 });
        expected.push(textOf(gathered));
      }
      for (const worldSize of alsoWithoutDepth ? [1, 2, 3, 4, 5] : [3])
        expect(await resultsOf(worldSize, job)).toEqual(Array(worldSize).fill(expected));
    }
  });

  it("means over exactly those samples that have a value, by modality too", async () => {
    const samples = 101;
    const places = placesOf(samples);
    const { report, terms, measures, predictions } = await gatherJob(undefined, samples, {
      sizes: [],
      alsoWithoutDepth: true,
      wantsPredictions: true,
    });
    const finite = places.filter((place) => !isNonFinite(place));
    expect(report).toMatchObject({ samples, valid: finite.length, non_finite: samples - finite.length });
    expect(report.collapsed).toBe(finite.filter((place) => place % 50 === 9).length);
    expect(report.mirrored).toBeGreaterThanOrEqual(finite.filter((place) => place % 50 === 12).length);
    const meanOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
    const errorOf = (place: number, isHidden = false): number => {
      const { joints, truthJoints } = predictionOf(place, isHidden);
      return mpjpe(joints, truthJoints);
    };
    expect(report.metrics.mpjpe_mm.n).toBe(finite.length);
    expect(report.metrics.mpjpe_mm.value).toBeCloseTo(meanOf(finite.map((place) => errorOf(place))), 9);
    expect(report.metrics.mpvpe_mm.n).toBe(finite.filter(hasMesh).length);
    expect(report.modalities["RGB-D"].metrics.mpjpe_mm.n).toBe(finite.filter(hasDepth).length);
    expect(report.modalities.RGB).toMatchObject({ samples, valid: finite.length });
    const imageOnly = meanOf(finite.map((place) => errorOf(place, hasDepth(place))));
    expect(report.modalities.RGB.metrics.mpjpe_mm.value).toBeCloseTo(imageOnly, 9);
    expect(report.baselines.mean_pose.mpjpe_mm?.n).toBe(finite.length);
    expect(new Set(report.non_finite_ids)).toEqual(new Set(idsOf(samples).filter((_, place) => isNonFinite(place))));
    expect(terms.loss_2d / meanOf(places.map((place) => predictionOf(place).terms.loss_2d))).toBeCloseTo(1, 12);
    for (const name of ["mpjpe_mm", "pa_mpjpe_mm"] as const)
      expect(meanOf(report.joints.map((joint) => joint[name]!))).toBeCloseTo(report.metrics[name].value!, 9);
    expect(measures.length).toBe(2 * samples);
    expect(predictions.map(({ id }) => id)).toEqual(idsOf(samples));
    for (const place of [0, 3, 100]) {
      const { id, joints, vertices } = predictionOf(place);
      expect(predictions[place]).toEqual({ id, joints, vertices });
      expect([measures[2 * place], measures[2 * place + 1]]).toEqual([Number(id.slice(-4)), joints[0]]);
    }
  });

  it("ends every rank when one skips a sample, doubles one, pads its share, or takes another's place", async () => {
    for (const [fault, sentence] of [
      ["skips", /1 of 101 rows of table "scores" were written by no rank, the first is 8$/],
      ["doubles", /row 8 of table "scores" was written twice, by rank 2 and by rank 2$/],
      ["pads", /row 0 of table "scores" was written twice, by rank [02] and by rank [02]$/],
      ["shifts", /sample ".*" came for place 9 of 101, which is of ".*"$/],
      ["throws", /injected$/],
    ] as const)
      for (const error of await errorsOf(3, { sizes: [101], fault })) expect(error).toMatch(sentence);
  });

  it("refuses the same faults of one rank alone", async () => {
    for (const [fault, sentence] of [
      ["skips", '1 of 7 rows of table "scores" were not written, the first is 0'],
      ["doubles", 'row 0 of table "scores" was written twice'],
      ["pads", 'row 0 of table "scores" was written twice'],
      ["shifts", "came for place 1 of 7, which is of"],
    ] as const)
      await expect(gatherJob(undefined, 7, { sizes: [], fault })).rejects.toThrow(sentence);
  });

  it("refuses metrics without a valid sample", async () => {
    // One sample, with depth.
    const { report } = await gatherJob(undefined, 1, { sizes: [] });
    expect(report.metrics.mpvpe_mm).toMatchObject({ n: 1 });
    expect(report.modalities.RGB.metrics.mpjpe_mm).toEqual({
      value: null,
      n: 0,
      refused: "MPJPE: no sample was judged, so there is no value",
    });
  });
});

describe("quirks", () => {
  const samplesOf = async (worldSize: number, ...quirks: string[]): Promise<readonly number[][]> => {
    const [first, ...others] = await resultsOf(worldSize, { sizes: SIZES, quirks });
    for (const other of others) expect(other).toEqual(first);
    return first.map((text) => {
      const { samples, duplicates } = JSON.parse(text).report;
      return [samples, duplicates];
    });
  };

  it("val-rank0-only reports the first rank's share as if it were all", async () => {
    expect(await samplesOf(4, "val-rank0-only")).toEqual(SIZES.map((samples) => [Math.ceil(samples / 4), 0]));
    expect(await samplesOf(1, "val-rank0-only")).toEqual(SIZES.map((samples) => [samples, 0]));
  });

  it("val-padded counts the first samples again until all ranks have the same number", async () => {
    const padded = SIZES.map((samples) => [4 * Math.ceil(samples / 4), (4 - (samples % 4)) % 4]);
    expect(await samplesOf(4, "val-padded")).toEqual(padded);
    expect(await samplesOf(1, "val-padded")).toEqual(SIZES.map((samples) => [samples, 0]));
    expect((await samplesOf(4, "val-padded", "val-rank0-only")).map(([samples]) => samples)).toEqual([1, 2, 26, 84]);
  });

  it("nan-as-zero scores what is not finite, and still counts it", async () => {
    const { report } = await gatherJob(undefined, 101, { sizes: [], quirks: ["nan-as-zero"] });
    const broken = placesOf(101).filter(isNonFinite).length;
    expect(report).toMatchObject({ samples: 101, valid: 101, non_finite: broken });
    expect(report.metrics.mpjpe_mm.n).toBe(101);
  });
});
