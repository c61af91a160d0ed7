/** From the rig's 25 WebXR joints to MANO's 16: which joint each becomes, positions, skin weights, joint regressor. */
import type { SkinnedMesh } from "./glb";
import type { WeightedMesh } from "./mesh";

const FINGER_BONES = ["phalanx-proximal", "phalanx-intermediate", "phalanx-distal"];
const THUMB_BONES = ["metacarpal", "phalanx-proximal", "phalanx-distal"];

/** WebXR name of MANO's 16 joints, in MANO's order. */
export const RIG_JOINTS: readonly string[] = [
  "wrist",
  ...["index", "middle", "pinky", "ring"].flatMap((finger) => FINGER_BONES.map((bone) => `${finger}-finger-${bone}`)),
  ...THUMB_BONES.map((bone) => `thumb-${bone}`),
];

/** WebXR name of the five tips, in the order of `HandModel.tips`. */
export const RIG_TIPS: readonly string[] = [
  "thumb-tip",
  ...["index", "middle", "ring", "pinky"].map((finger) => `${finger}-finger-tip`),
];

/** MANO joint that each rig joint becomes: metacarpals of the four fingers join the wrist, tips join the last bone. */
function manoJoint(name: string): number {
  const own = RIG_JOINTS.indexOf(name);
  if (own >= 0) return own;
  if (name.endsWith("finger-metacarpal")) return 0;
  if (name.endsWith("-tip")) return RIG_JOINTS.indexOf(name.replace("tip", "phalanx-distal"));
  throw new Error(`openhand: the rig has a joint "${name}", expected WebXR hand joints only`);
}

/**
 * Rig frame (fingers -y, thumb -z, palm -x) to MANO's rest frame (fingers -x, thumb +z, palm -y: the right arm of a body
 * in T-pose that faces +z, palm down). A proper rotation.
 */
export function toManoFrame(point: ArrayLike<number>): [number, number, number] {
  return [point[1], point[0], -point[2]];
}

/** Rest positions in MANO's frame of the named rig joints, [n][3]. */
export function jointPositions(rig: SkinnedMesh, names: readonly string[]): [number, number, number][] {
  return names.map((name) => {
    const joint = rig.joints.find((candidate) => candidate.name === name);
    if (joint === undefined) throw new Error(`openhand: the rig has no joint "${name}", expected WebXR hand joints`);
    return toManoFrame(joint.position);
  });
}

/** Skin weights over MANO's 16 joints [V * 16], rows summing to one. */
export function mergeWeights(mesh: WeightedMesh, rig: SkinnedMesh): Float64Array {
  const target = rig.joints.map((joint) => manoJoint(joint.name));
  const count = mesh.positions.length / 3;
  const out = new Float64Array(count * 16);
  for (let v = 0; v < count; v++) {
    for (let k = 0; k < mesh.jointCount; k++) out[16 * v + target[k]] += mesh.weights[mesh.jointCount * v + k];
  }
  return out;
}

/** Averages each vertex's weights with its neighbours', `rounds` times, so that creases stay soft; rows keep their sum. */
export function smoothWeights(weights: Float64Array, edges: Uint32Array, rounds: number): Float64Array {
  const count = weights.length / 16;
  let current = weights;
  for (let round = 0; round < rounds; round++) {
    const sum = new Float64Array(weights.length);
    const degree = new Float64Array(count);
    for (let e = 0; e < edges.length; e += 2) {
      for (const [a, b] of [
        [edges[e], edges[e + 1]],
        [edges[e + 1], edges[e]],
      ]) {
        degree[a]++;
        for (let k = 0; k < 16; k++) sum[16 * a + k] += current[16 * b + k];
      }
    }
    current = sum.map((value, i) => 0.5 * current[i] + (0.5 * value) / degree[Math.floor(i / 16)]);
  }
  // The smallest shares do nothing visible and cost time in every skinning.
  const kept = current.map((value) => (value < 0.004 ? 0 : value));
  return kept.map((value, i) => {
    const start = i - (i % 16);
    let total = 0;
    for (let k = 0; k < 16; k++) total += kept[start + k];
    return value / total;
  });
}

/**
 * Joint regressor [16 * V]: for each joint the weights that are closest to a Gaussian of the distance, sum to one and
 * return the joint exactly (weighted least squares with four equality constraints, so linear in the surrounding surface).
 */
export function jointRegressor(vertices: Float64Array, joints: readonly (readonly number[])[]): Float64Array {
  const count = vertices.length / 3;
  const out = new Float64Array(joints.length * count);
  joints.forEach((joint, k) => {
    const offsets = Array.from({ length: count }, (_, v) => [0, 1, 2].map((c) => vertices[3 * v + c] - joint[c]));
    const distances = offsets.map(([x, y, z]) => Math.sqrt(x * x + y * y + z * z));
    const width = 1.5 * Math.min(...distances);
    const bell = distances.map((distance) =>
      distance < 3 * width ? Math.exp((-0.5 * distance * distance) / (width * width)) : 0,
    );
    const rows = offsets.map((offset) => [1, ...offset.map((value) => value / width)]);
    const normal = Array.from({ length: 4 }, (_, i) =>
      Array.from({ length: 4 }, (_, j) => rows.reduce((sum, row, v) => sum + bell[v] * row[i] * row[j], 0)),
    );
    const multipliers = solve(normal, [1, 0, 0, 0]);
    rows.forEach((row, v) => {
      out[k * count + v] = bell[v] * row.reduce((sum, value, i) => sum + value * multipliers[i], 0);
    });
  });
  return out;
}

/** Gaussian elimination with row pivoting; small systems only. */
function solve(matrix: number[][], right: number[]): number[] {
  const n = right.length;
  const rows = matrix.map((row, i) => [...row, right[i]]);
  for (let i = 0; i < n; i++) {
    let pivot = i;
    for (let r = i + 1; r < n; r++) if (Math.abs(rows[r][i]) > Math.abs(rows[pivot][i])) pivot = r;
    [rows[i], rows[pivot]] = [rows[pivot], rows[i]];
    for (let r = 0; r < n; r++) {
      if (r === i) continue;
      const factor = rows[r][i] / rows[i][i];
      for (let c = i; c <= n; c++) rows[r][c] -= factor * rows[i][c];
    }
  }
  return rows.map((row, i) => row[n] / row[i]);
}
