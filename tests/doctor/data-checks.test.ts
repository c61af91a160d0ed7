/** Every fault of the data that can be planted is named first, and healthy data is not blamed. */
import { beforeAll, describe, expect, test } from "vitest";
import type { Config } from "../../src/config";
import type { QuirkName } from "../../src/config/quirks";
import type { AugmentOptions } from "../../src/data/augment";
import { mirrorMano } from "../../src/data/mirror";
import type { SyntheticFrameSet } from "../../src/data/synthetic/frames";
import type { Frame, FrameSet } from "../../src/data/types";
import { type Diagnosis, diagnose } from "../../src/doctor/finding";
import { dataFindings } from "../../src/doctor/preflight-data";
import type { DataEvidence } from "../../src/train/evidence";
import { drawnFrames, evidenceOf, ho3dEvidence, ho3dFiles, smallConfig, tinyConfig } from "../helpers/data-evidence";
import { openHand } from "../helpers/open-hand";

const SEEDS = [3, 8];
const FRAMES = 12;

let sets: SyntheticFrameSet[];
let trees: Map<string, Uint8Array>[];

beforeAll(async () => {
  sets = await Promise.all(SEEDS.map((seed) => drawnFrames(FRAMES, seed)));
  trees = await Promise.all(sets.map(ho3dFiles));
}, 240_000);

const diagnosesOf = (evidence: DataEvidence): Diagnosis[] => diagnose(dataFindings(evidence));

/** Ids of what is graver than a note, in order. */
const faults = (diagnoses: readonly Diagnosis[]): string[] =>
  diagnoses.filter(({ severity }) => severity !== "note").map(({ id }) => id);

/** The finding that each quirk has to lead to. */
const SYNTHETIC: readonly (readonly [QuirkName, string])[] = [
  ["opengl-unconverted", "crop-empty"],
  ["com-shift-twice", "crop-moved-twice"],
  ["labels-not-augmented", "labels-not-rotated"],
  ["pose-not-augmented", "hand-pose-not-rotated"],
  ["bgr", "channel-order"],
  ["width-normalised", "x-normalised-by-width"],
  ["gt-recentred", "labels-root-relative"],
  ["random-frame-split", "split-leak"],
  ["duplicate-samples", "samples-doubled"],
];

const HO3D: readonly (readonly [QuirkName, string])[] = [
  ["opengl-unconverted", "frame-opengl"],
  ["pose-opengl", "hand-pose-frame"],
  ["depth-bytes-swapped", "depth-bytes"],
  ["com-shift-twice", "crop-moved-twice"],
  ["pose-not-augmented", "hand-pose-not-rotated"],
];

/** Seeds of data and run; the second set at tiny's own size. */
const configFor = (index: number, quirks: readonly QuirkName[]): Config => {
  const config = index === 0 ? smallConfig(quirks) : tinyConfig(quirks);
  return { ...config, run: { ...config.run, seed: index + 1 } };
};

describe.each(SYNTHETIC)("quirk %s on rendered frames", (quirk, id) => {
  test.each(SEEDS.map((seed, index) => [seed, index]))("is named alone, data seed %i", async (_, index) => {
    const diagnoses = diagnosesOf(await evidenceOf(sets[index], configFor(index, [quirk])));
    expect(faults(diagnoses)).toEqual([id]);
    expect(diagnoses[0].change?.withoutQuirks).toContain(quirk);
  });
});

describe.each(HO3D)("quirk %s on an HO-3D tree", (quirk, id) => {
  test.each(SEEDS.map((seed, index) => [seed, index]))("is named alone, data seed %i", async (_, index) => {
    const diagnoses = diagnosesOf(await ho3dEvidence(trees[index], configFor(index, [quirk])));
    expect(faults(diagnoses)).toEqual([id]);
    expect(diagnoses[0].change?.withoutQuirks).toContain(quirk);
  });
});

describe("pairs of quirks are both named", () => {
  test.each<[QuirkName, QuirkName]>([
    ["labels-not-augmented", "pose-not-augmented"],
    ["labels-not-augmented", "width-normalised"],
    ["gt-recentred", "labels-not-augmented"],
    ["gt-recentred", "width-normalised"],
    ["com-shift-twice", "width-normalised"],
    ["com-shift-twice", "labels-not-augmented"],
    ["bgr", "random-frame-split"],
    ["duplicate-samples", "pose-not-augmented"],
    ["opengl-unconverted", "com-shift-twice"],
    ["opengl-unconverted", "labels-not-augmented"],
    ["opengl-unconverted", "width-normalised"],
  ])("%s and %s", async (a, b) => {
    const idOf = new Map(SYNTHETIC);
    const found = faults(diagnosesOf(await evidenceOf(sets[0], configFor(0, [a, b]))));
    expect(found).toEqual(expect.arrayContaining([idOf.get(a), idOf.get(b)]));
    expect(found).toHaveLength(2);
  });

  test.each<[QuirkName, QuirkName]>([
    ["pose-opengl", "pose-not-augmented"],
    ["pose-opengl", "labels-not-augmented"],
    ["depth-bytes-swapped", "bgr"],
  ])("%s and %s on an HO-3D tree", async (a, b) => {
    const idOf = new Map([...SYNTHETIC, ...HO3D]);
    const found = faults(diagnosesOf(await ho3dEvidence(trees[0], configFor(0, [a, b]))));
    expect(found).toEqual(expect.arrayContaining([idOf.get(a), idOf.get(b)]));
    expect(found).toHaveLength(2);
  });
});

describe("nothing graver than a note", () => {
  const withAugment = (change: (base: AugmentOptions) => AugmentOptions): Config => {
    const config = smallConfig();
    return { ...config, data: { ...config.data, augment: change(config.data.augment) } };
  };
  const strong: Partial<AugmentOptions> = {
    ...{ rotation: Math.PI, scale: 0.4, shift: 0.2, brightness: 0.5, contrast: 0.5, saturation: 0.5, hue: 0.5 },
    ...{ channelGain: 0.3, occlusion: 1, occlusionSize: 0.6, depthNoise: 0.01, depthHoles: 0.3, depthShift: 0.03 },
  };
  const off = (base: AugmentOptions): AugmentOptions =>
    Object.fromEntries(Object.keys(base).map((name) => [name, 0])) as unknown as AugmentOptions;
  const withoutDepth = (set: FrameSet): FrameSet => ({
    ...set,
    read: async (id) => ({ ...(await set.read(id)), depth: undefined }),
  });
  const withoutMano = (set: FrameSet): FrameSet => ({
    ...set,
    read: async (id) => ({ ...(await set.read(id)), mano: undefined }),
  });
  const square = (base: Config): Config => ({ ...base, model: { ...base.model, width: base.model.height } });
  const axisAngle = (base: Config): Config => ({ ...base, model: { ...base.model, jointRep: "aa" } });
  const cases: readonly (readonly [string, () => Config, (set: FrameSet) => FrameSet])[] = [
    ["64 x 48", smallConfig, (set) => set],
    ["tiny's own size", tinyConfig, (set) => set],
    ["axis-angle", () => axisAngle(smallConfig()), (set) => set],
    ["square input", () => square(smallConfig()), (set) => set],
    ["RGB only", smallConfig, withoutDepth],
    ["no MANO parameters", smallConfig, withoutMano],
    ["augmentation off", () => withAugment(off), (set) => set],
    ["strong augmentation", () => withAugment((base) => ({ ...base, ...strong })), (set) => set],
    ["all samples without depth", () => withAugment((base) => ({ ...base, dropDepth: 1 })), (set) => set],
  ];

  test.each(cases)("%s", async (_, config, change) => {
    for (const set of sets) expect(faults(diagnosesOf(await evidenceOf(change(set), config())))).toEqual([]);
  });

  test("an HO-3D tree", async () => {
    for (const files of trees) expect(faults(diagnosesOf(await ho3dEvidence(files, smallConfig())))).toEqual([]);
  });

  test("overfitting on purpose is a note", async () => {
    const base = smallConfig();
    const evidence = await evidenceOf(sets[0], { ...base, data: { ...base.data, overfit: true } });
    expect(diagnosesOf(evidence).map(({ id }) => id)).toContain("split-overfit");
    expect(faults(diagnosesOf(evidence))).toEqual([]);
  });
});

/** A set whose frames are changed when they are read. */
const changed = (set: FrameSet, change: (frame: Frame) => Partial<Frame>): FrameSet => ({
  ...set,
  read: async (id) => {
    const frame = await set.read(id);
    return { ...frame, ...change(frame) };
  },
});

type Mano = NonNullable<Frame["mano"]>;
const posed = (frame: Frame, change: (mano: Mano) => Mano): Partial<Frame> => ({
  mano: frame.mano && change(frame.mano),
});

describe("faults of files and readers", () => {
  const mean = openHand().handsMean;
  const cases: readonly (readonly [string, string, (frame: Frame) => Partial<Frame>])[] = [
    ["parameters of left hands", "left-hand-parameters", (frame) => posed(frame, mirrorMano)],
    [
      "finger angles relative to the mean pose",
      "hand-pose-mean",
      (frame) =>
        posed(frame, (mano) => ({ ...mano, pose: mano.pose.map((value, i) => (i < 3 ? value : value - mean[i - 3])) })),
    ],
    [
      "parameters of another hand",
      "hand-pose-differs",
      (frame) => posed(frame, (mano) => ({ ...mano, pose: mano.pose.map((value, i) => (i < 3 ? value : -value)) })),
    ],
    ["millimetres", "labels-unit", ({ joints3d }) => ({ joints3d: joints3d.map((value) => 1000 * value) })],
    [
      "depth in another unit",
      "depth-disagrees",
      ({ depth }) => ({ depth: depth && { ...depth, data: depth.data.map((value) => 2 * value) } }),
    ],
    [
      "depth without readings",
      "depth-missing-as-far",
      ({ depth }) => ({ depth: depth && { ...depth, data: new Float32Array(depth.data.length) } }),
    ],
    ["black images", "image-blank", ({ rgb }) => ({ rgb: { ...rgb, data: new Uint8Array(rgb.data.length) } })],
    [
      "boxes that are too small",
      "joints-outside-input",
      ({ joints3d, camera }) => ({ box: smallBox(joints3d, camera) }),
    ],
  ];

  /** Ten pixels about the middle finger's knuckle. */
  function smallBox(joints3d: Float64Array, [fx, fy, cx, cy]: Frame["camera"]): Frame["box"] {
    const [x, y, z] = joints3d.subarray(27, 30);
    const [u, v] = [(fx * x) / z + cx, (fy * y) / z + cy];
    return [u - 5, v - 5, u + 5, v + 5];
  }

  test.each(cases)("%s: %s", async (_, id, change) => {
    expect(faults(diagnosesOf(await evidenceOf(changed(sets[0], change), smallConfig())))).toEqual([id]);
  });

  test("labels that disagree without a known reason", async () => {
    const evidence = await evidenceOf(sets[0], smallConfig());
    const [first, ...others] = evidence.samples;
    const projected3d = { ...first.plain.projected3d!, yPx: 7 };
    const samples = [{ ...first, plain: { ...first.plain, projected3d } }, ...others];
    const [found] = diagnosesOf({ ...evidence, samples });
    expect(found).toMatchObject({ id: "joints-2d-3d-disagree", samples: [first.id] });
    expect(found.sentence).toContain("7 px without");
  });

  test("a crop that is elsewhere, but not at metres taken for pixels, was not moved twice", async () => {
    const evidence = await evidenceOf(sets[0], smallConfig(["com-shift-twice"]));
    const samples = evidence.samples.map((sample) => ({
      ...sample,
      augmentation: { ...sample.augmentation, toCentreInMetres: sample.augmentation.toCentreInMetres + 0.05 },
    }));
    const [found] = diagnosesOf({ ...evidence, samples });
    expect(found.id).toBe("image-blank");
    expect(found.causes[0]).toContain("augmentation moves the crop");
  });

  test.each([
    [1, 200, "note"],
    [10, 200, "warning"],
    [100, 200, "serious"],
  ])("%i of %i frames dropped is a %s", async (dropped, all, severity) => {
    const evidence = await evidenceOf(sets[0], smallConfig());
    const reasons = [{ reason: "meta file missing", count: dropped, example: "SYA0/0001" }];
    const found = dataFindings({ ...evidence, kept: all - dropped, dropped: reasons });
    expect(found.find(({ id }) => id === "counts")).toMatchObject({ severity, samples: ["SYA0/0001"] });
  });
});

test("crops made from the labels are noted, a detector's are not", async () => {
  const ids = async (set: FrameSet): Promise<string[]> =>
    dataFindings(await evidenceOf(set, smallConfig())).map(({ id }) => id);
  expect(await ids(sets[0])).toEqual(["boxes-from-truth"]);
  const detected = changed(sets[0], (frame) => {
    const us = Array.from({ length: 21 }, (_, j) => frame.joints3d.subarray(3 * j, 3 * j + 3)).map(([x, y, z]) => [
      (frame.camera[0] * x) / z + frame.camera[2],
      (frame.camera[1] * y) / z + frame.camera[3],
    ]);
    const [xs, ys] = [us.map(([u]) => u), us.map(([, v]) => v)];
    return { box: [Math.min(...xs) - 4, Math.min(...ys) - 3, Math.max(...xs) + 9, Math.max(...ys) + 2] };
  });
  expect(await ids(detected)).toEqual([]);
});

test("evidence is plain: its JSON leads to the same findings", async () => {
  const evidence = await evidenceOf(sets[0], smallConfig(["labels-not-augmented", "width-normalised"]));
  expect(dataFindings(JSON.parse(JSON.stringify(evidence)) as DataEvidence)).toEqual(dataFindings(evidence));
  expect(JSON.stringify(evidence)).not.toContain("quirk");
});
