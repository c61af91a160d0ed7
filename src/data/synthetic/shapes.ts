/** Boxes, cylinders and ellipsoids: meshes to draw, distances to measure, corners to annotate. Metres, own frame. */
import type { Numbers } from "../hand/rotations";
import { cos, sin } from "../math";

/** A solid about the origin; `half` are the half sides of its box. A cylinder stands along y and is as wide as half[0]. */
export interface Solid {
  readonly kind: "box" | "cylinder" | "ball";
  readonly half: readonly [number, number, number];
}

/** A mesh whose faces turn outward counter-clockwise, with a normal at each vertex. */
export interface Mesh {
  readonly vertices: Float64Array; // [V * 3]
  readonly normals: Float64Array; // [V * 3]
  readonly faces: Uint32Array; // [F * 3]
}

/** The eight corners of the solid's box, [8 * 3]. */
export function boxCorners({ half }: Solid): Float64Array {
  return Float64Array.from({ length: 24 }, (_, i) => ((Math.floor(i / 3) >> (i % 3)) & 1 ? 1 : -1) * half[i % 3]);
}

function meshOf(vertices: readonly number[], normals: readonly number[], faces: readonly number[]): Mesh {
  return { vertices: Float64Array.from(vertices), normals: Float64Array.from(normals), faces: Uint32Array.from(faces) };
}

function boxMesh(half: Numbers): Mesh {
  const vertices: number[] = [];
  const normals: number[] = [];
  const faces: number[] = [];
  const square = [
    [-1, -1],
    [1, -1],
    [1, 1],
    [-1, 1],
  ];
  for (let axis = 0; axis < 3; axis++) {
    for (const side of [1, -1]) {
      const first = vertices.length / 3;
      for (const [a, b] of square) {
        const point = [0, 0, 0];
        point[axis] = side * half[axis];
        point[(axis + 1) % 3] = side * a * half[(axis + 1) % 3];
        point[(axis + 2) % 3] = b * half[(axis + 2) % 3];
        vertices.push(...point);
        normals.push(...[0, 1, 2].map((c) => (c === axis ? side : 0)));
      }
      faces.push(first, first + 1, first + 2, first, first + 2, first + 3);
    }
  }
  return meshOf(vertices, normals, faces);
}

/** Grid of rings about y; a row of the profile is radius, y, and the normal's share of radius and y, in units of `half`. */
function revolve(profile: readonly Numbers[], segments: number, half: Numbers): Mesh {
  const vertices: number[] = [];
  const normals: number[] = [];
  const faces: number[] = [];
  for (const [ring, row] of profile.entries()) {
    for (let s = 0; s < segments; s++) {
      const angle = (2 * Math.PI * s) / segments;
      const [c, d] = [cos(angle), sin(angle)];
      vertices.push(row[0] * c * half[0], row[1] * half[1], row[0] * d * half[2]);
      const normal = [(row[2] * c) / half[0], row[3] / half[1], (row[2] * d) / half[2]];
      const length = Math.sqrt(normal[0] * normal[0] + normal[1] * normal[1] + normal[2] * normal[2]);
      normals.push(...normal.map((value) => value / length));
      if (ring === 0) continue;
      const a = (ring - 1) * segments + s;
      const b = (ring - 1) * segments + ((s + 1) % segments);
      faces.push(a, a + segments, b, b, a + segments, b + segments);
    }
  }
  return meshOf(vertices, normals, faces);
}

/** The solid as a mesh. */
export function solidMesh({ kind, half }: Solid, segments = 24): Mesh {
  if (kind === "box") return boxMesh(half);
  if (kind === "cylinder") {
    const profile = [
      [0, -1, 0, -1],
      [1, -1, 0, -1],
      [1, -1, 1, 0],
      [1, 1, 1, 0],
      [1, 1, 0, 1],
      [0, 1, 0, 1],
    ];
    return revolve(profile, segments, half);
  }
  const rings = segments / 2;
  const profile = Array.from({ length: rings + 1 }, (_, i) => {
    const angle = (Math.PI * i) / rings;
    return [sin(angle), -cos(angle), sin(angle), -cos(angle)];
  });
  return revolve(profile, segments, half);
}

/**
 * Signed distance of a point [3] from the solid's surface, negative inside; the nearest surface point goes into `nearest`
 * [3]. Ellipsoids are measured along the ray from their centre.
 */
export function distanceTo({ kind, half }: Solid, p: Numbers, nearest: Float64Array): number {
  if (kind === "ball") {
    const [x, y, z] = [p[0] / half[0], p[1] / half[1], p[2] / half[2]];
    const length = Math.max(1e-9, Math.sqrt(x * x + y * y + z * z));
    for (let c = 0; c < 3; c++) nearest[c] = p[c] / length;
    return Math.sqrt(p[0] * p[0] + p[1] * p[1] + p[2] * p[2]) * (1 - 1 / length);
  }
  // Both are a product of intervals: a box of x, y and z, a cylinder of radius and y.
  const radius = Math.max(1e-9, Math.sqrt(p[0] * p[0] + p[2] * p[2]));
  const place = kind === "box" ? [p[0], p[1], p[2]] : [radius, p[1]];
  const limits = kind === "box" ? half : [half[0], half[1]];
  const gaps = place.map((value, i) => Math.abs(value) - limits[i]);
  const deepest = gaps.indexOf(Math.max(...gaps));
  const outside = gaps[deepest] > 0;
  const onto = place.map((value, i) => {
    if (outside) return Math.max(-limits[i], Math.min(value, limits[i]));
    return i === deepest ? (value < 0 ? -limits[i] : limits[i]) : value;
  });
  if (kind === "box") nearest.set(onto);
  else nearest.set([(p[0] / radius) * onto[0], onto[1], (p[2] / radius) * onto[0]]);
  const [dx, dy, dz] = [p[0] - nearest[0], p[1] - nearest[1], p[2] - nearest[2]];
  return (outside ? 1 : -1) * Math.sqrt(dx * dx + dy * dy + dz * dz);
}
