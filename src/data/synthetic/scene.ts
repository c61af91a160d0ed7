/**
 * What is filmed: one recording is one person, one motion, one object and one room, seen by several cameras at the same
 * instants. World frame: metres, y down, the hand near the origin. Everything follows from the seed and the names.
 */
import { type JointAxes, jointAxes } from "../hand/anatomy";
import { blendShapes, handForward, joints21, regressJoints } from "../hand/forward";
import { axisAngleFromMatrix, matrixFromAxisAngle, multiply, type Numbers, rotate, transpose } from "../hand/rotations";
import { cos, sin } from "../math";
import { type Random, random } from "../random";
import type { HandModel } from "../types";
import { type ForearmRig, forearmRig, forearmVertices } from "./forearm";
import { type PoseRange, samplePoseSequence, sampleRotation } from "./pose";
import { createRasterTarget, type PinholeCamera, rasterize } from "./raster";
import { boxCorners, distanceTo, type Mesh, type Solid, solidMesh } from "./shapes";
import { type Skin, type SkinMap, sampleSkin, skinMap } from "./skin";
import { type Colour, type Surface, sampleSurface } from "./texture";

/** Pixels of every frame, as HO-3D's. */
export const FRAME_WIDTH = 640;
export const FRAME_HEIGHT = 480;
/** Frames from one key pose of the motion to the next. */
const FRAMES_PER_KEY = 10;
/** Metres from the wrist to where the arm leaves off, out of most pictures. */
export const FOREARM_LENGTH = 0.46;

/** What is computed once for a hand model. */
export interface HandKit {
  readonly model: HandModel;
  readonly axes: JointAxes;
  readonly skinMap: SkinMap;
  readonly forearm: ForearmRig | undefined;
}

/** A solid that stands in the room. */
export interface Prop {
  readonly solid: Solid;
  readonly mesh: Mesh;
  readonly surface: Surface;
  readonly rotation: Float64Array; // [9] own frame to world
  readonly centre: Float64Array; // [3]
}

/** The object in the hand, placed relative to the wrist: a point p of it lies at R_wrist (rotation p + centre) + wrist. */
export interface HeldObject {
  readonly solid: Solid;
  readonly mesh: Mesh;
  readonly surface: Surface;
  readonly name: string;
  readonly label: number;
  readonly rotation: Float64Array; // [9]
  readonly centre: Float64Array; // [3]
}

/** The walls, the table and the light. */
export interface Room {
  /** Lowest and highest x, y, z. */
  readonly lowest: readonly [number, number, number];
  readonly highest: readonly [number, number, number];
  /** One surface for each of the six walls: -x, +x, -y (ceiling), +y (floor), -z, +z. */
  readonly walls: readonly Surface[];
  readonly tableHeight: number;
  readonly tableHalf: readonly [number, number];
  readonly table: Surface;
  /** Unit vector towards the lamp, and its colour. */
  readonly lamp: Float64Array;
  readonly lampColour: Colour;
  readonly ambient: Colour;
}

export interface CameraView {
  readonly intrinsics: PinholeCamera;
  readonly rotation: Float64Array; // [9] world to camera
  readonly translation: Float64Array; // [3]
  readonly exposure: Colour;
  /** Passes of the 3x3 blur, and standard deviation of the colour noise in steps of 255. */
  readonly blur: number;
  readonly noise: number;
}

export interface Recording {
  readonly name: string;
  readonly shape: Float64Array; // [shapeCount]
  readonly skin: Skin;
  /** Sleeve on the forearm and how far from the wrist it begins, metres; undefined for a bare arm. */
  readonly sleeve: { readonly surface: Surface; readonly from: number } | undefined;
  readonly wristBend: Float64Array; // [3] axis-angle, wrist frame
  readonly poses: readonly Float64Array[]; // [frames][48], world
  readonly trans: readonly Float64Array[]; // [frames][3], world
  readonly restWrist: Float64Array; // [3] J_0(shape)
  readonly object: HeldObject;
  readonly room: Room;
  readonly props: readonly Prop[];
  readonly cameras: readonly CameraView[];
}

/** Prepares a hand model for rendering. */
export function handKit(model: HandModel): HandKit {
  return { model, axes: jointAxes(model), skinMap: skinMap(model), forearm: forearmRig(model) };
}

const between = (random: Random, low: number, high: number): number => low + (high - low) * random.uniform();

/** Rotation [9] about y. */
function turned(angle: number): Float64Array {
  return matrixFromAxisAngle([0, angle, 0]);
}

/** Translations that carry the middle of the palm along a smooth path about the origin. */
function palmPath(stream: Random, poses: readonly Float64Array[], rest: Float64Array): Float64Array[] {
  const waves = [0, 1, 2].map(() => [between(stream, 0.02, 0.05), between(stream, 0.15, 0.5), stream.uniform()]);
  return poses.map((pose, frame) => {
    const wrist = rest.subarray(0, 3);
    // The first joint of the middle finger moves with the wrist only.
    const knuckle = rotate(
      matrixFromAxisAngle(pose),
      [0, 1, 2].map((c) => rest[12 + c] - wrist[c]),
    );
    return Float64Array.from(waves, ([size, turns, phase], c) => {
      const target = size * sin(2 * Math.PI * ((frame * turns) / FRAMES_PER_KEY / 2 + phase));
      return target - wrist[c] - 0.5 * knuckle[c];
    });
  });
}

function sampleSolid(stream: Random): Solid {
  const kind = (["box", "cylinder", "ball"] as const)[stream.int(3)];
  if (kind === "box") {
    return { kind, half: [between(stream, 0.015, 0.045), between(stream, 0.03, 0.1), between(stream, 0.015, 0.04)] };
  }
  const radius = between(stream, 0.015, 0.042);
  if (kind === "cylinder") return { kind, half: [radius, between(stream, 0.035, 0.11), radius] };
  return { kind, half: [radius, radius * between(stream, 0.9, 1.2), radius] };
}

/** How far a solid reaches from its centre along a unit direction in its own frame. */
function reach({ kind, half }: Solid, direction: Numbers): number {
  const [x, y, z] = [direction[0] * half[0], direction[1] * half[1], direction[2] * half[2]];
  if (kind === "box") return Math.abs(x) + Math.abs(y) + Math.abs(z);
  if (kind === "cylinder") return Math.sqrt(x * x + z * z) + Math.abs(y);
  return Math.sqrt(x * x + y * y + z * z);
}

/** Share of the hand's vertices that a solid at this place swallows. */
function swallowed(solid: Solid, rotation: Numbers, centre: Numbers, hands: readonly Float64Array[]): number {
  const inverse = transpose(rotation);
  const nearest = new Float64Array(3);
  let inside = 0;
  let count = 0;
  for (const hand of hands) {
    for (let v = 0; v < hand.length; v += 9) {
      const local = rotate(inverse, [hand[v] - centre[0], hand[v + 1] - centre[1], hand[v + 2] - centre[2]]);
      if (distanceTo(solid, local, nearest) < -0.003) inside++;
      count++;
    }
  }
  return inside / count;
}

/** An object at the palm that the fingers close around: of a few tries the one that swallows least of the hand. */
function sampleObject(stream: Random, kit: HandKit, shape: Float64Array, poses: readonly Float64Array[]): HeldObject {
  const { model, axes } = kit;
  const rest = regressJoints(model, blendShapes(model, shape));
  const dorsal = axes.abduction.subarray(9, 12);
  const forward = axes.twist.subarray(9, 12);
  const hands = [0, 0.5, 1].map((part) => {
    const pose = poses[Math.floor(part * (poses.length - 1))].slice();
    pose.fill(0, 0, 3);
    const trans = [0, 1, 2].map((c) => -rest[c]);
    return handForward(model, { pose, shape, trans }).vertices;
  });
  const away = stream.uniform() < 0.15 ? between(stream, 0.03, 0.07) : 0;
  let best: { solid: Solid; rotation: Float64Array; centre: Float64Array; share: number } | undefined;
  for (let attempt = 0; attempt < 8 && (best === undefined || best.share > 0.03); attempt++) {
    const solid = sampleSolid(stream);
    const rotation = matrixFromAxisAngle(sampleRotation(stream));
    const depth = 0.014 + away + reach(solid, rotate(transpose(rotation), dorsal));
    const ahead = between(stream, 0, 0.05);
    const centre = Float64Array.from(
      [0, 1, 2],
      (c) => 0.8 * (rest[12 + c] - rest[c]) + ahead * forward[c] - depth * dorsal[c] + 0.006 * stream.normal(),
    );
    const share = swallowed(solid, rotation, centre, hands);
    if (best === undefined || share < best.share) best = { solid, rotation, centre, share };
  }
  if (best === undefined) throw new Error("sampleObject: no attempt was made");
  const { solid, rotation, centre } = best;
  const label = ["box", "cylinder", "ball"].indexOf(solid.kind) + 1;
  const surface = sampleSurface(stream, "thing", 35, true);
  return {
    solid,
    mesh: solidMesh(solid),
    surface,
    name: `00${label}_synthetic_${solid.kind}`,
    label,
    rotation,
    centre,
  };
}

function sampleRoom(stream: Random): Room {
  const side = (): number => between(stream, 1.2, 2.4);
  const azimuth = 2 * Math.PI * stream.uniform();
  const height = between(stream, 0.45, 0.95);
  const flat = Math.sqrt(1 - height * height);
  const warm = between(stream, -0.22, 0.22);
  const power = between(stream, 0.65, 1.2);
  const fill = between(stream, 0.28, 0.6);
  return {
    lowest: [-side(), -1.5, -side()],
    highest: [side(), 1, side()],
    walls: Array.from({ length: 6 }, (_, i) =>
      sampleSurface(stream, "room", i === 2 || i === 3 ? 3 : 9, stream.uniform() < 0.25),
    ),
    tableHeight: between(stream, 0.16, 0.42),
    tableHalf: [between(stream, 0.4, 1), between(stream, 0.4, 1)],
    table: sampleSurface(stream, "room", 12, stream.uniform() < 0.2),
    lamp: Float64Array.of(flat * cos(azimuth), -height, flat * sin(azimuth)),
    lampColour: [power * (1 + warm), power, power * (1 - warm)],
    ambient: [fill * (1 - 0.5 * warm), fill, fill * (1 + 0.5 * warm)],
  };
}

/** Boxes, cans and balls on the table, a person beside it, and things on the floor. */
function sampleProps(stream: Random, room: Room, armAxis: Numbers): Prop[] {
  const props: Prop[] = [];
  const add = (solid: Solid, centre: Numbers, rotation: Float64Array, scale: number): void => {
    const kind = scale < 20 ? "cloth" : "thing";
    const surface = sampleSurface(stream, kind, scale, stream.uniform() < 0.5);
    props.push({ solid, mesh: solidMesh(solid, 20), surface, rotation, centre: Float64Array.from(centre) });
  };
  const count = 6 + stream.int(8);
  for (let i = 0; i < count; i++) {
    const { kind, half } = sampleSolid(stream);
    const size = between(stream, 0.8, 2.6);
    const solid: Solid = { kind, half: [half[0] * size, half[1] * size, half[2] * size] };
    const angle = 2 * Math.PI * stream.uniform();
    const far = between(stream, 0.22, 0.75);
    add(
      solid,
      [far * cos(angle), room.tableHeight - solid.half[1], far * sin(angle)],
      turned(6.28 * stream.uniform()),
      25,
    );
  }
  for (let i = 0; i < 5; i++) {
    const solid: Solid = {
      kind: stream.uniform() < 0.7 ? "box" : "cylinder",
      half: [between(stream, 0.1, 0.4), between(stream, 0.2, 0.7), between(stream, 0.1, 0.3)],
    };
    const angle = 2 * Math.PI * stream.uniform();
    const far = between(stream, 0.9, 1.6);
    add(solid, [far * cos(angle), 1 - solid.half[1], far * sin(angle)], turned(6.28 * stream.uniform()), 8);
  }
  const flat = Math.max(0.2, Math.sqrt(armAxis[0] * armAxis[0] + armAxis[2] * armAxis[2]));
  const person = [(armAxis[0] / flat) * 0.62, 0.1, (armAxis[2] / flat) * 0.62];
  if (stream.uniform() < 0.75) {
    const facing = turned(6.28 * stream.uniform());
    add({ kind: "ball", half: [0.24, 0.42, 0.17] }, person, facing, 14);
    add({ kind: "ball", half: [0.09, 0.13, 0.1] }, [person[0], -0.45, person[2]], facing, 4);
  }
  return props;
}

/** World to camera for a camera at `from` that looks at `to`, rolled about its axis. */
function lookAt(from: Numbers, to: Numbers, roll: number): { rotation: Float64Array; translation: Float64Array } {
  const unit = (v: Numbers): Float64Array => {
    const length = Math.sqrt(v[0] * v[0] + v[1] * v[1] + v[2] * v[2]);
    return Float64Array.of(v[0] / length, v[1] / length, v[2] / length);
  };
  const z = unit([to[0] - from[0], to[1] - from[1], to[2] - from[2]]);
  const x = unit([z[2], 0, -z[0]]); // the world's y, down, times z
  const y = [z[1] * x[2] - z[2] * x[1], z[2] * x[0] - z[0] * x[2], z[0] * x[1] - z[1] * x[0]];
  const rotation = multiply(matrixFromAxisAngle([0, 0, roll]), Float64Array.of(...x, ...y, ...z));
  return { rotation, translation: rotate(rotation, from).map((value) => -value) };
}

/** The hand of one instant in the frame of one camera, as MANO's parameters: MANO(pose, shape) + trans is what the camera sees. */
export function handInView(
  recording: Recording,
  frame: number,
  view: Pick<CameraView, "rotation" | "translation">,
): { pose: Float64Array; shape: Float64Array; trans: Float64Array } {
  const pose = recording.poses[frame].slice();
  pose.set(axisAngleFromMatrix(multiply(view.rotation, matrixFromAxisAngle(pose))), 0);
  const { restWrist } = recording;
  const wrist = rotate(
    view.rotation,
    restWrist.map((value, c) => value + recording.trans[frame][c]),
  );
  const trans = wrist.map((value, c) => value + view.translation[c] - restWrist[c]);
  return { pose, shape: recording.shape, trans };
}

/** The object of one instant in a camera's frame: rotation [9] and centre [3]. */
export function objectInView(
  recording: Recording,
  hand: { readonly pose: Numbers; readonly trans: Numbers },
): { rotation: Float64Array; centre: Float64Array } {
  const wristTurn = matrixFromAxisAngle(hand.pose);
  const { object, restWrist } = recording;
  const centre = rotate(wristTurn, object.centre).map((value, c) => value + restWrist[c] + hand.trans[c]);
  return { rotation: multiply(wristTurn, object.rotation), centre };
}

/** Points [N * 3] turned and moved. */
export function placed(points: Numbers, rotation: Numbers, centre: Numbers): Float64Array {
  const out = new Float64Array(points.length);
  for (let i = 0; i < points.length; i += 3) {
    for (let r = 0; r < 3; r++) {
      out[i + r] =
        rotation[3 * r] * points[i] +
        rotation[3 * r + 1] * points[i + 1] +
        rotation[3 * r + 2] * points[i + 2] +
        centre[r];
    }
  }
  return out;
}

/** Corners of the held object's box in a camera's frame, [8 * 3]. */
export function objectCorners(
  recording: Recording,
  hand: { readonly pose: Numbers; readonly trans: Numbers },
): Float64Array {
  const { rotation, centre } = objectInView(recording, hand);
  return placed(boxCorners(recording.object.solid), rotation, centre);
}

/** Vertices of the forearm that belongs to posed hand vertices; shortened until it ends well in front of the camera. */
export function forearmInView(kit: HandKit, recording: Recording, pose: Numbers, vertices: Numbers): Float64Array {
  if (kit.forearm === undefined) return new Float64Array(0);
  const turn = matrixFromAxisAngle(pose);
  const axis = rotate(turn, kit.forearm.axis);
  const bend = rotate(turn, recording.wristBend);
  for (let length = FOREARM_LENGTH; length > 0.01; length *= 0.7) {
    const tube = forearmVertices(kit.forearm, vertices, axis, bend, length);
    if (tube.every((value, i) => i % 3 !== 2 || value > 0.12)) return tube;
  }
  return new Float64Array(0);
}

const PREVIEW = { width: 80, height: 60 };

/** How good a view is, 0 to 1: the share of the hand that is seen, and how much of it lies in the picture. */
function quality(kit: HandKit, recording: Recording, view: CameraView): number {
  const last = recording.poses.length - 1;
  let worst = 1;
  for (const frame of [0, Math.floor(last / 2), last]) {
    const hand = handInView(recording, frame, view);
    const result = handForward(kit.model, hand);
    const joints = joints21(kit.model, result);
    const [fx, fy, cx, cy] = view.intrinsics;
    let inside = 0;
    for (let j = 0; j < 63; j += 3) {
      const z = joints[j + 2];
      if (z < 0.2) return 0;
      const x = (fx * joints[j]) / z + cx;
      const y = (fy * joints[j + 1]) / z + cy;
      if (x > 12 && y > 12 && x < FRAME_WIDTH - 12 && y < FRAME_HEIGHT - 12) inside++;
    }
    worst = Math.min(worst, inside / 21);
    if (frame !== Math.floor(last / 2)) continue;
    const scale = PREVIEW.width / FRAME_WIDTH;
    const small: PinholeCamera = [fx * scale, fy * scale, cx * scale, cy * scale];
    const target = createRasterTarget(PREVIEW.width, PREVIEW.height);
    rasterize(target, result.vertices, kit.model.faces, small);
    const alone = target.triangle.reduce((sum, id) => sum + (id >= 0 ? 1 : 0), 0);
    const place = objectInView(recording, hand);
    const { mesh } = recording.object;
    rasterize(target, placed(mesh.vertices, place.rotation, place.centre), mesh.faces, small, 100000);
    const arm = forearmInView(kit, recording, hand.pose, result.vertices);
    if (kit.forearm !== undefined && arm.length > 0) rasterize(target, arm, kit.forearm.faces, small, 100000);
    const seen = target.triangle.reduce((sum, id) => sum + (id >= 0 && id < 100000 ? 1 : 0), 0);
    worst = Math.min(worst, alone === 0 ? 0 : seen / alone / 0.6);
  }
  return Math.min(1, worst);
}

/** `variety` in [0, 1]: how much height, aim and roll of the camera differ from recording to recording. */
function sampleView(stream: Random, room: Room, azimuth: number, variety: number): CameraView {
  const spare = stream.uniform();
  const distance = 0.42 + 0.42 * spare * spare;
  const y = -distance * (0.375 + variety * between(stream, -0.475, 0.475));
  const flat = Math.sqrt(distance * distance - y * y);
  const from = [flat * cos(azimuth), Math.min(y, room.tableHeight - 0.06), flat * sin(azimuth)];
  const to = [0, 1, 2].map(() => variety * between(stream, -0.13, 0.13) * distance);
  const focal = 614.627 * (1 + 0.008 * stream.normal());
  const light = between(stream, 0.85, 1.2);
  return {
    intrinsics: [focal, focal * (1 + 0.001 * stream.normal()), 320 + 3 * stream.normal(), 240 + 3 * stream.normal()],
    ...lookAt(from, to, variety * between(stream, -0.3, 0.3)),
    exposure: [light * between(stream, 0.93, 1.07), light, light * between(stream, 0.93, 1.07)],
    blur: 1 + stream.int(2),
    noise: between(stream, 1.5, 5),
  };
}

/** The wrist's turn that points the fingers up and the palm along x: MANO's rest pose has them along -x and -y. */
const UPRIGHT = [0, 0, Math.PI / 2];
/**
 * The spread, radians, of rendered frames that a network trains on without more being said: it learns from hundreds of them, not
 * tens of thousands. From here on the cameras' own places vary fully.
 */
export const UPRIGHT_SPREAD = Math.PI / 4;
/** Where the cameras stand on average in an upright recording: at the thumb's side, a little behind the hand. */
const FRONT = Math.PI / 2 + 0.3;

/**
 * The recording of this name: `frames` instants seen by `cameras` cameras. `spread` undefined: the hand is seen from any
 * side; else it stays within `spread` radians of upright and the cameras stand on one side of it, nearer to each other the
 * less the hand turns.
 */
export function createRecording(
  kit: HandKit,
  seed: number,
  name: string,
  frames: number,
  cameras: number,
  { spread, poses: range }: { readonly spread?: number; readonly poses?: PoseRange } = {},
): Recording {
  const stream = random(seed, "synthetic recording", 0, name);
  const { model } = kit;
  const shape = Float64Array.from({ length: model.shapeCount }, () => stream.normal());
  const poses = samplePoseSequence(
    random(seed, "synthetic motion", 0, name),
    kit.axes,
    frames,
    FRAMES_PER_KEY,
    spread === undefined ? undefined : { kind: "near", base: UPRIGHT, spread },
    range,
  );
  const rest = regressJoints(model, blendShapes(model, shape));
  const room = sampleRoom(stream);
  const armAxis = kit.forearm === undefined ? [1, 0, 0] : rotate(matrixFromAxisAngle(poses[0]), kit.forearm.axis);
  const skin = sampleSkin(stream);
  const sleeve =
    stream.uniform() < 0.5
      ? undefined
      : { surface: sampleSurface(stream, "cloth", 30, true), from: between(stream, 0.03, 0.14) };
  const wristBend = sampleRotation(stream).map((value) => 0.14 * value);
  const object = sampleObject(stream, kit, shape, poses);
  const recording: Recording = {
    name,
    shape,
    skin,
    sleeve,
    wristBend,
    poses,
    trans: palmPath(stream, poses, rest),
    restWrist: rest.slice(0, 3),
    object,
    room,
    props: sampleProps(stream, room, armAxis),
    cameras: [],
  };
  const isUpright = spread !== undefined;
  const variety = isUpright ? Math.min(1, spread / UPRIGHT_SPREAD) : 1;
  const start = isUpright ? FRONT : 2 * Math.PI * stream.uniform();
  const step = isUpright ? 0.5 : (2 * Math.PI) / cameras;
  const views = Array.from({ length: cameras }, (_, i) => {
    const place = isUpright ? i - (cameras - 1) / 2 : i;
    const camera = random(seed, "synthetic camera", 0, `${name}${i}`);
    return chooseView(kit, recording, camera, start + step * place, isUpright ? 0 : 0.25, variety);
  });
  return { ...recording, cameras: views };
}

/** The first of a few random views near `azimuth`, each `widening` radians further away, that shows enough of the hand, or the best of them. */
function chooseView(
  kit: HandKit,
  recording: Recording,
  stream: Random,
  azimuth: number,
  widening: number,
  variety: number,
): CameraView {
  let best: CameraView | undefined;
  let bestQuality = -1;
  for (let attempt = 0; attempt < 12 && bestQuality < 0.95; attempt++) {
    const spread = 0.8 * variety + widening * attempt;
    const view = sampleView(stream, recording.room, azimuth + spread * (stream.uniform() - 0.5), variety);
    const found = quality(kit, recording, view);
    if (found <= bestQuality) continue;
    best = view;
    bestQuality = found;
  }
  if (best === undefined) throw new Error(`chooseView: no view of "${recording.name}" was tried`);
  return best;
}
