import { describe, expect, it } from "vitest";
import { random } from "../../../src/data/random";
import {
  type Camera,
  clipMatrix,
  extentOf,
  freeCamera,
  type Intrinsics,
  nearestJoint,
  orbitRotation,
  placePicture,
  projectPoints,
  START,
  sampleCamera,
  towardsViewer,
} from "../../../src/pages/viewer/camera";
import { openHand } from "../../helpers/open-hand";
import { posedHand } from "./posed-hand";

const hand = posedHand(openHand(), 0.4).joints;

/** A crop's camera whose principal point lies far from the middle. */
const CROP: Intrinsics = { k: [412.5, 398.25, 71.3, 160.8], width: 168, height: 224 };

/** Crop pixels [21, 2] of joints [21, 3] by the formula of a pinhole, nothing else. */
function labels(joints: Float32Array, { k: [fx, fy, cx, cy] }: Intrinsics): number[] {
  return Array.from({ length: 42 }, (_, i) => {
    const at = 3 * (i >> 1);
    return i % 2 === 0 ? (fx * joints[at]) / joints[at + 2] + cx : (fy * joints[at + 1]) / joints[at + 2] + cy;
  });
}

/** Largest distance in crop pixels between the labels and the joints that the camera puts on the canvas. */
function residual(joints: Float32Array, camera: Camera, place: ReturnType<typeof placePicture>): number {
  const projected = projectPoints(camera, joints);
  const wanted = labels(joints, CROP);
  let worst = 0;
  for (let j = 0; j < 21; j++) {
    const x = (projected[3 * j] - place.left) / place.scale - wanted[2 * j];
    const y = (projected[3 * j + 1] - place.top) / place.scale - wanted[2 * j + 1];
    worst = Math.max(worst, Math.hypot(x, y));
  }
  return worst;
}

describe("the camera view", () => {
  const joints = hand.map((value, i) => value + [0.03, -0.06, 0.62][i % 3]);
  const extent = extentOf([joints]);

  it.each([
    ["as large as fits", 640, 480, START],
    ["in a tall canvas", 300, 900, START],
    ["zoomed and panned", 777, 555, { ...START, zoom: 2.5, pan: [40, -90] as const }],
  ])("puts 3D joints on the sample's 2D joints, %s", (_, width, height, viewpoint) => {
    const place = placePicture(CROP, width, height, viewpoint);
    expect(residual(joints, sampleCamera(CROP, extent, width, height, viewpoint), place)).toBeLessThan(1e-6);
  });

  it("would not, with the principal point in the middle or a moved wrist", () => {
    const place = placePicture(CROP, 640, 480);
    const [fx, fy] = CROP.k;
    const centred = sampleCamera({ ...CROP, k: [fx, fy, 84, 112] }, extent, 640, 480);
    expect(residual(joints, centred, place)).toBeGreaterThan(10);
    const camera = sampleCamera(CROP, extent, 640, 480);
    const moved = { ...camera, translation: [0.0002, 0, 0] as const };
    expect(residual(joints, moved, place)).toBeGreaterThan(0.01);
  });

  it("draws every joint between its near and its far plane", () => {
    const camera = sampleCamera(CROP, extent, 640, 480);
    for (let j = 0; j < 21; j++) {
      expect(joints[3 * j + 2]).toBeGreaterThan(camera.near);
      expect(joints[3 * j + 2]).toBeLessThan(camera.far);
    }
  });
});

describe("the clip matrix", () => {
  const joints = hand;
  const extent = extentOf([joints]);
  const [width, height] = [640, 360];
  const cameras: Record<string, Camera> = {
    orbit: freeCamera("orbit", { ...START, turn: 2.1, tilt: -0.8, zoom: 1.3 }, extent, width, height),
    top: freeCamera("top", { ...START, pan: [33, 7] }, extent, width, height),
    side: freeCamera("side", START, extent, width, height),
    camera: sampleCamera(CROP, { ...extent, centre: [0, 0, 0.6] }, width, height),
  };

  it.each(Object.keys(cameras))("says where projectPoints says, %s", (name) => {
    const camera = cameras[name];
    const moved = name === "camera" ? joints.map((value, i) => value + (i % 3 === 2 ? 0.6 : 0)) : joints;
    const pixels = projectPoints(camera, moved);
    const m = clipMatrix(camera, width, height);
    let last = { depth: Number.NEGATIVE_INFINITY, clip: 0 };
    const byDepth: { depth: number; clip: number }[] = [];
    for (let j = 0; j < 21; j++) {
      const p = [...moved.subarray(3 * j, 3 * j + 3), 1];
      const [x, y, z, w] = [0, 1, 2, 3].map((row) => p.reduce((sum, value, k) => sum + m[4 * k + row] * value, 0));
      expect(((x / w + 1) * width) / 2).toBeCloseTo(pixels[3 * j], 2);
      expect(((1 - y / w) * height) / 2).toBeCloseTo(pixels[3 * j + 1], 2);
      expect(z / w).toBeGreaterThan(0);
      expect(z / w).toBeLessThan(1);
      byDepth.push({ depth: pixels[3 * j + 2], clip: z / w });
    }
    byDepth.sort((a, b) => a.depth - b.depth);
    for (const each of byDepth) {
      expect(each.clip).toBeGreaterThanOrEqual(last.clip - 1e-6);
      last = each;
    }
  });
});

describe("the free cameras", () => {
  const joints = hand;
  const extent = extentOf([joints]);

  it.each(["orbit", "top", "side"] as const)("show all of the hand, %s, whichever way it is turned", (view) => {
    for (const [turn, tilt] of [
      [0, 0],
      [0.5, 0.3],
      [-2.4, 1.4],
      [3.1, -1.5],
    ]) {
      const pixels = projectPoints(freeCamera(view, { ...START, turn, tilt }, extent, 400, 300), joints);
      for (let j = 0; j < 21; j++) {
        expect(pixels[3 * j]).toBeGreaterThan(0);
        expect(pixels[3 * j]).toBeLessThan(400);
        expect(pixels[3 * j + 1]).toBeGreaterThan(0);
        expect(pixels[3 * j + 1]).toBeLessThan(300);
      }
    }
  });

  it("are rotations, and look at the hand as the sample's camera does when not turned", () => {
    for (const [turn, tilt] of [
      [0.7, 0.2],
      [-2, 1.1],
    ]) {
      const r = orbitRotation(turn, tilt);
      for (let i = 0; i < 3; i++) {
        for (let j = 0; j < 3; j++) {
          const dot = [0, 1, 2].reduce((sum, k) => sum + r[3 * i + k] * r[3 * j + k], 0);
          expect(dot).toBeCloseTo(i === j ? 1 : 0, 12);
        }
      }
    }
    const camera = freeCamera("orbit", { ...START, turn: 0, tilt: 0 }, extent, 400, 300);
    expect(towardsViewer(camera).map((value) => value + 0)).toEqual([0, 0, -1]);
  });

  it("has above in the top view and away from the camera at its upper edge", () => {
    const points = [0, -0.05, 0, 0, 0, 0, 0.05, 0, 0, 0, 0, 0.05];
    const top = projectPoints(freeCamera("top", START, { centre: [0, 0, 0], radius: 0.1 }, 200, 200), points);
    expect(top[2]).toBeLessThan(top[5]);
    expect(top[6]).toBeGreaterThan(top[3]);
    expect(top[10]).toBeLessThan(top[4]);
    const side = projectPoints(freeCamera("side", START, { centre: [0, 0, 0], radius: 0.1 }, 200, 200), points);
    expect(side[1]).toBeLessThan(side[4]);
    expect(side[8]).toBeLessThan(side[5]);
    expect(side[9]).toBeGreaterThan(side[3]);
  });
});

describe("picking", () => {
  it("finds the nearest joint within 12 px in any hand, as trying them all does", () => {
    const { uniform } = random(1, "picking", 0, "");
    const hands = [0, 1, 2].map(() => Float64Array.from({ length: 63 }, () => 200 * uniform()));
    for (let trial = 0; trial < 300; trial++) {
      const [x, y] = [200 * uniform(), 200 * uniform()];
      const all = hands.flatMap((hand) =>
        Array.from({ length: 21 }, (_, joint) => ({
          joint,
          distance: Math.hypot(hand[3 * joint] - x, hand[3 * joint + 1] - y),
        })),
      );
      const best = all.sort((a, b) => a.distance - b.distance)[0];
      expect(nearestJoint(hands, x, y)).toBe(best.distance <= 12 ? best.joint : undefined);
    }
  });

  it("takes what lies in front, and nothing beyond the radius", () => {
    const points = [10, 10, 0.9, 10, 10, 0.5, 40, 10, 0.1];
    expect(nearestJoint([points], 10, 14)).toBe(1);
    expect(nearestJoint([points], 10, 22)).toBe(1);
    expect(nearestJoint([points], 10, 22.1)).toBeUndefined();
    expect(nearestJoint([], 0, 0)).toBeUndefined();
  });
});

describe("the extent", () => {
  it("is the ball round the box, and has a size without points", () => {
    expect(
      extentOf([
        [0, 0, 0, 0.2, 0, 0],
        [0, 0.1, -0.1],
      ]),
    ).toEqual({
      centre: [0.1, 0.05, -0.05],
      radius: Math.hypot(0.1, 0.05, 0.05),
    });
    expect(extentOf([]).radius).toBeGreaterThan(0);
    expect(extentOf([[1, 1, 1]]).radius).toBe(0.01);
  });
});
