/** The numbers that the data's checks judge by, against what was put in. */
import { describe, expect, test } from "vitest";
import { DEFAULT_AUGMENT } from "../../src/data/augment";
import { type CropSet, lazyCrops } from "../../src/data/crop-set";
import { newReport } from "../../src/data/import-report";
import { Loader, type LoaderOptions } from "../../src/data/loader";
import type { Frame } from "../../src/data/types";
import { dataEvidence, splitEvidence } from "../../src/train/probes/data";
import { smallHand, testFrame } from "../data/helpers";

const SIZE = 64;
const WIDTH = 48;
const frames = Array.from({ length: 12 }, (_, index) => testFrame(index));

function crops(all: readonly Frame[]): CropSet {
  const byId = new Map(all.map((frame) => [frame.id, frame]));
  const set = { name: "made", ids: [...byId.keys()], report: newReport(), read: async (id: string) => byId.get(id)! };
  return lazyCrops(set, { size: SIZE });
}

function loaders(set: CropSet, augment = DEFAULT_AUGMENT): Parameters<typeof dataEvidence>[0] {
  const shape: Omit<LoaderOptions, "mode"> = { size: SIZE, width: WIDTH, batchSize: 4, seed: 2 };
  const [ids, held] = [set.ids.slice(0, 8), set.ids.slice(8)];
  return {
    train: new Loader(set, { ...shape, mode: "train", ids, augment }),
    trainPlain: new Loader(set, { ...shape, mode: "evaluate", ids }),
    val: new Loader(set, { ...shape, mode: "evaluate", ids: held }),
    hand: smallHand(),
  };
}

describe("evidence of samples", () => {
  test("takes the first of training's order, over several epochs", async () => {
    const parts = loaders(crops(frames));
    const { samples } = await dataEvidence(parts, { depthCube: 0.28, samples: 11 });
    const order = [0, 1].flatMap((epoch) => [0, 1].flatMap((index) => parts.train.idsOf(epoch, index)));
    expect(samples.map(({ id }) => id)).toEqual(order.slice(0, 11));
  });

  test("measures what augmentation did, and that all labels followed", async () => {
    const { samples, testFrame: made } = await dataEvidence(
      loaders(crops(frames), { ...DEFAULT_AUGMENT, rotation: 3 }),
      { depthCube: 0.28 },
    );
    expect(Math.max(...samples.map(({ augmentation }) => Math.abs(augmentation.cropDegrees)))).toBeGreaterThan(90);
    for (const { plain, augmented, augmentation } of samples) {
      expect(plain.cropDegrees).toBeCloseTo(0, 10);
      expect(augmentation.jointsDegrees).toBeCloseTo(augmentation.cropDegrees, 2);
      expect(augmentation.poseDegrees).toBeCloseTo(augmentation.cropDegrees, 2);
      expect(augmentation.poseOffAxisDegrees).toBeLessThan(0.01);
      expect(Math.abs(augmentation.scale - 1)).toBeLessThanOrEqual(DEFAULT_AUGMENT.scale + 1e-6);
      expect(augmentation.shift).toBeLessThanOrEqual(Math.SQRT2 * DEFAULT_AUGMENT.shift + 1e-6);
      for (const projection of [plain, augmented].flatMap((each) => [each.projected3d!, each.projectedFrame!])) {
        expect(Math.max(projection.xPx, projection.yPx)).toBeLessThan(0.01);
      }
      expect(Math.max(plain.mano!.gapMm, augmented.mano!.gapMm)).toBeLessThan(0.01);
    }
    expect(made.rgb.map((value) => Math.round(100 * value))).toEqual(
      [100, 0, 0].map((value) => expect.closeTo(value, 5)),
    );
    expect(made.depthSlope).toBeCloseTo(1, 1);
  });

  test("takes ImageNet's normalisation back", async () => {
    const grey = frames.map((frame) => ({
      ...frame,
      rgb: { ...frame.rgb, data: frame.rgb.data.map((_, i) => [51, 102, 204][i % 3]) },
    }));
    const { samples } = await dataEvidence(loaders(crops(grey)), { depthCube: 0.28 });
    // The crops of these small images reach beyond their edges, where it is black.
    const inside = samples.filter(({ plain }) => plain.imageStd < 1e-3);
    expect(inside.length).toBeGreaterThan(0);
    for (const { plain } of inside) {
      for (const [c, value] of [0.2, 0.4, 0.8].entries()) expect(plain.imageMeans[c]).toBeCloseTo(value, 4);
    }
  });

  test("finds the turn between MANO and joints", async () => {
    const turned = frames.map((frame) => {
      const flipped = frame.joints3d.map((value, i) => (i % 3 === 0 ? value : 2 * frame.joints3d[i % 3] - value));
      return { ...frame, joints3d: flipped };
    });
    const { samples } = await dataEvidence(loaders(crops(turned)), { depthCube: 0.28 });
    for (const { plain } of samples) {
      const [x, y, z] = plain.mano!.turnDegrees;
      expect(Math.abs(x)).toBeCloseTo(180, 2);
      expect(Math.hypot(y, z)).toBeLessThan(0.01);
      expect(plain.mano!.gapMm).toBeGreaterThan(5);
      expect(plain.mano!.turnedMm).toBeLessThan(0.01);
      expect(plain.mano!.otherwise!.openGl).toBeLessThan(0.01);
      expect(plain.mano!.otherwise!.mirrored).toBeGreaterThan(1);
    }
  });
});

test("what training and validation share is counted by names", () => {
  const train = ["SYA0/0001", "SYA0/0009", "SYB0/0001", "SYC1/0004"];
  const validation = ["SYA0/0003", "SYA0/0020", "SYC0/0004", "SYD0/0000", "SYD0/0000"];
  expect(splitEvidence(train, validation)).toEqual({
    train: 4,
    validation: 5,
    sharedFrames: 0,
    sharedSequences: 1,
    validationSequences: 3,
    sharedRecordings: 2,
    validationRecordings: 3,
    examples: ["SYA0/0003", "SYA0/0020", "SYC0/0004"],
    nearestFrames: 6.5,
    repeatedValidation: 1,
  });
});
