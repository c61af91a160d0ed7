import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type AugmentOptions, DEFAULT_AUGMENT } from "../../src/data/augment";
import { cropAngle, cropRecord, positionFromCrop, rotateAboutAxis } from "../../src/data/crop";
import { handForward, joints21 } from "../../src/data/hand/forward";
import { IMAGE_MEAN, IMAGE_STD } from "../../src/data/resample";
import { makeSample, type SampleOptions } from "../../src/data/sample";
import type { Frame, Sample } from "../../src/data/types";
import { smallHand, testFrame } from "./helpers";

const size = 64;
const width = 48;
const still: AugmentOptions = {
  ...DEFAULT_AUGMENT,
  ...{ rotation: 0, scale: 0, shift: 0, brightness: 0, contrast: 0, saturation: 0, hue: 0, channelGain: 0 },
  ...{ occlusion: 0, depthNoise: 0, depthHoles: 0, depthShift: 0, dropDepth: 0 },
};
const geometric: AugmentOptions = { ...still, rotation: Math.PI, scale: 0.3, shift: 0.2 };

function sampleOf(frame: Frame, options: Partial<SampleOptions> = {}, epoch = 0): Sample {
  const record = cropRecord(frame, { size, quirks: options.quirks });
  return makeSample(record, { size, width, seed: 1, ...options }, epoch);
}

/** Largest distance, crop pixels, between projected 3D and 2D labels. */
function disagreement(sample: Sample): number {
  let worst = 0;
  for (let j = 0; j < 21; j++) {
    const [x, y, z] = sample.joints3d.slice(4 * j, 4 * j + 3);
    const u = (sample.focal * x) / z + sample.principal[0];
    const v = (sample.focal * y) / z + sample.principal[1];
    worst = Math.max(worst, Math.hypot(u - sample.joints2d[3 * j], v - sample.joints2d[3 * j + 1]) * size);
  }
  return worst;
}

/** Largest distance, metres, between wrist-relative MANO joints and wrist-relative labels. */
function manoDisagreement(sample: Sample): number {
  const joints = joints21(smallHand(), handForward(smallHand(), { rotations: sample.pose, shape: sample.shape }));
  let worst = 0;
  for (let j = 0; j < 21; j++) {
    const gap = [0, 1, 2].map((i) => joints[3 * j + i] - joints[i] - (sample.joints3d[4 * j + i] - sample.joints3d[i]));
    worst = Math.max(worst, Math.hypot(...gap));
  }
  return worst;
}

describe("labels agree after any chain of augmentations", () => {
  const range = (max: number): fc.Arbitrary<number> => fc.double({ min: 0, max, noNaN: true });
  const anyAugment = fc.record({
    rotation: range(Math.PI),
    scale: range(0.5),
    shift: range(0.4),
    rotationRate: range(1),
    shiftRate: range(1),
    brightness: range(0.5),
    contrast: range(0.5),
    saturation: range(0.5),
    hue: range(1),
    channelGain: range(0.3),
    occlusion: range(1),
    occlusionSize: range(0.9),
    depthNoise: range(0.01),
    depthHoles: range(0.5),
    depthShift: range(0.05),
    dropDepth: range(1),
  });

  test("projected 3D is 2D within 0.1 px, MANO is 3D within 0.1 mm", () => {
    fc.assert(
      fc.property(anyAugment, fc.nat(50), fc.nat(1000), fc.nat(1000), (augment, index, seed, epoch) => {
        const sample = sampleOf(testFrame(index), { augment, seed }, epoch);
        expect(disagreement(sample)).toBeLessThan(0.1);
        expect(manoDisagreement(sample)).toBeLessThan(1e-4);
        for (const value of sample.image) if (!Number.isFinite(value)) throw new Error("image");
        for (const value of sample.depth) if (!(value >= -1 && value <= 1)) throw new Error("depth");
      }),
      { numRuns: 60 },
    );
  });

  test.each([
    ["labels-not-augmented", "3D"],
    ["pose-not-augmented", "MANO"],
    ["width-normalised", "2D"],
  ])("quirk %s breaks it", (quirk, what) => {
    const sample = sampleOf(testFrame(3), { augment: { ...geometric }, quirks: new Set([quirk]) });
    if (what === "MANO") {
      expect(disagreement(sample)).toBeLessThan(0.1);
      expect(manoDisagreement(sample)).toBeGreaterThan(5e-3);
    } else expect(disagreement(sample)).toBeGreaterThan(1);
  });
});

test("quirk gt-recentred takes the wrist off the 3D labels, and nothing else", () => {
  const [right, wrong] = [sampleOf(testFrame(3)), sampleOf(testFrame(3), { quirks: new Set(["gt-recentred"]) })];
  expect([...wrong.joints3d.slice(0, 4)]).toEqual([0, 0, 0, 1]);
  expect(wrong.joints3d[6]).toBeCloseTo(right.joints3d[6] - right.joints3d[2], 6);
  expect(wrong.joints2d).toEqual(right.joints2d);
});

/** Frame with one bright spot, gaussian, at the projection of joint `j`, and depth that stands out there. */
function spotFrame(j: number): Frame {
  const frame = testFrame(5, { width: 320, height: 240 });
  const [fx, fy, cx, cy] = frame.camera;
  const [x, y, z] = frame.joints3d.slice(3 * j, 3 * j + 3);
  const [px, py] = [(fx * x) / z + cx, (fy * y) / z + cy];
  const data = frame.rgb.data.map((_, i) => {
    const [dx, dy] = [(Math.floor(i / 3) % 320) - px, Math.floor(i / 960) - py];
    return Math.round(255 * Math.exp(-(dx * dx + dy * dy) / 8));
  });
  return { ...frame, rgb: { ...frame.rgb, data } };
}

test("a spot in the image lands on its 2D joint, whatever the augmentation", () => {
  let seen = 0;
  for (let epoch = 0; epoch < 30; epoch++) {
    const sample = sampleOf(spotFrame(9), { augment: geometric }, epoch);
    const [u, v, shown] = sample.joints2d.slice(27, 30);
    const [x, y] = [u * size + width / 2, (v + 0.5) * size];
    if (shown === 0 || Math.min(x, y, width - x, size - y) < 6) continue;
    let [mass, mx, my] = [0, 0, 0];
    for (let row = 0; row < size; row++) {
      for (let column = 0; column < width; column++) {
        const value = sample.image[row * width + column] * IMAGE_STD[0] + IMAGE_MEAN[0];
        mass += value;
        mx += value * (column + 0.5);
        my += value * (row + 0.5);
      }
    }
    seen++;
    expect(Math.hypot(mx / mass - x, my / mass - y)).toBeLessThan(0.15);
  }
  expect(seen).toBeGreaterThan(10);
});

test("a hand much larger than the crop is shrunk without shifting", () => {
  const frame = spotFrame(9);
  const sample = makeSample(cropRecord(frame, { size: 16 }), { size: 16, width: 16, seed: 0 }, 0);
  const record = cropRecord(frame, { size: 16 });
  expect(record.step).toBeGreaterThan(2);
  let [mass, mx, my] = [0, 0, 0];
  for (let i = 0; i < 256; i++) {
    const value = sample.image[i] * IMAGE_STD[0] + IMAGE_MEAN[0];
    mass += value;
    mx += value * ((i % 16) + 0.5);
    my += value * (Math.floor(i / 16) + 0.5);
  }
  expect(Math.abs(mx / mass - (sample.joints2d[27] + 0.5) * 16)).toBeLessThan(0.1);
  expect(Math.abs(my / mass - (sample.joints2d[28] + 0.5) * 16)).toBeLessThan(0.1);
});

test("a camera at the crop's centre projects exactly with the term of the principal point", () => {
  const sample = sampleOf(testFrame(6), { augment: geometric }, 2);
  const [f, [px, py]] = [sample.focal, sample.principal];
  const [xw, yw, tz] = sample.joints3d;
  const [tx, ty] = [xw + (px * tz) / f, yw + (py * tz) / f];
  for (let j = 0; j < 21; j++) {
    const [x, y, z] = [0, 1, 2].map((i) => sample.joints3d[4 * j + i] - sample.joints3d[i]);
    expect((f * (x + tx) + px * z) / (z + tz)).toBeCloseTo(sample.joints2d[3 * j], 5);
    expect((f * (y + ty) + py * z) / (z + tz)).toBeCloseTo(sample.joints2d[3 * j + 1], 5);
  }
  const wrist = positionFromCrop(sample, (f * tx) / tz, (f * ty) / tz, tz);
  for (let i = 0; i < 3; i++) expect(wrist[i]).toBeCloseTo(testFrame(6).joints3d[i], 6);
});

test("absolute positions come back from the crop", () => {
  const frame = testFrame(2);
  const sample = sampleOf(frame, { augment: geometric }, 4);
  for (let j = 0; j < 21; j++) {
    const [u, v] = sample.joints2d.slice(3 * j, 3 * j + 2);
    const point = positionFromCrop(sample, u, v, sample.joints3d[4 * j + 2]);
    for (let i = 0; i < 3; i++) expect(point[i]).toBeCloseTo(frame.joints3d[3 * j + i], 6);
  }
  const wrist = rotateAboutAxis(sample.joints3d.slice(0, 3), -cropAngle(sample.cropFromImage));
  expect(wrist[0]).toBeCloseTo(frame.joints3d[0], 6);
});

describe("depth", () => {
  test("is relative to the wrist's depth, 280 mm from -1 to 1, and does not change with the rotation", () => {
    const frame = testFrame(1);
    const flat = {
      ...frame,
      depth: { width: 200, height: 160, data: new Float32Array(32000).fill(frame.joints3d[2] + 0.07) },
    };
    const turned = sampleOf(flat, { augment: { ...still, rotation: Math.PI } }, 3);
    const centre = (size / 2) * width + width / 2;
    expect(turned.depth[centre]).toBeCloseTo(0.5, 2);
    const far = { ...flat, depth: { ...flat.depth, data: new Float32Array(32000) } };
    expect(sampleOf(far).depth.every((value) => value === 1)).toBe(true);
    expect(sampleOf(far).hasDepth).toBe(1);
  });

  test("hasDepth is 0 when there is none, when it is dropped and when it is not asked for", () => {
    const frame = testFrame(1);
    for (const sample of [
      sampleOf({ ...frame, depth: undefined }),
      sampleOf(frame, { augment: { ...still, dropDepth: 1 } }),
      sampleOf(frame, { useDepth: false }),
    ]) {
      expect(sample.hasDepth).toBe(0);
      expect(sample.depth.every((value) => value === 1)).toBe(true);
    }
    expect(sampleOf(frame).hasDepth).toBe(1);
  });
});

describe("image", () => {
  const plain = (colour: number[]): Frame => {
    const frame = testFrame(1);
    return { ...frame, rgb: { ...frame.rgb, data: frame.rgb.data.map((_, i) => colour[i % 3]) } };
  };
  const middle = (sample: Sample): number[] =>
    [0, 1, 2].map((c) => sample.image[c * size * width + 32 * width + 24] * IMAGE_STD[c] + IMAGE_MEAN[c]);

  test("is RGB in [0, 1], normalised; bgr exchanges red and blue", () => {
    const colour = [200, 100, 50];
    for (const [c, value] of middle(sampleOf(plain(colour))).entries()) expect(value).toBeCloseTo(colour[c] / 255, 5);
    const [r, g, b] = middle(sampleOf(plain(colour), { quirks: new Set(["bgr"]) }));
    expect([r, g, b].map((value) => Math.round(value * 255))).toEqual([50, 100, 200]);
  });

  test("colour augmentation leaves grey grey and keeps the luma under a turn of the hue", () => {
    const grey = middle(sampleOf(plain([128, 128, 128]), { augment: { ...still, saturation: 1, hue: 3 } }, 2));
    for (const value of grey) expect(value).toBeCloseTo(128 / 255, 4);
    const turned = middle(sampleOf(plain([150, 120, 90]), { augment: { ...still, hue: 3 } }, 2));
    expect(turned[0] + turned[1] + turned[2]).toBeCloseTo(360 / 255, 4);
    expect(Math.abs(turned[0] - 150 / 255)).toBeGreaterThan(0.01);
  });

  test("a patch hides part of image and depth", () => {
    const frame = testFrame(1);
    const options = { augment: { ...still, occlusion: 1, occlusionSize: 0.5 } };
    const [before, after] = [sampleOf(frame), sampleOf(frame, options)];
    const changed = before.image.filter((value, i) => value !== after.image[i]).length / before.image.length;
    expect(changed).toBeGreaterThan(0.005);
    expect(changed).toBeLessThan(0.5);
    expect(after.joints2d).toEqual(before.joints2d);
  });
});

test("2D confidence is 0 outside the visible columns", () => {
  const frame = testFrame(3);
  const sample = sampleOf(frame, { augment: { ...still, shift: 1.2 } }, 1);
  for (let j = 0; j < 21; j++) {
    const [x, y, confidence] = sample.joints2d.slice(3 * j, 3 * j + 3);
    expect(confidence).toBe(Math.abs(x) <= width / size / 2 && Math.abs(y) <= 0.5 ? 1 : 0);
  }
  expect(sample.joints2d.filter((_, i) => i % 3 === 2)).toContain(0);
  const root = sampleOf({ ...frame, rootOnly: true, mano: undefined, box: [60, 40, 140, 120] });
  expect([...root.joints3d.filter((_, i) => i % 4 === 3)]).toEqual([1, ...new Array(20).fill(0)]);
  expect(root.joints2d.filter((_, i) => i % 3 === 2).slice(1)).toEqual(new Float32Array(20));
  expect(root.hasMano).toBe(0);
});

describe("frames that cannot be cropped are refused with a sentence", () => {
  const frame = testFrame(0);
  test.each([
    [
      "joints behind the camera",
      { joints3d: frame.joints3d.map((x) => -x) },
      /frame "SYA0\/0000": joint \d+ has z = -.*OpenGL/,
    ],
    ["a box outside", { box: [500, 10, 600, 60] as const }, /box \[500\.0, 10\.0, 600\.0, 60\.0\] is empty or outside/],
    ["no box and no joints", { rootOnly: true }, /has neither a box nor joints/],
  ])("%s", (_, change, message) => {
    expect(() => cropRecord({ ...frame, ...change }, { size })).toThrow(message);
  });

  test("a label that is not finite", () => {
    const shape = new Float64Array(10).fill(Number.NaN);
    const broken = { ...cropRecord(frame, { size }), mano: { ...frame.mano!, shape } };
    expect(() => makeSample(broken, { size, width, seed: 1 }, 0)).toThrow(
      'sample "SYA0/0000": shape holds 10 numbers that are not finite (first: [0] is NaN)',
    );
  });

  test.each([
    ["camera", { camera: [220, 221, Number.NaN, 80] as const }, "camera holds 1 number that is not finite (first: [2]"],
    ["joints3d", { joints3d: frame.joints3d.with(0, Number.NaN) }, "joints3d holds 1 number that is not finite"],
    ["joints3d", { joints3d: frame.joints3d.with(5, 1e300) }, "(first: [5] is Infinity)"],
    ["box", { box: [0, 0, 9, Number.POSITIVE_INFINITY] as const }, "box holds 1 number that is not finite"],
    ["mano", { mano: { ...frame.mano!, pose: frame.mano!.pose.with(47, Number.NaN) } }, "mano.pose holds 1 number"],
    ["mano", { mano: { ...frame.mano!, trans: new Float64Array(3).fill(-Infinity) } }, "mano.trans holds 3 numbers"],
  ])("a label of the frame, %s", (_, change, sentence) => {
    expect(() => cropRecord({ ...frame, ...change }, { size })).toThrow(sentence);
  });
});

test("quirks that blank the image do so, and only where they say", () => {
  const gl = { ...testFrame(0), joints3d: testFrame(0).joints3d.map((x, i) => (i % 3 === 0 ? x : -x)) };
  const blank = sampleOf(gl, { quirks: new Set(["opengl-unconverted"]) });
  expect(new Set(blank.image).size).toBe(3);
  for (const [i, value] of [1, 0, 0].entries()) expect(blank.cropFromImage[i]).toBeCloseTo(value, 9);
  const large = testFrame(0, { width: 640, height: 480 });
  const isBlank = Array.from({ length: 80 }, (_, epoch) => {
    const sample = sampleOf(large, { augment: still, quirks: new Set(["com-shift-twice"]) }, epoch);
    return new Set(sample.image.subarray(0, size * width)).size < 10 ? 1 : 0;
  });
  const share = isBlank.reduce<number>((a, b) => a + b, 0) / 80;
  expect(share).toBeGreaterThan(0.1);
  expect(share).toBeLessThan(0.45);
});

test("a jittered box moves the crop in evaluation, the same way every time, and the labels follow", () => {
  const [exact, jittered] = [sampleOf(testFrame(4)), sampleOf(testFrame(4), { boxJitter: 0.1 })];
  expect(jittered.cropFromImage).not.toEqual(exact.cropFromImage);
  expect(jittered).toEqual(sampleOf(testFrame(4), { boxJitter: 0.1 }));
  expect(jittered.joints3d).toEqual(exact.joints3d);
  expect(disagreement(jittered)).toBeLessThan(0.1);
});

test("a sample depends on seed, epoch and id alone", () => {
  const options = { augment: DEFAULT_AUGMENT };
  const again = (): Sample => sampleOf(testFrame(4), options, 7);
  expect(again()).toEqual(again());
  expect(again().image).not.toEqual(sampleOf(testFrame(4), options, 8).image);
  expect(again().image).not.toEqual(sampleOf(testFrame(4), { ...options, seed: 2 }, 7).image);
});
