import { describe, expect, it } from "vitest";
import { HO3D_FROM_OPENPOSE, placeAtWrist, predJson } from "../../src/export/pred-json";

const OPENPOSE_FROM_HO3D = [0, 13, 14, 15, 16, 1, 2, 3, 17, 4, 5, 6, 18, 10, 11, 12, 19, 7, 8, 9, 20];

const prediction = (id: string) => ({
  id,
  joints: Float64Array.from({ length: 63 }, (_, i) =>
    i % 3 === 0 ? Math.floor(i / 3) / 100 : i % 3 === 1 ? 0.25 : 0.5,
  ),
  vertices: Float64Array.from({ length: 778 * 3 }, (_, i) => 0.1 + (i % 3)),
});

describe("pred.json", () => {
  it("the joint order is the inverse of the one that reads HO-3D", () => {
    expect(OPENPOSE_FROM_HO3D.map((h) => HO3D_FROM_OPENPOSE[h])).toEqual(Array.from({ length: 21 }, (_, i) => i));
  });

  it("two lists, OpenGL metres, HO-3D's order", () => {
    const parsed = JSON.parse([...predJson([prediction("a"), prediction("b")])].join(""));
    expect(parsed.map((list: unknown[]) => list.length)).toEqual([2, 2]);
    expect(parsed[0][1].length).toBe(21);
    expect(parsed[1][1].length).toBe(778);
    expect(parsed[0][0][1]).toEqual([0.05, -0.25, -0.5]);
    expect(parsed[0][0][16]).toEqual([0.04, -0.25, -0.5]);
    expect(parsed[1][0][777]).toEqual([0.1, -1.1, -2.1]);
  });

  it("refuses wrong counts, non-finite numbers and a hand behind the camera, naming the frame", () => {
    const short = { ...prediction("SM1/0003"), vertices: new Float32Array(3) };
    expect(() => [...predJson([short])]).toThrow("frame SM1/0003 has 21 joints and 1 vertices, expected 21 and 778");
    const broken = prediction("SM1/0004");
    broken.joints[5] = Number.NaN;
    expect(() => [...predJson([broken])]).toThrow("frame SM1/0004 holds a number that is not finite");
    const behind = prediction("SM1/0005");
    behind.joints[2] = -0.5;
    expect(() => [...predJson([behind])]).toThrow("the wrist of frame SM1/0005 has z = -0.5 m");
  });

  it("moves joints and vertices together to a given wrist", () => {
    const moved = placeAtWrist(prediction("a"), [1, 2, 3]);
    expect([...moved.joints.slice(0, 3)]).toEqual([1, 2, 3]);
    expect(moved.vertices[0]).toBeCloseTo(1.1, 6);
    expect(moved.joints[3]).toBeCloseTo(1.01, 12);
  });
});
