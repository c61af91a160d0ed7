import { describe, expect, it } from "vitest";
import {
  axisAngleFromMatrix,
  composeAxisAngle,
  matrixFromAxisAngle,
  matrixFromQuaternion,
  matrixFromSixD,
  multiply,
  type Numbers,
  normalized,
  quaternionFromMatrix,
  rotate,
  sixDFromMatrix,
  transpose,
} from "../../../src/data/hand/rotations";
import { random } from "../../../src/data/random";

const IDENTITY = [1, 0, 0, 0, 1, 0, 0, 0, 1];

function expectClose(actual: Numbers, expected: Numbers, tolerance = 1e-12): void {
  expect(actual.length).toBe(expected.length);
  for (let i = 0; i < actual.length; i++) expect(Math.abs(actual[i] - expected[i])).toBeLessThan(tolerance);
}

function someAxes(): Float64Array[] {
  const stream = random(3, "axes", 0, "");
  const drawn = Array.from({ length: 20 }, () => normalized([stream.normal(), stream.normal(), stream.normal()]));
  const along = [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
    [-1, 0, 0],
    [0, -1, 0],
    [0, 0, -1],
  ].map((axis) => Float64Array.from(axis));
  return [...along, ...drawn];
}

describe("rotations", () => {
  it("turns y to z about x, z to x about y, x to y about z", () => {
    const quarter = Math.PI / 2;
    expectClose(rotate(matrixFromAxisAngle([quarter, 0, 0]), [0, 1, 0]), [0, 0, 1]);
    expectClose(rotate(matrixFromAxisAngle([0, quarter, 0]), [0, 0, 1]), [1, 0, 0]);
    expectClose(rotate(matrixFromAxisAngle([0, 0, quarter]), [1, 0, 0]), [0, 1, 0]);
  });

  it("goes from axis-angle to a rotation matrix and back, from 0 to pi", () => {
    for (const axis of someAxes()) {
      for (const angle of [0, 1e-12, 1e-9, 1e-5, 1.00001e-4, 0.3, 1.5, 3, Math.PI - 1e-4, Math.PI - 1e-9]) {
        const vector = axis.map((value) => value * angle);
        const matrix = matrixFromAxisAngle(vector);
        expectClose(multiply(matrix, transpose(matrix)), IDENTITY);
        expectClose(axisAngleFromMatrix(matrix), vector);
      }
      const half = matrixFromAxisAngle(axis.map((value) => value * Math.PI));
      const back = axisAngleFromMatrix(half);
      expect(Math.hypot(...back)).toBeCloseTo(Math.PI, 12);
      expectClose(matrixFromAxisAngle(back), half);
      expectClose(
        matrixFromAxisAngle(axisAngleFromMatrix(matrixFromAxisAngle(axis.map((value) => 5 * value)))),
        matrixFromAxisAngle(axis.map((value) => 5 * value)),
      );
    }
    expectClose(matrixFromAxisAngle([0, 0, 0]), IDENTITY, 1e-300);
    expectClose(axisAngleFromMatrix(IDENTITY), [0, 0, 0], 1e-300);
  });

  it("goes through quaternions and the 6D form and back", () => {
    for (const axis of someAxes()) {
      for (const angle of [0, 0.7, 2.2, Math.PI]) {
        const matrix = matrixFromAxisAngle(axis.map((value) => value * angle));
        const quaternion = quaternionFromMatrix(matrix);
        expect(quaternion[0]).toBeGreaterThanOrEqual(0);
        expectClose(matrixFromQuaternion(quaternion), matrix);
        expectClose(matrixFromSixD(sixDFromMatrix(matrix)), matrix);
      }
    }
  });

  it("reads 6D as two contiguous vectors that become the first two columns, by Gram-Schmidt", () => {
    expectClose(matrixFromSixD([0, 2, 0, 5, 3, 0]), [0, 1, 0, 1, 0, 0, 0, 0, -1]);
    expect(() => matrixFromSixD([1, 0, 0, -1, 0, 0])).toThrow("has no direction");
  });

  it("composes with the second argument first", () => {
    const quarter = Math.PI / 2;
    const both = matrixFromAxisAngle(composeAxisAngle([0, 0, quarter], [quarter, 0, 0]));
    expectClose(rotate(both, [0, 1, 0]), [0, 0, 1]);
    expectClose(rotate(both, [1, 0, 0]), [0, 1, 0]);
  });
});
