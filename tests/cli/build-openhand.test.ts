import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { buildOpenHand, encodeHandAsset, type OpenHandBuild } from "../../src/cli/openhand/build";
import { jointAxes } from "../../src/data/hand/anatomy";
import { meshEdges } from "../../src/data/hand/asset";
import { handForward, joints21, regressJoints } from "../../src/data/hand/forward";
import { poseFromAngles } from "../../src/data/synthetic/pose";
import { vertexNormals } from "../../src/data/synthetic/raster";
import type { HandModel } from "../../src/data/types";
import { openHand, openHandBytes } from "../helpers/open-hand";

const SOURCE = "node_modules/@webxr-input-profiles/assets/dist/profiles/generic-hand/right.glb";
const glb = (): ArrayBuffer => new Uint8Array(readFileSync(SOURCE)).buffer;

let build: OpenHandBuild;
let model: HandModel;
beforeAll(async () => {
  build = await buildOpenHand(glb(), SOURCE);
  model = openHand();
});

const point = (values: Float64Array, i: number): number[] => Array.from(values.subarray(3 * i, 3 * i + 3));
const distance = (a: number[], b: number[]): number => Math.hypot(...a.map((value, c) => value - b[c]));

describe("OpenHand", () => {
  it("is made from the same bytes twice, and those are the shipped ones", async () => {
    const once = encodeHandAsset(build.model);
    const twice = encodeHandAsset((await buildOpenHand(glb(), SOURCE)).model);
    expect(Buffer.compare(once, twice)).toBe(0);
    expect(Buffer.compare(once, new Uint8Array(openHandBytes()))).toBe(0);
    expect(once.length).toBeLessThan(1.5e6);
  });

  it("has 778 vertices on one surface with one border, the wrist", () => {
    expect([build.weldedVertices, build.weldedFaces]).toEqual([1159, 2314]);
    expect(model.vertexCount).toBe(778);
    expect(new Set(model.faces).size).toBe(778);
    const uses = new Map<string, number>();
    for (let i = 0; i < model.faces.length; i += 3) {
      for (let c = 0; c < 3; c++) {
        const pair = `${model.faces[i + c]} ${model.faces[i + ((c + 1) % 3)]}`;
        uses.set(pair, (uses.get(pair) ?? 0) + 1);
      }
    }
    // Every directed edge once (oriented manifold); those without their reverse are the border.
    expect(Math.max(...uses.values())).toBe(1);
    const border = [...uses.keys()].filter((pair) => !uses.has(pair.split(" ").reverse().join(" ")));
    const next = new Map(border.map((pair) => pair.split(" ").map(Number) as [number, number]));
    let seen = 0;
    let at = Number(border[0].split(" ")[0]);
    do {
      at = next.get(at)!;
      seen++;
    } while (at !== Number(border[0].split(" ")[0]) && seen < 1000);
    expect(seen).toBe(border.length);
    // A disc: V - E + F = 1.
    expect(778 - meshEdges(model.faces).length / 2 + model.faces.length / 3).toBe(1);
  });

  it("has faces that look outward", () => {
    const normals = vertexNormals(model.vTemplate, model.faces);
    model.tips.forEach((tip, i) => {
      const last = regressJoints(model, model.vTemplate).subarray(3 * [15, 3, 6, 12, 9][i]);
      const outward = [0, 1, 2].reduce(
        (sum, c) => sum + normals[3 * tip + c] * (model.vTemplate[3 * tip + c] - last[c]),
        0,
      );
      expect(outward).toBeGreaterThan(0);
    });
  });

  it("regresses the rig's joints, with rows that sum to one", () => {
    const joints = regressJoints(model, model.vTemplate);
    for (let k = 0; k < 16; k++) {
      expect(distance(point(joints, k), [...build.rigJoints[k]])).toBeLessThan(1e-7);
      const row = model.jRegressor.subarray(778 * k, 778 * (k + 1));
      expect(row.reduce((sum, w) => sum + w, 0)).toBeCloseTo(1, 5);
      expect(Math.max(...row.map(Math.abs))).toBeLessThan(0.5);
    }
  });

  it("has skin weights that sum to one and are not negative", () => {
    for (let v = 0; v < 778; v++) {
      const row = model.weights.subarray(16 * v, 16 * v + 16);
      expect(row.reduce((sum, w) => sum + w, 0)).toBeCloseTo(1, 6);
      expect(Math.min(...row)).toBeGreaterThanOrEqual(0);
    }
  });

  it("is a right hand of natural size in MANO's rest frame: fingers -x, thumb +z, palm -y", () => {
    const joints = joints21(model, handForward(model, {}));
    expect(distance(point(joints, 0), point(joints, 12))).toBeGreaterThan(0.175);
    expect(distance(point(joints, 0), point(joints, 12))).toBeLessThan(0.2);
    for (const tip of [8, 12, 16, 20]) expect(joints[3 * tip]).toBeLessThan(joints[0] - 0.1);
    expect(joints[3 * 4 + 2]).toBeGreaterThan(joints[3 * 20 + 2] + 0.08);
    expect(joints[3 * 4 + 1]).toBeLessThan(joints[3 * 9 + 1]);
    const across = [4, 8, 12, 16, 20].map((tip) => joints[3 * tip + 2]);
    expect([...across].sort((a, b) => b - a)).toEqual(across);
  });

  it("has orthogonal shape directions of a few millimetres", () => {
    const column = (k: number) => model.shapedirs.filter((_, i) => i % 10 === k);
    for (let k = 0; k < 10; k++) {
      const rms = Math.sqrt(column(k).reduce((sum, value) => sum + value * value, 0) / 778);
      expect(rms).toBeGreaterThan(0.0005);
      expect(rms).toBeLessThan(0.0045);
      for (let j = 0; j < k; j++) {
        const other = column(j);
        const norm = Math.sqrt(other.reduce((sum, value) => sum + value * value, 0) / 778);
        const product = column(k).reduce((sum, value, i) => sum + value * other[i], 0) / 778;
        expect(Math.abs(product) / (rms * norm)).toBeLessThan(1e-5);
      }
    }
  });

  it("bends the index finger alone, towards the palm", () => {
    const axes = jointAxes(model);
    const angles = new Float64Array(45);
    angles.set([1.2, 0, 0, 1.2]);
    const rest = handForward(model, {});
    const bent = handForward(model, { pose: poseFromAngles(axes, angles) });
    let farthest = 0;
    for (let v = 0; v < 778; v++) {
      const moved = distance(point(rest.vertices, v), point(bent.vertices, v));
      const weights = model.weights.subarray(16 * v, 16 * v + 16);
      const index = weights[1] + weights[2] + weights[3];
      if (index === 0) expect(moved).toBeLessThan(0.0005);
      farthest = Math.max(farthest, moved);
    }
    expect(farthest).toBeGreaterThan(0.06);
    expect(bent.vertices[3 * model.tips[1] + 1]).toBeLessThan(rest.vertices[3 * model.tips[1] + 1] - 0.04);
  });

  it("has small, smooth pose correctives and a slightly curled mean pose", () => {
    const axes = jointAxes(model);
    const pose = poseFromAngles(
      axes,
      Float64Array.from({ length: 45 }, (_, i) => (i % 3 === 0 ? 1.4 : 0)),
    );
    const with_ = handForward(model, { pose }).vertices;
    const without = handForward({ ...model, posedirs: new Float64Array(model.posedirs.length) }, { pose }).vertices;
    let largest = 0;
    for (let v = 0; v < 778; v++) largest = Math.max(largest, distance(point(with_, v), point(without, v)));
    expect(largest).toBeGreaterThan(0.0005);
    expect(largest).toBeLessThan(0.004);
    const mean = handForward(model, { pose: [0, 0, 0, ...model.handsMean] }).vertices;
    for (const tip of model.tips.slice(1)) expect(mean[3 * tip + 1]).toBeLessThan(model.vTemplate[3 * tip + 1] - 0.01);
  });
});
