/** Mesh steps of the OpenHand build: weld, open the wrist, simplify. Positions in the rig's frame, metres. */
import { MeshoptSimplifier } from "meshoptimizer";
import type { SkinnedMesh } from "./glb";

/** A mesh whose vertices each keep a row of skin weights over the rig's joints. */
export interface WeightedMesh {
  readonly positions: Float32Array; // [V * 3]
  readonly faces: Uint32Array; // [F * 3]
  readonly weights: Float64Array; // [V * jointCount]
  readonly jointCount: number;
}

/** One vertex per position: texture seams split vertices that are one point of the surface. Faces that lose area go. */
export function weldSeams(mesh: SkinnedMesh): WeightedMesh {
  const jointCount = mesh.joints.length;
  const places = new Map<string, number>();
  const positions: number[] = [];
  const weights: number[] = [];
  const vertexOf = Array.from({ length: mesh.positions.length / 3 }, (_, i) => {
    const point = Array.from(mesh.positions.subarray(3 * i, 3 * i + 3));
    const key = point.join(" ");
    const known = places.get(key);
    if (known !== undefined) return known;
    const row = new Array<number>(jointCount).fill(0);
    for (let c = 4 * i; c < 4 * i + 4; c++) row[mesh.jointIndices[c]] += mesh.jointWeights[c];
    const sum = row.reduce((total, w) => total + w, 0);
    weights.push(...row.map((w) => w / sum));
    positions.push(...point);
    places.set(key, places.size);
    return places.size - 1;
  });
  const faces: number[] = [];
  for (let i = 0; i < mesh.faces.length; i += 3) {
    const corners = Array.from(mesh.faces.subarray(i, i + 3), (v) => vertexOf[v]);
    if (new Set(corners).size === 3) faces.push(...corners);
  }
  return {
    positions: Float32Array.from(positions),
    faces: Uint32Array.from(faces),
    weights: Float64Array.from(weights),
    jointCount,
  };
}

/** Removes the flat lid over the wrist: faces whose corners all lie within `thickness` of the farthest plane along `outward` [3]. */
export function openWrist(mesh: WeightedMesh, outward: readonly number[], thickness: number): WeightedMesh {
  const p = mesh.positions;
  const heights = Array.from(
    { length: p.length / 3 },
    (_, v) => p[3 * v] * outward[0] + p[3 * v + 1] * outward[1] + p[3 * v + 2] * outward[2],
  );
  const lid = Math.max(...heights) - thickness;
  const faces: number[] = [];
  for (let i = 0; i < mesh.faces.length; i += 3) {
    const corners = Array.from(mesh.faces.subarray(i, i + 3));
    if (!corners.every((v) => heights[v] > lid)) faces.push(...corners);
  }
  return compact({ ...mesh, faces: Uint32Array.from(faces) });
}

/** Drops vertices that no face names and renumbers the rest in their old order. */
function compact(mesh: WeightedMesh): WeightedMesh {
  const kept = [...new Set(mesh.faces)].sort((a, b) => a - b);
  const place = new Map(kept.map((v, i) => [v, i]));
  const row = <T extends Float32Array | Float64Array>(values: T, v: number, n: number) =>
    Array.from(values.subarray(n * v, n * v + n));
  return {
    positions: Float32Array.from(kept.flatMap((v) => row(mesh.positions, v, 3))),
    faces: mesh.faces.map((v) => place.get(v)!),
    weights: Float64Array.from(kept.flatMap((v) => row(mesh.weights, v, mesh.jointCount))),
    jointCount: mesh.jointCount,
  };
}

/**
 * Quadric simplification (meshoptimizer) to exactly `vertexCount` vertices, keeping borders. Vertices stay where they
 * were, so that skin weights stay true. Throws when no number of faces gives that many vertices.
 */
export async function simplifyTo(
  mesh: WeightedMesh,
  vertexCount: number,
): Promise<{ mesh: WeightedMesh; error: number }> {
  await MeshoptSimplifier.ready;
  const surplus = mesh.positions.length / 3 - vertexCount;
  for (const slack of [0, 1, -1, 2, -2, 3, -3]) {
    const faceCount = mesh.faces.length / 3 - 2 * (surplus + slack);
    const [faces, error] = MeshoptSimplifier.simplify(mesh.faces, mesh.positions, 3, 3 * faceCount, 1, ["LockBorder"]);
    const result = compact({ ...mesh, faces });
    if (result.positions.length / 3 === vertexCount) return { mesh: result, error };
  }
  throw new Error(
    `openhand: simplification of ${mesh.positions.length / 3} vertices found no mesh of ${vertexCount}; is the source file another version?`,
  );
}
