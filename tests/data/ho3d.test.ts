import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { folderSource } from "../../src/cli/folder-source";
import { handForward, joints21 } from "../../src/data/hand/forward";
import { manoToOpenCv, openHo3d } from "../../src/data/ho3d";
import { reportLines } from "../../src/data/import-report";
import { encodeJpeg } from "../../src/data/jpeg";
import { readManoFile } from "../../src/data/mano-file";
import { encodeDepthPng, encodeRgbPng } from "../../src/data/png";
import { type FileSource, memorySource } from "../../src/data/source";
import type { RgbImage } from "../../src/data/types";

const fixture = (name: string): Uint8Array => new Uint8Array(readFileSync(`tests/data/fixtures/${name}`));
const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const grey: RgbImage = { width: 64, height: 48, data: new Uint8Array(64 * 48 * 3).fill(120) };
const depth = encodeDepthPng({ width: 64, height: 48, data: new Float32Array(64 * 48).fill(0.5) });

function tree(kind: "png" | "jpg" = "jpg"): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  const image = kind === "png" ? encodeRgbPng(grey) : encodeJpeg(grey, 90);
  for (const id of ["SM1/0000", "SM1/0001", "ABF10/0000", "ABF11/0000"]) {
    const [sequence, frame] = id.split("/");
    files.set(`train/${sequence}/rgb/${frame}.${kind}`, image);
    files.set(`train/${sequence}/depth/${frame}.png`, depth);
    files.set(`train/${sequence}/meta/${frame}.pkl`, fixture("ho3d-train.pkl"));
  }
  files.set("train.txt", text("SM1/0000\nSM1/0001\nABF10/0000\r\nABF11/0000\n"));
  for (const frame of ["0000", "0001"]) {
    files.set(`evaluation/AP10/rgb/${frame}.${kind}`, image);
    files.set(`evaluation/AP10/meta/${frame}.pkl`, fixture("ho3d-evaluation.pkl"));
  }
  files.set("evaluation.txt", text("AP10/0000\nAP10/0001\n"));
  return files;
}

const source = (files: Map<string, Uint8Array>): FileSource => memorySource("HO3D", files);

describe("train", () => {
  test.each([
    ["png", 2],
    ["jpg", 3],
  ] as const)("%s tree is version %i", async (kind, version) => {
    const data = await openHo3d(source(tree(kind)), "train");
    expect(data.version).toBe(version);
    expect(data.ids).toEqual(["SM1/0000", "SM1/0001", "ABF10/0000", "ABF11/0000"]);
    const frame = await data.read("ABF11/0000");
    expect([frame.sequence, frame.recording, frame.rgb.width, frame.depth?.data[0]?.toFixed(3)]).toEqual([
      "ABF11",
      "ABF1",
      64,
      "0.500",
    ]);
    expect(frame.camera).toEqual([600, 599, 320, 240]);
  });

  test("joints come out in OpenCV's frame and OpenPose's order", async () => {
    const { joints3d } = await (await openHo3d(source(tree()), "train")).read("SM1/0000");
    const order = Array.from({ length: 21 }, (_, j) => Math.round((joints3d[3 * j] + 0.1) * 100));
    expect(order).toEqual([0, 13, 14, 15, 16, 1, 2, 3, 17, 4, 5, 6, 18, 10, 11, 12, 19, 7, 8, 9, 20]);
    expect(joints3d[5]).toBeCloseTo(0.513, 12);
    expect(joints3d[4]).toBeCloseTo(-0.026, 12);
  });

  test("MANO parameters give the flipped hand", () => {
    const hand = readManoFile(fixture("hand-right.pkl"), "hand-right.pkl", [1, 2, 3, 4, 5]);
    const pose = Float64Array.from({ length: 48 }, (_, i) => Math.sin(i) / 2);
    const gl = {
      pose,
      shape: Float64Array.from({ length: 10 }, (_, i) => i / 10),
      trans: Float64Array.of(0.1, 0.2, -0.6),
    };
    const before = joints21(hand, handForward(hand, gl));
    const cv = manoToOpenCv(gl, before.slice(0, 3));
    const after = joints21(hand, handForward(hand, cv));
    for (let i = 0; i < 63; i++) expect(after[i]).toBeCloseTo(i % 3 === 0 ? before[i] : -before[i], 9);
    const wrong = manoToOpenCv(gl, before.slice(0, 3), new Set(["pose-opengl"]));
    expect(wrong.pose).toEqual(gl.pose);
  });

  test("what is dropped is counted with a reason and the first example", async () => {
    const files = tree();
    files.set("train.txt", text("SM1/0000\nSM1/0000\nhello\nSM1/0001\nABF10/0000\nABF11/0000\nXX1/0000\n"));
    files.delete("train/SM1/rgb/0001.jpg");
    files.delete("train/ABF10/meta/0000.pkl");
    files.delete("train/ABF11/depth/0000.png");
    // Other frames in those folders keep them from being empty.
    files.set("train/ABF10/meta/0001.pkl", fixture("ho3d-train.pkl"));
    const { ids, report, name, read } = await openHo3d(source(files), "train");
    expect(ids).toEqual(["SM1/0000", "ABF11/0000"]);
    expect(reportLines(name, report)).toEqual([
      "HO3D: 2 frames kept, 5 dropped",
      "dropped: 1 x frame named twice, first SM1/0000",
      'dropped: 1 x line is not SEQUENCE/FRAME, first line 3 "hello"',
      "dropped: 1 x rgb file missing, first SM1/0001",
      "dropped: 1 x meta file missing, first ABF10/0000",
      "dropped: 1 x sequence folder missing or empty, first XX1/0000",
      "note: 1 x without depth image, first ABF11/0000",
    ]);
    expect((await read("ABF11/0000")).depth).toBeUndefined();
  });

  test("quirk opengl-unconverted keeps the labels as the file has them", async () => {
    const frame = await (await openHo3d(source(tree()), "train", new Set(["opengl-unconverted"]))).read("SM1/0000");
    expect(frame.joints3d[2]).toBeCloseTo(-0.5, 12);
    expect(frame.mano?.pose[0]).toBeCloseTo(-0.5, 12);
  });
});

describe("refusals name the culprit in one sentence", () => {
  test("of the tree", async () => {
    await expect(openHo3d(source(new Map()), "train")).rejects.toThrow('HO3D: "train.txt" is neither in the folder');
    const empty = tree();
    empty.set("train.txt", text("\n"));
    await expect(openHo3d(source(empty), "train")).rejects.toThrow("HO3D: train.txt has 0 lines but no usable frame");
    const nothing = new Map([["train.txt", text("SM1/0000\n")]]);
    await expect(openHo3d(source(nothing), "train")).rejects.toThrow(
      "sequence folder missing or empty, first SM1/0000",
    );
  });

  test.each([
    ["train/SM1/meta/0000.pkl", fixture("ho3d-train-none.pkl"), 'HO3D/train/SM1/meta/0000.pkl: "handJoints3D" is None'],
    ["train/SM1/meta/0000.pkl", fixture("ho3d-train-short.pkl"), '"handPose" holds 45 numbers, expected 48 numbers'],
    ["train/SM1/meta/0000.pkl", fixture("values-python2.pkl"), '"handJoints3D" is missing'],
    ["train/SM1/meta/0000.pkl", fixture("names-os-system.pkl"), 'names "os.system"'],
    ["train/SM1/rgb/0000.jpg", encodeJpeg(grey, 90).slice(0, 300), "HO3D/train/SM1/rgb/0000.jpg: the JPEG is cut off"],
    ["train/SM1/depth/0000.png", depth.slice(0, -5), "HO3D/train/SM1/depth/0000.png: the PNG is cut off"],
    [
      "train/SM1/depth/0000.png",
      encodeDepthPng({ width: 2, height: 2, data: new Float32Array(4) }),
      "2 x 2 pixels, expected 64 x 48",
    ],
  ])("%s", async (path, bytes, message) => {
    const files = tree();
    files.set(path, bytes);
    await expect((await openHo3d(source(files), "train")).read("SM1/0000")).rejects.toThrow(message);
  });

  test("of a frame that is not there", async () => {
    await expect((await openHo3d(source(tree()), "train")).read("SM1/0009")).rejects.toThrow(
      'frame "SM1/0009" is not among',
    );
  });
});

describe("evaluation", () => {
  const wrist = [-0.1, 0, -0.5];
  const truthOf = (first: number[]): string =>
    JSON.stringify([0, 1].map((row) => Array.from({ length: 21 }, (_, k) => (k === 0 ? first : [k, row, -1 - k]))));

  test("without truth only the wrist is known", async () => {
    const frame = await (await openHo3d(source(tree()), "evaluation")).read("AP10/0001");
    expect(frame.rootOnly).toBe(true);
    expect([...frame.joints3d.slice(0, 3)]).toEqual([-0.1, -0, 0.5]);
    expect(frame.box).toEqual([150, 200, 420, 260]);
    expect(frame.mano).toBeUndefined();
  });

  test("evaluation_xyz.json gives all joints, evaluation_verts.json the vertices", async () => {
    const files = tree();
    files.set("evaluation_xyz.json", text(truthOf(wrist)));
    const vertices = [0, 1].map((row) => Array.from({ length: 778 }, (_, v) => [row, 1e-3 * v, -5e-1]));
    files.set("evaluation_verts.json", text(JSON.stringify(vertices)));
    const data = await openHo3d(source(files), "evaluation");
    expect(data.hasTruth).toBe(true);
    const frame = await data.read("AP10/0001");
    expect(frame.rootOnly).toBe(false);
    expect([...frame.joints3d.slice(3, 6)]).toEqual([13, -1, 14]);
    const mesh = await data.truthVertices("AP10/0001");
    expect([...(mesh?.slice(3, 6) ?? [])].map((x) => x.toFixed(4))).toEqual(["1.0000", "-0.0010", "0.5000"]);
  });

  test("truth of another version or shape is refused", async () => {
    const files = tree();
    files.set("evaluation_xyz.json", text(truthOf([0, 0, -0.5])));
    await expect((await openHo3d(source(files), "evaluation")).read("AP10/0000")).rejects.toThrow(
      "100.0 mm from the one",
    );
    files.set("evaluation_xyz.json", text("[[[1,2,3]]]"));
    await expect(openHo3d(source(files), "evaluation")).rejects.toThrow(
      "HO3D/evaluation_xyz.json: a list ends at byte 9 after 3 numbers, expected 2 lists of 21 points",
    );
  });
});

test("a folder on disk, also one level too high", async () => {
  const top = mkdtempSync(join(tmpdir(), "handloom-ho3d-"));
  for (const [path, bytes] of tree()) {
    mkdirSync(dirname(join(top, "HO3D_v3", path)), { recursive: true });
    writeFileSync(join(top, "HO3D_v3", path), bytes);
  }
  const data = await openHo3d(await folderSource(top), "train");
  expect(data.name).toMatch(/\/HO3D_v3$/);
  expect((await data.read("SM1/0001")).rgb.height).toBe(48);
  const source = await folderSource(top);
  await expect(source.read("../x")).rejects.toThrow('has the part ".."');
  await expect(source.read("HO3D_v3/none.txt")).rejects.toThrow('file "HO3D_v3/none.txt" does not exist');
  await expect(folderSource(join(top, "none"))).rejects.toThrow("does not exist");
});
