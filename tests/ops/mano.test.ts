import { describe, it } from "vitest";
import * as F from "../../src/ops";
import { csrFromDense } from "../../src/ops/csr";
import { type Arrays, checkOp, pseudoRandom } from "../helpers/check-op";
import { globalTransforms, MANO_PARENTS, skinned } from "../helpers/mini-mano";
import { matrixExponential } from "../helpers/rotations";

const [BATCH, VERTICES] = [2, 70];
const numbers = (count: number, seed: number, size: number): Float32Array<ArrayBuffer> =>
  Float32Array.from(pseudoRandom(count, seed), (v) => size * v);
const TEMPLATE = numbers(VERTICES * 3, 1, 0.1);
const SHAPEDIRS = numbers(VERTICES * 30, 2, 0.01);
const POSEDIRS = numbers(VERTICES * 405, 3, 0.005);
const REGRESSOR = numbers(16 * VERTICES, 4, 1).map((v) => (v > 0.5 ? v / 8 : 0));
const WEIGHTS = numbers(VERTICES * 16, 5, 1).map((v) => (v > 0.6 ? v / 3 : 0));
const MAP = [0, 13, 14, 15, 16 + 69, 1, 2, 3, 16 + 7];
const regressor = csrFromDense(16, VERTICES, REGRESSOR);

/** MANO from pose (axis-angle) and betas, one sample after the other: vertices, then joints. */
function reference({ pose, betas }: Arrays): number[][] {
  const [vertices, joints]: number[][] = [[], []];
  for (let b = 0; b < BATCH; b++) {
    const rotations = matrixExponential(pose.subarray(48 * b, 48 * (b + 1)));
    const shaped = Array.from(TEMPLATE, (v, i) =>
      betas.subarray(10 * b, 10 * (b + 1)).reduce((sum, beta, n) => sum + SHAPEDIRS[10 * i + n] * beta, v),
    );
    const rest = Array.from({ length: 48 }, (_, i) => {
      const [k, c] = [Math.floor(i / 3), i % 3];
      return shaped.reduce((sum, v, at) => (at % 3 === c ? sum + REGRESSOR[k * VERTICES + (at - c) / 3] * v : sum), 0);
    });
    const feature = Array.from(
      rotations.subarray(9),
      (v, i) => v - (i % 9 === 0 || i % 9 === 4 || i % 9 === 8 ? 1 : 0),
    );
    const posed = shaped.map((v, i) => feature.reduce((sum, f, n) => sum + POSEDIRS[135 * i + n] * f, v));
    const transforms = globalTransforms(rotations, rest, MANO_PARENTS);
    const moved = skinned(posed, transforms, rest, WEIGHTS);
    vertices.push(...moved);
    for (const source of MAP)
      for (let c = 0; c < 3; c++)
        joints.push(source < 16 ? transforms[12 * source + 4 * c + 3] : moved[3 * (source - 16) + c]);
  }
  return [vertices, joints];
}

describe("MANO from its ops", () => {
  it("is differentiable in pose and shape through every path", async () => {
    await checkOp({
      inputs: { pose: [BATCH, 16, 3], betas: [BATCH, 10] },
      op: ({ pose, betas }, tape) => {
        const rotations = F.axisAngleToMatrix(pose);
        const shaped = F.blendShapes(
          tape.constant("template", [VERTICES, 3], TEMPLATE),
          tape.constant("shapedirs", [VERTICES, 3, 10], SHAPEDIRS),
          betas,
        );
        const rest = F.regressJoints(shaped, regressor);
        const posedirs = tape.constant("posedirs", [VERTICES, 3, 135], POSEDIRS);
        const posed = F.blendShapes(shaped, posedirs, F.poseFeature(rotations));
        const transforms = F.kinematicChain(rotations, rest, MANO_PARENTS);
        const vertices = F.skin(posed, transforms, rest, tape.constant("weights", [VERTICES, 16], WEIGHTS));
        return [vertices, F.handJoints(transforms, vertices, MAP)];
      },
      reference,
      maxElements: 24,
    });
  });
});
