import { createHash } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { type Config, tiny } from "../../src/config";
import { NO_THREADS } from "../../src/data/sample-pool";
import { syntheticFrameSet } from "../../src/data/synthetic/frames";
import type { Frame, FrameSet } from "../../src/data/types";
import { readSafetensors } from "../../src/export/safetensors";
import type { EvaluationRecord, ProfileReport, StepRecord, TrainEvent } from "../../src/train/events";
import { launch } from "../../src/train/launch";
import type { LocalRun } from "../../src/train/local-run";
import { readSnapshotState, snapshotBytes } from "../../src/train/snapshot";
import { testGpu } from "../helpers/gpu";
import { MemoryStorage } from "../helpers/memory-storage";
import { openHand } from "../helpers/open-hand";

const FRAMES = 24;
const clock = { now: () => performance.now(), wallSeconds: () => 1_700_000_000 };

/** A network that learns little and runs fast: 2 x 2 patches, one block, with drop-path and every augmentation. */
function config(run: Partial<Config["run"]>): Config {
  const base = tiny();
  return {
    ...base,
    model: { ...base.model, height: 32, width: 32, dim: 16, depth: 1, heads: 2, scales: 2, gcn: [8], dropPath: 0.2 },
    optim: { ...base.optim, batch: 4, microBatches: 2, warmupSteps: 2 },
    run: { ...base.run, ...run },
  };
}

let frames: FrameSet;

beforeAll(async () => {
  const rendered = syntheticFrameSet(openHand(), { frames: FRAMES, seed: 3 });
  const cache = new Map<string, Frame>();
  for (const id of rendered.ids) cache.set(id, await rendered.read(id));
  frames = { ...rendered, read: async (id) => cache.get(id)! };
});

interface Run {
  readonly storage: MemoryStorage;
  readonly events: TrainEvent[];
}

async function train(
  settings: Config,
  options: {
    storage?: MemoryStorage;
    resume?: boolean;
    during?: (trainer: LocalRun, event: TrainEvent) => void;
    set?: FrameSet;
  } = {},
): Promise<Run> {
  const storage = options.storage ?? new MemoryStorage();
  const events: TrainEvent[] = [];
  let trainer: LocalRun | undefined;
  const emit = (event: TrainEvent): void => {
    events.push(event);
    if (trainer) options.during?.(trainer, event);
  };
  const gpu = await testGpu();
  trainer = await launch({
    name: "test",
    config: settings,
    gpu,
    hand: openHand(),
    frames: options.set ?? frames,
    storage,
    emit,
    clock,
    threads: NO_THREADS,
    resume: options.resume,
  });
  await trainer.run();
  trainer.destroy();
  return { storage, events };
}

const sha = (bytes: Uint8Array | undefined): string =>
  createHash("sha256")
    .update(bytes ?? "missing")
    .digest("hex");

/** Hashes of the last checkpoint's files. */
function checkpointOf({ storage }: Run, step: number): Record<string, string> {
  const folder = `checkpoints/step-${String(step).padStart(6, "0")}`;
  const names = ["model.safetensors", "optimizer.safetensors", "state.json"];
  return Object.fromEntries(names.map((name) => [name, sha(storage.files.get(`${folder}/${name}`))]));
}

const steps = ({ events }: Run): StepRecord[] => events.flatMap((e) => (e.type === "step" ? [e.record] : []));
const evaluations = ({ events }: Run): EvaluationRecord[] =>
  events.flatMap((e) => (e.type === "evaluation" ? [e.record] : []));

describe("a run", () => {
  it("is the same, byte for byte, twice, and when stopped and resumed", async () => {
    const whole = config({ steps: 6, checkpointEvery: 3, evaluateEvery: 3 });
    const first = await train(whole);
    const second = await train(whole);
    expect(checkpointOf(second, 6)).toEqual(checkpointOf(first, 6));
    expect(checkpointOf(first, 6)["model.safetensors"]).not.toBe(sha(undefined));
    expect(steps(second).map((record) => record.losses)).toEqual(steps(first).map((record) => record.losses));

    const stopped = await train(whole, {
      during: (trainer, event) => {
        if (event.type === "step" && event.record.step === 4) trainer.stop();
      },
    });
    expect(steps(stopped)).toHaveLength(4);
    expect(stopped.events.at(-1)).toMatchObject({ type: "finished", step: 4, reason: "stopped" });
    const resumed = await train(whole, { storage: stopped.storage, resume: true });
    expect(steps(resumed).map((record) => record.step)).toEqual([5, 6]);
    const { "model.safetensors": model, "optimizer.safetensors": moments } = checkpointOf(first, 6);
    expect(checkpointOf(resumed, 6)).toMatchObject({ "model.safetensors": model, "optimizer.safetensors": moments });
    expect(evaluations(resumed).at(-1)?.mpjpe_mm).toBe(evaluations(first).at(-1)?.mpjpe_mm);

    const another = await train({ ...whole, run: { ...whole.run, seed: 2, steps: 3 } });
    expect(checkpointOf(another, 3)["model.safetensors"]).not.toBe(checkpointOf(first, 3)["model.safetensors"]);
  });

  it("writes metrics.jsonl, tfevents, log and config, and counts every sample once", async () => {
    const run = await train(config({ steps: 4, evaluateEvery: 2, checkpointEvery: 4 }));
    const lines = run.storage.text("metrics.jsonl").trim().split("\n");
    const records = lines.map((line) => JSON.parse(line) as StepRecord | EvaluationRecord);
    expect(records.map((record) => record.split)).toEqual(["train", "train", "val", "train", "train", "val"]);
    for (const record of records) expect(Number.isFinite(record.losses.total_loss)).toBe(true);
    // The first one is the best so far, which is kept although no checkpoint was due.
    expect([...run.storage.files.keys()]).toContain("checkpoints/step-000002/model.safetensors");
    const evaluation = evaluations(run)[1];
    const info = run.events.find((event) => event.type === "started");
    expect(evaluation.samples).toBe(info?.type === "started" && info.run.valSamples);
    expect(evaluation.baselines.mean_pose.pa_mpjpe_mm).toBeGreaterThan(0);
    const log = run.storage.text("log.txt");
    expect(log).toContain(`Evaluated on ${evaluation.samples} samples from all 1 ranks`);
    expect(log).toMatch(/Epoch 0: MPJPE: \d+\.\d{3} mm, PA-MPJPE: \d+\.\d{3} mm/);
    for (const index of [0, 1, 2]) expect(log).toContain(`[Debug Batch ${index}]`);
    expect(log).not.toContain("[Debug Batch 3]");
    expect([...run.storage.files.keys()]).toContain("events.out.tfevents.000000.handloom");
    expect(run.storage.text("config.yaml")).toContain("preset: tiny");
    const [trained, validated] = ["train", "val"].map((name) =>
      run.storage.text(`splits/${name}.txt`).trimEnd().split("\n"),
    );
    expect(validated).toHaveLength(evaluation.samples);
    expect([...trained, ...validated].sort()).toEqual([...frames.ids].sort());
    const model = readSafetensors(run.storage.files.get("checkpoints/step-000004/model.safetensors")!, "model");
    expect(model.tensors.get("vit_backbone.blocks.0.attn.qkv.weight")?.shape).toEqual([48, 16]);
    expect(model.tensors.get("deconv_upsampler.deconv_layers.0.1.num_batches_tracked")).toMatchObject({
      dtype: "I64",
      shape: [],
    });
    expect([...model.tensors.keys()].filter((name) => /mano|adjacency/.test(name))).toEqual([]);
  });

  it("scores meshes over the samples that have one, and says how many", async () => {
    const whole = config({ steps: 1, evaluateEvery: 1, checkpointEvery: 1 });
    const overfit = { ...whole, data: { ...whole.data, overfit: true } };
    const annotated = (isAnnotated: (index: number) => boolean): FrameSet => ({
      ...frames,
      read: async (id) => {
        const frame = await frames.read(id);
        return isAnnotated(frames.ids.indexOf(id)) ? frame : { ...frame, mano: undefined };
      },
    });
    const [all] = evaluations(await train(overfit));
    expect(all.meshes).toBe(frames.ids.length);
    const [some] = evaluations(await train(overfit, { set: annotated((i) => i % 3 === 0) }));
    expect(some).toMatchObject({ samples: frames.ids.length, meshes: Math.ceil(frames.ids.length / 3) });
    expect(some.mpvpe_mm).toBeGreaterThan(1);
    const [none] = evaluations(await train(overfit, { set: annotated(() => false) }));
    expect(none).toMatchObject({ meshes: 0, mpvpe_mm: null, pa_mpvpe_mm: null });
  });

  it("pauses, answers the inspector and the profile meanwhile, and goes on", async () => {
    let view: Promise<unknown> | undefined;
    let report: Promise<ProfileReport> | undefined;
    const run = await train(config({ steps: 3, evaluateEvery: 3, checkpointEvery: 3 }), {
      during: (trainer, event) => {
        if (event.type === "step" && event.record.step === 1) trainer.pause();
        if (event.type === "paused") {
          view = trainer.predict("val", [0]);
          report = trainer.whilePaused((t) => t.profile(1)).finally(() => trainer.resume());
        }
      },
    });
    expect(await view).toMatchObject([{ index: 0, step: 1, width: 32, height: 32 }]);
    expect(steps(run)).toHaveLength(3);
    expect(run.events.filter(({ type }) => type === "times")).toMatchObject([{ step: 2, times: [{ updateMs: 0 }] }]);
    const { rows, microBatches, stepMs } = (await report)!;
    expect(microBatches).toBe(2);
    // Of two micro-batches the one addition makes the mean as well.
    const once = rows.filter(({ pass }) => pass === "update").map(({ plan }) => plan);
    expect([...new Set(once)]).toEqual(["mean", "optimiser"]);
    const perStep = rows.map(({ pass, ms }) => (pass === "update" ? 1 : 2) * (Number.isFinite(ms) ? ms : 0));
    expect(stepMs).toBeCloseTo(perStep.reduce((sum, ms) => sum + ms, 0));
  });

  it("keeps the weights when a gradient is not finite, and says so", async () => {
    const settings = config({ steps: 2, evaluateEvery: 2, checkpointEvery: 1 });
    const poisoned = { ...settings, loss: { ...settings.loss, w2d: Number.NaN } };
    const run = await train(poisoned);
    expect(steps(run).every((record) => record.non_finite > 0)).toBe(true);
    expect(run.storage.text("log.txt")).toContain("gradients are not finite; the step was not applied");
    const weights = (step: number) =>
      readSafetensors(run.storage.files.get(`checkpoints/step-00000${step}/model.safetensors`)!, "model").tensors.get(
        "vit_backbone.blocks.0.attn.qkv.weight",
      )?.data;
    expect(weights(2)).toEqual(weights(1));
  });

  it("ends when steps are refused again and again, with the weights of the last snapshot and the tensors' names", async () => {
    const settings = config({ steps: 9, evaluateEvery: 9, checkpointEvery: 9 });
    const storage = new MemoryStorage();
    const end = train({ ...settings, loss: { ...settings.loss, w2d: Number.NaN } }, { storage });
    await expect(end).rejects.toThrow(
      /^3 steps in a row were refused; the weights are those of step 0 again; step 3: \d+ gradients are not finite; .*: \d+ in the gradient of "[a-z_.0-9]+"/,
    );
    expect(storage.text("checkpoints/last.json")).toContain('"step":0');
  });

  it("goes on from a snapshot as if nothing had happened, and tells nothing twice", async () => {
    const settings = config({ steps: 6, evaluateEvery: 3, checkpointEvery: 6 });
    const events: TrainEvent[] = [];
    let during: (event: TrainEvent) => void = () => {};
    const storage = new MemoryStorage();
    const emit = (event: TrainEvent): void => {
      events.push(event);
      during(event);
    };
    const gpu = await testGpu();
    const hand = openHand();
    const parts = { name: "test", config: settings, gpu, hand, frames, storage, emit, clock, threads: NO_THREADS };
    const { trainer } = await launch(parts);
    const [early, whole, again] = Array.from({ length: 3 }, () => new ArrayBuffer(snapshotBytes(trainer.layout)));
    during = (event) => {
      if (event.type === "step" && event.record.step === 2) trainer.pause();
      if (event.type === "paused") void trainer.whilePaused((t) => t.capture(early)).finally(() => trainer.resume());
    };
    expect(await trainer.run()).toEqual({ kind: "done", step: 6 });
    await trainer.capture(whole);
    expect(readSnapshotState(whole)).toMatchObject({ step: 6, optimizerStep: 6 });
    expect(readSnapshotState(whole).bestStep).not.toBeNull();
    const told = events.filter(({ type }) => type === "step" || type === "evaluation").length;
    trainer.restore(early);
    expect(trainer.step).toBe(2);
    await trainer.run({ recordedStep: 6 });
    await trainer.capture(again);
    expect(sha(new Uint8Array(again))).toBe(sha(new Uint8Array(whole)));
    expect(sha(new Uint8Array(early))).not.toBe(sha(new Uint8Array(whole)));
    expect(events.filter(({ type }) => type === "step" || type === "evaluation")).toHaveLength(told);
    trainer.endThreads();
    trainer.destroy();
  });

  it("begins its schedule again where it is resumed, with the quirk scheduler-not-restored", async () => {
    const settings = config({ steps: 6, evaluateEvery: 6, checkpointEvery: 3 });
    const rates = async (quirks: Config["quirks"]): Promise<number[]> => {
      const { storage, events } = await train(
        { ...settings, quirks },
        {
          during: (run, event) => {
            if (event.type === "step" && event.record.step === 3) run.stop();
          },
        },
      );
      const resumed = await train({ ...settings, quirks }, { storage, resume: true });
      return steps({ storage, events: [...events, ...resumed.events] }).map((record) => record.lr);
    };
    const right = await rates([]);
    expect(right.slice(3)).not.toEqual(right.slice(0, 3));
    const [first, second, third] = right;
    expect(await rates(["scheduler-not-restored"])).toEqual([first, second, third, first, second, third]);
  });

  it("says what could not be written, and trains on", async () => {
    class FullStorage extends MemoryStorage {
      override async commit(): Promise<void> {
        throw new Error("no space left on device");
      }
    }
    const run = await train(config({ steps: 2, evaluateEvery: 2, checkpointEvery: 1 }), { storage: new FullStorage() });
    expect(steps(run)).toHaveLength(2);
    expect(run.events.filter(({ type }) => type === "checkpoint")).toEqual([]);
    const said = run.events.filter((event) => event.type === "log" && event.line.includes("no space left on device"));
    expect(said).toHaveLength(2); // one for each checkpoint
    expect(run.events.at(-1)).toMatchObject({ type: "finished", reason: "done" });
  });

  it("refuses to resume with another validation split", async () => {
    const settings = config({ steps: 2, evaluateEvery: 2, checkpointEvery: 2 });
    const { storage } = await train(settings);
    const other = { ...settings, data: { ...settings.data, valFraction: 0.4 }, run: { ...settings.run, steps: 4 } };
    await expect(train(other, { storage, resume: true })).rejects.toThrow(
      /the run was made with samples "\d+\+\d+:[0-9a-f]{8}", now there is/,
    );
  });

  it("refuses to resume where no run is", async () => {
    await expect(train(config({ steps: 1 }), { resume: true })).rejects.toThrow("memory: no checkpoint to resume from");
  });
});
