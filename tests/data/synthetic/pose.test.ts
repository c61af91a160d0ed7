import { describe, expect, it } from "vitest";
import { jointAxes } from "../../../src/data/hand/anatomy";
import { handForward, joints21 } from "../../../src/data/hand/forward";
import {
  axisAngleFromMatrix,
  matrixFromAxisAngle,
  multiply,
  rotate,
  transpose,
} from "../../../src/data/hand/rotations";
import { random } from "../../../src/data/random";
import {
  interpolateRotation,
  JOINT_LIMITS,
  poseFromAngles,
  sampleHandPose,
  sampleJointAngles,
  samplePoseSequence,
  sampleRotation,
} from "../../../src/data/synthetic/pose";
import { openHand } from "../../helpers/open-hand";

const model = openHand();
const axes = jointAxes(model);
const stream = (id: string) => random(1, "pose test", 0, id);
const turn = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Math.hypot(...axisAngleFromMatrix(multiply(matrixFromAxisAngle(a), transpose(matrixFromAxisAngle(b)))));

describe("joint axes", () => {
  it("are orthonormal and right-handed: bending, twisting, spreading", () => {
    for (let joint = 0; joint < 15; joint++) {
      const [f, a, t] = [axes.flexion, axes.abduction, axes.twist].map((all) => all.subarray(3 * joint, 3 * joint + 3));
      const frame = Float64Array.of(...t, ...f, ...a);
      multiply(frame, transpose(frame)).forEach((value, i) => {
        expect(value).toBeCloseTo(i % 4 === 0 ? 1 : 0, 12);
      });
    }
  });

  it("spread every finger towards the thumb's side", () => {
    const rest = joints21(model, handForward(model, {}));
    [
      [0, 8],
      [1, 12],
      [2, 20],
      [3, 16],
    ].forEach(([finger, tip]) => {
      const angles = new Float64Array(45);
      angles[9 * finger + 1] = 0.3;
      const moved = joints21(model, handForward(model, { pose: poseFromAngles(axes, angles) }));
      expect(moved[3 * tip + 2]).toBeGreaterThan(rest[3 * tip + 2] + 0.01);
    });
  });

  it("bring the thumb's tip to the bent index finger's in a pinch", () => {
    const angles = new Float64Array(45);
    const d = Math.PI / 180;
    [48, 50, 30].forEach((value, i) => {
      angles[3 * i] = value * d;
    });
    [10, 22, 32].forEach((value, i) => {
      angles[36 + 3 * i] = value * d;
    });
    angles[37] = 22 * d;
    angles[38] = 14 * d;
    const joints = joints21(model, handForward(model, { pose: poseFromAngles(axes, angles) }));
    expect(Math.hypot(...[0, 1, 2].map((c) => joints[12 + c] - joints[24 + c]))).toBeLessThan(0.025);
  });
});

describe("random poses", () => {
  it("stay within the limits and cover most of their range", () => {
    const lowest = new Float64Array(45).fill(9);
    const highest = new Float64Array(45).fill(-9);
    for (let i = 0; i < 500; i++) {
      sampleJointAngles(stream(`limits ${i}`)).forEach((angle, k) => {
        lowest[k] = Math.min(lowest[k], angle);
        highest[k] = Math.max(highest[k], angle);
      });
    }
    for (let k = 0; k < 45; k++) {
      expect(lowest[k]).toBeGreaterThanOrEqual(JOINT_LIMITS.lowest[k]);
      expect(highest[k]).toBeLessThanOrEqual(JOINT_LIMITS.highest[k]);
      if (k % 3 === 0) {
        const range = JOINT_LIMITS.highest[k] - JOINT_LIMITS.lowest[k];
        expect(highest[k] - lowest[k]).toBeGreaterThan(0.7 * range);
      }
    }
  });

  it("show the hand from every side", () => {
    const octants = new Array<number>(8).fill(0);
    for (let i = 0; i < 800; i++) {
      const [x, y, z] = rotate(matrixFromAxisAngle(sampleRotation(stream(`view ${i}`))), [0, 0, 1]);
      octants[(x > 0 ? 1 : 0) + (y > 0 ? 2 : 0) + (z > 0 ? 4 : 0)]++;
    }
    for (const count of octants) expect(Math.abs(count - 100)).toBeLessThan(40);
  });

  it("are exactly these for this stream", () => {
    const pose = sampleHandPose(stream("fixed"), axes);
    expect(pose).toHaveLength(48);
    expect(Array.from(pose.subarray(0, 3))).toEqual(FIXED_WRIST);
    expect(sampleHandPose(stream("fixed"), axes)).toEqual(pose);
  });
});

describe("pose sequences", () => {
  it("interpolate rotations along the shortest way", () => {
    const [a, b] = [sampleRotation(stream("a")), sampleRotation(stream("b"))];
    expect(turn(interpolateRotation(a, b, 0), a)).toBeLessThan(1e-7);
    expect(turn(interpolateRotation(a, b, 1), b)).toBeLessThan(1e-7);
    expect(turn(interpolateRotation(a, b, 0.25), a)).toBeCloseTo(0.25 * turn(a, b), 7);
  });

  it("move smoothly through different key poses", () => {
    const poses = samplePoseSequence(stream("sequence"), axes, 61, 20);
    expect(poses).toHaveLength(61);
    let largest = 0;
    for (let i = 1; i < poses.length; i++) {
      for (let joint = 0; joint < 16; joint++) {
        const [a, b] = [poses[i - 1], poses[i]].map((pose) => pose.subarray(3 * joint, 3 * joint + 3));
        largest = Math.max(largest, turn(a, b));
      }
    }
    expect(largest).toBeLessThan(0.2);
    expect(Math.hypot(...poses[20].map((value, i) => value - poses[40][i]))).toBeGreaterThan(0.1);
    expect(() => samplePoseSequence(stream("none"), axes, 0, 20)).toThrow("0 frames");
  });
});

const FIXED_WRIST = [-0.3116477988149464, 0.8463627928463973, 3.001534409340647];
