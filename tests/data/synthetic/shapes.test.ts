import { describe, expect, it } from "vitest";
import { boxCorners, distanceTo, type Solid, solidMesh } from "../../../src/data/synthetic/shapes";

const SOLIDS: Solid[] = [
  { kind: "box", half: [0.02, 0.05, 0.03] },
  { kind: "cylinder", half: [0.02, 0.05, 0.02] },
  { kind: "ball", half: [0.03, 0.04, 0.03] },
];

describe("solids", () => {
  it.each(SOLIDS)("$kind: mesh lies on the surface and turns outward", (solid) => {
    const { vertices, normals, faces } = solidMesh(solid, 24);
    const nearest = new Float64Array(3);
    for (let v = 0; v < vertices.length; v += 3) {
      const n = normals.subarray(v, v + 3);
      expect(Math.hypot(...n)).toBeCloseTo(1, 9);
      const step = (by: number) =>
        distanceTo(
          solid,
          [0, 1, 2].map((c) => vertices[v + c] + by * n[c]),
          nearest,
        );
      // A cylinder's poles of the caps are inside them; every other vertex is on the rim or the surface.
      expect(Math.abs(step(0))).toBeLessThan(1e-9);
      expect(step(1e-3)).toBeGreaterThan(5e-4);
    }
    for (let f = 0; f < faces.length; f += 3) {
      const [a, b, c] = [0, 1, 2].map((k) => vertices.subarray(3 * faces[f + k], 3 * faces[f + k] + 3));
      const [u, w] = [b, c].map((p) => p.map((value, k) => value - a[k]));
      const out = [u[1] * w[2] - u[2] * w[1], u[2] * w[0] - u[0] * w[2], u[0] * w[1] - u[1] * w[0]];
      const along = out.reduce(
        (sum, value, k) => sum + value * (normals[3 * faces[f] + k] + normals[3 * faces[f + 1] + k]),
        0,
      );
      expect(along).toBeGreaterThan(-1e-15);
    }
  });

  it("measures distances inside and outside", () => {
    const nearest = new Float64Array(3);
    expect(distanceTo(SOLIDS[0], [0.05, 0, 0], nearest)).toBeCloseTo(0.03, 12);
    expect(distanceTo(SOLIDS[0], [0.01, 0, 0], nearest)).toBeCloseTo(-0.01, 12);
    expect([...nearest]).toEqual([0.02, 0, 0]);
    expect(distanceTo(SOLIDS[1], [0.03, 0, 0.04], nearest)).toBeCloseTo(0.03, 12);
    expect(distanceTo(SOLIDS[1], [0, 0.06, 0], nearest)).toBeCloseTo(0.01, 9);
    expect(distanceTo(SOLIDS[2], [0, 0, 0.05], nearest)).toBeCloseTo(0.02, 12);
    expect(distanceTo(SOLIDS[2], [0, 0.02, 0], nearest)).toBeCloseTo(-0.02, 12);
    const corners = boxCorners(SOLIDS[0]);
    expect(new Set(Array.from({ length: 8 }, (_, i) => corners.subarray(3 * i, 3 * i + 3).join())).size).toBe(8);
  });
});
