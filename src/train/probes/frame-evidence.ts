/** What one imported frame says of itself, and what became of it between its plain and its augmented sample. */
import { project } from "../../data/crop";
import { axisAngleFromMatrix, matrixFromAxisAngle, multiply, type Numbers, transpose } from "../../data/hand/rotations";
import type { Loader } from "../../data/loader";
import { HO3D_DEPTH_UNIT } from "../../data/png";
import { quantile } from "../../data/summary/histogram";
import { DEPTH_AGREES_MM, measureRecord, type RecordFacts } from "../../data/summary/measure";
import type { CropRecord, Sample } from "../../data/types";
import type { AugmentationEvidence, FrameEvidence, SampleEvidence, TestFrameEvidence } from "../evidence";
import { imageStatistics, type SampleShape } from "./sample-evidence";

const DEGREES = 180 / Math.PI;
/** A square this near to the middle of the joints' box was made from it, original pixels. */
const SAME_CENTRE_PX = 0.01;

const near = ({ depthOffsetsMm }: RecordFacts): number =>
  depthOffsetsMm.filter((offset) => Math.abs(offset) <= DEPTH_AGREES_MM).length;

/** The same depth with the two bytes of each reading exchanged, and without the image. */
function swapped(record: CropRecord): CropRecord {
  const depth = record.depth?.map((units) => ((units & 255) << 8) | (units >> 8));
  return { ...record, depth, rgb: new Uint8Array(0) };
}

function isSquareOfJoints({ joints3d, camera, square, rootOnly }: CropRecord): boolean {
  if (rootOnly) return false;
  const points = project(joints3d, camera);
  return [0, 1].every((c) => {
    const values = points.filter((_, i) => i % 2 === c);
    return Math.abs((Math.min(...values) + Math.max(...values)) / 2 - square[c]) < SAME_CENTRE_PX;
  });
}

/** Looks at a record. */
export function frameEvidence(record: CropRecord): FrameEvidence {
  const facts = measureRecord(record);
  const offsets = [...facts.depthOffsetsMm].filter(Number.isFinite).sort((a, b) => a - b);
  const [red, green, blue] = facts.channelMeans;
  return {
    wristZ: record.joints3d[2],
    handMm: facts.handSizeMm,
    pixels: record.width * record.height,
    imageStd: facts.imageStd / 255,
    imageMeans: [red / 255, green / 255, blue / 255],
    hasDepth: facts.hasDepth,
    depthReadings: offsets.length,
    depthNear: near(facts),
    depthNearSwapped: facts.hasDepth ? near(measureRecord(swapped(record))) : 0,
    depthOffsetMm: offsets.length > 0 ? quantile(offsets, 0.5) : undefined,
    boxFromJoints: isSquareOfJoints(record),
  };
}

/** Angle in the image plane that best turns the wrist-relative joints of `from` into those of `to`, degrees. */
function turnOfJoints(from: Float32Array, to: Float32Array): number {
  let [sine, cosine] = [0, 0];
  for (let j = 1; j < 21; j++) {
    const [x, y] = [from[4 * j] - from[0], from[4 * j + 1] - from[1]];
    const [u, v] = [to[4 * j] - to[0], to[4 * j + 1] - to[1]];
    sine += x * v - y * u;
    cosine += x * u + y * v;
  }
  return Math.atan2(sine, cosine) * DEGREES;
}

/** The part of the turn between two rotations that is about the optical axis, and the angle of the rest, degrees. */
function turnOfRoot(from: Numbers, to: Numbers): { readonly about: number; readonly off: number } {
  const between = multiply(to, transpose(from));
  const about = Math.atan2(between[3] - between[1], between[0] + between[4]);
  const rest = axisAngleFromMatrix(multiply(matrixFromAxisAngle([0, 0, -about]), between));
  return { about: about * DEGREES, off: Math.hypot(...rest) * DEGREES };
}

/** Compares the two forms of a sample; angles of the crop are those that its matrix shows. */
export function augmentationEvidence(
  record: CropRecord,
  plain: { readonly sample: Sample; readonly evidence: SampleEvidence },
  augmented: { readonly sample: Sample; readonly evidence: SampleEvidence },
): AugmentationEvidence {
  const [from, to] = [plain.evidence, augmented.evidence];
  const [fx, fy, cx, cy] = record.camera;
  const z = record.joints3d[2];
  const [x, y] = from.cropCentre;
  const inMetres = [((x - cx) * z) / fx, ((y - cy) * z) / fy];
  const apart = (a: readonly number[], b: readonly number[]): number =>
    Math.hypot(a[0] - b[0], a[1] - b[1]) / from.cropSide;
  const root = plain.sample.hasMano === 1 ? turnOfRoot(plain.sample.pose, augmented.sample.pose) : undefined;
  return {
    cropDegrees: to.cropDegrees - from.cropDegrees,
    jointsDegrees: record.rootOnly ? undefined : turnOfJoints(plain.sample.joints3d, augmented.sample.joints3d),
    poseDegrees: root?.about,
    poseOffAxisDegrees: root?.off,
    scale: from.cropSide / to.cropSide,
    shift: apart(to.cropCentre, from.cropCentre),
    toCentreInMetres: apart(to.cropCentre, inMetres),
    centreInMetresIsOff: apart(from.cropCentre, inMetres),
  };
}

/** Pixels of the made-up record's side, its square in an image of 640 x 480, and where its hand is, metres. */
const SIDE = 96;
const SQUARE = [320, 240, 200] as const;
const DISTANCE = 0.6;
/** Depth per original pixel; the square's side then spans 8 cm, inside any depth cube of use. */
const RAMP = 0.0004;

function testRecord(): CropRecord {
  const [x, y, side] = SQUARE;
  const step = (1.5 * side) / SIDE;
  const [x0, y0] = [x - 0.75 * side + step / 2, y - 0.75 * side + step / 2];
  const rgb = new Uint8Array(3 * SIDE * SIDE).map((_, i) => (i % 3 === 0 ? 255 : 0));
  const depth = Uint16Array.from({ length: SIDE * SIDE }, (_, i) =>
    Math.round((DISTANCE + RAMP * (x0 + (i % SIDE) * step - x)) / HO3D_DEPTH_UNIT),
  );
  const joints3d = Float64Array.from({ length: 63 }, (_, i) => (i % 3 === 2 ? DISTANCE : 0));
  const place = { id: "test-frame", sequence: "test", recording: "test", width: SIDE, height: SIDE, x0, y0, step };
  return { ...place, rgb, depth, square: SQUARE, camera: [600, 600, x, y], joints3d, rootOnly: true, mano: undefined };
}

/** Sends a red record with a ramp of depth through `loader`, which must not augment. */
export async function testFrameEvidence(
  loader: Loader,
  { size, width, depthCube }: SampleShape,
): Promise<TestFrameEvidence> {
  const { image, depth, hasDepth } = await loader.sampleOf(testRecord(), 0);
  const row = depth.subarray((size >> 1) * width, ((size >> 1) + 1) * width);
  // Least squares of what came out against what went in, both about the middle of the row.
  let [product, square] = [0, 0];
  for (let u = 0; u < width; u++) {
    const put = (RAMP * SQUARE[2] * (u + 0.5 - width / 2)) / size;
    product += put * ((row[u] * depthCube) / 2);
    square += put * put;
  }
  return { rgb: imageStatistics(image).means, depthSlope: hasDepth === 1 ? product / square : undefined };
}
