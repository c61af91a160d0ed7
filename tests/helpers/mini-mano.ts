/** MANO's formulas with any number of vertices, in float64, one sample at a time and without a thought for speed. */
import { matmul3 } from "./rotations";

export const MANO_PARENTS: readonly number[] = [-1, 0, 1, 2, 0, 4, 5, 0, 7, 8, 0, 10, 11, 0, 13, 14];

type Numbers = ArrayLike<number>;

/** Global transforms [K, 3, 4] of a kinematic tree: G_k = G_parent [R_k | J_k - J_parent]. */
export function globalTransforms(rotations: Numbers, rest: Numbers, parents: Numbers): number[] {
  const turns: number[][] = [];
  const origins: number[][] = [];
  for (let k = 0; k < parents.length; k++) {
    const own = Array.from({ length: 9 }, (_, e) => rotations[9 * k + e]);
    const joint = [0, 1, 2].map((c) => rest[3 * k + c]);
    const p = parents[k];
    if (p < 0) {
      turns.push(own);
      origins.push(joint);
      continue;
    }
    turns.push(matmul3(turns[p], own));
    const bone = joint.map((v, c) => v - rest[3 * p + c]);
    origins.push(rotate(turns[p], bone).map((v, c) => v + origins[p][c]));
  }
  return turns.flatMap((turn, k) =>
    [0, 1, 2].flatMap((row) => [turn[3 * row], turn[3 * row + 1], turn[3 * row + 2], origins[k][row]]),
  );
}

/** Linear blend skinning of vertices [V, 3] by transforms [K, 3, 4] about rest joints [K, 3], weights [V, K]. */
export function skinned(vertices: Numbers, transforms: Numbers, rest: Numbers, weights: Numbers): number[] {
  const joints = rest.length / 3;
  return Array.from({ length: vertices.length }, (_, i) => {
    const [v, row] = [Math.floor(i / 3), i % 3];
    let sum = 0;
    for (let k = 0; k < joints; k++) {
      let moved = transforms[12 * k + 4 * row + 3];
      for (let c = 0; c < 3; c++) moved += transforms[12 * k + 4 * row + c] * (vertices[3 * v + c] - rest[3 * k + c]);
      sum += weights[v * joints + k] * moved;
    }
    return sum;
  });
}

function rotate(m: Numbers, v: Numbers): number[] {
  return [0, 1, 2].map((row) => m[3 * row] * v[0] + m[3 * row + 1] * v[1] + m[3 * row + 2] * v[2]);
}
