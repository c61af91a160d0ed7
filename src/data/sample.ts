/** A record to a sample: the image is resampled once, and every label follows the same map (maths in `crop.ts`). */
import {
  type AugmentOptions,
  augmentColour,
  augmentDepth,
  augmentPatch,
  augmentSquare,
  type DrawKey,
  depthShift,
  isDepthDropped,
  isShiftedTwice,
  jitterSquare,
  type Patch,
  PLAIN_COLOUR,
} from "./augment";
import { cropMatrix, inverseMatrix, mapPoint, project, rotateAboutAxis, type Square } from "./crop";
import { requireFinite } from "./finite";
import { matrixFromAxisAngle, multiply } from "./hand/rotations";
import { type DataQuirks, NO_QUIRKS } from "./quirks";
import { IMAGE_MEAN, IMAGE_STD, sampleDepth, sampleImage } from "./resample";
import type { CropRecord, Sample } from "./types";

export interface SampleOptions {
  /** Side S of the square crop, pixels. */
  readonly size: number;
  /** Columns W of its centre that the model sees. */
  readonly width: number;
  readonly seed: number;
  /** Undefined in evaluation: nothing is changed. */
  readonly augment?: AugmentOptions;
  /** Side of the depth cube round the wrist's depth, metres. 0.28 as KeypointFusion. */
  readonly depthCube?: number;
  /** False shows every sample without depth, to measure the model on images alone. */
  readonly useDepth?: boolean;
  /**
   * In evaluation: centre and size of the square are off by up to this share of its side, the same for a frame every time. Boxes
   * made from true joints are better than any detector's; 0.1 shows what the model loses without them.
   */
  readonly boxJitter?: number;
  readonly quirks?: DataQuirks;
}

function paint(patch: Patch, image: Float32Array, depth: Float32Array, size: number, width: number): void {
  for (let y = patch.y0; y < patch.y1; y++) {
    const [from, to] = [y * width + patch.x0, y * width + patch.x1];
    for (let c = 0; c < 3; c++) {
      image.fill((patch.colour[c] - IMAGE_MEAN[c]) / IMAGE_STD[c], c * size * width + from, c * size * width + to);
    }
    depth.fill(patch.depth, from, to);
  }
}

/** 2D joints [21, 3]: x, y in [-0.5, 0.5] of the square, confidence 1 where the model's input shows the joint. */
function joints2dOf(record: CropRecord, cropFromImage: ArrayLike<number>, options: SampleOptions): Float32Array {
  const { size, width, quirks = NO_QUIRKS } = options;
  const pixels = project(record.joints3d, record.camera);
  const xSide = quirks.has("width-normalised") ? width : size;
  const out = new Float32Array(63);
  for (let j = 0; j < 21; j++) {
    const [u, v] = mapPoint(cropFromImage, pixels[2 * j], pixels[2 * j + 1]);
    const isShown = Math.abs(u - size / 2) <= width / 2 && Math.abs(v - size / 2) <= size / 2;
    const isKnown = !record.rootOnly || j === 0;
    out.set([(u - size / 2) / xSide, (v - size / 2) / size, isShown && isKnown ? 1 : 0], 3 * j);
  }
  return out;
}

/** 3D joints [21, 4] in the crop's camera: turned with the image, with confidence. */
function joints3dOf(record: CropRecord, angle: number, quirks: DataQuirks): Float32Array {
  const joints = rotateAboutAxis(record.joints3d, quirks.has("labels-not-augmented") ? 0 : angle);
  const origin = quirks.has("gt-recentred") ? joints.slice(0, 3) : [0, 0, 0];
  const out = new Float32Array(84);
  for (let j = 0; j < 21; j++) {
    for (let i = 0; i < 3; i++) out[4 * j + i] = joints[3 * j + i] - origin[i];
    out[4 * j + 3] = !record.rootOnly || j === 0 ? 1 : 0;
  }
  return out;
}

/** Rotation matrices [16, 3, 3] of the hand as the crop shows it; identities when there are no MANO parameters. */
function poseOf(record: CropRecord, angle: number, quirks: DataQuirks): Float32Array {
  const out = new Float32Array(144);
  for (let k = 0; k < 16; k++) {
    out.set(
      record.mano === undefined ? [1, 0, 0, 0, 1, 0, 0, 0, 1] : matrixFromAxisAngle(record.mano.pose, 3 * k),
      9 * k,
    );
  }
  if (record.mano !== undefined && !quirks.has("pose-not-augmented")) {
    out.set(multiply(matrixFromAxisAngle([0, 0, angle]), matrixFromAxisAngle(record.mano.pose)), 0);
  }
  return out;
}

/** The square of a sample: the record's own, augmented, or what a quirk makes of it. */
function squareFor(record: CropRecord, options: SampleOptions, key: DrawKey): Square {
  const [x, y, side] = record.square;
  if (options.augment === undefined) {
    return options.boxJitter === undefined
      ? { x, y, side, angle: 0 }
      : jitterSquare(record.square, options.boxJitter, key);
  }
  const square = augmentSquare(record.square, options.augment, key);
  if (options.quirks?.has("com-shift-twice") && isShiftedTwice(key)) {
    // The centre goes to metres once more and is then taken for pixels: a point near the image's corner.
    const [fx, fy, cx, cy] = record.camera;
    const z = record.joints3d[2];
    return { ...square, x: ((square.x - cx) * z) / fx, y: ((square.y - cy) * z) / fy };
  }
  return square;
}

/**
 * The sample of a record in one epoch: a pure function of (record, options.seed, epoch, record.id).
 * Throws DataError when a label is not finite.
 */
export function makeSample(record: CropRecord, options: SampleOptions, epoch: number): Sample {
  const { size, width, augment, depthCube = 0.28, useDepth = true, quirks = NO_QUIRKS } = options;
  const key: DrawKey = { seed: options.seed, epoch, id: record.id };
  const square = squareFor(record, options, key);
  const cropFromImage = cropMatrix(square, record.camera, size);
  const toImage = inverseMatrix(cropFromImage);
  const toRecord = toImage.map(
    (value, i) => (i === 2 ? value - record.x0 : i === 5 ? value - record.y0 : value) / record.step,
  );
  const image = sampleImage(
    record,
    toRecord,
    options,
    augment === undefined ? PLAIN_COLOUR : augmentColour(augment, key),
    quirks.has("bgr"),
  );

  const isDropped = !useDepth || (augment !== undefined && isDepthDropped(augment, key));
  const hasDepth = record.depth !== undefined && !isDropped;
  const half = depthCube / 2;
  const centre = record.joints3d[2] + (augment === undefined ? 0 : depthShift(augment, key));
  const depth = hasDepth
    ? sampleDepth(record, toRecord, options, centre, half)
    : new Float32Array(size * width).fill(1);
  if (augment !== undefined) {
    if (hasDepth) augmentDepth(depth, half, augment, key);
    const patch = augmentPatch(augment, key, size, width);
    if (patch !== undefined) paint(patch, image, hasDepth ? depth : new Float32Array(0), size, width);
  }

  const [px, py] = mapPoint(cropFromImage, record.camera[2], record.camera[3]);
  const sample: Sample = {
    id: record.id,
    image,
    depth,
    hasDepth: hasDepth ? 1 : 0,
    focal: record.camera[0] / square.side,
    principal: Float32Array.of((px - size / 2) / size, (py - size / 2) / size),
    joints2d: joints2dOf(record, cropFromImage, options),
    joints3d: joints3dOf(record, square.angle, quirks),
    hasMano: record.mano === undefined ? 0 : 1,
    pose: poseOf(record, square.angle, quirks),
    shape: Float32Array.from(record.mano?.shape ?? new Float32Array(10)),
    cropFromImage,
  };
  for (const name of ["joints2d", "joints3d", "pose", "shape"] as const) {
    requireFinite(`sample "${record.id}"`, name, sample[name]);
  }
  return sample;
}
