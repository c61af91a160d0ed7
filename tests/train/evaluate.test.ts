import { beforeAll, describe, expect, it } from "vitest";
import { type Config, tiny } from "../../src/config";
import { NO_THREADS } from "../../src/data/sample-pool";
import { syntheticFrameSet } from "../../src/data/synthetic/frames";
import type { Frame, FrameSet } from "../../src/data/types";
import type { EvaluationReport } from "../../src/metrics/evaluation";
import { prepareData } from "../../src/train/data";
import { evaluate } from "../../src/train/evaluate";
import type { EvaluationRecord } from "../../src/train/events";
import { launch } from "../../src/train/launch";
import type { LocalRun } from "../../src/train/local-run";
import { testGpu } from "../helpers/gpu";
import { MemoryStorage } from "../helpers/memory-storage";
import { openHand } from "../helpers/open-hand";

const FRAMES = 7;
const BARE = 2;

/** Batches of 4, so that the last one is filled with repeated rows. */
function config(): Config {
  const base = tiny();
  return {
    ...base,
    model: { ...base.model, height: 32, width: 32, dim: 16, depth: 1, heads: 2, gcn: [8, 8, 8] },
    data: { ...base.data, overfit: true },
    optim: { ...base.optim, batch: 4 },
  };
}

let frames: FrameSet;
let run: LocalRun;
const storage = new MemoryStorage();
const quiet = (): void => {};

beforeAll(async () => {
  const rendered = syntheticFrameSet(openHand(), { frames: FRAMES, seed: 5 });
  const cache = new Map<string, Frame>();
  for (const [i, id] of rendered.ids.entries()) {
    const frame = await rendered.read(id);
    cache.set(id, i === BARE ? { ...frame, depth: undefined } : frame);
  }
  frames = { ...rendered, read: async (id) => cache.get(id)! };
  run = await launch({
    name: "test",
    config: config(),
    gpu: await testGpu(),
    hand: openHand(),
    frames,
    storage,
    emit: quiet,
    clock: { now: () => 0, wallSeconds: () => 1_700_000_000 },
    threads: NO_THREADS,
  });
  return () => run.destroy();
});

describe("evaluate", () => {
  it("scores RGB-D and RGB apart: RGB is what a loader without depth gives", async () => {
    const { evaluation, parts } = run.trainer;
    const { scores, report } = await evaluate(evaluation, parts.val, parts.meanPose, quiet);
    expect(scores.samples).toBe(FRAMES);
    expect(report.modalities["RGB-D"].samples).toBe(FRAMES - 1);
    expect(report.modalities.RGB.samples).toBe(1);
    const both = await evaluate(evaluation, parts.val, parts.meanPose, quiet, { alsoWithoutDepth: true });
    expect(both.scores).toEqual(scores);
    expect(both.report.modalities["RGB-D"]).toEqual(report.modalities["RGB-D"]);
    const { val, pool } = await prepareData(frames, config(), NO_THREADS, quiet, undefined, { useDepth: false });
    const blind = await evaluate(evaluation, val, parts.meanPose, quiet);
    val.close();
    pool.end();
    expect(both.report.modalities.RGB).toEqual(blind.report.modalities.RGB);
    expect(both.report.modalities.RGB.samples).toBe(FRAMES);
    expect(Math.abs(blind.scores.mpjpe_mm! - scores.mpjpe_mm!)).toBeGreaterThan(1e-4);
  });

  it("writes evaluation.json, a short line for metrics.jsonl, and scores.n beside each figure", async () => {
    const record = await run.evaluate();
    const report = JSON.parse(storage.text("evaluation.json")) as EvaluationReport & EvaluationRecord;
    expect(report).toMatchObject({ step: 0, split: "val", samples: FRAMES, valid: FRAMES });
    expect(report.metrics.f_15mm).toEqual({ value: record.f_15mm, n: FRAMES });
    expect(record.n.mpjpe_mm).toBe(FRAMES);
    expect(report.joints).toHaveLength(21);
    expect(Object.values(report.sequences).reduce((sum, { samples }) => sum + samples, 0)).toBe(FRAMES);
    expect(record).not.toHaveProperty("sequences");
    expect(JSON.stringify(record).length).toBeLessThan(2000);
    expect(storage.text("log.txt")).toMatch(/PA-MPVPE \d+\.\d{3} mm, PA-F@5 \d\.\d{3}, .* of 7 meshes/);
  });

  it("has no metric when no prediction is finite, says so, and takes it for no best", async () => {
    const best = (await run.evaluate()).pa_mpjpe_mm;
    const weights = new Set(run.trainer.store.parameters.filter((p) => p.trainable).map((p) => p.name));
    for (const [name, values] of await run.trainer.store.read()) {
      if (weights.has(name)) run.trainer.store.write(name, values.fill(Number.NaN));
    }
    const record = await run.evaluate();
    expect(record).toMatchObject({ samples: FRAMES, non_finite: FRAMES, mpjpe_mm: null, pa_f_5mm: null, meshes: 0 });
    expect(record.refused).toHaveLength(16);
    expect(storage.text("log.txt")).toContain(
      "no metric. MPJPE: no valid sample among 7, so there is no value: 7 predictions are not finite",
    );
    await run.save();
    expect(JSON.parse(storage.text("checkpoints/step-000000/state.json"))).toMatchObject({ best });
    const report = JSON.parse(storage.text("evaluation.json")) as EvaluationReport;
    expect(report.non_finite_ids).toHaveLength(FRAMES);
    expect(report.metrics.mpjpe_mm).toMatchObject({ value: null, n: 0 });
  });
});
