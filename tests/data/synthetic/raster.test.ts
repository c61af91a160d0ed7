import { describe, expect, it } from "vitest";
import {
  clearRasterTarget,
  createRasterTarget,
  interpolate,
  type PinholeCamera,
  rasterize,
  vertexNormals,
} from "../../../src/data/synthetic/raster";

const camera: PinholeCamera = [50, 50, 16, 12];
const W = 32;
const H = 24;
/** A plane z = 1 + x / 2 that fills the view, as two triangles. */
const corners = [
  [-0.6, -0.6],
  [0.9, -0.6],
  [0.9, 0.6],
  [-0.6, 0.6],
].flatMap(([x, y]) => [x, y, 1 + x / 2]);
const quad = [0, 1, 2, 0, 2, 3];

describe("rasteriser", () => {
  it("fills a shared edge without gaps and without leaving the view", () => {
    const target = createRasterTarget(W, H);
    rasterize(target, corners, quad, camera);
    expect(target.triangle.every((id) => id === 0 || id === 1)).toBe(true);
    expect(new Set(target.triangle)).toEqual(new Set([0, 1]));
  });

  it("gives metric depth and perspective-correct attributes at pixel centres", () => {
    const target = createRasterTarget(W, H);
    rasterize(target, corners, quad, camera);
    const seen = interpolate(target, quad, corners, 3, new Float32Array(W * H * 3));
    for (const [x, y] of [
      [0, 0],
      [31, 23],
      [16, 12],
      [5, 20],
    ]) {
      // The ray x = (column - cx) / fx * z meets the plane at z = 1 / (1 - ray / 2).
      const ray = (x - 16) / 50;
      const z = 1 / (1 - ray / 2);
      const at = y * W + x;
      expect(target.depth[at]).toBeCloseTo(z, 5);
      expect(seen[3 * at]).toBeCloseTo(ray * z, 5);
      expect(seen[3 * at + 1]).toBeCloseTo(((y - 12) / 50) * z, 5);
      expect(seen[3 * at + 2]).toBeCloseTo(z, 5);
    }
  });

  it("keeps the nearer of two surfaces whatever the order, from both sides", () => {
    const near = [-0.1, -0.1, 0.5, 0.1, -0.1, 0.5, 0, 0.1, 0.5];
    for (const order of [0, 1]) {
      for (const face of [
        [0, 1, 2],
        [0, 2, 1],
      ]) {
        const target = createRasterTarget(W, H);
        const draw = [() => rasterize(target, corners, quad, camera), () => rasterize(target, near, face, camera, 100)];
        if (order === 1) draw.reverse();
        for (const step of draw) step();
        expect(target.triangle[12 * W + 16]).toBe(100);
        expect(target.depth[12 * W + 16]).toBeCloseTo(0.5, 6);
        expect(target.triangle[0]).toBeLessThan(2);
        const out = interpolate(target, face, [7, 7, 7], 1, new Float32Array(W * H), 100);
        expect(out[12 * W + 16]).toBeCloseTo(7, 5);
        expect(out[0]).toBe(0);
      }
    }
  });

  it("leaves what is not covered empty, and clears", () => {
    const target = createRasterTarget(W, H);
    rasterize(target, [5, 5, 1, 6, 5, 1, 5, 6, 1], [0, 1, 2], camera);
    expect(target.triangle.every((id) => id === -1)).toBe(true);
    rasterize(target, corners, quad, camera);
    clearRasterTarget(target);
    expect(target.depth.every((z) => z === 0)).toBe(true);
  });

  it("refuses points behind the camera", () => {
    const target = createRasterTarget(W, H);
    expect(() => rasterize(target, [0, 0, 1, 1, 0, 1, 0, 1, -0.2], [0, 1, 2], camera)).toThrow(
      "vertex 2 lies at z = -0.2",
    );
  });

  it("finds outward unit normals of counter-clockwise faces", () => {
    const normals = vertexNormals([0, 0, 0, 2, 0, 0, 0, 3, 0, 9, 9, 9], [0, 1, 2]);
    expect(Array.from(normals)).toEqual([0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0, 0]);
  });
});
