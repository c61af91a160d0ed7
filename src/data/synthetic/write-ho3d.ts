/**
 * Synthetic frames as files of an HO-3D tree: OpenGL camera frame, metres, HO-3D's joint order, pickled numpy arrays. Knows
 * paths and bytes, not disks: whoever asks stores them. Layout: shreyashampali/ho3d (README, vis_HO3D.py).
 */
import { axisAngleFromMatrix, composeAxisAngle, type Numbers, rotate, transpose } from "../hand/rotations";
import { encodeJpeg } from "../jpeg";
import { type PickleArray, type PickleValue, writePickle } from "../pickle-write";
import { encodeDepthPng, encodeRgbPng } from "../png";
import { recordingOf, sequenceOf } from "../split";
import type { Frame } from "../types";
import type { SyntheticAnnotation, SyntheticFrameSet } from "./frames";
import { FRAME_HEIGHT, FRAME_WIDTH } from "./scene";
import { boxCorners, distanceTo } from "./shapes";

export type Ho3dVersion = 2 | 3;

/** Ids of both parts of a synthetic HO-3D tree, in the order of train.txt and evaluation.txt. */
export interface Ho3dParts {
  readonly train: readonly string[];
  readonly evaluation: readonly string[];
}

const JPEG_QUALITY = 92;
/** About this share of the recordings is for evaluation. */
const EVALUATION_SHARE = 0.15;
/** A hand vertex nearer to the object than this touches it. */
const CONTACT = 0.004;
/** OpenPose's joint at each of HO-3D's 21 places: wrist, index, middle, pinky, ring, thumb, then tips thumb first. */
const HO3D_FROM_OPENPOSE = [0, 5, 6, 7, 9, 10, 11, 17, 18, 19, 13, 14, 15, 1, 2, 3, 4, 8, 12, 16, 20];
/** diag(1, -1, -1) as axis-angle. */
const FLIP = [Math.PI, 0, 0];

/** Whole recordings for evaluation, at least one when there are two, the last ones. */
export function ho3dParts(set: SyntheticFrameSet): Ho3dParts {
  const { recordings, ids } = set;
  const wanted = Math.max(1, Math.round(EVALUATION_SHARE * recordings.length));
  const held = new Set(recordings.length < 2 ? [] : recordings.slice(recordings.length - wanted));
  const isHeld = (id: string): boolean => held.has(recordingOf(sequenceOf(id)));
  return { train: ids.filter((id) => !isHeld(id)), evaluation: ids.filter(isHeld) };
}

/** OpenCV points to OpenGL or back, [N * 3]: (x, -y, -z). */
function flipped(points: Numbers): Float64Array {
  return Float64Array.from(points, (value, i) => (i % 3 === 0 ? value : -value));
}

function toHo3dOrder(joints: Numbers): Float64Array {
  return Float64Array.from({ length: 63 }, (_, i) => joints[3 * HO3D_FROM_OPENPOSE[Math.floor(i / 3)] + (i % 3)]);
}

const floats = (data: ArrayLike<number>, ...shape: number[]): PickleArray => ({ dtype: "f8", shape, data });

function objectFields({ recording, object }: SyntheticAnnotation): [string, PickleValue][] {
  const turn = composeAxisAngle(FLIP, axisAngleFromMatrix(object.rotation));
  return [
    ["objTrans", floats(flipped(object.centre), 3)],
    ["objRot", floats(turn, 3, 1)],
    ["objCorners3D", floats(flipped(object.corners), 8, 3)],
    ["objCorners3DRest", floats(boxCorners(recording.object.solid), 8, 3)],
    ["objName", recording.object.name],
    ["objLabel", recording.object.label],
  ];
}

/** Distance of each hand vertex to the object, and where on it. */
function contactFields({ recording, object, vertices }: SyntheticAnnotation): [string, PickleValue][] {
  const count = vertices.length / 3;
  const distance = new Float64Array(count);
  const nearest = new Float64Array(vertices.length);
  const inverse = transpose(object.rotation);
  const surface = new Float64Array(3);
  for (let v = 0; v < count; v++) {
    const local = rotate(
      inverse,
      [0, 1, 2].map((c) => vertices[3 * v + c] - object.centre[c]),
    );
    distance[v] = distanceTo(recording.object.solid, local, surface);
    const point = rotate(object.rotation, surface);
    for (let c = 0; c < 3; c++) nearest[3 * v + c] = point[c] + object.centre[c];
  }
  const flags = (test: (d: number) => boolean): PickleArray => ({
    dtype: "b1",
    shape: [count],
    data: Uint8Array.from(distance, (d) => (test(d) ? 1 : 0)),
  });
  return [
    ["handVertContact", flags((d) => Math.abs(d) < CONTACT)],
    ["handVertDist", { dtype: "f4", shape: [count], data: distance.map(Math.abs) }],
    ["handVertIntersec", flags((d) => d < 0)],
    ["handVertObjSurfProj", floats(flipped(nearest), count, 3)],
  ];
}

function cameraMatrix([fx, fy, cx, cy]: Frame["camera"]): PickleArray {
  return floats([fx, 0, cx, 0, fy, cy, 0, 0, 1], 3, 3);
}

/**
 * MANO's parameters in OpenGL's frame: the root turns by F = diag(1, -1, -1), and, because MANO rotates about the rest wrist
 * J0 = joint 0 - trans, t' = F (J0 + t) - J0.
 */
function manoFields({ pose, shape, trans, joints3d }: SyntheticAnnotation): [string, PickleValue][] {
  const turned = pose.slice();
  turned.set(composeAxisAngle(FLIP, pose.subarray(0, 3)), 0);
  const wrist = flipped(joints3d.subarray(0, 3));
  const moved = wrist.map((value, c) => value - (joints3d[c] - trans[c]));
  return [
    ["handPose", floats(turned, 48)],
    ["handTrans", floats(moved, 3)],
    ["handBeta", floats(shape, shape.length)],
  ];
}

function trainMeta(annotation: SyntheticAnnotation, version: Ho3dVersion): Uint8Array {
  const { joints3d, camera, recording } = annotation;
  const fields: [string, PickleValue][] = [
    ...manoFields(annotation),
    ["handJoints3D", floats(flipped(toHo3dOrder(joints3d)), 21, 3)],
    ["camMat", cameraMatrix(camera)],
    ...objectFields(annotation),
  ];
  if (version === 3) {
    fields.push(["camIDList", recording.cameras.map((_, i) => String(i))], ...contactFields(annotation));
  }
  return writePickle(new Map(fields));
}

/** Smallest box of whole pixels about the projected joints with a margin, inside the image: x1, y1, x2, y2. */
function handBox({ joints3d, camera: [fx, fy, cx, cy] }: SyntheticAnnotation): number[] {
  const margin = 15;
  const box = [FRAME_WIDTH, FRAME_HEIGHT, 0, 0];
  for (let j = 0; j < 63; j += 3) {
    const x = (fx * joints3d[j]) / joints3d[j + 2] + cx;
    const y = (fy * joints3d[j + 1]) / joints3d[j + 2] + cy;
    box[0] = Math.min(box[0], Math.floor(x - margin));
    box[1] = Math.min(box[1], Math.floor(y - margin));
    box[2] = Math.max(box[2], Math.ceil(x + margin));
    box[3] = Math.max(box[3], Math.ceil(y + margin));
  }
  const inside = (value: number, size: number): number => Math.max(0, Math.min(value, size - 1));
  return box.map((value, i) => inside(value, i % 2 === 0 ? FRAME_WIDTH : FRAME_HEIGHT));
}

function evaluationMeta(annotation: SyntheticAnnotation): Uint8Array {
  const fields: [string, PickleValue][] = [
    ["handJoints3D", floats(flipped(annotation.joints3d.subarray(0, 3)), 3)],
    ["handBoundingBox", handBox(annotation)],
    ["camMat", cameraMatrix(annotation.camera)],
    ...objectFields(annotation),
  ];
  return writePickle(new Map(fields));
}

/** The three files of one frame: path inside the tree to bytes. Version 3 has rgb as jpg, version 2 as png. */
export async function ho3dFrameFiles(
  set: SyntheticFrameSet,
  id: string,
  split: keyof Ho3dParts,
  version: Ho3dVersion,
): Promise<Map<string, Uint8Array>> {
  const { rgb, depth } = await set.read(id);
  if (depth === undefined) throw new Error(`ho3dFrameFiles: frame "${id}" has no depth image`);
  const annotation = set.annotation(id);
  const sequence = sequenceOf(id);
  const frame = id.slice(sequence.length + 1);
  const folder = `${split}/${sequence}`;
  const colour = version === 2 ? encodeRgbPng(rgb) : encodeJpeg(rgb, JPEG_QUALITY);
  return new Map([
    [`${folder}/rgb/${frame}.${version === 2 ? "png" : "jpg"}`, colour],
    [`${folder}/depth/${frame}.png`, encodeDepthPng(depth)],
    [`${folder}/meta/${frame}.pkl`, split === "train" ? trainMeta(annotation, version) : evaluationMeta(annotation)],
  ]);
}

/** A frame's points as JSON in OpenGL's frame, to a hundredth of a micrometre. */
function pointsJson(points: Numbers): string {
  const rounded = Array.from(flipped(points), (value) => Math.round(value * 1e8) / 1e8);
  return JSON.stringify(Array.from({ length: rounded.length / 3 }, (_, i) => rounded.slice(3 * i, 3 * i + 3)));
}

/** The files of the whole tree: lists of frames, and the truth of the evaluation frames (joints and vertices). */
export function ho3dListFiles(set: SyntheticFrameSet, parts: Ho3dParts): Map<string, Uint8Array> {
  const encoder = new TextEncoder();
  const lines = (ids: readonly string[]): Uint8Array => encoder.encode(ids.map((id) => `${id}\n`).join(""));
  const rows = (each: (annotation: SyntheticAnnotation) => Numbers): Uint8Array =>
    encoder.encode(`[${parts.evaluation.map((id) => pointsJson(each(set.annotation(id)))).join(",\n")}]\n`);
  return new Map([
    ["train.txt", lines(parts.train)],
    ["evaluation.txt", lines(parts.evaluation)],
    ["evaluation_xyz.json", rows(({ joints3d }) => toHo3dOrder(joints3d))],
    ["evaluation_verts.json", rows(({ vertices }) => vertices)],
  ]);
}
