/**
 * Draws one frame of a recording: colour as a small camera would give it, depth as a depth camera would. OpenCV frame,
 * metres. Light is linear; the square root stands for sRGB's curve, because it is the same on every machine.
 */
import { handForward } from "../hand/forward";
import { type Numbers, rotate, transpose } from "../hand/rotations";
import { type Random, random } from "../random";
import type { DepthImage, RgbImage } from "../types";
import { forearmVertices } from "./forearm";
import {
  clearRasterTarget,
  createRasterTarget,
  type PinholeCamera,
  type RasterTarget,
  rasterize,
  vertexNormals,
} from "./raster";
import {
  type CameraView,
  FOREARM_LENGTH,
  FRAME_HEIGHT,
  FRAME_WIDTH,
  forearmInView,
  type HandKit,
  handInView,
  objectInView,
  placed,
  type Recording,
  type Room,
} from "./scene";
import { senseColour, senseDepth } from "./sensor";
import { skinColour } from "./skin";
import { createNoise, type NoiseTable, type Surface, surfaceColour } from "./texture";

const PIXELS = FRAME_WIDTH * FRAME_HEIGHT;
const SHADOW_SIDE = 256;
/** The lamp stands this far from the hand and its shadow map covers this much about it, metres. */
const LAMP_DISTANCE = 2;
const SHADOW_HALF = 0.42;
const SHADOW_BIAS = 0.007;

/** Buffers and tables that frames of one hand and one seed share. Not for two frames at a time. */
export interface Studio {
  readonly kit: HandKit;
  readonly seed: number;
  readonly noise: NoiseTable;
  readonly target: RasterTarget;
  readonly shadow: RasterTarget;
  readonly light: Float32Array; // [height, width, 3] linear colour
  readonly depth: Float32Array; // [height, width] true depth
}

/** Makes a studio. */
export function createStudio(kit: HandKit, seed: number): Studio {
  return {
    kit,
    seed,
    noise: createNoise(random(seed, "synthetic noise", 0, "")),
    target: createRasterTarget(FRAME_WIDTH, FRAME_HEIGHT),
    shadow: createRasterTarget(SHADOW_SIDE, SHADOW_SIDE),
    light: new Float32Array(PIXELS * 3),
    depth: new Float32Array(PIXELS),
  };
}

/** One mesh of the scene in the camera's frame, with what its points are in its own. */
interface Item {
  readonly vertices: Float64Array;
  readonly normals: Float64Array;
  readonly faces: Numbers;
  /** Own coordinates, which carry the texture, [V * 3]. */
  readonly local: Numbers;
  /** Own normals of a solid, whose largest coordinate picks the texture's plane; undefined for skin. */
  readonly localNormals: Numbers | undefined;
  /** Palm, knuckle, tip of skin, [V * 3]. */
  readonly factors: Numbers | undefined;
  readonly surface: Surface | undefined;
  readonly castsShadow: boolean;
}

function solidItem(
  mesh: { readonly vertices: Float64Array; readonly normals: Float64Array; readonly faces: Uint32Array },
  surface: Surface,
  rotation: Float64Array,
  centre: Float64Array,
  castsShadow: boolean,
): Item {
  return {
    vertices: placed(mesh.vertices, rotation, centre),
    normals: placed(mesh.normals, rotation, [0, 0, 0]),
    faces: mesh.faces,
    local: mesh.vertices,
    localNormals: mesh.normals,
    factors: undefined,
    surface,
    castsShadow,
  };
}

/** The hand first, then forearm, object and the props that stand behind the hand. */
function itemsOf(kit: HandKit, recording: Recording, frame: number, view: CameraView): Item[] {
  const { model } = kit;
  const hand = handInView(recording, frame, view);
  const { vertices } = handForward(model, hand);
  const skinItem = (points: Float64Array, faces: Uint32Array, local: Numbers, factors: Numbers): Item => ({
    vertices: points,
    normals: vertexNormals(points, faces),
    faces,
    local,
    localNormals: undefined,
    factors,
    surface: undefined,
    castsShadow: true,
  });
  const handItem = skinItem(vertices, model.faces, model.vTemplate, kit.skinMap.factors);
  const items = [handItem];
  const arm = forearmInView(kit, recording, hand.pose, vertices);
  if (kit.forearm !== undefined && arm.length > 0) {
    const { rim, axis, faces } = kit.forearm;
    const rest = forearmVertices(kit.forearm, model.vTemplate, axis, [0, 0, 0], FOREARM_LENGTH);
    const factors = Float32Array.from(
      arm,
      (_, i) => kit.skinMap.factors[3 * rim[Math.floor(i / 3) % rim.length] + (i % 3)],
    );
    const item = skinItem(arm, faces, rest, factors);
    // One surface through the seam: the tube's first ring takes the hand's normals.
    rim.forEach((v, s) => {
      for (let c = 0; c < 3; c++) item.normals[3 * s + c] = handItem.normals[3 * v + c];
    });
    items.push(item);
  }
  const { object } = recording;
  const place = objectInView(recording, hand);
  items.push(solidItem(object.mesh, object.surface, place.rotation, place.centre, true));
  const middle = hand.trans[2] + recording.restWrist[2];
  for (const prop of recording.props) {
    const centre = rotate(view.rotation, prop.centre).map((value, c) => value + view.translation[c]);
    const rotation = Float64Array.from(
      { length: 9 },
      (_, i) =>
        view.rotation[3 * Math.floor(i / 3)] * prop.rotation[i % 3] +
        view.rotation[3 * Math.floor(i / 3) + 1] * prop.rotation[3 + (i % 3)] +
        view.rotation[3 * Math.floor(i / 3) + 2] * prop.rotation[6 + (i % 3)],
    );
    const item = solidItem(prop.mesh, prop.surface, rotation, centre, false);
    if (item.vertices.every((value, i) => i % 3 !== 2 || value > middle + 0.02)) items.push(item);
  }
  return items;
}

/** The lamp's view of what casts shadows. */
interface ShadowMap {
  readonly target: RasterTarget;
  readonly rotation: Float64Array; // [9] camera to lamp
  readonly focal: number;
}

function shadowMap(target: RasterTarget, items: readonly Item[], lamp: Float64Array, anchor: Numbers): ShadowMap {
  const side = Math.abs(lamp[1]) < 0.9 ? [0, 1, 0] : [1, 0, 0];
  const z = lamp.map((value) => -value);
  const across = [side[1] * z[2] - side[2] * z[1], side[2] * z[0] - side[0] * z[2], side[0] * z[1] - side[1] * z[0]];
  const length = Math.sqrt(across[0] * across[0] + across[1] * across[1] + across[2] * across[2]);
  const x = across.map((value) => value / length);
  const y = [z[1] * x[2] - z[2] * x[1], z[2] * x[0] - z[0] * x[2], z[0] * x[1] - z[1] * x[0]];
  const rotation = Float64Array.of(...x, ...y, ...z);
  const focal = (SHADOW_SIDE / 2 / SHADOW_HALF) * LAMP_DISTANCE;
  clearRasterTarget(target);
  const camera: PinholeCamera = [focal, focal, SHADOW_SIDE / 2, SHADOW_SIDE / 2];
  for (const item of items) {
    if (!item.castsShadow) continue;
    const moved = Float64Array.from(item.vertices, (value, i) => value - anchor[i % 3]);
    rasterize(target, placed(moved, rotation, [0, 0, LAMP_DISTANCE]), item.faces, camera);
  }
  return { target, rotation, focal };
}

/** Share of the lamp's light that reaches a point relative to the shadow's anchor: four taps. */
function lit({ target, rotation: r, focal }: ShadowMap, px: number, py: number, pz: number): number {
  const z = r[6] * px + r[7] * py + r[8] * pz + LAMP_DISTANCE;
  const x = (focal * (r[0] * px + r[1] * py + r[2] * pz)) / z + SHADOW_SIDE / 2 - 0.5;
  const y = (focal * (r[3] * px + r[4] * py + r[5] * pz)) / z + SHADOW_SIDE / 2 - 0.5;
  if (!(x >= 0 && y >= 0 && x < SHADOW_SIDE - 2 && y < SHADOW_SIDE - 2)) return 1;
  const [column, row] = [Math.floor(x), Math.floor(y)];
  const [a, b] = [x - column, y - row];
  const at = row * SHADOW_SIDE + column;
  const near = z - SHADOW_BIAS;
  const d = target.depth;
  const open = (i: number): number => (d[i] === 0 || d[i] > near ? 1 : 0);
  const top = open(at) * (1 - a) + open(at + 1) * a;
  const bottom = open(at + SHADOW_SIDE) * (1 - a) + open(at + SHADOW_SIDE + 1) * a;
  return top * (1 - b) + bottom * b;
}

/** The room seen along one ray of the world: colour into `out`, depth returned. */
function roomPoint(
  room: Room,
  noise: NoiseTable,
  from: Numbers,
  direction: Float64Array,
  out: Float64Array,
  hit: { isTable: boolean; up: number },
): number {
  hit.isTable = false;
  if (direction[1] > 1e-6) {
    const t = (room.tableHeight - from[1]) / direction[1];
    const x = from[0] + t * direction[0];
    const z = from[2] + t * direction[2];
    if (t > 0 && Math.abs(x) < room.tableHalf[0] && Math.abs(z) < room.tableHalf[1]) {
      surfaceColour(room.table, noise, x, z, out);
      hit.isTable = true;
      hit.up = 1;
      return t;
    }
  }
  let nearest = 1e9;
  let wall = 0;
  for (let axis = 0; axis < 3; axis++) {
    const d = direction[axis];
    if (d > -1e-9 && d < 1e-9) continue;
    const t = ((d > 0 ? room.highest[axis] : room.lowest[axis]) - from[axis]) / d;
    if (t < nearest) {
      nearest = t;
      wall = 2 * axis + (d > 0 ? 1 : 0);
    }
  }
  const axis = wall >> 1;
  const u = axis === 0 ? 2 : 0;
  const v = axis === 1 ? 2 : 1;
  surfaceColour(room.walls[wall], noise, from[u] + nearest * direction[u], from[v] + nearest * direction[v], out);
  hit.up = wall === 3 ? 1 : wall === 2 ? -1 : 0;
  return nearest;
}

/** Draws the room into every pixel that no mesh covers. */
function drawRoom(studio: Studio, { room }: Recording, view: CameraView, shadow: ShadowMap, anchor: Numbers): void {
  const { light, depth, target, noise } = studio;
  const toWorld = transpose(view.rotation);
  const from = rotate(toWorld, view.translation).map((value) => -value);
  const [fx, fy, cx, cy] = view.intrinsics;
  const direction = new Float64Array(3);
  const colour = new Float64Array(3);
  const hit = { isTable: false, up: 0 };
  for (let y = 0, at = 0; y < FRAME_HEIGHT; y++) {
    const yn = (y - cy) / fy;
    for (let x = 0; x < FRAME_WIDTH; x++, at++) {
      if (target.triangle[at] >= 0) continue;
      const xn = (x - cx) / fx;
      for (let c = 0; c < 3; c++) direction[c] = toWorld[3 * c] * xn + toWorld[3 * c + 1] * yn + toWorld[3 * c + 2];
      const z = roomPoint(room, noise, from, direction, colour, hit);
      depth[at] = z;
      let lamp = hit.up > 0 ? -room.lamp[1] : 0.3;
      if (hit.isTable) lamp *= lit(shadow, xn * z - anchor[0], yn * z - anchor[1], z - anchor[2]);
      for (let c = 0; c < 3; c++) {
        light[3 * at + c] = colour[c] * view.exposure[c] * (room.lampColour[c] * lamp + room.ambient[c]);
      }
    }
  }
}

/** Draws every pixel that a mesh covers. */
function drawItems(
  studio: Studio,
  recording: Recording,
  view: CameraView,
  items: readonly Item[],
  firsts: readonly number[],
  shadow: ShadowMap,
  anchor: Numbers,
): void {
  const { light, depth, target, noise, kit } = studio;
  const { room, skin, sleeve } = recording;
  const lamp = rotate(view.rotation, room.lamp);
  const [fx, fy, cx, cy] = view.intrinsics;
  const owner = new Uint8Array(firsts[items.length]);
  items.forEach((_, i) => {
    owner.fill(i, firsts[i], firsts[i + 1]);
  });
  const colour = new Float64Array(3);
  const armAxis = kit.forearm?.axis ?? Float64Array.of(1, 0, 0);
  const cuff = kit.forearm === undefined ? 0 : kit.forearm.rim[0];
  const cuffAt = [0, 1, 2].reduce((sum, c) => sum + armAxis[c] * kit.model.vTemplate[3 * cuff + c], sleeve?.from ?? 9);
  for (let at = 0; at < PIXELS; at++) {
    const id = target.triangle[at];
    if (id < 0) continue;
    const item = items[owner[id]];
    const f = 3 * (id - firsts[owner[id]]);
    const a = 3 * item.faces[f];
    const b = 3 * item.faces[f + 1];
    const c = 3 * item.faces[f + 2];
    const u = target.barycentric[2 * at];
    const v = target.barycentric[2 * at + 1];
    const w = 1 - u - v;
    const { local, normals, localNormals, factors } = item;
    let nx = u * normals[a] + v * normals[b] + w * normals[c];
    let ny = u * normals[a + 1] + v * normals[b + 1] + w * normals[c + 1];
    let nz = u * normals[a + 2] + v * normals[b + 2] + w * normals[c + 2];
    const scale = 1 / Math.max(1e-9, Math.sqrt(nx * nx + ny * ny + nz * nz));
    const px = u * local[a] + v * local[b] + w * local[c];
    const py = u * local[a + 1] + v * local[b + 1] + w * local[c + 1];
    const pz = u * local[a + 2] + v * local[b + 2] + w * local[c + 2];
    let shine = 0.12;
    const along = px * armAxis[0] + py * armAxis[1] + pz * armAxis[2];
    if (factors === undefined && localNormals !== undefined && item.surface !== undefined) {
      const mx = Math.abs(u * localNormals[a] + v * localNormals[b] + w * localNormals[c]);
      const my = Math.abs(u * localNormals[a + 1] + v * localNormals[b + 1] + w * localNormals[c + 1]);
      const mz = Math.abs(u * localNormals[a + 2] + v * localNormals[b + 2] + w * localNormals[c + 2]);
      const flat = my > mx && my > mz;
      surfaceColour(item.surface, noise, mx > mz && !flat ? pz : px, flat ? pz : py, colour);
    } else if (factors !== undefined && sleeve !== undefined && along > cuffAt) {
      // Cloth: no gloss, folds across the arm.
      surfaceColour(sleeve.surface, noise, py + pz, px, colour);
      shine = 0;
    } else if (factors !== undefined) {
      const palm = u * factors[a] + v * factors[b] + w * factors[c];
      const knuckle = u * factors[a + 1] + v * factors[b + 1] + w * factors[c + 1];
      const tip = u * factors[a + 2] + v * factors[b + 2] + w * factors[c + 2];
      shine = skinColour(skin, kit.skinMap, noise, px, py, pz, palm, knuckle, tip, colour);
    }
    const z = target.depth[at];
    depth[at] = z;
    const xn = ((at % FRAME_WIDTH) - cx) / fx;
    const yn = (Math.floor(at / FRAME_WIDTH) - cy) / fy;
    nx *= scale;
    ny *= scale;
    nz *= scale;
    const facing = nx * xn + ny * yn + nz;
    if (facing > 0) {
      nx = -nx;
      ny = -ny;
      nz = -nz;
    }
    const wrap = factors === undefined ? 0 : 0.15;
    const lambert = Math.max(0, (nx * lamp[0] + ny * lamp[1] + nz * lamp[2] + wrap) / (1 + wrap));
    let shade = lambert;
    if (item.castsShadow && lambert > 0) {
      const open = lit(
        shadow,
        xn * z - anchor[0] + 0.003 * nx,
        yn * z - anchor[1] + 0.003 * ny,
        z - anchor[2] + 0.003 * nz,
      );
      shade *= 0.12 + 0.88 * open;
    }
    const hx = lamp[0] - xn;
    const hy = lamp[1] - yn;
    const hz = lamp[2] - 1;
    const half = Math.max(0, (nx * hx + ny * hy + nz * hz) / Math.sqrt(hx * hx + hy * hy + hz * hz));
    const half4 = half * half * half * half;
    const gloss = shade > 0 ? shine * half4 * half4 * half4 * half4 : 0;
    // Less sky reaches what looks down or away from the camera's side.
    const sky = 0.7 - 0.3 * (nx * view.rotation[1] + ny * view.rotation[4] + nz * view.rotation[7]);
    for (let k = 0; k < 3; k++) {
      const sum = colour[k] * (room.lampColour[k] * shade + room.ambient[k] * sky) + gloss * room.lampColour[k];
      light[3 * at + k] = sum * view.exposure[k];
    }
  }
}

/** One frame: colour and depth, which are new arrays. The hand is exactly `handInView`'s. */
export function renderFrame(
  studio: Studio,
  recording: Recording,
  frame: number,
  view: CameraView,
  id: string,
): { rgb: RgbImage; depth: DepthImage } {
  const { kit, target } = studio;
  const items = itemsOf(kit, recording, frame, view);
  clearRasterTarget(target);
  const firsts = [0];
  for (const item of items) {
    rasterize(target, item.vertices, item.faces, view.intrinsics, firsts[firsts.length - 1]);
    firsts.push(firsts[firsts.length - 1] + item.faces.length / 3);
  }
  const anchor = view.translation; // the world's origin, which the hand stays near
  const shadow = shadowMap(studio.shadow, items, rotate(view.rotation, recording.room.lamp), anchor);
  drawRoom(studio, recording, view, shadow, anchor);
  drawItems(studio, recording, view, items, firsts, shadow, anchor);
  const stream: Random = random(studio.seed, "synthetic frame", 0, id);
  const size = { width: FRAME_WIDTH, height: FRAME_HEIGHT };
  return {
    rgb: { ...size, data: senseColour(studio.light, view.blur, view.noise, studio.noise, stream) },
    depth: { ...size, data: senseDepth(studio.depth, studio.noise, stream) },
  };
}
