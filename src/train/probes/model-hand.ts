/** The network's hand against MANO's formulas in float64: joints of annotated parameters, and vertices of predicted ones. */
import type { Batch } from "../../data/batch";
import { handForward, joints21 } from "../../data/hand/forward";
import { matrixFromAxisAngle } from "../../data/hand/rotations";
import type { HandModel } from "../../data/types";
import type { DecoderEvidence, JointComparison, RotationEvidence } from "../model-evidence";
import type { Recording } from "../record";
import { bestAssignment } from "./assignment";
import type { Replay } from "./model-replay";

type Numbers = ArrayLike<number>;

const JOINTS = 21;

/** Vertices [V * 3] and joints [63] of one row of rotations [B, 16, 3, 3] and betas [B, 10], metres. */
export function referenceHand(
  hand: HandModel,
  rotations: Numbers,
  betas: Numbers,
  row: number,
): { readonly vertices: Float64Array; readonly joints: Float64Array } {
  const of = (values: Numbers, size: number): Float64Array =>
    Float64Array.from({ length: size }, (_, i) => values[row * size + i]);
  const result = handForward(hand, { rotations: of(rotations, 144), shape: of(betas, hand.shapeCount) });
  return { vertices: result.vertices, joints: joints21(hand, result) };
}

/** Joints of annotated parameters as the network's hand gives them, truthJoints [B, 21, 3], against both others. */
export function compareDecoder(hand: HandModel, batch: Batch, truthJoints: Numbers): DecoderEvidence {
  const rows = Array.from({ length: batch.count }, (_, row) => row).filter((row) => batch.hasMano[row] === 1);
  const own = (row: number): Float64Array => Float64Array.from({ length: 63 }, (_, i) => truthJoints[63 * row + i]);
  const annotated = (row: number): Float64Array =>
    Float64Array.from({ length: 63 }, (_, i) => batch.joints3d[84 * row + 4 * Math.floor(i / 3) + (i % 3)]);
  const isWhole = (row: number): boolean =>
    Array.from({ length: JOINTS }, (_, j) => batch.joints3d[84 * row + 4 * j + 3]).every((c) => c > 0);
  return {
    reference: compareJoints(
      rows.map((row) => [own(row), referenceHand(hand, batch.pose, batch.shape, row).joints] as const),
    ),
    annotation: compareJoints(
      rows.filter(isWhole).map((row) => [fromWrist(own(row)), fromWrist(annotated(row))] as const),
    ),
  };
}

const fromWrist = (joints: Float64Array): Float64Array => joints.map((x, i) => x - joints[i % 3]);

function compareJoints(pairs: readonly (readonly [Float64Array, Float64Array])[]): JointComparison | null {
  if (pairs.length === 0 || pairs.some(([a, b]) => ![...a, ...b].every(Number.isFinite))) return null;
  const cost = new Float64Array(JOINTS * JOINTS);
  for (const [a, b] of pairs) {
    for (let i = 0; i < cost.length; i++) {
      const [p, q] = [3 * Math.floor(i / JOINTS), 3 * (i % JOINTS)];
      cost[i] += (1000 * Math.hypot(a[p] - b[q], a[p + 1] - b[q + 1], a[p + 2] - b[q + 2])) / pairs.length;
    }
  }
  const assignment = bestAssignment(cost, JOINTS);
  return {
    n: pairs.length,
    perJointMm: assignment.map((_, j) => cost[j * JOINTS + j]),
    assignment,
    assignedMm: assignment.reduce((sum, to, j) => sum + cost[j * JOINTS + to] / JOINTS, 0),
  };
}

/** Largest distance of vertices [B, V, 3] from those that the formulas make of rotations and betas, mm; over `rows` rows. */
export function vertexGapMm(
  hand: HandModel,
  { vertices, rotations, betas }: Readonly<Record<"vertices" | "rotations" | "betas", Numbers>>,
  rows: number,
): number {
  let worst = 0;
  const size = 3 * hand.vertexCount;
  for (let row = 0; row < rows; row++) {
    const right = referenceHand(hand, rotations, betas, row).vertices;
    for (let v = 0; v < size; v += 3) {
      const at = row * size + v;
      const gap = Math.hypot(vertices[at] - right[v], vertices[at + 1] - right[v + 1], vertices[at + 2] - right[v + 2]);
      if (!(gap <= worst)) worst = gap; // NaN too
    }
  }
  return 1000 * worst;
}

/** Angles where conversions of rotations break, and some between: zero, below and above small-angle branches, and up to pi. */
const ANGLES = [0, 2e-4, 9e-4, 2e-3, 0.05, 1, 2, 3, 3.1, 3.13, Math.PI - 2e-3, Math.PI - 1e-4, Math.PI];
const AXES = [
  [1, 0, 0],
  [0, 0, 1],
  [0.48, -0.6, 0.64],
];

/**
 * Gives the last hand of `recording` wrist rotations of many angles and compares its vertices with the formulas. A forward pass
 * must have run: only what comes after the rotations runs again.
 */
export async function sweepRotations(
  hand: HandModel,
  { plan, outputs, batch: size }: Recording,
  replay: Replay,
): Promise<RotationEvidence["sweep"]> {
  const cases = ANGLES.flatMap((angle) => AXES.map((axis) => ({ angle, axis })));
  const worst = new Map<number, number>();
  // After both: what the betas are made of may have given its memory to another tensor by then.
  const at = Math.max(replay.writtenBy(outputs.rotations), replay.writtenBy(outputs.betas));
  const end = replay.writtenBy(outputs.vertices);
  const [betas] = await plan.read(outputs.betas);
  for (let first = 0; first < cases.length; first += size) {
    const some = cases.slice(first, first + size);
    const rotations = new Float32Array(144 * size);
    for (let k = 0; k < 16 * size; k++) for (const d of [0, 4, 8]) rotations[9 * k + d] = 1;
    some.forEach(({ angle, axis }, row) => {
      rotations.set(matrixFromAxisAngle(axis.map((x) => x * angle)), 144 * row);
    });
    plan.write(outputs.rotations, rotations);
    replay.run(at, end);
    const [vertices] = await plan.read(outputs.vertices);
    const length = 3 * hand.vertexCount;
    some.forEach(({ angle }, row) => {
      const one = {
        vertices: vertices.subarray(row * length, (row + 1) * length),
        rotations: rotations.subarray(144 * row, 144 * (row + 1)),
        betas: betas.subarray(hand.shapeCount * row, hand.shapeCount * (row + 1)),
      };
      const gap = vertexGapMm(hand, one, 1);
      const known = worst.get(angle);
      if (known === undefined || !(gap <= known)) worst.set(angle, gap);
    });
  }
  return [...worst].map(([angleRadians, maxMm]) => ({ angleRadians, maxMm }));
}
