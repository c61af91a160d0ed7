import { beforeAll, describe, expect, test } from "vitest";
import { DEFAULT_AUGMENT } from "../../src/data/augment";
import { cropRecord } from "../../src/data/crop";
import { DataError } from "../../src/data/data-error";
import { dexycbFrames } from "../../src/data/dexycb";
import { s0Part } from "../../src/data/dexycb-tree";
import { handForward, joints21 } from "../../src/data/hand/forward";
import { openHo3d } from "../../src/data/ho3d";
import { MANO_TIPS, mirrorHand, readLeftManoFile, readManoFile } from "../../src/data/mano-file";
import { mirrorPoints } from "../../src/data/mirror";
import { openFrames } from "../../src/data/open";
import { IMAGE_STD } from "../../src/data/resample";
import { makeSample } from "../../src/data/sample";
import { memorySource } from "../../src/data/source";
import { splitIds } from "../../src/data/split";
import { syntheticFrameSet } from "../../src/data/synthetic/frames";
import { ho3dFrameFiles, ho3dListFiles } from "../../src/data/synthetic/write-ho3d";
import type { Frame, FrameSet, HandModel, Sample } from "../../src/data/types";
import { dexYcbFiles, manoPickle, sessionName, withComponents } from "../helpers/dexycb-tree";
import { npz } from "../helpers/npz";
import { openHand } from "../helpers/open-hand";

const FIRST = "20200709-subject-01";
const THIRD = "20200820-subject-03";
const [A, B, C, D] = ["836212060125", "839512060362", "840412060917", "841412060263"];
const size = 64;
const width = 48;

// MANO's tips, so that the reader takes the hand for a MANO hand, whose data set's tips differ from side to side.
const right = withComponents({ ...openHand(), name: "MANO_RIGHT.pkl", tips: MANO_TIPS.manopth }, 1);
// The public left file: mirrored, but for shapedirs, which are the right hand's; components of its own.
const mirrored = mirrorHand(right);
const left: HandModel = {
  ...withComponents(mirrored, 2),
  handsMean: mirrored.handsMean,
  shapedirs: right.shapedirs,
  tips: MANO_TIPS["manopth-left"],
};
const noShape = new Float64Array(10);

/** The same picture with another shape's labels. */
function reshaped(frame: Frame, shape: Float64Array): Frame {
  if (frame.mano === undefined) throw new Error("no parameters");
  const mano = { ...frame.mano, shape };
  return { ...frame, mano, joints3d: joints21(right, handForward(right, mano)) };
}

const frames = syntheticFrameSet(right, { frames: 3, seed: 3, camerasPerRecording: 2, framesPerSequence: 1 });
const [first, second] = frames.ids;
let files: Map<string, Uint8Array>;
let originals: Frame[];

beforeAll(async () => {
  originals = await Promise.all(frames.ids.map((id) => frames.read(id)));
  const [one, two, three] = originals;
  const shape = one.mano?.shape ?? noShape;
  files = dexYcbFiles(
    [
      { subject: FIRST, place: 3, side: "right", serials: [A, B], shape, views: [[one, undefined], [two]] },
      { subject: FIRST, place: 4, side: "right", serials: [A], shape, views: [[one]] },
      { subject: FIRST, place: 5, side: "left", serials: [C], shape: noShape, views: [[reshaped(three, noShape)]] },
      { subject: THIRD, place: 9, side: "left", serials: [C], shape, views: [[reshaped(three, shape)]] },
      { subject: THIRD, place: 10, side: "right", serials: [D], shape: noShape, views: [[reshaped(one, noShape)]] },
    ],
    { right, left },
  );
  // Renders and encodes some full-size images.
}, 300_000);

/** The tree with some files changed; undefined takes one away. */
function tree(changes: Record<string, Uint8Array | undefined> = {}): ReturnType<typeof memorySource> {
  const all = new Map(files);
  for (const [path, bytes] of Object.entries(changes)) {
    if (bytes === undefined) all.delete(path);
    else all.set(path, bytes);
  }
  return memorySource("dex-ycb", all);
}

const withLeft = (): Record<string, Uint8Array> => ({ "MANO_LEFT.pkl": manoPickle(left) });
const notes = (set: FrameSet): string[] => [...set.report.notes].map(([note, { count }]) => `${count} x ${note}`);

/** Largest distance, metres, between wrist-relative MANO joints and wrist-relative labels of a sample. */
function manoGap(sample: Sample, tips: HandModel["tips"] = right.tips): number {
  const joints = joints21(right, handForward(right, { rotations: sample.pose, shape: sample.shape }), tips);
  let worst = 0;
  for (let j = 0; j < 21; j++) {
    const gap = [0, 1, 2].map((i) => joints[3 * j + i] - joints[i] - (sample.joints3d[4 * j + i] - sample.joints3d[i]));
    worst = Math.max(worst, Math.hypot(...gap));
  }
  return worst;
}

const sampleOf = (frame: Frame, epoch?: number): Sample => {
  const record = { ...cropRecord(frame, { size }), id: "the same" };
  const augment = epoch === undefined ? undefined : { ...DEFAULT_AUGMENT, rotation: Math.PI, scale: 0.3, shift: 0.2 };
  return makeSample(record, { size, width, seed: 1, augment }, epoch ?? 0);
};

describe("s0", () => {
  test("every fifth sequence is held back; val and test share no subject", () => {
    const parts = Array.from({ length: 1000 }, (_, i) => s0Part(Math.floor(i / 100), i % 100));
    const of = (part: string): number => parts.filter((each) => each === part).length;
    expect([of("train"), of("val"), of("test")]).toEqual([800, 40, 160]);
    expect(s0Part(1, 4)).toBe("val");
    expect(s0Part(2, 4)).toBe("test");
    expect(s0Part(9, 98)).toBe("train");
  });

  test("the parts of a tree are distinct, and its ids are split by recording", async () => {
    const source = tree(withLeft());
    const ids = async (split: "train" | "val" | "test" | "evaluation"): Promise<readonly string[]> =>
      (await dexycbFrames(source, { split, hand: right })).ids;
    expect(await ids("train")).toEqual([
      `${FIRST}/${sessionName(3)}/${A}/000000`,
      `${FIRST}/${sessionName(3)}/${A}/000001`,
      `${FIRST}/${sessionName(3)}/${B}/000000`,
      `${FIRST}/${sessionName(5)}/${C}/000000`,
      `${THIRD}/${sessionName(10)}/${D}/000000`,
    ]);
    expect(await ids("val")).toEqual([`${FIRST}/${sessionName(4)}/${A}/000000`]);
    expect(await ids("test")).toEqual([`${THIRD}/${sessionName(9)}/${C}/000000`]);
    expect(await ids("evaluation")).toEqual(await ids("test"));
    const split = splitIds(await ids("train"), { fraction: 0.4 });
    expect(split.shared).toEqual([]);
    const opened = await openFrames(source, { split: "val", hand: right });
    expect(opened.adapter).toBe("dexycb");
    const frame = await opened.read((await ids("val"))[0]);
    expect(frame.recording).toBe(`${FIRST}/${sessionName(4)}`);
  });
});

describe("round trip", () => {
  test("right hands agree with the HO-3D tree of the same frames, sample by sample", async () => {
    const list = ho3dListFiles(frames, { train: frames.ids, evaluation: [] });
    const ho3d = new Map(list);
    for (const id of [first, second])
      for (const [path, bytes] of await ho3dFrameFiles(frames, id, "train", 3)) ho3d.set(path, bytes);
    const there = await openHo3d(memorySource("HO3D_v3", ho3d), "train");
    const here = await dexycbFrames(tree(), { split: "train", hand: right });
    for (const [mine, theirs] of [
      [here.ids[0], first],
      [here.ids[2], second],
    ]) {
      for (const epoch of [undefined, 0, 1, 2]) {
        const [a, b] = [sampleOf(await here.read(mine), epoch), sampleOf(await there.read(theirs), epoch)];
        const gap = (key: "image" | "depth" | "joints2d" | "joints3d" | "pose" | "shape"): number =>
          a[key].reduce((worst, value, i) => Math.max(worst, Math.abs(value - b[key][i])), 0);
        expect(gap("joints3d")).toBeLessThan(1e-6);
        expect(gap("joints2d")).toBeLessThan(1e-5);
        expect(gap("pose")).toBeLessThan(1e-5);
        expect(gap("shape")).toBe(0);
        // The square lies round joints of 32 bits, some nanometres off.
        expect(gap("image")).toBeLessThan(0.02);
        expect(a.hasDepth).toBe(b.hasDepth);
        // Depth of whole millimetres in a cube of 280 mm; a pixel on an edge may take its neighbour.
        const far = a.depth.filter((value, i) => Math.abs(value - b.depth[i]) > 0.6 / 140).length;
        expect(far / a.depth.length).toBeLessThan(0.002);
      }
    }
  });

  test("left hands come out as the right hands that they were mirrored from", async () => {
    const here = await dexycbFrames(tree(withLeft()), { split: "train", hand: right });
    const frame = await here.read(here.ids[3]);
    const original = reshaped(originals[2], noShape);
    expect(frame.camera).toEqual(original.camera.map((value) => expect.closeTo(value, 9)));
    for (let i = 0; i < 63; i++) expect(frame.joints3d[i]).toBeCloseTo(original.joints3d[i], 5);
    for (let i = 0; i < 48; i++) expect(frame.mano?.pose[i]).toBeCloseTo(original.mano?.pose[i] ?? Number.NaN, 5);
    const [a, b] = [sampleOf(frame), sampleOf(original)];
    const sum = a.image.reduce((total, value, i) => total + Math.abs(value - b.image[i]), 0);
    // A JPEG of the mirrored picture, in units of 1 / 255.
    expect((sum / a.image.length) * IMAGE_STD[0] * 255).toBeLessThan(3);
  });

  test.each([0, 1, 2, 3, 4, 5])(
    "MANO of the labels is the joints within 0.1 mm after augmentation, epoch %d",
    async (epoch) => {
      const here = await dexycbFrames(tree(withLeft()), { split: "train", hand: right });
      let seen = 0;
      for (const id of here.ids.filter((each) => !each.endsWith("000001") && !each.startsWith(THIRD))) {
        const sample = sampleOf(await here.read(id), epoch);
        expect(sample.hasMano, id).toBe(1);
        expect(manoGap(sample), id).toBeLessThan(1e-4);
        seen++;
      }
      expect(seen).toBe(3);
    },
  );
});

describe("left hands", () => {
  test("a shape that was fitted with the left file as it is has no right-hand parameters, but its joints", async () => {
    const here = await dexycbFrames(tree(withLeft()), { split: "test", hand: right });
    expect(notes(here)).toEqual([expect.stringMatching(/^1 x left hand, .* whose shape directions no right hand has/)]);
    const frame = await here.read(here.ids[0]);
    expect(frame.mano).toBeUndefined();
    const mano = originals[2].mano;
    if (mano === undefined) throw new Error("no parameters");
    const shape = originals[0].mano?.shape ?? noShape;
    // What the label's own file gives, with the right hand's tips, in the mirror.
    const asFiled = readLeftManoFile(manoPickle(left), "MANO_LEFT.pkl", right.tips, "as-filed");
    const expected = joints21(asFiled, handForward(asFiled, { ...mano, shape }));
    for (let i = 0; i < 63; i++) expect(frame.joints3d[i]).toBeCloseTo(expected[i], 5);
    const wrong = handForward(right, { ...mano, shape });
    expect(Math.abs(joints21(right, wrong)[36] - frame.joints3d[36])).toBeGreaterThan(1e-4);
  });

  test("without MANO_LEFT they are kept without parameters, and the report says what is missing", async () => {
    const here = await dexycbFrames(tree(), { split: "train", hand: right });
    expect(notes(here)).toEqual([expect.stringMatching(/^1 x left hand, .* MANO_LEFT.pkl; put that file beside/)]);
    expect((await here.read(here.ids[3])).mano).toBeUndefined();
    expect((await here.read(here.ids[0])).mano).toBeDefined();
  });

  test("a hand without components leaves all parameters out, and says so", async () => {
    const here = await dexycbFrames(tree(withLeft()), { split: "train", hand: openHand() });
    expect(notes(here)).toEqual([expect.stringMatching(/^5 x MANO parameters left out/)]);
    const frame = await here.read(here.ids[0]);
    expect(frame.mano).toBeUndefined();
    for (let i = 0; i < 63; i++) expect(frame.joints3d[i]).toBeCloseTo(originals[0].joints3d[i], 5);
  });

  test("a left file that is the right one, and a right hand that is the left one, are found out", async () => {
    const swapped = await dexycbFrames(tree({ "MANO_LEFT.pkl": manoPickle(right) }), { split: "train", hand: right });
    await expect(swapped.read(swapped.ids[3])).rejects.toThrow(/misses joint_3d by [\d.]+ mm/);
    const other = readManoFile(manoPickle(left), "renamed.pkl", MANO_TIPS.manopth);
    const wrong = await dexycbFrames(tree(), { split: "train", hand: other });
    await expect(wrong.read(wrong.ids[0])).rejects.toThrow("is it the MANO file of this side?");
  });
});

describe("what is missing or damaged is said", () => {
  const label = (): string => `${FIRST}/${sessionName(3)}/${A}/labels_000000.npz`;
  const read = async (changes: Record<string, Uint8Array | undefined>): Promise<Frame> => {
    const here = await dexycbFrames(tree(changes), { split: "train", hand: right });
    return here.read(here.ids[0]);
  };

  test("a frame without a hand", async () => {
    const here = await dexycbFrames(tree(), { split: "train", hand: right });
    const error = await here.read(here.ids[1]).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(DataError);
    expect((error as DataError).reason).toBe("no hand annotated");
    expect((error as DataError).message).toContain("labels_000001.npz");
  });

  test("files that are not there are counted", async () => {
    const folder = `${FIRST}/${sessionName(3)}`;
    const here = await dexycbFrames(
      tree({
        [`${folder}/${A}/color_000000.jpg`]: undefined,
        [`${folder}/${A}/labels_000001.npz`]: undefined,
        [`${folder}/${B}/aligned_depth_to_color_000000.png`]: undefined,
        "20190101-nobody/20190101_100000/meta.yml": new Uint8Array(1),
      }),
      { split: "train", hand: right },
    );
    expect(Object.fromEntries([...here.report.dropped].map(([reason, { count }]) => [reason, count]))).toEqual({
      // One of them is the second frame of the second camera, which the tree never had.
      "rgb file missing": 2,
      "label file missing": 1,
      "subject folder of a day that s0 does not have": 1,
    });
    expect(notes(here)).toContain("1 x without depth image");
    expect(here.report.kept).toBe(3);
    expect((await here.read(`${folder}/${B}/000000`)).depth).toBeUndefined();
  });

  test("a subject with fewer than a hundred sequences", async () => {
    const here = await dexycbFrames(tree({ [`${THIRD}/${sessionName(99)}/meta.yml`]: undefined }), {
      split: "train",
      hand: right,
    });
    expect(notes(here).join()).toContain("1 x subject folder without its 100 sequences");
  });

  test("labels of another form", async () => {
    const short = npz({ pose_m: { dtype: "f4", shape: [1, 48], data: new Float32Array(48) } });
    await expect(read({ [label()]: short })).rejects.toThrow('"joint_3d" is missing');
    await expect(read({ [label()]: new Uint8Array(30) })).rejects.toThrow("labels_000000.npz");
    const joints3d = originals[0].joints3d;
    const pose = new Float32Array(51).fill(0.1);
    const other = npz({
      pose_m: { dtype: "f4", shape: [1, 51], data: pose },
      joint_3d: { dtype: "f4", shape: [1, 21, 3], data: joints3d },
    });
    await expect(read({ [label()]: other })).rejects.toThrow("misses joint_3d");
    const behind = npz({
      pose_m: { dtype: "f4", shape: [1, 51], data: pose },
      joint_3d: { dtype: "f4", shape: [1, 21, 3], data: mirrorPoints(joints3d).map((value) => -Math.abs(value)) },
    });
    await expect(read({ [label()]: behind })).rejects.toThrow("z > 0");
  });

  test("yml files of another form", async () => {
    const meta = `${FIRST}/${sessionName(3)}/meta.yml`;
    const text = (content: string): Uint8Array => new TextEncoder().encode(content);
    await expect(read({ [meta]: text("- a\n- b\n") })).rejects.toThrow(`${meta}: the file does not hold a mapping`);
    await expect(read({ [meta]: text("a: [") })).rejects.toThrow("not readable as YAML");
    await expect(read({ [meta]: text("num_frames: 3\nserials: ['../..']\n") })).rejects.toThrow('"serials"');
    await expect(read({ [`calibration/intrinsics/${A}_640x480.yml`]: text("color: {fx: 600}") })).rejects.toThrow(
      '"color" does not hold fx',
    );
  });

  test("a folder of another kind", async () => {
    const other = memorySource("HO3D_v3", new Map([["train.txt", new Uint8Array(0)]]));
    await expect(dexycbFrames(other, { split: "train" })).rejects.toThrow('no folder "calibration" beside folders');
    const above = new Map([...files].map(([path, bytes]) => [`dex-ycb-20210415/${path}`, bytes]));
    const here = await dexycbFrames(memorySource("data", above), { split: "val", hand: right });
    expect(here.ids).toHaveLength(1);
  });
});
