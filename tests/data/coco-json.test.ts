/** HandOccNet's and KeypointFusion's JSON: what is refused, what is dropped and counted, and what needs a hand model. */
import { describe, expect, test } from "vitest";
import { ADAPTERS, type Adapter, handFor, leftTipsFor } from "../../src/data/adapter";
import { parseImageName } from "../../src/data/coco-entries";
import { decodeDepthMillimetres, encodeDepthMillimetres } from "../../src/data/depth16";
import { handForward, joints21 } from "../../src/data/hand/forward";
import { reportLines } from "../../src/data/import-report";
import { listElements } from "../../src/data/json-lists";
import { jointsOnly, labelChecker } from "../../src/data/labels";
import { MANO_TIPS } from "../../src/data/mano-file";
import { mirrorFrame } from "../../src/data/mirror";
import { type OpenedFrames, type OpenOptions, openFrames } from "../../src/data/open";
import { encodeDepthPng } from "../../src/data/png";
import { memorySource } from "../../src/data/source";
import { recordingOf } from "../../src/data/split";
import type { HandModel } from "../../src/data/types";
import { asLeft, type CocoText, type CocoTreeOptions, cocoTree } from "../helpers/coco-tree";
import { openHand } from "../helpers/open-hand";
import { smallHand, testFrame } from "./helpers";

const hand = smallHand();
const frames = [0, 1, 2, 3].map((i) => testFrame(i, { width: 64, height: 48 }));
const ids = frames.map(({ id }) => id);
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const open = (files: Map<string, Uint8Array>, options: Partial<OpenOptions> = {}): Promise<OpenedFrames> =>
  openFrames(memorySource("set", files), { split: "train", hand, ...options });
const tree = (edit?: (file: CocoText) => void, kind: Partial<CocoTreeOptions> = {}): Map<string, Uint8Array> =>
  cocoTree(frames, { hand, dataset: "ho3d", edit, ...kind });

describe("what is dropped is counted with a reason and the first example", () => {
  test("malformed annotations and images", async () => {
    const files = tree((file) => {
      const good = file.annotations.splice(0, 4);
      const broken = (change: Record<string, unknown>): Record<string, unknown> => ({ ...good[0], ...change });
      file.annotations.push(
        broken({ joints_coord_cam: Array(21).fill([-1, -1, -1]) }),
        broken({ joints_coord_cam: [[1, 2, 3]] }),
        broken({ joints_coord_cam: null }),
        broken({ joints_coord_cam: undefined }),
        broken({ cam_param: { focal: [500, 500] } }),
        broken({ cam_param: { focal: [0, 500], princpt: [1, 1] } }),
        broken({ mano_param: { pose: [1], shape: [] } }),
        broken({ image_id: 7 }),
        broken({ hand_type: "both" }),
        [1] as unknown as Record<string, unknown>,
        good[0],
        good[0],
        ...good.slice(1),
      );
      file.images.push({ id: 1, file_name: "a/b.bmp", width: 4, height: 4 }, { id: 2, width: 4, height: 4 });
    });
    files.delete(`train/${ids[1].replace("/", "/rgb/")}.png`);
    files.delete(`train/${ids[2].replace("/", "/depth/")}.png`);
    const { ids: kept, report, read } = await open(files);
    expect(kept).toEqual([ids[0], ids[2], ids[3]]);
    expect(reportLines("set", report)).toEqual([
      "set: 3 frames kept, 14 dropped",
      "dropped: 1 x image name is neither SEQUENCE/rgb/FRAME nor SUBJECT/TIME/CAMERA/color_FRAME, first images[4]",
      "dropped: 1 x image without id or file_name, first images[5]",
      "dropped: 1 x no hand in the frame (all joints -1), first annotations[0]",
      "dropped: 2 x joints_coord_cam is not 21 x 3 finite numbers, first annotations[1]",
      "dropped: 1 x neither joints_coord_cam nor root_joint_cam, 3 numbers, first annotations[3]",
      "dropped: 1 x cam_param is not focal and princpt, two numbers each, first annotations[4]",
      "dropped: 1 x focal length is not positive, first annotations[5]",
      "dropped: 1 x mano_param.pose is not 48 finite numbers, first annotations[6]",
      "dropped: 1 x hand_type is neither right nor left, first annotations[8]",
      "dropped: 1 x annotation is not a JSON object (not a number, cut, or damaged), first annotations[9]",
      "dropped: 1 x annotation of an image that is not listed, first annotations[7]",
      `dropped: 1 x frame named twice, first ${ids[0]}`,
      `dropped: 1 x rgb file missing, first ${ids[1]}`,
      `note: 1 x without depth image, first ${ids[2]}`,
    ]);
    expect((await read(ids[2])).depth).toBeUndefined();
  });

  test.each([
    ["NaN", "not a JSON object"],
    ["1e999", "mano_param.shape is not 10 finite numbers"],
  ])("%s, which Python reads and writes", async (number, reason) => {
    const files = tree((file) => {
      (file.annotations[1].mano_param as { shape: number[] }).shape[3] = 987654321;
    });
    const path = "annotations/HO3D_train_data.json";
    files.set(path, utf8(new TextDecoder().decode(files.get(path)).replace("987654321", number)));
    const { report } = await open(files);
    expect([...report.dropped.keys()][0]).toContain(reason);
    expect(report.kept).toBe(3);
  });

  test("left hands where the data set has none, hands behind the camera", async () => {
    const { report, ids: kept } = await open(
      tree((file) => {
        file.annotations[0].hand_type = "left";
        (file.annotations[1].joints_coord_cam as number[][])[4][2] = -0.5;
      }),
    );
    expect(kept).toEqual(ids.slice(2));
    expect([...report.dropped.keys()]).toEqual(["left hand in a data set of right hands", "hand behind the camera"]);
  });
});

test("DexYCB does not say which hand, or shows none", async () => {
  const files = tree(
    (file) => {
      delete file.annotations[1].hand_type;
      // KeypointFusion's files hold the sentinel in millimetres.
      file.annotations[2].joints_coord_cam = Array(63).fill(-1000);
    },
    { dataset: "dexycb", writer: "keypointfusion", isLeft: (id) => id === ids[3] },
  );
  const { report, ids: kept, read } = await open(files);
  expect(kept).toHaveLength(2);
  expect([...report.dropped.keys()]).toEqual([
    "no hand in the frame (all joints -1)",
    "hand_type missing, the hand may be a left one",
  ]);
  const { joints3d, mano, depth } = await read(kept[1]);
  for (let i = 0; i < 63; i++) expect(joints3d[i]).toBeCloseTo(frames[3].joints3d[i], 6);
  for (let i = 0; i < 48; i++) expect(mano?.pose[i]).toBeCloseTo(frames[3].mano?.pose[i] ?? Number.NaN, 6);
  // Half a millimetre is lost in the file.
  for (let i = 0; i < 64 * 48; i++) {
    const gap = Math.abs((depth?.data[i] ?? Number.NaN) - (frames[3].depth?.data[i] ?? 0));
    if (!(gap < 0.00051)) expect([i, gap]).toBe("a depth below half a millimetre");
  }
});

describe("MANO's parameters", () => {
  test("are left out without a hand model, and counted", async () => {
    const { report, read } = await open(tree(), { hand: undefined });
    expect([...report.notes]).toEqual([
      [expect.stringContaining("choose MANO_RIGHT.pkl"), { count: 4, example: ids[0] }],
    ]);
    expect((await read(ids[0])).mano).toBeUndefined();
  });

  test.each([
    ["hands_mean not subtracted", { ...hand, handsMean: new Float64Array(45) }],
    ["another hand", openHand()],
  ])("are left out with %s", async (_, other) => {
    const { report, read } = await open(tree(), { hand: other });
    const [[reason, { count }]] = [...report.notes];
    expect(reason).toContain("they miss the annotated joints by more than 1 mm");
    expect(count).toBe(4);
    expect((await read(ids[0])).mano).toBeUndefined();
  });

  test("of a left hand made with MANO_LEFT.pkl as it is are named", () => {
    const check = labelChecker(hand, "dexycb-json", true);
    const frame = frames[0];
    const unsigned: HandModel = {
      ...hand,
      shapedirs: hand.shapedirs.map((s, i) => (Math.floor(i / hand.shapeCount) % 3 === 0 ? -s : s)),
    };
    const joints3d = joints21(unsigned, handForward(unsigned, frame.mano ?? {}));
    const left = asLeft({ ...frame, joints3d });
    const found = check({
      side: "left",
      joints3d: left.joints3d,
      pose: left.mano?.pose ?? new Float64Array(0),
      shape: left.mano?.shape ?? new Float64Array(0),
    });
    expect(found.mano).toBeUndefined();
    expect(found.note).toContain("MANO_LEFT.pkl as it is");
    expect(found.gap).toBeGreaterThan(0.001);
  });

  test("the quick joints are those of the whole hand", () => {
    for (const model of [hand, openHand()]) {
      const { mano } = frames[2];
      const whole = joints21(model, handForward(model, mano ?? {}));
      const quick = jointsOnly(model);
      const joints = joints21(quick, handForward(quick, mano ?? {}));
      for (let i = 0; i < 63; i++) expect(joints[i]).toBeCloseTo(whole[i], 12);
    }
  });

  test("tips of MANO's mesh are the data set's, those of another hand its own", () => {
    const mano = { ...openHand(), tips: MANO_TIPS.ho3d };
    expect(handFor(mano, "dexycb-json").tips).toEqual([745, 317, 444, 556, 673]);
    expect(leftTipsFor(mano, "dexycb-json")).toEqual([745, 317, 445, 556, 673]);
    expect(handFor(mano, "ho3d-json").tips).toEqual([744, 333, 444, 555, 672]);
    expect(handFor(openHand(), "dexycb").tips).toEqual(openHand().tips);
    expect(leftTipsFor(openHand(), "dexycb")).toEqual(openHand().tips);
    for (const row of Object.values<Adapter>(ADAPTERS)) expect(row.source).toMatch(/\w+\/\w+/);
  });
});

describe("a file of another kind is one sentence", () => {
  const scale = (factor: number) => (file: CocoText) => {
    for (const entry of file.annotations) {
      entry.joints_coord_cam = (entry.joints_coord_cam as number[][]).map((p) => p.map((x) => factor * x));
    }
  };
  test.each<[string, Map<string, Uint8Array>, Partial<OpenOptions>, string]>([
    ["millimetres", tree(scale(1000)), {}, "expected 0.1 to 5 m; the file is of another kind"],
    ["OpenGL", tree(scale(-1)), {}, "half of the wrists are less than -0.6"],
    ["tiny hands", tree(scale(0.5)), {}, "the palm is 0.0"],
    [
      "another order",
      tree(undefined, { writer: "keypointfusion" }),
      { adapter: "ho3d-json" },
      'in the order "ho3d", expected the order "openpose"',
    ],
    [
      "a data set it is not",
      tree(),
      { adapter: "dexycb-json" },
      "no train frames of DexYCB as HandOccNet's JSON found",
    ],
    ["no val", tree(), { split: "val" }, "no val frames found"],
    [
      "test is no val",
      new Map([["annotations/DEX_YCB_s0_test_data.json", utf8("{}")]]),
      { split: "val" },
      "of other splits: annotations/DEX_YCB_s0_test_data.json",
    ],
    ["nothing at all", new Map([["readme.md", utf8("")]]), {}, "and found readme.md"],
    ["an empty folder", new Map(), {}, "and found nothing"],
  ])("%s", async (_, files, options, message) => {
    await expect(open(files, options)).rejects.toThrow(message);
    await expect(open(files, options)).rejects.toHaveProperty("name", "DataError");
  });

  test.each([
    ["", "found the end of the file at byte 0"],
    ["[]", 'found "[" at byte 0'],
    ['{"images": {}}', 'expected a list, "[", as the value of "images"'],
    ['{"images": [{"id": 1', "found the end of the file at byte 20"],
    ['{"images": [], "annotations": [', "expected a whole JSON value"],
    ['{"images": [] "annotations": []}', 'expected "," or "}"'],
    [`{"images": ${"[".repeat(80)}`, "at most 64 deep"],
    ["{}", "0 images and 0 annotations"],
    ['{"images": [], "annotations": [{}]}', "0 images and 1 annotations, none of an HO-3D or DexYCB frame"],
  ])("%j", async (text, message) => {
    const files = new Map([["annotations/HO3D_train_data.json", utf8(text)]]);
    await expect(open(files)).rejects.toThrow(message);
    await expect(open(files)).rejects.toHaveProperty("name", "DataError");
  });

  test("every cut of a whole file", async () => {
    const bytes = tree().get("annotations/HO3D_train_data.json") ?? new Uint8Array(0);
    for (let end = 0; end < bytes.length; end += 397) {
      const files = new Map([["HO3D_train_data.json", bytes.subarray(0, end)]]);
      await expect(open(files)).rejects.toHaveProperty("name", "DataError");
    }
  });

  test("images of another size", async () => {
    const files = tree((file) => {
      file.images[0].width = 65;
    });
    await expect((await open(files)).read(ids[0])).rejects.toThrow("64 x 48 pixels, expected 65 x 48 as annotations/");
    files.set(
      `train/${ids[1].replace("/", "/depth/")}.png`,
      encodeDepthPng({ width: 2, height: 2, data: new Float32Array(4) }),
    );
    await expect((await open(files)).read(ids[1])).rejects.toThrow("the depth image has 2 x 2 pixels");
    await expect((await open(files)).read("SYA0/9999")).rejects.toThrow("is not among the 4 usable frames");
  });
});

describe("evaluation", () => {
  const evaluation = (): Map<string, Uint8Array> => {
    const files = tree((file) => {
      for (const entry of file.annotations) {
        entry.root_joint_cam = (entry.joints_coord_cam as number[][])[0];
        entry.bbox = [10, 12, 20, 24];
        delete entry.joints_coord_cam;
        delete entry.mano_param;
      }
    });
    return new Map([...files].map(([path, bytes]) => [path.replace(/train/g, "evaluation"), bytes]));
  };

  test("knows the wrist and a box", async () => {
    const opened = await open(evaluation(), { split: "evaluation" });
    expect([opened.adapter, opened.hasTruth, opened.ids]).toEqual(["ho3d-json", false, ids]);
    const frame = await opened.read(ids[1]);
    expect([frame.rootOnly, frame.mano, frame.box]).toEqual([true, undefined, [10, 12, 30, 36]]);
    for (let i = 0; i < 63; i++) expect(frame.joints3d[i]).toBeCloseTo(frames[1].joints3d[i % 3], 6);
  });

  test("takes evaluation_xyz.json beside the images, refuses another order", async () => {
    const files = evaluation();
    const order = [0, 5, 6, 7, 9, 10, 11, 17, 18, 19, 13, 14, 15, 1, 2, 3, 4, 8, 12, 16, 20];
    const rows = frames.map(({ joints3d }) =>
      order.map((j) => [joints3d[3 * j], -joints3d[3 * j + 1], -joints3d[3 * j + 2]]),
    );
    files.set("evaluation_xyz.json", utf8(JSON.stringify(rows)));
    const opened = await open(files, { split: "evaluation" });
    expect(opened.hasTruth).toBe(true);
    const { joints3d } = await opened.read(ids[2]);
    for (let i = 0; i < 63; i++) expect(joints3d[i]).toBeCloseTo(frames[2].joints3d[i], 6);
    files.set("evaluation_xyz.json", utf8(JSON.stringify(rows.reverse())));
    await expect(open(files, { split: "evaluation" })).rejects.toThrow("has another wrist than its line");
  });
});

describe("parts", () => {
  test("a mirrored frame mirrored again is the frame", () => {
    const [frame] = frames;
    const boxed = { ...frame, box: [3, 4, 20, 30] as const };
    const once = mirrorFrame(boxed);
    const expected = asLeft(boxed);
    const { trans } = expected.mano ?? { trans: new Float64Array(0) };
    expect({ ...once, box: boxed.box }).toEqual(expected);
    expect([trans[0], trans[1]]).toEqual([-(frame.mano?.trans[0] ?? 0), frame.mano?.trans[1]]);
    expect(once.camera[2]).toBe(63 - frame.camera[2]);
    expect(once.box).toEqual([43, 4, 60, 30]);
    expect(once.rgb.data.subarray(0, 3)).toEqual(frame.rgb.data.subarray(3 * 63, 3 * 64));
    const twice = mirrorFrame(once);
    expect(twice.rgb).toEqual(boxed.rgb);
    expect(twice.depth).toEqual(boxed.depth);
    expect(twice.box).toEqual(boxed.box);
    expect([...twice.joints3d]).toEqual([...boxed.joints3d]);
    expect([...(twice.mano?.pose ?? [])]).toEqual([...(boxed.mano?.pose ?? [])]);
    expect(mirrorFrame({ ...frame, depth: undefined, mano: undefined }).mano).toBeUndefined();
  });

  test("16-bit depth is exact to a millimetre and no other kind is taken", () => {
    const data = Float32Array.from({ length: 6 }, (_, i) => [0, 0.001, 0.4567, 65.535, 1, 2][i]);
    const bytes = encodeDepthMillimetres({ width: 3, height: 2, data });
    const back = decodeDepthMillimetres(bytes, "depth");
    expect([...back.data].map((x) => Math.round(1000 * x))).toEqual([0, 1, 457, 65535, 1000, 2000]);
    expect(() => decodeDepthMillimetres(bytes.slice(0, -6), "cut")).toThrow("cut: ");
    // A gamma chunk, which a browser's decoder would apply.
    const gamma = Uint8Array.of(0, 0, 0, 4, 0x67, 0x41, 0x4d, 0x41, 0, 1, 0x86, 0xa0, 0x31, 0xe8, 0x96, 0x5f);
    const shown = Uint8Array.of(...bytes.subarray(0, 33), ...gamma, ...bytes.subarray(33));
    expect(decodeDepthMillimetres(shown, "depth")).toEqual(back);
    const colour = encodeDepthPng({ width: 3, height: 2, data: new Float32Array(6) });
    expect(() => decodeDepthMillimetres(colour, "colour")).toThrow("expected one of 16 bits");
    expect(() => encodeDepthMillimetres({ width: 1, height: 1, data: Float32Array.of(-1) })).toThrow("-1 m");
  });

  test("lists of an object, whatever stands between them", () => {
    const text =
      ' {"info": {"a": "}]\\"", "b": [1, {"c": 2}]}, "images": [ 1 , {"x": "\\\\"}, "s,]" ], "n": -1e3,"annotations":[]} ';
    const elements = [...listElements(utf8(text), new Set(["images", "annotations"]), "file")];
    expect(elements.map(({ list, index, value }) => [list, index, value])).toEqual([
      ["images", 0, 1],
      ["images", 1, { x: "\\" }],
      ["images", 2, "s,]"],
    ]);
  });

  test("names of images", () => {
    const parse = (name: string) => {
      const found = parseImageName(name);
      return found && [found.dataset, found.sequence, found.frame];
    };
    expect(parse("SMu41/rgb/1583.png")).toEqual(["ho3d", "SMu41", "1583"]);
    expect(parse("/home/x/HO3D_v3/train/ABF10/rgb/0000.jpg")).toEqual(["ho3d", "ABF10", "0000"]);
    const camera = "20200709-subject-01/20200709_141754/836212060125";
    expect(parse(`${camera}/color_000000.jpg`)).toEqual(["dexycb", camera, "000000"]);
    expect(parse(`../../etc/${camera}/color_000000.jpg`)).toEqual(["dexycb", camera, "000000"]);
    expect(parse("rgb/0000.png")).toBeUndefined();
    expect(recordingOf(camera)).toBe("20200709-subject-01/20200709_141754");
  });
});
