import { beforeAll, describe, expect, it, vi } from "vitest";
import { makeBatch } from "../../../src/data/batch";
import type { FrameSet } from "../../../src/data/types";
import { METRIC_NAMES } from "../../../src/metrics/judge";
import { evaluate } from "../../../src/train/evaluate";
import type { TrainEvent } from "../../../src/train/events";
import { keptLook, keptLooks, wholeRequest, worstPlaces } from "../../../src/train/inspect/kept";
import { numbersOf } from "../../../src/train/inspect/numbers";
import { recordLook } from "../../../src/train/inspect/recording";
import { readScores, SAMPLE_SCORE_COLUMNS } from "../../../src/train/inspect/scores";
import type { LookView } from "../../../src/train/inspect/types";
import { SWAP_THUMB_AND_INDEX } from "../../../src/train/inspect/types";
import type { LocalRun } from "../../../src/train/local-run";
import { writeBatch } from "../../../src/train/recording-io";
import { utf8 } from "../../../src/train/storage";
import { BARE, FRAMES, inspectedConfig, inspectedFrames, inspectedRun } from "../../helpers/inspected-run";
import { MemoryStorage } from "../../helpers/memory-storage";

let frames: FrameSet;
let run: LocalRun;
const storage = new MemoryStorage();
const told: TrainEvent[] = [];
const config = inspectedConfig({ steps: 4, evaluateEvery: 2, checkpointEvery: 2 });
/** A hundred kernels are compiled, which a processor without a GPU takes seconds for. */
const PATIENCE_MS = 600_000;
const quiet = (): void => undefined;

/** Some steps are made first: the refinement starts at zero, and a gradient through it would be none. */
beforeAll(async () => {
  frames = await inspectedFrames();
  run = await inspectedRun(frames, config, { storage, keepWorst: 2, emit: (event) => told.push(event) });
  await run.run();
  return () => run.destroy();
}, PATIENCE_MS);

const metric = (view: LookView, name: string): number => view.errors.metrics[name];
const loss = ({ losses }: Pick<LookView, "losses">, name: string): number => losses.find((l) => l.name === name)!.value;

/** softmax(q k^T / sqrt(8)) [T, T] of qkv [T, 48]: q begins at column `q` of a row, k at `k`. */
function softmaxOfProducts(qkv: Float32Array, tokens: number, q: number, k: number): number[] {
  const at = (token: number, from: number): number[] => [...qkv.subarray(48 * token + from, 48 * token + from + 8)];
  return Array.from({ length: tokens }, (_, query) => {
    const powers = Array.from({ length: tokens }, (_, key) => {
      const other = at(key, k);
      return Math.exp(at(query, q).reduce((sum, x, i) => sum + x * other[i], 0) / Math.sqrt(8));
    });
    const total = powers.reduce((a, b) => a + b, 0);
    return powers.map((p) => p / total);
  }).flat();
}

describe("look", () => {
  it("says of every sample what an evaluation says of it, to the bit", async () => {
    const { evaluation, parts } = run.trainer;
    const loader = parts.val;
    const { report } = await evaluate(evaluation, loader, parts.meanPose, quiet);
    let sum = 0;
    for (let index = 0; index < FRAMES; index++) sum += metric(await run.look({ split: "val", index }), "mpjpe_mm");
    expect(sum / FRAMES).toBeCloseTo(report.metrics.mpjpe_mm.value!, 10);
    const view = await run.look({ split: "val", index: 1 });
    const [quick] = await run.predict("val", [1]);
    expect(metric(view, "mpjpe_mm")).toBeCloseTo(quick.mpjpe_mm, 4);
    expect(view.refined.joints2d).toEqual(quick.joints);
    expect(view.refined.vertices2d).toEqual(quick.vertices);
    expect(view.step).toBe(4);
    expect(view.errors.jointsMm[0]).toBe(0);
    expect(view.errors.verticesMm).toHaveLength(view.refined.vertices.length / 3);
    expect(view.debugLines[0]).toBe("[Debug Batch 1]");
    expect(view.debugLines.at(-1)).toBe(`  Loss value: ${loss(view, "loss_3d_joint").toPrecision(6)}`);
    await expect(run.look({ split: "val", index: FRAMES })).rejects.toThrow(
      `inspect: sample ${FRAMES} of val, expected 0 to ${FRAMES - 1}`,
    );
  });

  it("without depth says what an evaluation without depth says", async () => {
    const { evaluation, parts } = run.trainer;
    let given = 0;
    let without = 0;
    for (let index = 0; index < FRAMES; index++) {
      const view = await run.look({ split: "val", index, whatIf: { dropDepth: true } });
      expect(view.depth).toBeUndefined();
      without += metric(view, "mpjpe_mm");
      given += view.plain!.errors.metrics.mpjpe_mm;
      const isSame = loss(view, "total_loss") === loss(view.plain!, "total_loss");
      expect(isSame).toBe(index === BARE);
    }
    const { report } = await evaluate(evaluation, parts.val, parts.meanPose, quiet, { alsoWithoutDepth: true });
    expect(without / FRAMES).toBeCloseTo(report.modalities.RGB.metrics.mpjpe_mm.value!, 10);
    expect(given / FRAMES).toBeCloseTo(report.metrics.mpjpe_mm.value!, 10);
  });

  it("changes the truth and the box, and gives the figures without the change beside", async () => {
    const plain = await run.look({ split: "val", index: 0 });
    const swapped = await run.look({ split: "val", index: 0, whatIf: { joints: SWAP_THUMB_AND_INDEX } });
    expect(metric(swapped, "mpjpe_mm")).toBeGreaterThan(metric(plain, "mpjpe_mm") + 1);
    expect(swapped.refined).toEqual(plain.refined);
    expect(swapped.truth.joints2d.subarray(2, 10)).toEqual(plain.truth.joints2d.subarray(10, 18));
    expect(swapped.plain).toEqual({ losses: plain.losses, errors: plain.errors, inMapShare: plain.inMapShare });
    const millimetres = await run.look({ split: "val", index: 0, whatIf: { truthScale: 1000 } });
    expect(metric(millimetres, "mpjpe_mm")).toBeGreaterThan(10_000);
    expect(loss(millimetres, "loss_2d")).toBe(loss(plain, "loss_2d"));
    const moved = await run.look({ split: "val", index: 0, whatIf: { shiftBox: [3, -2] } });
    for (let j = 0; j < 21; j++) {
      expect(moved.truth.joints2d[2 * j]).toBeCloseTo(plain.truth.joints2d[2 * j] - 3, 4);
      expect(moved.truth.joints2d[2 * j + 1]).toBeCloseTo(plain.truth.joints2d[2 * j + 1] + 2, 4);
    }
    expect(moved.crop.rgba).not.toEqual(plain.crop.rgba);
    // What is read after a run is of the change, not of the figures beside it.
    expect(moved.sampling[0].input[0]).toBeCloseTo(moved.coarse.vertices2d[0], 3);
    expect(moved.sampling[0].input[0]).not.toBe(plain.sampling[0].input[0]);
    await expect(run.look({ split: "val", index: 0, whatIf: { joints: [0, 0] } })).rejects.toThrow(
      "each of 0 to 20 once",
    );
  });

  it("has attention whose rows sum to 1 and equal the reference from the weights' own tokens", async () => {
    const attention = [0, 1].flatMap((block) => [0, 1].map((head) => ({ block, head })));
    const view = await run.look({ split: "val", index: 3, attention });
    const tokens = 18 + 2 * 2;
    expect(view.tokens).toMatchObject({ rows: 2, columns: 2, blocks: 2, heads: 2 });
    expect(view.attention).toHaveLength(4);
    for (const { probabilities } of view.attention) {
      expect(probabilities).toHaveLength(tokens * tokens);
      for (let q = 0; q < tokens; q++) {
        const sum = probabilities.subarray(q * tokens, (q + 1) * tokens).reduce((a, b) => a + b, 0);
        expect(sum).toBeCloseTo(1, 6);
      }
    }
    const { val } = run.trainer.parts;
    const batch = makeBatch([await val.sampleOf(await val.set.read(val.ids[3]), 0)], 1);
    const recording = await recordLook(run.trainer);
    await numbersOf(recording, batch, batch, config.loss);
    const qkv = await recording.plan.read(...recording.stages.qkv);
    recording.plan.destroy();
    const places = recording.stages.qkv.map(({ name }) => /blocks\.(\d)/.exec(name)?.[1]);
    expect(places).toEqual(["0", "1"]);
    for (const { block, head, probabilities } of view.attention) {
      const reference = softmaxOfProducts(qkv[block], tokens, 8 * head, 16 + 8 * head);
      expect(Math.max(...probabilities.map((p, i) => Math.abs(p - reference[i])))).toBeLessThan(1e-7);
    }
    await expect(run.look({ split: "val", index: 0, attention: [{ block: 2, head: 0 }] })).rejects.toThrow(
      "head 0 of block 2, expected heads 0 to 1 of blocks 0 to 1",
    );
  });

  it("has the feature maps and the places where grid-sample reads them", async () => {
    const { height, width } = run.trainer.model.shape;
    const maps = [0, 1].flatMap((scale) =>
      (["mean", "max", "norm", 5] as const).map((channel) => ({ scale, channel })),
    );
    const view = await run.look({ split: "val", index: 1, maps });
    expect(view.maps.map(({ rows, columns }) => rows * columns)).toEqual([4, 4, 4, 4, 16, 16, 16, 16]);
    expect(view.maps[1].values.every((most, i) => most >= view.maps[0].values[i])).toBe(true);
    expect(view.sampling.map(({ rows }) => rows)).toEqual([2, 4]);
    let share = 0;
    for (const { pixels, input, inside, rows, columns } of view.sampling) {
      for (let v = 0; v < inside.length; v++) {
        // Where the coarse mesh projects to, by the model's own camera, is where the maps are read.
        const x = (view.coarse.vertices2d[2 * v] / width) * columns - 0.5;
        const y = (view.coarse.vertices2d[2 * v + 1] / height) * rows - 0.5;
        expect(Math.abs(pixels[2 * v] - x)).toBeLessThan(1e-3);
        expect(Math.abs(pixels[2 * v + 1] - y)).toBeLessThan(1e-3);
        expect(Math.abs(input[2 * v] - view.coarse.vertices2d[2 * v])).toBeLessThan(1e-2);
      }
      share += inside.reduce((a, b) => a + b, 0) / inside.length / 2;
    }
    expect(view.inMapShare).toBeCloseTo(share, 6);
    await expect(run.look({ split: "val", index: 0, maps: [{ scale: 2, channel: 0 }] })).rejects.toThrow(
      "feature map 2",
    );
  });

  it("has the gradient of the loss with respect to image and depth", async () => {
    const { evaluation, parts } = run.trainer;
    const sample = await parts.val.sampleOf(await parts.val.set.read(parts.val.ids[0]), 0);
    const { gradients } = await run.look({ split: "val", index: 0, gradients: true });
    const lossOf = async (image: Float32Array, depth: Float32Array): Promise<number> => {
      writeBatch(evaluation, makeBatch([{ ...sample, image, depth }], evaluation.batch));
      evaluation.plan.run();
      return (await evaluation.plan.read(evaluation.losses.total_loss))[0][0];
    };
    /** Along the gradient itself in some pixels: the loss there is large beside its rounding. */
    const slope = async (name: "image" | "depth"): Promise<{ measured: number; expected: number }> => {
      const gradient = gradients![name];
      const isChosen = gradient.map((_, i) => (i % 3 === 0 ? 1 : 0));
      const length = Math.hypot(...gradient.map((g, i) => g * isChosen[i]));
      const size = 0.05;
      const moved = (sign: number): Float32Array =>
        sample[name].map((x, i) => x + (sign * size * isChosen[i] * gradient[i]) / length);
      const at = (sign: number): Promise<number> =>
        name === "image" ? lossOf(moved(sign), sample.depth) : lossOf(sample.image, moved(sign));
      return { measured: ((await at(1)) - (await at(-1))) / (2 * size), expected: length };
    };
    for (const name of ["image", "depth"] as const) {
      const { measured, expected } = await slope(name);
      expect(expected).toBeGreaterThan(1e-5);
      expect(Math.abs(measured / expected - 1)).toBeLessThan(0.05);
    }
    const names = gradients!.modules.map(({ name }) => name);
    expect(names).toContain("vit_backbone.blocks.1");
    expect(names).toContain("modality_fusion.rgb_embed");
    expect(gradients!.norm).toBeCloseTo(Math.hypot(...gradients!.modules.map(({ norm }) => norm)), 8);
    expect(gradients!.modules.reduce((sum, { parameters }) => sum + parameters, 0)).toBe(
      run.trainer.store.trainableCount,
    );
    const bare = await run.look({ split: "val", index: BARE, gradients: true });
    expect(bare.gradients!.depth.every((x) => x === 0)).toBe(true);
    expect(bare.gradients!.image.some((x) => x !== 0)).toBe(true);
  });

  it("shows the weights of a checkpoint and puts the run's own back", async () => {
    const now = await run.look({ split: "val", index: 0 });
    const weights = await run.trainer.store.read();
    const early = await run.look({ split: "val", index: 0, gradients: true }, 2);
    expect(await run.trainer.store.read()).toEqual(weights);
    expect(early.step).toBe(2);
    expect(early.refined.joints).not.toEqual(now.refined.joints);
    expect(await run.look({ split: "val", index: 0 })).toEqual(now);
    expect(await run.look({ split: "val", index: 0 }, 4)).toEqual(now);
    await expect(run.look({ split: "val", index: 0 }, 3)).rejects.toThrow(
      "no checkpoint of step 3, found those of steps 2, 4",
    );
  });

  it("that is cancelled leaves the network as it was, to the bit, and the next one answers", async () => {
    const request = { split: "val", index: 0, gradients: true, frame: true } as const;
    const before = await run.look(request);
    const weights = await run.trainer.store.read();
    const early = run.look(request);
    await run.cancelLook();
    await expect(early).rejects.toThrow("look: cancelled");
    // While the weights of a checkpoint stand in for the run's own.
    const { store } = run.trainer;
    const write = vi.spyOn(store, "write").mockImplementationOnce((...given) => {
      write.mockRestore();
      void run.cancelLook();
      store.write(...given);
    });
    await expect(run.look(request, 2)).rejects.toThrow("look: cancelled");
    expect(await store.read()).toEqual(weights);
    expect(await run.look(request)).toEqual(before);
  });

  it("shows the frame as filmed, with what is cut out of it", async () => {
    const { frame } = await run.look({ split: "val", index: 0, frame: true });
    if (frame === undefined || typeof frame === "string") throw new Error(`no frame: ${frame}`);
    const { rgb } = await frames.read(run.trainer.parts.val.ids[0]);
    expect([frame.width, frame.height]).toEqual([rgb.width, rgb.height]);
    expect([...frame.rgba.subarray(0, 4)]).toEqual([rgb.data[0], rgb.data[1], rgb.data[2], 255]);
    const [x, y, side] = frame.square;
    const [fx, fy] = (await frames.read(run.trainer.parts.val.ids[0])).camera;
    const half = side / 2;
    // The network's input is square; a pixel of the camera need not be.
    [x - half, y - (half * fy) / fx, x + half, y - (half * fy) / fx].forEach((corner, i) => {
      expect(frame.corners[i]).toBeCloseTo(corner, 3);
    });
  });
});

describe("a run that keeps its worst samples", () => {
  it("has them among its files when it ends, with every stage", async () => {
    const { columns, values } = (await run.samples("val")).scores!;
    const worst = worstPlaces({ step: 4, epoch: 0, columns, values }, 2);
    expect(await keptLooks(storage)).toEqual(worst.toSorted((a, b) => a - b).map((index) => ({ split: "val", index })));
    const { view, about } = await keptLook(storage, { split: "val", index: worst[0] });
    expect(about).toEqual({ run: "test", whatIf: {}, keptBy: "run" });
    expect(view).toEqual(await run.look(wholeRequest(config, view)));
    expect([view.attention.length, view.maps.length, view.step]).toEqual([2, 2, 4]);
    expect(view.gradients!.norm).toBeGreaterThan(0);
    const lines = told.flatMap((event) => (event.type === "log" ? [event.line] : []));
    const list = `val ${worst[0]}, val ${worst[1]}`;
    expect(lines.at(-1)).toBe(`kept the worst validation samples of step 4: ${list}`);
    expect(told.at(-1)!.type).toBe("finished");
    expect(storage.text("log.txt")).toContain(list);
  });
});

describe("a run that is held", () => {
  it("answers before its first step, also where none is left, and makes those that are", async () => {
    const events: TrainEvent[] = [];
    const plain = await run.look({ split: "val", index: 0 });
    for (const steps of [4, 5]) {
      events.length = 0;
      const copy = new MemoryStorage();
      for (const [path, bytes] of storage.files) copy.files.set(path, bytes);
      const held = await inspectedRun(frames, inspectedConfig({ steps, evaluateEvery: 2, checkpointEvery: 2 }), {
        ...{ storage: copy, resume: true, emit: (event) => events.push(event) },
      });
      held.pause();
      const going = held.trainer.run({ isHeld: true });
      await vi.waitFor(() => expect(events.at(-1)).toEqual({ type: "paused", step: 4 }));
      expect(await held.look({ split: "val", index: 0 })).toEqual(plain);
      held.resume();
      expect(await going).toEqual({ kind: "done", step: steps });
      expect(events.filter(({ type }) => type === "step")).toHaveLength(steps - 4);
      expect(events.some(({ type }) => type === "evaluation")).toBe(steps > 4);
      held.destroy();
    }
  });
});

describe("scores of samples", () => {
  it("are those of the evaluation, in the table and in scores.json", async () => {
    const table = await run.samples("val");
    expect(table.hasDepth[BARE]).toBe(0);
    const { step, columns, values } = table.scores!;
    expect(step).toBe(4);
    const at = (i: number, name: string): number => values[i * columns.length + columns.indexOf(name)];
    for (const index of [0, BARE]) {
      const { errors, losses } = await run.look({ split: "val", index });
      for (const name of METRIC_NAMES) expect(at(index, name)).toBe(Math.fround(errors.metrics[name]));
      for (const { name, value } of losses) expect(at(index, name)).toBe(Math.fround(value));
      const { errors: without } = await run.look({ split: "val", index, whatIf: { dropDepth: true } });
      const expected = index === BARE ? Number.NaN : Math.fround(without.metrics.mpjpe_mm);
      expect(at(index, "without_depth.mpjpe_mm")).toBe(expected);
    }
    const stored = readScores(storage.files.get("scores.json")!);
    expect(stored.ids).toEqual(run.trainer.parts.val.ids);
    expect(stored.table.columns).toEqual(columns);
    for (const [i, value] of values.entries()) {
      const kept = stored.table.values[i];
      if (Number.isNaN(value)) expect(kept).toBeNaN();
      else expect(Math.abs(kept - value)).toBeLessThanOrEqual(1e-5 * Math.abs(value));
    }
    expect((await run.samples("train")).scores).toBeUndefined();
    const part = await run.samples("val", 2, 4);
    expect(part.scores!.values).toEqual(values.slice(2 * columns.length, 4 * columns.length));
  });

  it("come from the run's files when it is gone on with, and are refused where they are none", async () => {
    const resumed = await inspectedRun(frames, config, { storage, resume: true });
    const { scores } = await resumed.samples("val");
    expect(scores!.step).toBe(4);
    expect(scores!.values).toHaveLength(FRAMES * SAMPLE_SCORE_COLUMNS.length);
    resumed.destroy();
    expect(() => readScores(utf8('{"step": 1}'))).toThrow("scores.json: holds step, expected step, epoch, ids");
    expect(() => readScores(utf8("["))).toThrow(/^scores\.json: .*; delete it/);
    const short = { step: 1, epoch: 0, ids: ["a"], columns: ["x", "y"], rows: [[1]] };
    expect(() => readScores(utf8(JSON.stringify(short)))).toThrow("row 0 has 1 numbers, expected 2");
  });
});

describe("a thumbnail", () => {
  it("shows the crop that an evaluation shows, smaller", async () => {
    const { val } = run.trainer.parts;
    const { crop, truth } = await run.look({ split: "val", index: 0 });
    const [small] = await run.thumbnails("val", [0], 16);
    expect([small.width, small.height, small.index, small.id]).toEqual([16, 16, 0, val.ids[0]]);
    let difference = 0;
    for (let y = 0; y < 16; y++) {
      for (let x = 0; x < 16; x++) {
        let sum = 0;
        for (const [dx, dy] of [
          [0, 0],
          [1, 0],
          [0, 1],
          [1, 1],
        ])
          sum += crop.rgba[4 * ((2 * y + dy) * 32 + 2 * x + dx)];
        difference += Math.abs(small.rgba[4 * (16 * y + x)] - sum / 4) / 256;
      }
    }
    expect(difference).toBeLessThan(8);
    for (let i = 0; i < 42; i++) expect(small.joints[i]).toBeCloseTo(truth.joints2d[i] / 2, 3);
    expect(small.confidence).toEqual(truth.confidence);
    expect(small.depth).toHaveLength(256);
    await expect(run.thumbnails("val", [FRAMES], 16)).rejects.toThrow(`sample ${FRAMES} of val`);
    await expect(run.thumbnails("val", [0], 0)).rejects.toThrow("thumbnail: 0 rows");
  });
});

describe("augmentation steps", () => {
  it("end with what is trained on, to the bit, and labels follow every step", async () => {
    const { train } = run.trainer.parts;
    for (const epoch of [0, 3]) {
      const view = await run.look({ split: "train", index: 1, epoch, steps: true });
      expect(view.steps.map(({ name }) => name)).toEqual([
        ...["crop", "rotation", "scale", "shift", "colour", "depth noise", "occlusion", "dropped depth"],
      ]);
      const last = view.steps.at(-1)!;
      expect(last.rgba).toEqual(view.crop.rgba);
      expect(last.depth).toEqual(view.depth);
      const sample = await train.sampleOf(await train.set.read(train.ids[1]), epoch);
      expect(view.truth.joints2d[0]).toBe(Math.fround(sample.joints2d[0] * 32 + 16));
      for (const { residualPx } of view.steps) expect(Math.max(...residualPx)).toBeLessThan(1e-3);
      expect(view.steps[1].text).toMatch(/^turned by (-?\d+\.\d|less than 0\.05) degrees$/);
      expect(view.steps[1].joints).not.toEqual(view.steps[0].joints);
      expect(view.steps[4].joints).toEqual(view.steps[3].joints);
    }
    const plain = await run.look({ split: "train", index: 1 });
    const { steps } = await run.look({ split: "train", index: 1, epoch: 0, steps: true });
    expect(steps[0].rgba).toEqual(plain.crop.rgba);
    expect(steps[0].depth).toEqual(plain.depth);
    expect(steps[0].joints).toEqual(plain.truth.joints2d);
    await expect(run.look({ split: "val", index: 1, epoch: 0 })).rejects.toThrow("of training samples only");
  });

  it("show by their residual that labels do not follow the image; a pretended camera is drawn as it is", async () => {
    const model = { ...config.model, camera: "pretend" } as const;
    const broken = await inspectedRun(frames, { ...config, model, quirks: ["labels-not-augmented"] });
    const { steps } = await broken.look({ split: "train", index: 1, epoch: 0, steps: true });
    expect(Math.max(...steps[0].residualPx)).toBeLessThan(1e-3);
    expect(Math.max(...steps[1].residualPx)).toBeGreaterThan(0.1);
    const view = await broken.look({ split: "val", index: 0 });
    expect(view.focal).toBe(5000 / 256);
    expect(view.trueFocal).toBeLessThan(15);
    const [quick] = await broken.predict("val", [0]);
    expect(view.refined.vertices2d).toEqual(quick.vertices);
    // The fingertip of the mesh is a joint as well.
    const tip = broken.trainer.model.hand.tips[0];
    expect(quick.vertices[2 * tip]).toBeCloseTo(quick.joints[2 * 4], 3);
    broken.destroy();
  });
});

describe("an inspected run", () => {
  it("is the same to the last bit as one that nobody looked at", async () => {
    const other = new MemoryStorage();
    const looks: Promise<unknown>[] = [];
    const steps: number[] = [];
    let watched: LocalRun | undefined;
    const emit = (event: TrainEvent): void => {
      if (event.type !== "step" || event.record.step > 2 || !watched) return;
      const attention = [{ block: 0, head: 1 }];
      watched.pause();
      const asked = [
        watched.look({ split: "train", index: 1, epoch: 0, steps: true, gradients: true, frame: true }),
        watched.look({ split: "val", index: 2, gradients: true, whatIf: { dropDepth: true }, attention }),
        watched.predict("val", [3, 0, 1, 2, 4]).then((all) => steps.push(...all.map(({ step }) => step))),
        watched.samples("train"),
        watched.thumbnails("train", [0, 1], 16),
      ];
      looks.push(Promise.all(asked).finally(() => watched?.resume()));
    };
    watched = await inspectedRun(frames, config, { storage: other, emit });
    await watched.run();
    await Promise.all(looks);
    watched.destroy();
    expect(steps).toEqual([1, 1, 1, 1, 1, 2, 2, 2, 2, 2]);
    const written = ["model.safetensors", "optimizer.safetensors"].map((name) => `checkpoints/step-000004/${name}`);
    for (const path of [...written, "scores.json"]) {
      expect(storage.files.get(path)!.length).toBeGreaterThan(100);
      expect(other.files.get(path)).toEqual(storage.files.get(path));
    }
    const lossesOf = (text: string): unknown =>
      text
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line).losses);
    expect(lossesOf(other.text("metrics.jsonl"))).toEqual(lossesOf(storage.text("metrics.jsonl")));
    await expect(watched.look({ split: "val", index: 0 })).rejects.toThrow("look: the network is gone");
  });
});
