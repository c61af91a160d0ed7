/** One set of frames in every file format that is read: the samples that come out agree, with and without augmentation. */
import { beforeAll, describe, expect, test } from "vitest";
import { ADAPTERS, type AdapterName } from "../../src/data/adapter";
import { DEFAULT_AUGMENT } from "../../src/data/augment";
import { cropRecord } from "../../src/data/crop";
import { handForward, joints21 } from "../../src/data/hand/forward";
import { decodeJpeg, encodeJpeg } from "../../src/data/jpeg";
import { MANO_TIPS } from "../../src/data/mano-file";
import { type OpenedFrames, openFrames } from "../../src/data/open";
import { makeSample, type SampleOptions } from "../../src/data/sample";
import { memorySource } from "../../src/data/source";
import { syntheticFrameSet } from "../../src/data/synthetic/frames";
import { ho3dFrameFiles, ho3dListFiles } from "../../src/data/synthetic/write-ho3d";
import type { Frame, HandModel, Sample } from "../../src/data/types";
import { type CocoTreeOptions, cocoTree, dexycbId, withTips } from "../helpers/coco-tree";
import { openHand } from "../helpers/open-hand";

const hand = openHand();
/** A hand whose finger tips are MANO's vertices, so that each data set's own tips apply. */
const manoLike: HandModel = { ...hand, name: "MANO_RIGHT.pkl", tips: MANO_TIPS.ho3d };
const set = syntheticFrameSet(hand, { frames: 2, seed: 5, camerasPerRecording: 1, framesPerSequence: 1 });
const SIZE = 96;
const options = { size: SIZE, width: 72, seed: 3 };
/** The whole chain: every change at once, far beyond the defaults, in two epochs. */
const augmented: SampleOptions = { ...options, augment: { ...DEFAULT_AUGMENT, rotation: Math.PI, dropDepth: 0 } };
const frames: Frame[] = [];

beforeAll(async () => {
  for (const id of set.ids) frames.push(await set.read(id));
});

const open = (files: Map<string, Uint8Array>, model: HandModel | undefined = hand): Promise<OpenedFrames> =>
  openFrames(memorySource("set", files), { split: "train", hand: model });

/** Samples of a frame: as it is, and augmented in two epochs. `id` keys the random numbers. */
function samplesOf(frame: Frame, id = frame.id): Sample[] {
  const record = { ...cropRecord(frame, { size: SIZE }), id };
  return [makeSample(record, options, 0), makeSample(record, augmented, 1), makeSample(record, augmented, 2)];
}

const FIELDS = ["image", "depth", "joints2d", "joints3d", "pose", "shape", "principal", "cropFromImage"] as const;

function worst(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a.length).toBe(b.length);
  let most = 0;
  for (let i = 0; i < a.length; i++) most = Math.max(most, Math.abs(a[i] - b[i]));
  return most;
}

/** Largest differences of each field over all samples; 0 means the same bits. */
function differences(found: readonly Sample[], expected: readonly Sample[]): Record<(typeof FIELDS)[number], number> {
  const out = Object.fromEntries(FIELDS.map((field) => [field, 0])) as Record<(typeof FIELDS)[number], number>;
  for (const [i, sample] of found.entries()) {
    expect([sample.hasDepth, sample.hasMano]).toEqual([expected[i].hasDepth, expected[i].hasMano]);
    for (const field of FIELDS) out[field] = Math.max(out[field], worst(sample[field], expected[i][field]));
  }
  return out;
}

/** What every adapter has to obey, after any augmentation: MANO's joints are the joints, and their projection the 2D joints. */
function expectConsistent(sample: Sample, model: HandModel): void {
  const { vertices, joints16 } = handForward(model, { rotations: sample.pose, shape: sample.shape });
  const posed = joints21(model, { vertices, joints16 });
  for (let j = 0; j < 21; j++) {
    const at = [0, 1, 2].map((c) => sample.joints3d[4 * j + c]);
    const gap = Math.hypot(...[0, 1, 2].map((c) => posed[3 * j + c] - posed[c] - (at[c] - sample.joints3d[c])));
    expect(gap).toBeLessThan(1e-4);
    for (let c = 0; c < 2; c++) {
      const projected = (sample.focal * at[c]) / at[2] + sample.principal[c];
      expect(Math.abs(projected - sample.joints2d[3 * j + c]) * SIZE).toBeLessThan(0.1);
    }
  }
}

/** Float32 of joints and poses, as the readers of these files keep them: 1e-7 of a metre's or radian's size, and of the focal length in pixels. */
const FLOAT32 = { joints: 1e-6, pose: 2e-6, pixels: 1e-3 };

describe.each([3, 2] as const)("HO-3D v%i tree", (version) => {
  test("gives the same samples", async () => {
    const files = ho3dListFiles(set, { train: set.ids, evaluation: [] });
    for (const id of set.ids)
      for (const [path, bytes] of await ho3dFrameFiles(set, id, "train", version)) files.set(path, bytes);
    const opened = await open(files);
    expect([opened.adapter, opened.ids, opened.report.dropped.size]).toEqual(["ho3d", set.ids, 0]);
    for (const frame of frames) {
      // JPEG loses detail once, in the file: what is compared is the image that the file holds.
      const rgb = version === 3 ? decodeJpeg(encodeJpeg(frame.rgb, 92), "rgb") : frame.rgb;
      const found = samplesOf(await opened.read(frame.id));
      const gaps = differences(found, samplesOf({ ...frame, rgb }));
      // Through OpenGL's frame and back; pi is not exact in binary.
      expect(gaps.pose).toBeLessThan(1e-6);
      expect({ ...gaps, pose: 0 }).toEqual(Object.fromEntries(FIELDS.map((field) => [field, 0])));
      for (const sample of found) expectConsistent(sample, hand);
    }
  });
});

const KINDS: [string, AdapterName, Omit<CocoTreeOptions, "hand">][] = [
  ["HandOccNet, HO-3D", "ho3d-json", { dataset: "ho3d" }],
  ["KeypointFusion, HO-3D", "ho3d-json-keypointfusion", { dataset: "ho3d", writer: "keypointfusion" }],
  ["HandOccNet, DexYCB, left hands", "dexycb-json", { dataset: "dexycb", isLeft: (id) => id.startsWith("SYA") }],
  [
    "KeypointFusion, DexYCB, left hands",
    "dexycb-json-keypointfusion",
    { dataset: "dexycb", writer: "keypointfusion", isLeft: (id) => id.startsWith("SYA") },
  ],
];

describe.each(KINDS)("%s", (_, adapter, kind) => {
  const isDexycb = kind.dataset === "dexycb";
  const nameOf = (id: string): string => (isDexycb ? dexycbId(id) : id);

  test("gives the same samples", async () => {
    const opened = await open(cocoTree(frames, { ...kind, hand }));
    expect([opened.adapter, opened.hasTruth, opened.report.dropped.size]).toEqual([adapter, true, 0]);
    expect(opened.ids).toEqual(set.ids.map(nameOf));
    expect([...opened.report.notes.keys()]).toEqual(isDexycb ? ["left hand, mirrored to a right one"] : []);
    for (const frame of frames) {
      const read = await opened.read(nameOf(frame.id));
      const recording = nameOf(frame.id).split("/").slice(0, 2).join("/");
      expect(read.recording).toBe(isDexycb ? recording : frame.recording);
      expect(worst(read.rgb.data, frame.rgb.data)).toBe(0);
      // DexYCB's depth counts millimetres: half of one is lost.
      expect(worst(read.depth?.data ?? [], frame.depth?.data ?? [])).toBeLessThan(isDexycb ? 0.000501 : 1e-12);
      expect(worst(read.joints3d, frame.joints3d)).toBeLessThan(FLOAT32.joints);
      expect(worst(read.mano?.trans ?? [], frame.mano?.trans ?? [])).toBeLessThan(FLOAT32.joints);
      const found = samplesOf(read, frame.id);
      // The crop follows from the joints, so float32 joints may round it to another pixel: image and depth are compared above.
      const gaps = differences(found, samplesOf(frame));
      expect(gaps.pose).toBeLessThan(FLOAT32.pose);
      expect(gaps.joints3d).toBeLessThan(FLOAT32.joints);
      expect(gaps.joints2d * SIZE).toBeLessThan(FLOAT32.pixels);
      expect(gaps.principal * SIZE).toBeLessThan(FLOAT32.pixels);
      expect(gaps.shape).toBeLessThan(FLOAT32.pose);
      expect(gaps.image).toBeLessThan(0.05);
      for (const sample of found) expectConsistent(sample, hand);
    }
  });

  test("takes the finger tips at the data set's own vertices", async () => {
    const { tips, leftTips } = { leftTips: undefined, ...ADAPTERS[adapter] };
    const own: HandModel = { ...manoLike, tips: MANO_TIPS[tips] };
    const labelled = frames.map((frame) =>
      withTips(frame, own, kind.isLeft?.(frame.id) && leftTips ? leftTips : own.tips),
    );
    const opened = await open(cocoTree(labelled, { ...kind, hand }), manoLike);
    expect([...opened.report.notes.keys()].filter((note) => note.includes("MANO"))).toEqual([]);
    for (const { id } of frames) {
      for (const sample of samplesOf(await opened.read(nameOf(id)))) expectConsistent(sample, own);
    }
  });
});
