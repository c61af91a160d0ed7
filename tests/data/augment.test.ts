import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import {
  type AugmentOptions,
  augmentDepth,
  augmentPatch,
  augmentSquare,
  DEFAULT_AUGMENT,
  isDepthDropped,
} from "../../src/data/augment";
import { type Batch, makeBatch } from "../../src/data/batch";
import {
  cropAngle,
  cropMatrix,
  cropRecord,
  inverseMatrix,
  mapPoint,
  positionFromCrop,
  project,
} from "../../src/data/crop";
import { memoryCrops } from "../../src/data/crop-set";
import { handForward, joints21 } from "../../src/data/hand/forward";
import { Loader } from "../../src/data/loader";
import { HO3D_DEPTH_UNIT } from "../../src/data/png";
import { random } from "../../src/data/random";
import { IMAGE_MEAN, IMAGE_STD } from "../../src/data/resample";
import { makeSample, type SampleOptions } from "../../src/data/sample";
import { syntheticFrameSet } from "../../src/data/synthetic/frames";
import type { CropRecord, Frame, HandModel, Sample } from "../../src/data/types";
import { openHand } from "../helpers/open-hand";

const SEED = 20;
const size = 64;
const width = 48;
/** Pixels in the errors below: those of the largest presets' crop. */
const PIXELS = 256;

const hand: HandModel = openHand();
const frames: Frame[] = [];
const records: CropRecord[] = [];

beforeAll(async () => {
  const set = syntheticFrameSet(hand, { frames: 24, seed: 3 });
  for (const id of set.ids.filter((_, i) => i % 4 === 0)) frames.push(await set.read(id));
  for (const frame of frames) records.push(cropRecord(frame, { size }));
});

const range = (min: number, max: number): fc.Arbitrary<number> => fc.double({ min, max, noNaN: true });

const anyAugment: fc.Arbitrary<AugmentOptions> = fc.record({
  rotation: range(0, Math.PI),
  scale: range(0, 0.5),
  shift: range(0, 0.4),
  rotationRate: range(0, 1),
  shiftRate: range(0, 1),
  brightness: range(0, 0.5),
  contrast: range(0, 0.5),
  saturation: range(0, 0.5),
  hue: range(0, 1),
  channelGain: range(0, 0.3),
  occlusion: range(0, 1),
  occlusionSize: range(0, 0.9),
  depthNoise: range(0, 0.01),
  depthHoles: range(0, 0.5),
  depthShift: range(0, 0.05),
  dropDepth: range(0, 1),
});

const STILL: AugmentOptions = {
  ...DEFAULT_AUGMENT,
  ...{ rotation: 0, scale: 0, shift: 0, brightness: 0, contrast: 0, saturation: 0, hue: 0, channelGain: 0 },
  ...{ occlusion: 0, depthNoise: 0, depthHoles: 0, depthShift: 0, dropDepth: 0 },
};
const GEOMETRIC: AugmentOptions = { ...STILL, rotation: Math.PI, scale: 0.3, shift: 0.2 };

/** A frame of any camera, pixel aspect, hand, place and box, the labels of which agree. */
const anyFrame: fc.Arbitrary<Frame> = fc
  .record({
    pose: fc.integer({ min: 0, max: 1000 }),
    place: fc.tuple(range(-0.4, 0.4), range(-0.4, 0.4), range(0.25, 1.5)),
    focal: range(60, 900),
    aspect: range(0.8, 1.25),
    principal: fc.tuple(range(-80, 200), range(-80, 200)),
    image: fc.tuple(fc.integer({ min: 24, max: 90 }), fc.integer({ min: 24, max: 90 })),
    corner: fc.tuple(range(-20, 20), range(-20, 20)),
    box: fc.tuple(range(22, 200), range(22, 200)),
  })
  .map(({ pose: index, place, focal, aspect, principal, image: [w, h], corner, box }) => {
    const rng = random(SEED, "any-frame", index, "");
    const pose = Float64Array.from({ length: 48 }, (_, i) => (i < 3 ? 1.5 : 0.4) * rng.normal());
    const shape = Float64Array.from({ length: hand.shapeCount }, () => rng.normal());
    const mano = { pose, shape, trans: Float64Array.from(place) };
    return {
      ...{ id: `SYA0/${index}`, sequence: "SYA0", recording: "SYA", rootOnly: false, mano },
      rgb: { width: w, height: h, data: new Uint8Array(3 * w * h).fill(index % 256) },
      depth: { width: w, height: h, data: new Float32Array(w * h).fill(place[2]) },
      camera: [focal, focal / aspect, principal[0], principal[1]] as const,
      joints3d: joints21(hand, handForward(hand, mano)),
      box: [corner[0], corner[1], corner[0] + box[0], corner[1] + box[1]] as const,
    };
  });

const anyRealRecord = (): fc.Arbitrary<CropRecord> => fc.constantFrom(...records);
const anyRecord = (): fc.Arbitrary<CropRecord> =>
  fc.oneof(
    anyRealRecord(),
    anyFrame.map((frame) => cropRecord(frame, { size: 32 })),
  );

const options = (augment: AugmentOptions | undefined, seed = 1): SampleOptions => ({ size, width, seed, augment });

/** Largest distance between projected 3D and 2D labels, pixels of a crop of 256: x = focal X / Z + principal. */
function projectionGap({ joints3d, joints2d, focal, principal }: Batch): number {
  let worst = 0;
  for (let j = 0; j < 21; j++) {
    const [x, y, z] = joints3d.subarray(4 * j, 4 * j + 3);
    const [u, v] = [(focal[0] * x) / z + principal[0], (focal[0] * y) / z + principal[1]];
    worst = Math.max(worst, Math.hypot(u - joints2d[3 * j], v - joints2d[3 * j + 1]) * PIXELS);
  }
  return worst;
}

/** Largest distance between the joints of MANO(pose, shape) and the labels, both from the wrist, metres. */
function manoGap({ pose, shape, joints3d }: Batch): number {
  const joints = joints21(hand, handForward(hand, { rotations: pose, shape }));
  let worst = 0;
  for (let j = 0; j < 21; j++) {
    const gap = [0, 1, 2].map((i) => joints[3 * j + i] - joints[i] - (joints3d[4 * j + i] - joints3d[i]));
    worst = Math.max(worst, Math.hypot(...gap));
  }
  return worst;
}

describe("after any chain of augmentations", () => {
  const anyKey = fc.record({ seed: fc.nat(1000), epoch: fc.nat(1000) });

  test("projected 3D joints are the 2D joints within 0.1 px, and MANO(pose, shape) is the 3D joints within 0.1 mm", () => {
    fc.assert(
      fc.property(anyRecord(), anyAugment, anyKey, (record, augment, { seed, epoch }) => {
        const batch = makeBatch([makeSample(record, options(augment, seed), epoch)], 1);
        expect(projectionGap(batch)).toBeLessThan(0.1);
        expect(manoGap(batch)).toBeLessThan(1e-4);
      }),
      { numRuns: 150, seed: SEED },
    );
  });

  test("what a network sees is finite, depth in [-1, 1]", () => {
    fc.assert(
      fc.property(anyRecord(), anyAugment, anyKey, (record, augment, { seed, epoch }) => {
        const { image, depth } = makeSample(record, options(augment, seed), epoch);
        expect(image.findIndex((value) => !Number.isFinite(value))).toBe(-1);
        expect(depth.findIndex((value) => !(value >= -1 && value <= 1))).toBe(-1);
      }),
      { numRuns: 40, seed: SEED },
    );
  });

  test("the wrist and every joint come back to the original camera from what the crop shows", () => {
    fc.assert(
      fc.property(anyRecord(), anyAugment, anyKey, (record, augment, { seed, epoch }) => {
        const sample = makeSample(record, options(augment, seed), epoch);
        for (let j = 0; j < 21; j++) {
          const [u, v] = sample.joints2d.subarray(3 * j, 3 * j + 2);
          const point = positionFromCrop(sample, u, v, sample.joints3d[4 * j + 2]);
          const gap = [0, 1, 2].map((i) => point[i] - record.joints3d[3 * j + i]);
          expect(Math.hypot(...gap)).toBeLessThan(1e-5);
        }
      }),
      { numRuns: 60, seed: SEED },
    );
  });

  test("2D joints are the original pixels under cropFromImage", () => {
    fc.assert(
      fc.property(anyRecord(), anyAugment, anyKey, (record, augment, { seed, epoch }) => {
        const sample = makeSample(record, options(augment, seed), epoch);
        const pixels = project(record.joints3d, record.camera);
        for (let j = 0; j < 21; j++) {
          const [u, v] = mapPoint(sample.cropFromImage, pixels[2 * j], pixels[2 * j + 1]);
          const gap = Math.hypot(
            sample.joints2d[3 * j] - (u / size - 0.5),
            sample.joints2d[3 * j + 1] - (v / size - 0.5),
          );
          expect(gap * PIXELS).toBeLessThan(0.01);
        }
      }),
      { numRuns: 40, seed: SEED },
    );
  });
});

test("crop and un-crop are inverses for any square and camera", () => {
  const place = range(-2000, 2000);
  const square = fc.record({ x: place, y: place, side: range(5, 2000), angle: range(-Math.PI, Math.PI) });
  const camera = fc.tuple(range(50, 3000), range(50, 3000), place, place);
  fc.assert(
    fc.property(square, camera, fc.integer({ min: 8, max: 512 }), place, place, (from, lens, side, x, y) => {
      const crop = cropMatrix(from, lens, side);
      const there = mapPoint(crop, x, y);
      const back = mapPoint(inverseMatrix(crop), ...there);
      expect(Math.hypot(back[0] - x, back[1] - y)).toBeLessThan(1e-6);
      const centre = mapPoint(crop, from.x, from.y);
      expect(Math.hypot(centre[0] - side / 2, centre[1] - side / 2)).toBeLessThan(1e-6);
      const turn = cropAngle(crop) - from.angle;
      expect(Math.abs(Math.sin(turn)) + (1 - Math.cos(turn))).toBeLessThan(1e-9);
    }),
    { numRuns: 200, seed: SEED },
  );
});

describe("a patch in the picture lands where cropFromImage says", () => {
  const BACK = 40;
  const HOT = 220;

  /** The record with nothing in it but a patch of pixels [i0, i0 + side) x [j0, j0 + side), bright and 50 mm nearer. */
  function patched(record: CropRecord, i0: number, j0: number, side: number): CropRecord {
    const inside = (at: number): boolean => {
      const [i, j] = [at % record.width, Math.floor(at / record.width)];
      return i >= i0 && i < i0 + side && j >= j0 && j < j0 + side;
    };
    const units = (metres: number): number => Math.round(metres / HO3D_DEPTH_UNIT);
    const near = record.joints3d[2] - 0.05;
    return {
      ...record,
      rgb: new Uint8Array(record.rgb.length).map((_, at) => (inside(Math.floor(at / 3)) ? HOT : BACK)),
      depth: new Uint16Array(record.width * record.height).map((_, at) =>
        units(inside(at) ? near : record.joints3d[2] + 0.05),
      ),
    };
  }

  /** Centre of mass of what is bright, or near, in crop pixels. */
  function centroid(sample: Sample, what: "image" | "depth"): [number, number] {
    let [mass, x, y] = [0, 0, 0];
    for (let at = 0; at < size * width; at++) {
      const value =
        what === "image"
          ? Math.max(0, (sample.image[at] * IMAGE_STD[0] + IMAGE_MEAN[0] - BACK / 255) / ((HOT - BACK) / 255))
          : Number(sample.depth[at] < 0);
      mass += value;
      x += value * ((at % width) + (size - width) / 2 + 0.5);
      y += value * (Math.floor(at / width) + 0.5);
    }
    return [x / mass, y / mass];
  }

  interface Landed {
    readonly sample: Sample;
    /** Where the middle of the patch has to be, and the patch's side, crop pixels. */
    readonly u: number;
    readonly v: number;
    readonly extent: number;
  }

  /** Mean gap between where patches are and where they have to be, crop pixels, over those that lie in the crop as a whole. */
  function meanGaps(
    runs: number,
    depthLimit: number,
    land: (run: number) => Landed | undefined,
  ): { image: number; depth: number } {
    const sums = { image: [0, 0], depth: [0, 0] };
    let seen = 0;
    const left = (size - width) / 2;
    for (let run = 0; run < runs; run++) {
      const landed = land(run);
      if (landed === undefined) continue;
      const { sample, u, v, extent } = landed;
      if (Math.min(u - left, size - left - u, v, size - v) < 0.75 * extent + 1) continue;
      seen++;
      for (const what of ["image", "depth"] as const) {
        const [x, y] = centroid(sample, what);
        expect(Math.hypot(x - u, y - v), `${what} of run ${run}`).toBeLessThan(what === "image" ? 0.4 : depthLimit);
        sums[what][0] += x - u;
        sums[what][1] += y - v;
      }
    }
    expect(seen).toBeGreaterThan(runs / 4);
    const mean = ([x, y]: readonly number[]): number => Math.hypot(x, y) / seen;
    return { image: mean(sums.image), depth: mean(sums.depth) };
  }

  // Drawn at random and not by fast-check, which likes edges: an average needs an even spread.
  test("painted into the record: on average within 0.03 px in the image, 0.05 px in the depth", () => {
    const gaps = meanGaps(240, 0.7, (run) => {
      const rng = random(SEED, "patch", run, "");
      const plain = records[rng.int(records.length)];
      const side = 8 + rng.int(6);
      const [i0, j0] = [plain.width, plain.height].map((n) => Math.floor(n * (0.2 + 0.5 * rng.uniform())));
      // Fewer crop pixels than that have no centre worth a tenth of a pixel.
      const extent = (1.3 * side * size * plain.step) / plain.square[2];
      if (extent < 6) return undefined;
      const sample = makeSample(patched(plain, i0, j0, side), options(GEOMETRIC, run), run);
      const [i, j] = [i0 + (side - 1) / 2, j0 + (side - 1) / 2];
      const [u, v] = mapPoint(sample.cropFromImage, plain.x0 + plain.step * i, plain.y0 + plain.step * j);
      return { sample, u, v, extent };
    });
    expect(gaps.image).toBeLessThan(0.03);
    expect(gaps.depth).toBeLessThan(0.05);
  });

  test("painted into the frame: on average within 0.15 pixels of the original in the image, 0.7 in the depth", () => {
    const scales: number[] = [];
    const gaps = meanGaps(60, 1.2, (run) => {
      const rng = random(SEED, "frame-patch", run, "");
      const which = rng.int(frames.length);
      const frame = frames[which];
      const [x, y, extent] = records[which].square;
      const side = Math.ceil(extent * (0.12 + 0.1 * rng.uniform()));
      const [i0, j0] = [x, y].map((centre) => Math.floor(centre - side / 2 + 0.3 * extent * (rng.uniform() - 0.5)));
      const { width: w, height: h } = frame.rgb;
      if (i0 < 0 || j0 < 0 || i0 + side > w || j0 + side > h) return undefined;
      const rgb = new Uint8Array(3 * w * h).fill(BACK);
      const depth = new Float32Array(w * h).fill(frame.joints3d[2] + 0.05);
      for (let j = j0; j < j0 + side; j++) {
        rgb.fill(HOT, 3 * (j * w + i0), 3 * (j * w + i0 + side));
        depth.fill(frame.joints3d[2] - 0.05, j * w + i0, j * w + i0 + side);
      }
      const record = cropRecord(
        { ...frame, rgb: { width: w, height: h, data: rgb }, depth: { width: w, height: h, data: depth } },
        { size },
      );
      const sample = makeSample(record, options(GEOMETRIC, run), run);
      const [u, v] = mapPoint(sample.cropFromImage, i0 + (side - 1) / 2, j0 + (side - 1) / 2);
      scales.push(size / record.square[2]);
      return { sample, u, v, extent: (1.3 * side * size) / record.square[2] };
    });
    const pixel = scales.reduce((sum, scale) => sum + scale, 0) / scales.length;
    expect(gaps.image / pixel).toBeLessThan(0.15);
    expect(gaps.depth / pixel).toBeLessThan(0.7);
  });

  test("each depth pixel is the reading nearest to its place, and each image pixel of one colour is exactly that", () => {
    fc.assert(
      fc.property(anyRecord(), fc.nat(500), (plain, epoch) => {
        const side = Math.max(2, Math.floor(Math.min(plain.width, plain.height) / 3));
        const [i0, j0] = [Math.floor(plain.width / 3), Math.floor(plain.height / 3)];
        const record = patched(plain, i0, j0, side);
        const sample = makeSample(record, options(GEOMETRIC), epoch);
        const back = inverseMatrix(sample.cropFromImage);
        for (let at = 0; at < size * width; at++) {
          const [px, py] = mapPoint(back, (at % width) + (size - width) / 2 + 0.5, Math.floor(at / width) + 0.5);
          const [i, j] = [(px - record.x0) / record.step, (py - record.y0) / record.step];
          // Distance inside the patch of readings, and inside the record: positive inside.
          const into = Math.min(i - i0 + 0.5, i0 + side - 0.5 - i, j - j0 + 0.5, j0 + side - 0.5 - j);
          const within = Math.min(i + 0.5, record.width - 0.5 - i, j + 0.5, record.height - 0.5 - j);
          const level = (sample.image[at] * IMAGE_STD[0] + IMAGE_MEAN[0]) * 255;
          const depth = sample.depth[at];
          let isRight = true;
          if (into > 1e-6) isRight = depth < 0;
          else if (into < -1e-6 && within > 1e-6) isRight = depth > 0;
          else if (within < -1e-6) isRight = depth === 1;
          if (into > 0.51) isRight &&= Math.abs(level - HOT) < 0.01;
          else if (into < -0.51 && within > 0.51) isRight &&= Math.abs(level - BACK) < 0.01;
          if (!isRight) expect({ at, i, j, into, within, depth, level }).toBe("what lies at (i, j)");
        }
      }),
      { numRuns: 12, seed: SEED },
    );
  });
});

describe("a sample's augmentation is its own", () => {
  test("whatever the batch, its order, the other samples, the share and the epoch that came before", async () => {
    const set = memoryCrops("six frames", records);
    const shared = { size: 32, width: 24, seed: 5, augment: DEFAULT_AUGMENT, mode: "train" } as const;
    const expected = (id: string, epoch: number): Sample =>
      makeSample(records.find((record) => record.id === id)!, shared, epoch);
    const anySetting = fc.record({
      ids: fc.shuffledSubarray(
        records.map((record) => record.id),
        { minLength: 3 },
      ),
      batchSize: fc.integer({ min: 1, max: 3 }),
      of: fc.integer({ min: 1, max: 3 }),
      epochs: fc.array(fc.nat(9), { minLength: 1, maxLength: 3 }),
    });
    await fc.assert(
      fc.asyncProperty(anySetting, async ({ ids, batchSize, of, epochs }) => {
        const loader = new Loader(set, { ...shared, ids, batchSize, share: { first: 0, end: 1, of } });
        for (const epoch of epochs) {
          for (let index = loader.batchesPerEpoch - 1; index >= 0; index -= of) {
            const batch = await loader.batch(epoch, index);
            expect(batch.ids).toEqual(loader.idsOf(epoch, index));
            for (const [row, id] of batch.ids.entries()) {
              const sample = expected(id, epoch);
              const of = (all: Float32Array, one: Float32Array): Float32Array =>
                all.subarray(row * one.length, (row + 1) * one.length);
              expect(batch.hasDepth[row]).toBe(sample.hasDepth);
              for (const name of ["image", "depth", "joints2d", "joints3d", "pose", "principal"] as const) {
                expect(Buffer.compare(bytes(of(batch[name], sample[name])), bytes(sample[name])), name).toBe(0);
              }
            }
          }
        }
        loader.close();
      }),
      { numRuns: 15, seed: SEED },
    );
  });

  test("and another one in each epoch, for each seed and each id", () => {
    const [record] = records;
    const images = [
      makeSample(record, options(DEFAULT_AUGMENT, 1), 0),
      makeSample(record, options(DEFAULT_AUGMENT, 1), 1),
      makeSample(record, options(DEFAULT_AUGMENT, 2), 0),
      makeSample({ ...record, id: "SYA0/9999" }, options(DEFAULT_AUGMENT, 1), 0),
    ].map((sample) => Buffer.from(bytes(sample.image)).toString("base64"));
    expect(new Set(images).size).toBe(4);
  });
});

describe("single augmentations", () => {
  /** Bounds of a count of n tries with probability p, five standard deviations wide. */
  const near = (p: number, n: number): number => 5 * Math.sqrt((p * (1 - p)) / n) + 1e-12;

  test("depth is dropped as often as dropDepth says, in one epoch as over many, and apart from occlusion", () => {
    const tries = 4000;
    for (const p of [0, 0.1, 0.4, 0.9, 1]) {
      const augment = { ...DEFAULT_AUGMENT, dropDepth: p, occlusion: 0.3 };
      for (const [what, keyOf] of [
        ["over frames", (i: number) => ({ seed: 3, epoch: 7, id: `SYA0/${i}` })],
        ["over epochs", (i: number) => ({ seed: 3, epoch: i, id: "SYA0/0001" })],
      ] as const) {
        let [dropped, both, hidden] = [0, 0, 0];
        for (let i = 0; i < tries; i++) {
          const isDropped = isDepthDropped(augment, keyOf(i));
          const isHidden = augmentPatch(augment, keyOf(i), size, width) !== undefined;
          dropped += Number(isDropped);
          hidden += Number(isHidden);
          both += Number(isDropped && isHidden);
        }
        expect(Math.abs(dropped / tries - p), `${p} ${what}`).toBeLessThan(near(p, tries));
        expect(Math.abs(hidden / tries - 0.3), `occlusion ${what}`).toBeLessThan(near(0.3, tries));
        expect(Math.abs(both / tries - 0.3 * p), `both ${what}`).toBeLessThan(near(0.3 * p, tries));
      }
    }
  });

  test("hasDepth is 0 exactly where isDepthDropped says so, and the depth is then empty", () => {
    for (let epoch = 0; epoch < 30; epoch++) {
      const { hasDepth, depth } = makeSample(records[0], options({ ...STILL, dropDepth: 0.5 }, 1), epoch);
      const isDropped = isDepthDropped({ ...STILL, dropDepth: 0.5 }, { seed: 1, epoch, id: records[0].id });
      expect(hasDepth).toBe(isDropped ? 0 : 1);
      expect(depth.every((value) => value === 1)).toBe(isDropped);
    }
  });

  test("a patch lies inside the crop, is no larger than it may be, and hides nothing else", () => {
    const augment = (occlusionSize: number): AugmentOptions => ({ ...STILL, occlusion: 1, occlusionSize });
    fc.assert(
      fc.property(range(0, 2), fc.nat(10_000), fc.integer({ min: 8, max: 256 }), (share, epoch, side) => {
        const columns = Math.ceil(0.75 * side);
        const patch = augmentPatch(augment(share), { seed: 1, epoch, id: "SYA0/0001" }, side, columns)!;
        const { x0, y0, x1, y1 } = patch;
        expect([x0, y0, x1, y1].every(Number.isInteger)).toBe(true);
        expect(0 <= x0 && x0 < x1 && x1 <= columns && 0 <= y0 && y0 < y1 && y1 <= side).toBe(true);
        expect(Math.max(x1 - x0, y1 - y0)).toBeLessThanOrEqual(Math.max(1, Math.round(share * side)));
        for (const value of patch.colour) expect(value >= 0 && value < 1).toBe(true);
        expect(patch.depth >= -1 && patch.depth <= 1).toBe(true);
      }),
      { numRuns: 300, seed: SEED },
    );
    for (let epoch = 0; epoch < 10; epoch++) {
      const [plain, hidden] = [STILL, augment(0.4)].map((each) => makeSample(records[1], options(each), epoch));
      const patch = augmentPatch(augment(0.4), { seed: 1, epoch, id: records[1].id }, size, width)!;
      for (let at = 0; at < size * width; at++) {
        const [x, y] = [at % width, Math.floor(at / width)];
        if (x < patch.x0 || x >= patch.x1 || y < patch.y0 || y >= patch.y1) continue;
        for (let c = 0; c < 3; c++) {
          plain.image[c * size * width + at] = (patch.colour[c] - IMAGE_MEAN[c]) / IMAGE_STD[c];
        }
        plain.depth[at] = patch.depth;
      }
      expect(Buffer.compare(bytes(hidden.image), bytes(plain.image))).toBe(0);
      expect(Buffer.compare(bytes(hidden.depth), bytes(plain.depth))).toBe(0);
      expect(hidden.joints2d).toEqual(plain.joints2d);
    }
  });

  test("the square stays within the ranges of rotation, scale and shift", () => {
    fc.assert(
      fc.property(range(0, Math.PI), range(0, 0.5), range(0, 0.4), fc.nat(10_000), (rotation, scale, shift, epoch) => {
        const square = augmentSquare(
          [100, 50, 80],
          { ...STILL, rotation, scale, shift },
          { seed: 2, epoch, id: "SYA0/0001" },
        );
        expect(Math.abs(square.angle)).toBeLessThanOrEqual(rotation);
        expect(Math.abs(80 / square.side - 1)).toBeLessThanOrEqual(scale + 1e-12);
        expect(Math.max(Math.abs(square.x - 100), Math.abs(square.y - 50))).toBeLessThanOrEqual(80 * shift + 1e-12);
      }),
      { numRuns: 200, seed: SEED },
    );
  });

  test("turns and shifts happen as often as their rates say, and a rate changes nothing else", () => {
    const tries = 3000;
    const augment = { ...GEOMETRIC, rotationRate: 0.6, shiftRate: 0.5 };
    let [turned, shifted, both] = [0, 0, 0];
    for (let epoch = 0; epoch < tries; epoch++) {
      const key = { seed: 4, epoch, id: "SYA0/0001" };
      const [square, always] = [augment, GEOMETRIC].map((each) => augmentSquare([0, 0, 80], each, key));
      expect(square.side).toBe(always.side);
      const isTurned = square.angle !== 0;
      const isShifted = square.x !== 0 || square.y !== 0;
      if (isTurned) expect(square.angle).toBe(always.angle);
      if (isShifted) expect([square.x, square.y]).toEqual([always.x, always.y]);
      turned += Number(isTurned);
      shifted += Number(isShifted);
      both += Number(isTurned && isShifted);
    }
    expect(Math.abs(turned / tries - 0.6)).toBeLessThan(near(0.6, tries));
    expect(Math.abs(shifted / tries - 0.5)).toBeLessThan(near(0.5, tries));
    expect(Math.abs(both / tries - 0.3)).toBeLessThan(near(0.3, tries));
  });

  test("depth noise has the width it should in metres, and what is missing stays missing", () => {
    const half = 0.14;
    const augment = { ...STILL, depthNoise: 0.004, depthHoles: 0.05 };
    const depth = new Float32Array(40_000).map((_, i) => (i % 2 === 0 ? 0.25 : 1));
    augmentDepth(depth, half, augment, { seed: 1, epoch: 2, id: "SYA0/0001" });
    expect(depth.every((value, i) => i % 2 === 0 || value === 1)).toBe(true);
    const seen = [...depth.filter((value, i) => i % 2 === 0 && value < 1)].map((value) => (value - 0.25) * half);
    expect(Math.abs(1 - seen.length / 20_000 - 0.05)).toBeLessThan(near(0.05, 20_000));
    const mean = seen.reduce((sum, value) => sum + value, 0) / seen.length;
    const deviation = Math.sqrt(seen.reduce((sum, value) => sum + (value - mean) ** 2, 0) / seen.length);
    expect(Math.abs(mean)).toBeLessThan(1.5e-4);
    expect(Math.abs(deviation - 0.004)).toBeLessThan(1.5e-4);
  });
});

const bytes = (values: Float32Array): Uint8Array => new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
