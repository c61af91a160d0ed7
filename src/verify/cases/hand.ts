/** The hand model, cameras and losses. */
import * as F from "../../ops";
import type { L1Options } from "../../ops/l1-per-sample";
import { seeded } from "../compare";
import type { Expectation, OpCase } from "../types";
import { filled, made, stage } from "./stage";

/** Rotations of one radian or less about seeded axes, row by row, [count, 3, 3]. */
function rotations(count: number, seed: number, most = 1): Float32Array {
  const axes = seeded(3 * count, seed);
  const all = new Float32Array(9 * count);
  for (let i = 0; i < count; i++) {
    const [x, y, z] = axes.subarray(3 * i, 3 * i + 3);
    const length = Math.hypot(x, y, z);
    const angle = most * Math.min(1, length);
    const [u, v, w] = [x / length, y / length, z / length];
    const [s, c] = [Math.sin(angle), 1 - Math.cos(angle)];
    all.set(
      [
        ...[1 - c * (v * v + w * w), c * u * v - s * w, c * u * w + s * v],
        ...[c * u * v + s * w, 1 - c * (u * u + w * w), c * v * w - s * u],
        ...[c * u * w - s * v, c * v * w + s * u, 1 - c * (u * u + v * v)],
      ],
      9 * i,
    );
  }
  return all;
}

function axisAngle(count: number): OpCase {
  const x = seeded(3 * count, 1).map((v, i) => {
    if (i < 3) return 0;
    if (i < 6) return 1e-3 * v;
    return i % 2 === 0 ? 2.5 * v : v;
  });
  return {
    op: "axis-angle-to-matrix",
    name: `${count} rotations, one of them none`,
    inputs: { x: [count, 3] },
    values: { x },
    record: ({ x: t }) => F.axisAngleToMatrix(t),
    outputs: { y: made(stage("y", [3, 3, count])) },
    gradients: { x: made(stage("d_x", [3, count])) },
  };
}

function rot6d(count: number): OpCase {
  return {
    op: "rot6d-to-matrix",
    name: `${count} rotations`,
    inputs: { x: [count, 6] },
    values: { x: seeded(6 * count, 1).map((v, i) => v + (i % 6 === 0 || i % 6 === 4 ? 1.5 : 0)) },
    record: ({ x }) => F.rot6dToMatrix(x),
    outputs: { y: made(stage("y", [3, 3, count])) },
    gradients: { x: made(stage("d_x", [6, count])) },
  };
}

function lossyAxisAngle(count: number): OpCase {
  return {
    op: "lossy-matrix-to-axis-angle",
    name: `${count} rotations of 0.3 to 2 radians`,
    inputs: { x: [count, 3, 3] },
    values: { x: rotations(count, 7, 2) },
    record: ({ x }) => F.lossyMatrixToAxisAngle(x),
    outputs: { y: made(stage("y", [3, count])) },
    gradients: { x: made(stage("d_x", [3, 3, count])) },
    tolerance: 1e-4,
    reason: "differences of matrix entries, which nearly cancel for small angles",
  };
}

function composeRotations(count: number): OpCase {
  return {
    op: "compose-rotations",
    name: `${count} pairs`,
    inputs: { a: [count, 3, 3], b: [count, 3, 3] },
    record: ({ a, b }) => F.composeRotations(a, b),
    outputs: { y: made(stage("y", [3, 3, count])) },
    gradients: { a: made(stage("d_a", [3, 3, count])), b: made(stage("d_b", [3, 3, count])) },
  };
}

function poseFeature(batch: number, joints: number): OpCase {
  return {
    op: "pose-feature",
    name: `${batch} x ${joints} joints`,
    inputs: { x: [batch, joints, 3, 3] },
    record: ({ x }) => F.poseFeature(x),
    outputs: { y: made(stage("y", [9 * (joints - 1), batch], { joints })) },
    gradients: { x: made(stage("d_x", [9 * joints, batch], { joints })) },
  };
}

function blendShapes(batch: number, vertices: number, count: number, isShared: boolean): OpCase {
  const rows = 3 * vertices;
  const constants = { batch, rows, count, base_stride: isShared ? 0 : rows };
  return {
    op: "blend-shapes",
    name: `${batch} hands of ${vertices} vertices, ${count} ${isShared ? "shapes on one template" : "correctives"}`,
    inputs: {
      base: isShared ? [vertices, 3] : [batch, vertices, 3],
      dirs: [vertices, 3, count],
      coefficients: [batch, count],
    },
    fixed: ["dirs"],
    record: ({ base, dirs, coefficients }) => F.blendShapes(base, dirs, coefficients),
    outputs: { y: made(stage("y", [rows, batch], constants)) },
    gradients: {
      base: isShared
        ? made(stage("d_base_shared", [rows], constants))
        : made(stage("d_base", [rows, batch], constants)),
      coefficients: made(stage("d_coefficients", [count, batch], constants)),
    },
  };
}

function kinematicChain(batch: number, parents: readonly number[]): OpCase {
  const joints = parents.length;
  const constants = { joints };
  const local = [stage("y", [4, 3, joints * batch], constants), stage("d_local", [4, 3, joints * batch], constants)];
  return {
    op: "kinematic-chain",
    name: `${batch} hands of ${joints} joints`,
    inputs: { rotations: [batch, joints, 3, 3], rest: [batch, joints, 3] },
    values: { rotations: rotations(batch * joints, 5) },
    extra: { parents: Float32Array.from(parents) },
    record: ({ rotations: r, rest }) => F.kinematicChain(r, rest, parents),
    outputs: { y: made(local[0]) },
    gradients: {
      rotations: made(...local, stage("d_rotations", [3, 3, joints * batch])),
      rest: made(...local, stage("d_rest", [3, joints, batch], constants)),
    },
  };
}

function skin(batch: number, vertices: number, joints: number): OpCase {
  const constants = { vertices, joints };
  return {
    op: "skin",
    name: `${batch} hands of ${vertices} vertices, ${joints} joints`,
    inputs: {
      x: [batch, vertices, 3],
      transforms: [batch, joints, 3, 4],
      rest: [batch, joints, 3],
      weights: [vertices, joints],
    },
    fixed: ["weights"],
    record: ({ x, transforms, rest, weights }) => F.skin(x, transforms, rest, weights),
    outputs: { y: made(stage("y", [3, vertices, batch], constants)) },
    gradients: {
      x: made(stage("d_x", [3, vertices, batch], constants)),
      transforms: made(stage("d_transforms", [4, 3, joints * batch], constants)),
      rest: made(stage("d_rest", [3, joints, batch], constants)),
    },
  };
}

function handJoints(batch: number, bones: number, vertices: number, map: readonly number[]): OpCase {
  const constants = { bones, vertices, joints: map.length };
  return {
    op: "hand-joints",
    name: `${map.length} joints of ${batch} hands, some of them vertices`,
    inputs: { transforms: [batch, bones, 3, 4], vertices: [batch, vertices, 3] },
    extra: { table: Float32Array.from(map) },
    record: ({ transforms, vertices: v }) => F.handJoints(transforms, v, map),
    outputs: { y: made(stage("y", [3, map.length, batch], constants)) },
    gradients: {
      transforms: made(stage("d_transforms", [4, 3, bones * batch], constants)),
      vertices: made(stage("d_vertices", [3, vertices, batch], constants)),
    },
  };
}

function positiveCamera(batch: number): OpCase {
  return {
    op: "positive-camera",
    name: `${batch} cameras`,
    inputs: { x: [batch, 3] },
    values: { x: seeded(3 * batch, 1).map((v) => 6 * v) },
    record: ({ x }) => F.positiveCamera(x),
    outputs: { y: made(stage("y", [3, batch])) },
    gradients: { x: made(stage("d_x", [3, batch])) },
  };
}

/** Scales away from zero, whose inverse is the depth. */
const cameras = (batch: number): Float32Array => seeded(3 * batch, 4).map((v, i) => (i % 3 === 0 ? 2 + v : v));

function project(batch: number, points: number): OpCase {
  const constants = { points };
  const d_x = stage("d_x", [3, points, batch], constants);
  return {
    op: "project",
    name: `${batch} x ${points} points`,
    inputs: { x: [batch, points, 3], camera: [batch, 3], focal: [batch] },
    values: { x: seeded(3 * batch * points, 1).map((v) => 0.2 * v), camera: cameras(batch), focal: filled(batch, 4.5) },
    fixed: ["focal"],
    record: ({ x, camera, focal }) => F.project(x, camera, focal),
    outputs: { y: made(stage("y", [2, points, batch], constants)) },
    gradients: { x: made(d_x), camera: made(d_x, stage("d_camera", [3, batch], constants)) },
  };
}

function orthographic(batch: number, points: number): OpCase {
  const constants = { points, unit: 1.5, offset_x: 8, offset_y: 5.5 };
  return {
    op: "orthographic",
    name: `${batch} x ${points} points`,
    inputs: { x: [batch, points, 3], camera: [batch, 3] },
    values: { camera: cameras(batch) },
    record: ({ x, camera }) => F.orthographic(x, camera, 1.5, 8, 5.5),
    outputs: { y: made(stage("y", [2, points, batch], constants)) },
    gradients: {
      x: made(stage("d_x", [3, points, batch], constants)),
      camera: made(stage("d_camera", [3, batch], constants)),
    },
  };
}

function subtractRoot(batch: number, points: number, joints: number, index: number): OpCase {
  const constants = { points, joints, index };
  return {
    op: "subtract-root",
    name: `${batch} x ${points} points, joint ${index} of ${joints}`,
    inputs: { x: [batch, points, 3], root: [batch, joints, 3] },
    record: ({ x, root }) => F.subtractRoot(x, root, index),
    outputs: { y: made(stage("y", [3, points, batch], constants)) },
    gradients: {
      x: made(stage("d_x", [3 * points * batch])),
      root: made(stage("d_root", [3, joints, batch], constants)),
    },
  };
}

function shareInside(batch: number, points: number): OpCase {
  return {
    op: "share-inside",
    name: `${batch} x ${points} points, some outside`,
    inputs: { pixels: [batch, points, 2] },
    values: { pixels: seeded(2 * batch * points, 6).map((v) => 8 * (0.5 + 0.7 * v)) },
    record: ({ pixels }) => F.shareInside(pixels, 8, 6),
    outputs: { y: made(stage("y", [1], { points: batch * points, width: 8, height: 6 })) },
  };
}

interface L1Choice {
  readonly confidence?: boolean;
  readonly flag?: boolean;
  /** own: point 0 of pred and truth themselves; other: point 0 of tensors of this many points. */
  readonly root?: "own" | number;
  readonly times?: number;
}

function l1(batch: number, points: number, coords: number, choice: L1Choice): OpCase {
  const { confidence = false, flag = false, root, times = 1 } = choice;
  const stride = coords + Number(confidence);
  const rootPoints = typeof root === "number" ? root : points;
  const factor = 1 / (points * coords);
  const constants = {
    ...{ points, coords, stride, factor, times, per_sample: points * coords },
    ...{ rooted: Number(root !== undefined), confident: Number(confidence), flagged: Number(flag) },
    root_floats: rootPoints * coords,
    truth_root_floats: rootPoints * (root === "own" ? stride : coords),
  };
  const isOther = typeof root === "number";
  const rename: Record<string, string> = isOther ? {} : { pred_root: "pred", truth_root: "truth" };
  const term = (mode: number) => stage("term", [coords, points, batch], { ...constants, mode }, { rename });
  const d_pred = stage("d_pred", [coords, points, batch], constants);
  const d_root = stage("d_root", [coords, rootPoints, batch], constants);
  const total = stage("d_both", [batch * points * coords]);
  const gradients: Record<string, Expectation> = {
    pred: root === "own" ? made(term(1), d_pred, d_root, total) : made(term(1), d_pred),
    ...(isOther && { pred_root: made(term(1), d_root) }),
  };
  const words = [
    confidence ? "confidence" : "",
    flag ? "flags" : "",
    root === "own" ? "relative to point 0" : "",
    isOther ? "relative to another root" : "",
  ];
  return {
    op: "l1-per-sample",
    name: [`${batch} x ${points} x ${coords}`, ...words].filter((word) => word !== "").join(", "),
    inputs: {
      pred: [batch, points, coords],
      truth: [batch, points, stride],
      ...(isOther && { pred_root: [batch, root, coords], truth_root: [batch, root, coords] }),
      ...(flag && { flag: [batch] }),
    },
    values: flag ? { flag: Array.from({ length: batch }, (_, b) => Number(b % 3 !== 1)) } : {},
    fixed: ["truth", "truth_root", "flag"],
    extra: flag ? {} : { flag: filled(batch, 1) },
    record: ({ pred, truth, pred_root, truth_root, flag: flags }) => {
      const options: L1Options = { confidence, flag: flags, rootRelative: root === "own", truthRootTimes: times };
      return F.l1PerSample(
        pred,
        truth,
        isOther ? { ...options, roots: { pred: pred_root, truth: truth_root } } : options,
      );
    },
    outputs: { y: made(term(0), stage("y", [batch], constants)) },
    gradients,
  };
}

function squaredError(batch: number, size: number, hasTruth: boolean): OpCase {
  const constants = { size, factor: 1 / size };
  return {
    op: "squared-error-per-sample",
    name: `${batch} x ${size}${hasTruth ? ", flags" : ", against zero"}`,
    inputs: { pred: [batch, size], ...(hasTruth && { truth: [batch, size], flag: [batch] }) },
    values: hasTruth ? { flag: Array.from({ length: batch }, (_, b) => Number(b !== 1)) } : {},
    fixed: ["truth", "flag"],
    extra: hasTruth ? {} : { truth: filled(batch * size, 0), flag: filled(batch, 1) },
    record: ({ pred, truth, flag }) => F.squaredErrorPerSample(pred, truth, { flag }),
    outputs: { y: made(stage("y", [batch], constants)) },
    gradients: { pred: made(stage("d_pred", [size, batch], constants)) },
  };
}

const MANO_PARENTS = [-1, 0, 1, 2, 0, 4, 5, 0, 7, 8, 0, 10, 11, 0, 13, 14];

/** Cases of the hand model, cameras and losses. */
export const handCases: readonly OpCase[] = [
  axisAngle(65),
  rot6d(65),
  lossyAxisAngle(33),
  composeRotations(9),
  poseFeature(3, 5),
  blendShapes(3, 25, 10, true),
  blendShapes(9, 47, 135, false),
  kinematicChain(2, [-1, 0, 1, 0, 3]),
  kinematicChain(3, MANO_PARENTS),
  skin(2, 70, 5),
  handJoints(2, 4, 6, [3, 0, 5, 4, 9, 4]),
  positiveCamera(23),
  project(3, 70),
  orthographic(2, 67),
  subtractRoot(2, 7, 1, 0),
  subtractRoot(3, 5, 4, 2),
  shareInside(2, 71),
  l1(3, 21, 2, { confidence: true }),
  l1(4, 5, 3, { confidence: true, flag: true, root: "own" }),
  l1(2, 70, 3, { root: 3, times: 2 }),
  l1(2, 3, 1, {}),
  squaredError(3, 131, true),
  squaredError(2, 10, false),
];
