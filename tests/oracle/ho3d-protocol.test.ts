/**
 * What we export and what we say of it, against HO-3D's protocol as ho3d_protocol.py computes it from the exported file.
 * ho3d-protocol.json holds that script's figures and the SHA-256 of the files that it read, so that no Python is needed here;
 * where there is one with numpy it is asked again. `GOLDEN=write npx vitest run tests/oracle/ho3d-protocol.test.ts` renews it.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { zipSource } from "../../src/data/source-zip";
import { asWritten, type Prediction, placeAtWrist, predJson } from "../../src/export/pred-json";
import { predZip } from "../../src/export/pred-zip";
import { Evaluation } from "../../src/metrics/evaluation";
import { HO3D_SCORES, Ho3dEvaluation, type Ho3dScores, scoresText } from "../../src/metrics/ho3d-scores";
import { pseudoRandom } from "../helpers/check-op";

const GOLDEN = new URL("./ho3d-protocol.json", import.meta.url);
const PYTHON = "/usr/bin/python3";
const FRAMES = 8;
const MIRRORED = 3;
const EXACT = 6;
const VERTICES = 778;
const PLACE = [0.05, -0.03, -0.6];

/** OpenPose joint o is joint ORDER[o] of HO-3D: its thumb is 13, 14, 15 and the tip 16. */
const ORDER = [0, 13, 14, 15, 16, 1, 2, 3, 17, 4, 5, 6, 18, 10, 11, 12, 19, 7, 8, 9, 20];

interface Pose {
  readonly joints: Float64Array; // [21, 3] OpenPose order, OpenCV
  readonly vertices: Float64Array; // [778, 3]
}

const openCv = (points: Float64Array): Float64Array => points.map((x, i) => (i % 3 === 0 ? x : -x));
const cloud = (count: number, seed: number): Float64Array =>
  pseudoRandom(3 * count, seed).map((x, i) => 0.09 * x + PLACE[i % 3]) as unknown as Float64Array;

/** The script's truth as this project holds it. */
function truthOf(frame: number): Pose {
  const ho3d = openCv(Float64Array.from(cloud(21, 100 + frame)));
  const joints = Float64Array.from({ length: 63 }, (_, i) => ho3d[3 * ORDER[Math.floor(i / 3)] + (i % 3)]);
  return { joints, vertices: openCv(Float64Array.from(cloud(VERTICES, 200 + frame))) };
}

/** Changes of a true pose about its middle, then noise: sizes, turns and a mirrored hand. */
const CHANGES: readonly ((p: readonly [number, number, number]) => readonly [number, number, number])[] = [
  ([x, y, z]) => [x, y, z],
  ([x, y, z]) => [1.3 * x, 1.3 * y, 1.3 * z],
  ([x, y, z]) => [x, -z, y],
  ([x, y, z]) => [-x, y, z],
  ([x, y, z]) => [0.8 * x + 0.03, 0.8 * y, 0.8 * z],
  ([x, y, z]) => [x, y + 0.2 * x, z],
  ([x, y, z]) => [x, y, z],
  ([x, y, z]) => [0.96 * x - 0.28 * y, 0.28 * x + 0.96 * y, z],
];
const NOISE = [0.004, 0.006, 0.01, 0.003, 0.012, 0.05, 0, 0.007];

function predictionOf(frame: number): Prediction {
  const truth = truthOf(frame);
  const changed = (points: Float64Array, seed: number): Float64Array => {
    const noise = pseudoRandom(points.length, seed);
    const middle = openCv(Float64Array.from(PLACE));
    return Float64Array.from(points, (_, i) => {
      const at = i - (i % 3);
      const [x, y, z] = [0, 1, 2].map((c) => points[at + c] - middle[c]);
      return middle[i % 3] + CHANGES[frame]([x, y, z])[i % 3] + NOISE[frame] * noise[i];
    });
  };
  const id = `SM1/${String(frame).padStart(4, "0")}`;
  const pose = { id, joints: changed(truth.joints, 300 + frame), vertices: changed(truth.vertices, 400 + frame) };
  const [x, y, z] = truth.joints;
  return placeAtWrist(pose, [x, y, z]);
}

const frames = Array.from({ length: FRAMES }, (_, frame) => frame);
const predictions = frames.map(predictionOf);

/** The same figures from our own code, of the numbers that stand in the file. */
function scoresOf(submitted: readonly Prediction[]): Ho3dScores {
  const evaluation = new Ho3dEvaluation();
  for (const [frame, prediction] of submitted.entries()) {
    const { joints, vertices } = truthOf(frame);
    evaluation.add(asWritten(prediction), joints, vertices);
  }
  return evaluation.scores();
}

const zeros = frames.map((frame) => ({
  id: String(frame),
  joints: new Float64Array(63),
  vertices: new Float64Array(3 * VERTICES),
}));
const zeroPoints = (count: number): number[][] => Array.from({ length: count }, () => [0, 0, 0]);

/** The files as they are submitted; the export refuses a hand at the camera, so the second is written by hand. */
const files = {
  exported: [...predJson(predictions)].join(""),
  zero: JSON.stringify([frames.map(() => zeroPoints(21)), frames.map(() => zeroPoints(VERTICES))]),
};

interface Golden {
  readonly sha256: string;
  readonly scores: Readonly<Record<string, number | null>>;
}

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
const hasNumpy = spawnSync(PYTHON, ["-c", "import numpy"]).status === 0;
const folder = mkdtempSync(join(tmpdir(), "ho3d-protocol-"));
afterAll(() => rmSync(folder, { recursive: true }));

function ask(name: keyof typeof files): Golden {
  const file = join(folder, `${name}.json`);
  writeFileSync(file, files[name]);
  const { stdout, stderr } = spawnSync(PYTHON, ["tests/oracle/ho3d_protocol.py", file, String(FRAMES)], {
    encoding: "utf8",
  });
  if (stdout === "") throw new Error(stderr);
  return { sha256: sha256(files[name]), scores: JSON.parse(stdout) as Golden["scores"] };
}

if (process.env.GOLDEN === "write")
  writeFileSync(GOLDEN, `${JSON.stringify({ exported: ask("exported"), zero: ask("zero") }, null, 2)}\n`);
const golden = JSON.parse(readFileSync(GOLDEN, "utf8")) as Readonly<Record<keyof typeof files, Golden>>;

function expectEqual(found: Readonly<Record<string, number | null>>, expected: Golden["scores"]): void {
  expect(Object.keys(expected).sort()).toEqual([...HO3D_SCORES].sort());
  for (const key of HO3D_SCORES) {
    const [ours, theirs] = [found[key], expected[key]];
    if (ours === null || theirs === null) expect([key, ours]).toEqual([key, theirs]);
    else expect(Math.abs(ours - theirs), `${key}: ${ours}, expected ${theirs}`).toBeLessThan(1e-9);
  }
}

describe("HO-3D's protocol", () => {
  it("scores our export as we do, to 1e-9", () => {
    expect(sha256(files.exported)).toBe(golden.exported.sha256);
    expectEqual(scoresOf(predictions), golden.exported.scores);
    // Every figure is between its ends, or it would say little that both agree.
    for (const key of HO3D_SCORES) {
      expect(golden.exported.scores[key]).toBeGreaterThan(0.05);
      if (!key.endsWith("mean3d")) expect(golden.exported.scores[key]).toBeLessThan(0.97);
    }
  });

  it("says of predictions that are all zero what HO-3D's server says", () => {
    expect(sha256(files.zero)).toBe(golden.zero.sha256);
    const scores = scoresOf(zeros);
    expectEqual(scores, golden.zero.scores);
    // A plausible aligned error, a small F-score, and no number for scale_trans.
    expect(scores).toMatchObject({ xyz_scale_trans_al_mean3d: null, xyz_scale_trans_al_auc3d: null, f_score_15: 0 });
    expect(scores.xyz_mean3d).toBeGreaterThan(50);
    expect(scores.xyz_procrustes_al_mean3d).toBeLessThan(10);
    expect(scoresText(scores)).toContain("xyz_scale_trans_al_mean3d: nan\n");
    expect(() => [...predJson(zeros)]).toThrow("expected a hand in front of the camera");
  });

  it.skipIf(!hasNumpy)(
    "is what the script says of this very file",
    () => {
      expectEqual(ask("exported").scores, golden.exported.scores);
    },
    30_000,
  );

  it("mirrors a mirrored hand; our PA-MPJPE does not, and counts it", () => {
    const evaluation = new Evaluation();
    for (const [frame, { id, joints, vertices }] of predictions.entries()) {
      const truth = truthOf(frame);
      const sequence = frame === MIRRORED ? "mirrored" : frame === EXACT ? "exact" : "proper";
      evaluation.add({ id, sequence, joints, vertices, truthJoints: truth.joints, truthVertices: truth.vertices });
    }
    const { sequences, mirrored } = evaluation.report();
    expect(mirrored).toBe(1);
    expect(sequences.mirrored.metrics.pa_mpjpe_mm.value).toBeGreaterThan(20);
    const official = new Ho3dEvaluation();
    const proper = new Ho3dEvaluation();
    for (const [frame, prediction] of predictions.entries()) {
      if (frame === EXACT) continue;
      const truth = truthOf(frame);
      (frame === MIRRORED ? official : proper).add(prediction, truth.joints, truth.vertices);
    }
    expect(official.scores().xyz_procrustes_al_mean3d).toBeLessThan(0.5);
    // For all others the two are the same figures in two units: the wrist is where it is known to be.
    const { metrics } = sequences.proper;
    const scores = proper.scores();
    for (const [name, key, factor] of [
      ["mpjpe_mm", "xyz_mean3d", 10],
      ["mpjpe_absolute_mm", "xyz_mean3d", 10],
      ["st_mpjpe_mm", "xyz_scale_trans_al_mean3d", 10],
      ["pa_mpjpe_mm", "xyz_procrustes_al_mean3d", 10],
      ["mpvpe_mm", "mesh_mean3d", 10],
      ["mpvpe_absolute_mm", "mesh_mean3d", 10],
      ["pa_mpvpe_mm", "mesh_al_mean3d", 10],
      ["auc_joints", "xyz_auc3d", 1],
      ["st_auc_joints", "xyz_scale_trans_al_auc3d", 1],
      ["pa_auc_joints", "xyz_procrustes_al_auc3d", 1],
      ["auc_vertices", "mesh_auc3d", 1],
      ["pa_auc_vertices", "mesh_al_auc3d", 1],
      ["f_5mm", "f_score_5", 1],
      ["f_15mm", "f_score_15", 1],
      ["pa_f_5mm", "f_al_score_5", 1],
      ["pa_f_15mm", "f_al_score_15", 1],
    ] as const) {
      // The script adds 1e-8 m to norms. The wrist is right but for rounding where it is moved to its place, and half a
      // step of 99 below one that is right, as the curve's first threshold is 0.
      const digits = key === "xyz_auc3d" || key === "xyz_scale_trans_al_auc3d" ? 3 : 5;
      expect(metrics[name].value, name).toBeCloseTo(factor * scores[key]!, digits);
      expect(metrics[name].n).toBe(FRAMES - 2);
    }
  });

  it("has no score without a frame, or with a number that is not finite", () => {
    expect(() => new Ho3dEvaluation().scores()).toThrow("no frame was scored");
    const broken = { ...predictions[0], vertices: predictions[0].vertices.slice() };
    broken.vertices[5] = Number.NaN;
    const { joints, vertices } = truthOf(0);
    expect(() => new Ho3dEvaluation().add(broken, joints, vertices)).toThrow(
      "the prediction of frame SM1/0000 holds a number that is not finite",
    );
  });

  it("is packed as zip -j does: the file at the top, the same bytes each time", async () => {
    const pack = (): Buffer => Buffer.concat([...predZip(predictions)]);
    const archive = pack();
    expect(archive.equals(pack())).toBe(true);
    const source = await zipSource(new Blob([new Uint8Array(archive)]), "pred.zip");
    expect(Buffer.from(await source.read("pred.json")).toString()).toBe(files.exported);
    expect(await source.list("")).toEqual(["pred.json"]);
  });
});
