import { describe, expect, it } from "vitest";
import {
  blendShapes,
  handForward,
  joints21,
  OPENPOSE_FROM_MANO,
  regressJoints,
  rodrigues,
} from "../../../src/data/hand/forward";
import { matrixFromAxisAngle, rotate } from "../../../src/data/hand/rotations";
import { random } from "../../../src/data/random";
import { openHand } from "../../helpers/open-hand";

const model = openHand();
const V = model.vertexCount;

function draw(count: number, scale: number, id: string): Float64Array {
  const stream = random(11, "forward test", 0, id);
  return Float64Array.from({ length: count }, () => scale * stream.normal());
}

const largest = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from({ length: a.length }, (_, i) => Math.abs(a[i] - b[i])).reduce((m, d) => Math.max(m, d), 0);

describe("MANO forward on the CPU", () => {
  it("returns the template and its regressed joints for the identity pose", () => {
    const { vertices, joints16 } = handForward(model, {});
    expect(largest(vertices, model.vTemplate)).toBeLessThan(1e-8);
    expect(largest(joints16, regressJoints(model, model.vTemplate))).toBeLessThan(1e-12);
  });

  it("adds shape directions times beta", () => {
    const shape = draw(10, 1, "shape");
    const { vertices } = handForward(model, { shape });
    for (const i of [0, 100, 3 * V - 1]) {
      const sum = shape.reduce((total, beta, k) => total + beta * model.shapedirs[10 * i + k], model.vTemplate[i]);
      expect(vertices[i]).toBeCloseTo(sum, 8);
    }
  });

  it("turns the whole hand about J0(beta), about every axis", () => {
    const shape = draw(10, 1, "root");
    const still = handForward(model, { shape });
    for (const axis of [
      [1.2, 0, 0],
      [0, -0.9, 0],
      [0, 0, 2.5],
      [Math.PI, 0, 0],
      [0.4, 0.5, -0.6],
    ]) {
      const turned = handForward(model, { pose: [...axis, ...new Array<number>(45).fill(0)], shape });
      const matrix = matrixFromAxisAngle(axis);
      const root = still.joints16.subarray(0, 3);
      for (let v = 0; v < V; v += 7) {
        const d = [0, 1, 2].map((c) => still.vertices[3 * v + c] - root[c]);
        const expected = rotate(matrix, d).map((value, c) => value + root[c]);
        expect(largest(turned.vertices.subarray(3 * v, 3 * v + 3), expected)).toBeLessThan(1e-7);
      }
    }
  });

  it("keeps the wrist at J0(beta) + trans for every pose", () => {
    const rest = regressJoints(model, blendShapes(model, draw(10, 2, "wrist")));
    for (let i = 0; i < 20; i++) {
      const trans = draw(3, 0.5, `trans ${i}`);
      const { joints16 } = handForward(model, { pose: draw(48, 1, `pose ${i}`), shape: draw(10, 2, "wrist"), trans });
      for (let c = 0; c < 3; c++) expect(joints16[c]).toBeCloseTo(rest[c] + trans[c], 12);
    }
  });

  it("keeps bone lengths in every pose and moves everything with trans", () => {
    const pose = draw(48, 0.6, "bones");
    const posed = handForward(model, { pose });
    const moved = handForward(model, { pose, trans: [0.1, -0.2, 0.7] });
    const rest = handForward(model, {});
    const bone = (joints: Float64Array, k: number): number =>
      Math.hypot(...[0, 1, 2].map((c) => joints[3 * k + c] - joints[3 * model.parents[k] + c]));
    for (let k = 1; k < 16; k++) expect(bone(posed.joints16, k)).toBeCloseTo(bone(rest.joints16, k), 12);
    for (let i = 0; i < 3 * V; i++)
      expect(moved.vertices[i] - posed.vertices[i]).toBeCloseTo([0.1, -0.2, 0.7][i % 3], 6);
  });

  it("gives skinning transforms that carry the rest joints to the posed ones", () => {
    const result = handForward(model, { pose: draw(48, 0.6, "carry"), trans: [0.1, 0, 0.5] });
    const rest = regressJoints(model, model.vTemplate);
    for (let k = 0; k < 16; k++) {
      for (let row = 0; row < 3; row++) {
        const a = result.transforms.subarray(12 * k + 4 * row, 12 * k + 4 * row + 4);
        const value = a[0] * rest[3 * k] + a[1] * rest[3 * k + 1] + a[2] * rest[3 * k + 2] + a[3];
        expect(value).toBeCloseTo(result.joints16[3 * k + row], 12);
      }
    }
  });

  it("takes rotation matrices instead of axis-angle and refuses both, and wrong lengths", () => {
    const pose = draw(48, 0.7, "matrices");
    const a = handForward(model, { pose });
    const b = handForward(model, { rotations: rodrigues(pose) });
    expect(largest(a.vertices, b.vertices)).toBe(0);
    expect(() => handForward(model, { pose, rotations: rodrigues(pose) })).toThrow("both given");
    expect(() => handForward(model, { pose: new Float64Array(45) })).toThrow("pose has 45 numbers, expected 48");
  });

  it("orders the 21 joints as OpenPose: wrist, thumb, index, middle, ring, pinky", () => {
    const result = handForward(model, {});
    const joints = joints21(model, result);
    expect(OPENPOSE_FROM_MANO).toHaveLength(21);
    const row = (values: Float64Array, k: number) => Array.from(values.subarray(3 * k, 3 * k + 3));
    expect(row(joints, 1)).toEqual(row(result.joints16, 13)); // thumb
    expect(row(joints, 5)).toEqual(row(result.joints16, 1)); // index
    expect(row(joints, 9)).toEqual(row(result.joints16, 4)); // middle
    expect(row(joints, 13)).toEqual(row(result.joints16, 10)); // ring
    expect(row(joints, 17)).toEqual(row(result.joints16, 7)); // pinky
    expect(row(joints, 4)).toEqual(row(result.vertices, model.tips[0]));
    expect(row(joints, 20)).toEqual(row(result.vertices, model.tips[4]));
    expect(row(joints21(model, result, [7, 8, 9, 10, 11]), 16)).toEqual(row(result.vertices, 10)); // ring tip
  });
});
