import { beforeAll, describe, expect, it } from "vitest";
import { makeBatch } from "../../../src/data/batch";
import type { FrameSet } from "../../../src/data/types";
import { evaluate } from "../../../src/train/evaluate";
import type { LookView } from "../../../src/train/inspect/types";
import { SWAP_THUMB_AND_INDEX } from "../../../src/train/inspect/types";
import type { LocalRun } from "../../../src/train/local-run";
import { writeBatch } from "../../../src/train/recording-io";
import { BARE, FRAMES, inspectedConfig, inspectedFrames, inspectedRun } from "../../helpers/inspected-run";
import { MemoryStorage } from "../../helpers/memory-storage";

let frames: FrameSet;
let run: LocalRun;
const storage = new MemoryStorage();
const quiet = (): void => undefined;

/** Some steps are made first: the refinement starts at zero, and a gradient through it would be none. */
beforeAll(async () => {
  frames = await inspectedFrames();
  run = await inspectedRun(frames, inspectedConfig({ steps: 4, evaluateEvery: 2, checkpointEvery: 2 }), { storage });
  await run.run();
  return () => run.destroy();
});

const metric = (view: LookView, name: string): number => view.errors.metrics[name];
const loss = ({ losses }: Pick<LookView, "losses">, name: string): number => losses.find((l) => l.name === name)!.value;

describe("look", () => {
  it("says of every sample what an evaluation says of it, to the bit", async () => {
    const { evaluation, parts } = run.trainer;
    const loader = parts.val;
    const { report } = await evaluate(evaluation, loader, parts.meanPose, quiet);
    let sum = 0;
    for (let index = 0; index < FRAMES; index++) sum += metric(await run.look({ split: "val", index }), "mpjpe_mm");
    expect(sum / FRAMES).toBeCloseTo(report.metrics.mpjpe_mm.value!, 10);
    const view = await run.look({ split: "val", index: 1 });
    const quick = await run.inspect("val", 1);
    expect(metric(view, "mpjpe_mm")).toBeCloseTo(quick.mpjpe_mm, 4);
    expect(view.refined.joints2d).toEqual(quick.jointsPredicted);
    expect(view.truth.joints2d).toEqual(quick.jointsTrue);
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
    await expect(run.look({ split: "val", index: 0, whatIf: { joints: [0, 0] } })).rejects.toThrow("each of 0 to 20 once");
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
    const [first, second] = view.attention;
    expect(first.probabilities).not.toEqual(second.probabilities);
    await expect(run.look({ split: "val", index: 0, attention: [{ block: 2, head: 0 }] })).rejects.toThrow(
      "head 0 of block 2, expected heads 0 to 1 of blocks 0 to 1",
    );
  });

  it("has the feature maps and the places where grid-sample reads them", async () => {
    const { height, width } = run.trainer.model.shape;
    const maps = [0, 1].flatMap((scale) => (["mean", "max", "norm", 5] as const).map((channel) => ({ scale, channel })));
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
    await expect(run.look({ split: "val", index: 0, maps: [{ scale: 2, channel: 0 }] })).rejects.toThrow("feature map 2");
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
    const early = await run.look({ split: "val", index: 0 }, 2);
    expect(early.step).toBe(2);
    expect(early.refined.joints).not.toEqual(now.refined.joints);
    expect(await run.look({ split: "val", index: 0 })).toEqual(now);
    expect(await run.look({ split: "val", index: 0 }, 4)).toEqual(now);
    await expect(run.look({ split: "val", index: 0 }, 3)).rejects.toThrow("no checkpoint of step 3, found those of steps 2, 4");
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
