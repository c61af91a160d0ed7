/** What one imported frame tells about its data set: a few numbers in millimetres and pixels, no image. */
import { project } from "../crop";
import { handForward, joints21 } from "../hand/forward";
import type { Numbers } from "../hand/rotations";
import { HO3D_DEPTH_UNIT } from "../png";
import type { CropRecord, Frame, HandModel } from "../types";

/** A depth reading farther than this from a joint does not belong to it, millimetres: the label or the depth is wrong, or something far in front hides it. */
export const DEPTH_AGREES_MM = 60;
/** A reading nearer to the camera than this hides the joint, millimetres: finger joints lie 6 to 15 mm under the skin. */
const HIDDEN_MM = 25;
/** The same for the wrist and the knuckles, which lie deeper when the hand is seen edge on. */
const HIDDEN_PALM_MM = 40;

/** What the depth image says at a joint. */
export type JointState = "seen" | "hidden" | "no reading" | "outside";

/** The numbers of one record. Joints in OpenPose order. */
export interface RecordFacts {
  readonly id: string;
  readonly sequence: string;
  readonly recording: string;
  readonly camera: Frame["camera"];
  readonly rootOnly: boolean;
  /** Whether the record has a depth image. */
  readonly hasDepth: boolean;
  /** Whether it has MANO parameters. */
  readonly hasMano: boolean;
  readonly wristDepthMm: number;
  /** Wrist to the tip of the middle finger along the bones; undefined when only the wrist is known. */
  readonly handSizeMm: number | undefined;
  /** Longer side of the box round the projected joints in pixels of the original image; undefined as above. */
  readonly handSizePx: number | undefined;
  /** Joints that are not in front of the camera. */
  readonly behind: number;
  /** Joints that count: 21, or 1 when only the wrist is known. */
  readonly joints: number;
  readonly states: readonly JointState[]; // [joints]
  /** Depth reading minus the joint's depth, millimetres; NaN without a reading. */
  readonly depthOffsetsMm: Float64Array; // [joints]
  /** Angle of each of MANO's 15 finger joints from the flat hand in its own order, degrees; undefined without parameters. */
  readonly anglesDegrees: Float64Array | undefined; // [15]
  /** Distance of each joint of MANO(parameters) to the annotated one, millimetres; undefined without parameters or hand. */
  readonly manoErrorsMm: Float64Array | undefined; // [21]
  /** Mean of each channel and standard deviation over all, 0 to 255; 0 for an empty image. */
  readonly channelMeans: readonly [number, number, number];
  readonly imageStd: number;
  /** Fingerprint of the pixels: equal for equal images. */
  readonly imageHash: string;
}

/** Two 32-bit FNV-1a style sums over the image and its size. */
function hashOf({ rgb, width, height }: Pick<CropRecord, "rgb" | "width" | "height">): string {
  let a = 0x811c9dc5 ^ width;
  let b = 0x01000193 ^ height;
  for (let i = 0; i < rgb.length; i++) {
    a = Math.imul(a ^ rgb[i], 0x01000193);
    b = Math.imul(b ^ rgb[i], 0x5bd1e995) ^ (b >>> 15);
  }
  return `${(a >>> 0).toString(16)}-${(b >>> 0).toString(16)}`;
}

function imageFacts(rgb: Uint8Array): { means: [number, number, number]; std: number } {
  if (rgb.length === 0) return { means: [0, 0, 0], std: 0 };
  const sums = [0, 0, 0];
  let squares = 0;
  for (let i = 0; i < rgb.length; i++) {
    sums[i % 3] += rgb[i];
    squares += rgb[i] * rgb[i];
  }
  const mean = (sums[0] + sums[1] + sums[2]) / rgb.length;
  const each = sums.map((sum) => (3 * sum) / rgb.length);
  return { means: [each[0], each[1], each[2]], std: Math.sqrt(Math.max(0, squares / rgb.length - mean * mean)) };
}

/** Column and row of the record that hold the original pixel (x, y); undefined outside of the record. */
function pixelAt(record: CropRecord, x: number, y: number): [number, number] | undefined {
  const column = Math.round((x - record.x0) / record.step);
  const row = Math.round((y - record.y0) / record.step);
  const isInside = column >= 0 && row >= 0 && column < record.width && row < record.height;
  return isInside ? [column, row] : undefined;
}

function boneLength(joints: Numbers, from: number, to: number): number {
  return Math.hypot(...[0, 1, 2].map((c) => joints[3 * to + c] - joints[3 * from + c]));
}

/** The wrist, both lower joints of the thumb and the four knuckles. */
function isPalm(joint: number): boolean {
  return joint % 4 === 1 || joint === 0 || joint === 2;
}

/** Wrist, middle MCP, PIP, DIP, tip. */
const MIDDLE_FINGER = [0, 9, 10, 11, 12];

/** Looks at one record. `hand` is the model that the parameters belong to; `tips` the data set's tip vertices, the hand's own unless given. */
export function measureRecord(record: CropRecord, hand?: HandModel, tips?: Numbers): RecordFacts {
  const { joints3d, rootOnly, mano, camera, depth } = record;
  const joints = rootOnly ? 1 : 21;
  const points = project(joints3d.subarray(0, 3 * joints), camera);
  const depthOffsetsMm = new Float64Array(joints).fill(Number.NaN);
  const states: JointState[] = [];
  let behind = 0;
  for (let j = 0; j < joints; j++) {
    const z = joints3d[3 * j + 2];
    if (!(z > 0)) behind++;
    const at = z > 0 ? pixelAt(record, points[2 * j], points[2 * j + 1]) : undefined;
    const reading = at === undefined || depth === undefined ? 0 : depth[at[1] * record.width + at[0]];
    if (reading > 0) depthOffsetsMm[j] = 1000 * (reading * HO3D_DEPTH_UNIT - z);
    if (at === undefined) states.push("outside");
    else if (reading === 0) states.push("no reading");
    else states.push(depthOffsetsMm[j] < -(isPalm(j) ? HIDDEN_PALM_MM : HIDDEN_MM) ? "hidden" : "seen");
  }
  const { means, std } = imageFacts(record.rgb);
  return {
    id: record.id,
    sequence: record.sequence,
    recording: record.recording,
    camera,
    rootOnly,
    hasDepth: depth !== undefined,
    hasMano: mano !== undefined,
    wristDepthMm: 1000 * joints3d[2],
    handSizeMm: rootOnly
      ? undefined
      : 1000 * MIDDLE_FINGER.slice(1).reduce((sum, j, i) => sum + boneLength(joints3d, MIDDLE_FINGER[i], j), 0),
    handSizePx: rootOnly || behind > 0 ? undefined : boxSide(points),
    behind,
    joints,
    states,
    depthOffsetsMm,
    anglesDegrees: mano === undefined ? undefined : anglesOf(mano.pose),
    manoErrorsMm:
      mano === undefined || hand === undefined || rootOnly ? undefined : manoErrors(record, mano, hand, tips),
    channelMeans: means,
    imageStd: std,
    imageHash: hashOf(record),
  };
}

function boxSide(points: Float64Array): number {
  const xs = points.filter((_, i) => i % 2 === 0);
  const ys = points.filter((_, i) => i % 2 === 1);
  return Math.max(Math.max(...xs) - Math.min(...xs), Math.max(...ys) - Math.min(...ys));
}

function anglesOf(pose: Float64Array): Float64Array {
  return Float64Array.from({ length: 15 }, (_, k) => {
    const at = 3 + 3 * k;
    return (180 / Math.PI) * Math.hypot(pose[at], pose[at + 1], pose[at + 2]);
  });
}

function manoErrors(
  record: CropRecord,
  mano: NonNullable<CropRecord["mano"]>,
  hand: HandModel,
  tips: Numbers | undefined,
): Float64Array {
  const made = joints21(hand, handForward(hand, mano), tips);
  return Float64Array.from({ length: 21 }, (_, j) => {
    const apart = [0, 1, 2].map((c) => made[3 * j + c] - record.joints3d[3 * j + c]);
    return 1000 * Math.hypot(...apart);
  });
}
