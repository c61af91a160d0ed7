/** What one sample says of itself: image, depth, and whether its labels agree with one another. */
import { cropAngle, inverseMatrix, mapPoint, project } from "../../data/crop";
import { handForward, joints21 } from "../../data/hand/forward";
import { axisAngleFromMatrix, matrixFromAxisAngle, multiply, type Numbers, rotate } from "../../data/hand/rotations";
import { IMAGE_MEAN, IMAGE_STD } from "../../data/resample";
import { quantile } from "../../data/summary/histogram";
import { DEPTH_AGREES_MM } from "../../data/summary/measure";
import type { CropRecord, HandModel, Sample } from "../../data/types";
import { procrustes } from "../../metrics/procrustes";
import type { ManoAgreement, Projection, Rgb, SampleEvidence } from "../evidence";

export interface SampleShape {
  /** Side S of the crop and columns W of its centre that the network sees. */
  readonly size: number;
  readonly width: number;
  /** Side of the depth cube, metres. */
  readonly depthCube: number;
}

const DEGREES = 180 / Math.PI;
/** Joints nearer to the camera's plane than this cannot be projected, metres. */
const NO_PROJECTION = 0.01;
/** MANO and joints this near agree, and no other reading of the parameters is tried, mm. Readers promise 0.1 mm. */
const AGREES_MM = 0.5;
const FLIP = [1, 0, 0, 0, -1, 0, 0, 0, -1];

/** Means and the mean of the channels' deviations of a normalised image [3, n], in 0 to 1. */
export function imageStatistics(image: Float32Array): { readonly means: Rgb; readonly std: number } {
  const plane = image.length / 3;
  const means: [number, number, number] = [0, 0, 0];
  let deviation = 0;
  for (let c = 0; c < 3; c++) {
    let sum = 0;
    let squares = 0;
    for (let i = c * plane; i < (c + 1) * plane; i++) {
      sum += image[i];
      squares += image[i] * image[i];
    }
    const mean = sum / plane;
    means[c] = mean * IMAGE_STD[c] + IMAGE_MEAN[c];
    deviation += (IMAGE_STD[c] * Math.sqrt(Math.max(0, squares / plane - mean * mean))) / 3;
  }
  return { means, std: deviation };
}

function depthStatistics(depth: Float32Array): {
  readonly range: readonly [number, number];
  readonly farShare: number;
} {
  let [low, high, far] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0];
  for (const value of depth) {
    low = Math.min(low, value);
    high = Math.max(high, value);
    if (value >= 1) far++;
  }
  return { range: [low, high], farShare: far / depth.length };
}

/** Places of the record's joints in the crop [21 * 2], crop pixels of the square: from the data set's camera, not from the sample's labels. */
function framePixels(record: CropRecord, sample: Sample): Float64Array {
  const pixels = project(record.joints3d, record.camera);
  const out = new Float64Array(42);
  for (let j = 0; j < 21; j++) out.set(mapPoint(sample.cropFromImage, pixels[2 * j], pixels[2 * j + 1]), 2 * j);
  return out;
}

/** Distances of readings in the depth cube at the joints from the joints' z, mm. */
function depthGaps(record: CropRecord, sample: Sample, pixels: Float64Array, shape: SampleShape): number[] {
  const { size, width, depthCube } = shape;
  const gaps: number[] = [];
  if (sample.hasDepth === 0) return gaps;
  for (let j = 0; j < sample.joints2d.length / 3; j++) {
    if (sample.joints2d[3 * j + 2] === 0) continue;
    const [column, row] = [Math.floor(pixels[2 * j] - (size - width) / 2), Math.floor(pixels[2 * j + 1])];
    if (!(column >= 0 && column < width && row >= 0 && row < size)) continue;
    const value = sample.depth[row * width + column];
    if (!(Math.abs(value) < 1)) continue;
    gaps.push(1000 * Math.abs((value * depthCube) / 2 + record.joints3d[2] - record.joints3d[3 * j + 2]));
  }
  return gaps;
}

/** 2D labels against projected points [n * 2], both in units of the square and about its centre; `which` are the joints. */
function compare(labels: Float32Array, points: Numbers, which: readonly number[], size: number): Projection {
  const axis = (c: number): { px: number; scale: number; scaledPx: number } => {
    let [product, square, px] = [0, 0, 0];
    for (const j of which) {
      const [label, point] = [labels[3 * j + c], points[2 * j + c]];
      product += label * point;
      square += point * point;
      px = Math.max(px, size * Math.abs(label - point));
    }
    const scale = square > 0 ? product / square : 1;
    const left = which.map((j) => size * Math.abs(labels[3 * j + c] / scale - points[2 * j + c]));
    return { px, scale, scaledPx: Math.max(0, ...left) };
  };
  const [x, y] = [axis(0), axis(1)];
  return { xPx: x.px, yPx: y.px, xScale: x.scale, yScale: y.scale, xScaledPx: x.scaledPx, yScaledPx: y.scaledPx };
}

/** 3D labels of a sample through its own camera, in the units of joints2d. */
function projectLabels(sample: Sample, which: readonly number[]): Float64Array | undefined {
  const out = new Float64Array(42);
  for (const j of which) {
    const [x, y, z] = sample.joints3d.subarray(4 * j, 4 * j + 3);
    if (!(Math.abs(z) > NO_PROJECTION)) return undefined;
    out[2 * j] = (sample.focal * x) / z + sample.principal[0];
    out[2 * j + 1] = (sample.focal * y) / z + sample.principal[1];
  }
  return out;
}

/** Joints [21 * 3] relative to the first. */
function relative(joints: Numbers): Float64Array {
  return Float64Array.from(joints, (value, i) => value - joints[i % 3]);
}

const isTip = (joint: number): boolean => joint > 0 && joint % 4 === 0;

/** Largest distance of two wrist-relative sets of joints over those that are not tips, mm. */
function gapMm(a: Numbers, b: Numbers): number {
  const each = Array.from({ length: 21 }, (_, j) => (isTip(j) ? 0 : distanceMm(a, b, j)));
  return Math.max(...each);
}

const distanceMm = (a: Numbers, b: Numbers, j: number): number =>
  1000 * Math.hypot(a[3 * j] - b[3 * j], a[3 * j + 1] - b[3 * j + 1], a[3 * j + 2] - b[3 * j + 2]);

/** Each of 16 rotations [16 * 9] as the other hand has it: M R M with M = diag(-1, 1, 1). */
const mirrored = (rotations: Float64Array): Float64Array =>
  rotations.map((value, i) => ((i % 9) % 3 === 0 ? -value : value) * (i % 9 < 3 ? -1 : 1));

function withMean(rotations: Float64Array, mean: Numbers, sign: number): Float64Array {
  const out = rotations.slice();
  for (let k = 1; k < 16; k++) {
    const fingers = axisAngleFromMatrix(rotations, 9 * k).map((value, c) => value + sign * mean[3 * (k - 1) + c]);
    out.set(matrixFromAxisAngle(fingers), 9 * k);
  }
  return out;
}

function rootTurned(rotations: Float64Array, by: Numbers): Float64Array {
  const out = rotations.slice();
  out.set(multiply(by, rotations), 0);
  return out;
}

/** MANO's joints against the labelled ones; `hand` may have the joints alone (`jointsOnly`). */
function manoAgreement(sample: Sample, joints: Float64Array, hand: HandModel): ManoAgreement {
  const rotations = Float64Array.from(sample.pose);
  const jointsOf = (given: Float64Array): Float64Array =>
    relative(joints21(hand, handForward(hand, { rotations: given, shape: sample.shape })));
  const made = jointsOf(rotations);
  const { rotation } = procrustes(made, joints);
  const turned = new Float64Array(63);
  for (let i = 0; i < 63; i += 3) turned.set(rotate(rotation, made.subarray(i, i + 3)), i);
  const [x, y, z] = axisAngleFromMatrix(rotation).map((value) => value * DEGREES);
  const gap = gapMm(made, joints);
  const otherwise = (given: Float64Array): number => gapMm(jointsOf(given), joints);
  return {
    jointsMm: Array.from({ length: 21 }, (_, j) => distanceMm(made, joints, j)),
    gapMm: gap,
    turnDegrees: [x, y, z],
    turnedMm: gapMm(turned, joints),
    otherwise:
      gap <= AGREES_MM
        ? undefined
        : {
            openGl: otherwise(rootTurned(rotations, FLIP)),
            mirrored: otherwise(mirrored(rotations)),
            meanAdded: otherwise(withMean(rotations, hand.handsMean, 1)),
            meanRemoved: otherwise(withMean(rotations, hand.handsMean, -1)),
          },
  };
}

/** Looks at one sample of `record`. `hand` is the hand whose joints the labels hold, `jointsOnly` of it will do. */
export function sampleEvidence(
  record: CropRecord,
  sample: Sample,
  shape: SampleShape,
  hand: HandModel | undefined,
): SampleEvidence {
  const { size, width } = shape;
  const { joints2d, joints3d, cropFromImage: m } = sample;
  const which = Array.from({ length: 21 }, (_, j) => j).filter((j) => joints3d[4 * j + 3] > 0);
  const zs = which.map((j) => joints3d[4 * j + 2]);
  const pixels = framePixels(record, sample);
  const gaps = depthGaps(record, sample, pixels, shape).sort((a, b) => a - b);
  const { means, std } = imageStatistics(sample.image);
  const { range, farShare } = depthStatistics(sample.depth);
  const points = projectLabels(sample, which);
  const isOutside = (j: number, by: number): boolean =>
    size * Math.abs(joints2d[3 * j]) > width / 2 + by || size * Math.abs(joints2d[3 * j + 1]) > size / 2 + by;
  const isComplete = which.length === 21;
  const joints = relative(Float64Array.from({ length: 63 }, (_, i) => joints3d[4 * Math.floor(i / 3) + (i % 3)]));
  const inFrame = pixels.map((value) => (value - size / 2) / size);
  return {
    hasDepth: sample.hasDepth === 1,
    hasMano: sample.hasMano === 1,
    imageStd: std,
    imageMeans: means,
    depthRange: range,
    farShare,
    depthJoints: gaps.length,
    depthGapMm: gaps.length > 0 ? quantile(gaps, 0.5) : undefined,
    depthNearShare: gaps.length > 0 ? gaps.filter((gap) => gap <= DEPTH_AGREES_MM).length / gaps.length : undefined,
    zRange: [Math.min(...zs), Math.max(...zs)],
    root: [joints3d[0], joints3d[1], joints3d[2]],
    joints: which.length,
    insideShare: which.filter((j) => !isOutside(j, 0)).length / which.length,
    outsideCounted: which.filter((j) => joints2d[3 * j + 2] > 0 && isOutside(j, 1)).length,
    largest2d: Math.max(...which.map((j) => Math.max(Math.abs(joints2d[3 * j]), Math.abs(joints2d[3 * j + 1])))),
    projected3d: points === undefined ? undefined : compare(joints2d, points, which, size),
    projectedFrame: compare(joints2d, inFrame, which, size),
    mano: sample.hasMano === 1 && hand !== undefined && isComplete ? manoAgreement(sample, joints, hand) : undefined,
    cropDegrees: cropAngle(m) * DEGREES,
    cropCentre: mapPoint(inverseMatrix(m), size / 2, size / 2),
    cropSide: size / Math.hypot(m[0], m[3]),
  };
}
