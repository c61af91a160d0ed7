/**
 * MANO's forward pass in float64 on the CPU, step by step with the names of the literature (Romero et al., "Embodied
 * Hands", 2017; the formula as in smplx's `lbs`). The oracle of the GPU model and the source of synthetic frames.
 * Letters: V vertices, 16 joints in MANO's order (wrist, index, middle, pinky, ring, thumb).
 */
import type { HandModel } from "../types";
import { matrixFromAxisAngle, type Numbers } from "./rotations";

/** Number of joints that MANO rotates. */
export const MANO_JOINTS = 16;

/** MANO's 16 joints in the place of each of the 21 OpenPose joints; -1 - i stands for tip i (thumb, index, middle, ring, pinky). */
export const OPENPOSE_FROM_MANO: readonly number[] = [
  ...[0],
  ...[13, 14, 15, -1],
  ...[1, 2, 3, -2],
  ...[4, 5, 6, -3],
  ...[10, 11, 12, -4],
  ...[7, 8, 9, -5],
];

/** Parameters of one hand; what is missing is zero. Pose is absolute ("flat hand mean"), as in HO-3D. */
export interface HandParameters {
  readonly pose?: Numbers; // [48] axis-angle, the wrist first
  readonly rotations?: Numbers; // [16 * 9] rotation matrices, instead of pose
  readonly shape?: Numbers; // [10]
  readonly trans?: Numbers; // [3] metres
}

/** What the forward pass gives. */
export interface HandResult {
  readonly vertices: Float64Array; // [V * 3] metres
  readonly joints16: Float64Array; // [16 * 3] metres, MANO order
  /** [16 * 12] rows of the 3x4 skinning transforms A_k: a rest vertex v moves to sum_k w_k A_k (v, 1). Translation included. */
  readonly transforms: Float64Array;
}

/** v_s = T + S beta, [V * 3]. */
export function blendShapes(model: HandModel, shape: Numbers): Float64Array {
  const out = Float64Array.from(model.vTemplate);
  const n = model.shapeCount;
  for (let i = 0; i < out.length; i++) {
    for (let k = 0; k < n; k++) out[i] += model.shapedirs[i * n + k] * shape[k];
  }
  return out;
}

/** J = J_regressor v, [16 * 3]. */
export function regressJoints(model: HandModel, vertices: Numbers): Float64Array {
  const out = new Float64Array(MANO_JOINTS * 3);
  const count = model.vertexCount;
  for (let k = 0; k < MANO_JOINTS; k++) {
    for (let v = 0; v < count; v++) {
      const w = model.jRegressor[k * count + v];
      if (w === 0) continue;
      for (let c = 0; c < 3; c++) out[3 * k + c] += w * vertices[3 * v + c];
    }
  }
  return out;
}

/** Axis-angle pose [48] to 16 rotation matrices [16 * 9] (Rodrigues). */
export function rodrigues(pose: Numbers): Float64Array {
  const out = new Float64Array(MANO_JOINTS * 9);
  for (let k = 0; k < MANO_JOINTS; k++) out.set(matrixFromAxisAngle(pose, 3 * k), 9 * k);
  return out;
}

/** v_p = v_s + P f with f = the entries of R_k - I for k = 1..15, row-major, [V * 3]. */
export function poseCorrectives(model: HandModel, vertices: Float64Array, rotations: Numbers): Float64Array {
  const features = 9 * (MANO_JOINTS - 1);
  const f = Float64Array.from(
    { length: features },
    (_, i) => rotations[9 + i] - (i % 9 === 0 || i % 9 === 4 || i % 9 === 8 ? 1 : 0),
  );
  const out = Float64Array.from(vertices);
  for (let i = 0; i < out.length; i++) {
    let sum = 0;
    for (let k = 0; k < features; k++) sum += model.posedirs[i * features + k] * f[k];
    out[i] += sum;
  }
  return out;
}

/** Posed joints [16 * 3] and skinning transforms A_k [16 * 12] of a kinematic tree: G_k = G_parent [R_k | J_k - J_parent], A_k = G_k minus its own rest joint. */
export function rigidTransform(
  rotations: Numbers,
  joints: Numbers,
  parents: Numbers,
  trans: Numbers,
): { joints16: Float64Array; transforms: Float64Array } {
  const joints16 = new Float64Array(MANO_JOINTS * 3);
  const transforms = new Float64Array(MANO_JOINTS * 12);
  for (let k = 0; k < MANO_JOINTS; k++) {
    const parent = parents[k];
    for (let row = 0; row < 3; row++) {
      const at = 12 * k + 4 * row;
      const up = 12 * parent + 4 * row;
      for (let column = 0; column < 3; column++) {
        let value = rotations[9 * k + 3 * row + column];
        if (parent >= 0) {
          value = 0;
          for (let i = 0; i < 3; i++) value += transforms[up + i] * rotations[9 * k + 3 * i + column];
        }
        transforms[at + column] = value;
      }
      let position = joints[3 * k + row] + trans[row];
      if (parent >= 0) {
        position = joints16[3 * parent + row];
        for (let i = 0; i < 3; i++) position += transforms[up + i] * (joints[3 * k + i] - joints[3 * parent + i]);
      }
      joints16[3 * k + row] = position;
    }
    for (let row = 0; row < 3; row++) {
      const at = 12 * k + 4 * row;
      let rest = 0;
      for (let i = 0; i < 3; i++) rest += transforms[at + i] * joints[3 * k + i];
      transforms[at + 3] = joints16[3 * k + row] - rest;
    }
  }
  return { joints16, transforms };
}

/** Linear blend skinning: v = sum_k w_vk A_k (v_p, 1), [V * 3]. */
export function skin(model: HandModel, vertices: Numbers, transforms: Numbers): Float64Array {
  const out = new Float64Array(model.vertexCount * 3);
  for (let v = 0; v < model.vertexCount; v++) {
    const [x, y, z] = [vertices[3 * v], vertices[3 * v + 1], vertices[3 * v + 2]];
    for (let k = 0; k < MANO_JOINTS; k++) {
      const w = model.weights[MANO_JOINTS * v + k];
      if (w === 0) continue;
      for (let row = 0; row < 3; row++) {
        const at = 12 * k + 4 * row;
        out[3 * v + row] +=
          w * (transforms[at] * x + transforms[at + 1] * y + transforms[at + 2] * z + transforms[at + 3]);
      }
    }
  }
  return out;
}

function requireLength(values: Numbers, length: number, what: string): Numbers {
  if (values.length !== length) {
    throw new RangeError(`handForward: ${what} has ${values.length} numbers, expected ${length}`);
  }
  return values;
}

/** Vertices and joints of one hand. The wrist lies at J_0(shape) + trans for every pose. Throws on a wrong length, or when pose and rotations are both given. */
export function handForward(model: HandModel, parameters: HandParameters): HandResult {
  const { pose, rotations, shape, trans } = parameters;
  if (pose !== undefined && rotations !== undefined) {
    throw new RangeError("handForward: pose and rotations are both given, expected one of them");
  }
  const matrices =
    rotations !== undefined
      ? requireLength(rotations, MANO_JOINTS * 9, "rotations")
      : rodrigues(requireLength(pose ?? new Float64Array(48), 48, "pose"));
  const betas = requireLength(shape ?? new Float64Array(model.shapeCount), model.shapeCount, "shape");
  const offset = requireLength(trans ?? new Float64Array(3), 3, "trans");
  const shaped = blendShapes(model, betas);
  const { joints16, transforms } = rigidTransform(matrices, regressJoints(model, shaped), model.parents, offset);
  const vertices = skin(model, poseCorrectives(model, shaped, matrices), transforms);
  return { vertices, joints16, transforms };
}

/** The 21 joints in OpenPose order, [21 * 3]; tips (thumb, index, middle, ring, pinky) are vertices, the model's own unless given. */
export function joints21(
  model: HandModel,
  result: Pick<HandResult, "vertices" | "joints16">,
  tips: Numbers = model.tips,
): Float64Array {
  const out = new Float64Array(63);
  OPENPOSE_FROM_MANO.forEach((source, j) => {
    const from = source >= 0 ? result.joints16 : result.vertices;
    const at = 3 * (source >= 0 ? source : tips[-1 - source]);
    for (let c = 0; c < 3; c++) out[3 * j + c] = from[at + c];
  });
  return out;
}
