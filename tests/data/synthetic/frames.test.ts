import { describe, expect, it } from "vitest";
import { handForward, joints21 } from "../../../src/data/hand/forward";
import { HO3D_DEPTH_UNIT } from "../../../src/data/png";
import { splitIds } from "../../../src/data/split";
import { syntheticFrameSet } from "../../../src/data/synthetic/frames";
import { createRasterTarget, rasterize } from "../../../src/data/synthetic/raster";
import type { Frame } from "../../../src/data/types";
import { openHand } from "../../helpers/open-hand";

const hand = openHand();
const set = syntheticFrameSet(hand, { frames: 48, seed: 5 });
const largestGap = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a).reduce((worst, value, i) => Math.max(worst, Math.abs(value - b[i])), 0);
/** Some frames of different recordings and cameras. */
const SOME = set.ids.filter((_, i) => i % 6 === 1);

/** z of each joint, the depth read at its pixel, and the pixel, -1 outside the picture. */
function depthsAtJoints({
  joints3d,
  camera: [fx, fy, cx, cy],
  depth,
}: Frame): { joint: number; seen: number; at: number }[] {
  return Array.from({ length: 21 }, (_, j) => {
    const [x, y, z] = joints3d.subarray(3 * j, 3 * j + 3);
    const [column, row] = [Math.round((fx * x) / z + cx), Math.round((fy * y) / z + cy)];
    const at = column >= 0 && row >= 0 && column < 640 && row < 480 ? row * 640 + column : -1;
    return { joint: z, seen: depth?.data[at] ?? 0, at };
  });
}
const bytesOf = (values: Float32Array | undefined): Uint8Array =>
  values === undefined ? new Uint8Array(0) : new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
const sameImages = (a: Frame, b: Frame): boolean =>
  Buffer.compare(a.rgb.data, b.rgb.data) === 0 && Buffer.compare(bytesOf(a.depth?.data), bytesOf(b.depth?.data)) === 0;

describe("synthetic frames", () => {
  it("come from several recordings that a split keeps apart", () => {
    for (const [frames, atLeast] of [
      [2, 2],
      [5, 3],
      [48, 6],
      [2000, 30],
    ]) {
      const { ids, recordings, report } = syntheticFrameSet(hand, { frames, seed: 1 });
      expect([ids.length, new Set(ids).size, report.kept]).toEqual([frames, frames, frames]);
      expect(recordings.length).toBeGreaterThanOrEqual(atLeast);
      expect(splitIds(ids).shared).toEqual([]);
    }
    expect(set.ids[0]).toBe("SYA0/0000");
    const many = syntheticFrameSet(hand, { frames: 60, seed: 1, camerasPerRecording: 1, framesPerSequence: 1 });
    expect([many.recordings[25], many.recordings[26], many.recordings[59]]).toEqual(["SYZ", "SYAA", "SYBH"]);
    expect(() => syntheticFrameSet(hand, { frames: 0, seed: 1 })).toThrow("the number of frames is 0");
    expect(() => set.annotation("SYA0/9999")).toThrow('"SYA0/9999" is not among the 48 frames');
  });

  it("are the same whatever is read before, and others for another seed", async () => {
    const [first, last] = [set.ids[0], set.ids[47]];
    const a = await set.read(first);
    await set.read(last);
    expect(sameImages(await set.read(first), a)).toBe(true);
    const other = syntheticFrameSet(hand, { frames: 48, seed: 5 });
    await other.read(last);
    const again = await other.read(first);
    expect(sameImages(again, a)).toBe(true);
    expect([again.joints3d, again.mano, again.camera]).toEqual([a.joints3d, a.mano, a.camera]);
    const changed = await syntheticFrameSet(hand, { frames: 48, seed: 6 }).read(first);
    expect(largestGap(changed.joints3d, a.joints3d)).toBeGreaterThan(0.01);
    expect(sameImages(changed, a)).toBe(false);
  });

  it("share motion, person and object between the cameras of a recording, not the view", () => {
    const [a, b] = ["SYB0/0001", "SYB1/0001"].map((id) => set.annotation(id));
    expect(b.shape).toEqual(a.shape);
    expect(b.pose.subarray(3)).toEqual(a.pose.subarray(3));
    expect(largestGap(b.pose.subarray(0, 3), a.pose.subarray(0, 3))).toBeGreaterThan(0.05);
    const sides = (v: Float64Array) =>
      Array.from({ length: 20 }, (_, j) => Math.hypot(...[0, 1, 2].map((c) => v[3 * j + 3 + c] - v[c])));
    expect(largestGap(sides(a.joints3d), sides(b.joints3d))).toBeLessThan(1e-9);
    expect(largestGap(set.annotation("SYC0/0001").shape, a.shape)).toBeGreaterThan(0.1);
  });

  it("have labels that belong together: MANO(pose, shape) + trans = joints, in front of the camera and in the picture", async () => {
    let inside = 0;
    let count = 0;
    for (const id of set.ids) {
      const { pose, shape, trans, joints3d, vertices } = set.annotation(id);
      const again = handForward(hand, { pose, shape, trans });
      expect(largestGap(joints21(hand, again), joints3d)).toBeLessThan(1e-9);
      expect(largestGap(again.vertices, vertices)).toBeLessThan(1e-9);
      for (let j = 2; j < 63; j += 3) {
        expect(joints3d[j]).toBeGreaterThan(0.25);
        expect(joints3d[j]).toBeLessThan(1.1);
      }
    }
    for (const id of SOME) {
      const frame = await set.read(id);
      expect(largestGap(frame.joints3d, set.annotation(id).joints3d)).toBe(0);
      expect([frame.rgb.width, frame.rgb.height, frame.rgb.data.length]).toEqual([640, 480, 640 * 480 * 3]);
      const found = depthsAtJoints(frame);
      inside += found.filter((each) => each.at >= 0).length;
      count += found.length;
    }
    expect(inside / count).toBeGreaterThan(0.95);
  });

  it("show the hand where the labels say: depth at the joints", async () => {
    let [covered, notBehind, near, agree] = [0, 0, 0, 0];
    for (const id of SOME) {
      const frame = await set.read(id);
      const alone = createRasterTarget(640, 480);
      rasterize(alone, set.annotation(id).vertices, hand.faces, frame.camera);
      for (const { joint, seen, at } of depthsAtJoints(frame)) {
        const skin = at < 0 ? 0 : alone.depth[at];
        if (skin === 0 || seen === 0) continue;
        covered++;
        if (seen < skin + 0.015) notBehind++; // an object or the arm may hide the hand, nothing behind it may show
        if (Math.abs(skin - joint) > 0.02) continue; // another finger is in front
        near++;
        if (Math.abs(seen - joint) < 0.025) agree++;
      }
    }
    expect(near).toBeGreaterThan(60);
    expect(notBehind / covered).toBeGreaterThan(0.97);
    expect(agree / near).toBeGreaterThan(0.8);
  });

  it("have a depth camera's depth: HO-3D's units, holes, noise that grows with distance", async () => {
    const { depth } = await set.read(set.ids[3]);
    if (depth === undefined) throw new Error("no depth");
    const holes = depth.data.reduce((sum, z) => sum + (z === 0 ? 1 : 0), 0) / depth.data.length;
    expect(holes).toBeGreaterThan(0.004);
    expect(holes).toBeLessThan(0.35);
    for (let i = 0; i < depth.data.length; i += 997) {
      const units = depth.data[i] / HO3D_DEPTH_UNIT;
      expect(Math.abs(units - Math.round(units))).toBeLessThan(1e-2);
    }
  });
});
