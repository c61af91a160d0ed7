/** A sheet of OpenHand in several poses and shapes, drawn with the project's own rasteriser. */
import { type JointAxes, jointAxes } from "../../data/hand/anatomy";
import { handForward } from "../../data/hand/forward";
import { composeAxisAngle } from "../../data/hand/rotations";
import { poseFromAngles } from "../../data/synthetic/pose";
import { createRasterTarget, interpolate, rasterize, vertexNormals } from "../../data/synthetic/raster";
import type { HandModel, RgbImage } from "../../data/types";

/** Bending in degrees of the three joints of each of index, middle, pinky, ring, thumb; then spreading of the first joints, and the thumb's twist. */
interface NamedPose {
  readonly bend: readonly number[]; // [15]
  readonly spread?: readonly number[]; // [5]
  readonly twist?: number;
}

const OPEN = [0, 0, 0];
const FIST = [82, 97, 62];
const POSES: Record<string, NamedPose> = {
  rest: { bend: [OPEN, OPEN, OPEN, OPEN, OPEN].flat() },
  spread: { bend: [-4, 2, 2, -4, 2, 2, -4, 2, 2, -4, 2, 2, -10, -5, -8], spread: [9, 1, -12, -6, 10] },
  point: { bend: [OPEN, FIST, FIST, FIST, [14, 35, 40]].flat(), spread: [0, 0, 0, 0, 10], twist: 10 },
  fist: { bend: [FIST, FIST, FIST, FIST, [22, 40, 48]].flat(), spread: [0, 0, 0, 0, 24], twist: 16 },
  pinch: {
    bend: [
      [48, 50, 30],
      [30, 38, 22],
      [16, 26, 14],
      [22, 30, 18],
      [10, 22, 32],
    ].flat(),
    spread: [0, 0, 0, 0, 22],
    twist: 14,
  },
  grasp: {
    bend: [
      [35, 45, 28],
      [38, 48, 30],
      [40, 46, 28],
      [40, 48, 30],
      [6, 18, 25],
    ].flat(),
    spread: [3, 0, -4, -2, 20],
    twist: 10,
  },
  victory: { bend: [[0, 3, 2], [0, 3, 2], FIST, FIST, [20, 40, 50]].flat(), spread: [9, -9, 0, 0, 10], twist: 12 },
  thumbUp: { bend: [FIST, FIST, FIST, FIST, [-12, -8, -12]].flat(), spread: [0, 0, 0, 0, -6] },
};

const SKINS = [
  [226, 178, 150],
  [172, 116, 84],
  [112, 74, 54],
  [240, 202, 178],
];

/** View of a hand: MANO's rest frame to the camera's, by turns about the camera's axes (degrees). */
function viewFrom(turnX: number, turnY: number, turnZ: number): Float64Array {
  const d = Math.PI / 180;
  // Fingers (-x) up (-y of the image), back of the hand (+y) towards the camera (-z).
  const upright = composeAxisAngle([0, 0, Math.PI / 2], [-Math.PI / 2, 0, 0]);
  return composeAxisAngle(
    [turnX * d, 0, 0],
    composeAxisAngle([0, turnY * d, 0], composeAxisAngle([0, 0, turnZ * d], upright)),
  );
}

/** Joint angles [45] of a named pose. */
function anglesOf(pose: NamedPose): Float64Array {
  const angles = new Float64Array(45);
  pose.bend.forEach((value, i) => {
    angles[3 * i] = (value * Math.PI) / 180;
  });
  (pose.spread ?? []).forEach((value, finger) => {
    angles[9 * finger + 1] = (value * Math.PI) / 180;
  });
  angles[38] = ((pose.twist ?? 0) * Math.PI) / 180;
  return angles;
}

interface Cell {
  readonly pose: string;
  readonly view: Float64Array;
  readonly shape: readonly number[];
  readonly skin: number;
}

const BACK = viewFrom(-12, 14, 0);
const PALM = viewFrom(-12, 180 + 14, 0);
const SIDE = viewFrom(-10, 105, 0);
const CELLS: readonly Cell[] = [
  { pose: "rest", view: BACK, shape: [], skin: 0 },
  { pose: "spread", view: PALM, shape: [0, 0, 0, 0], skin: 1 },
  { pose: "point", view: viewFrom(-15, 60, 0), shape: [-1, 1, 0, -1], skin: 3 },
  { pose: "pinch", view: viewFrom(-8, 120, 0), shape: [0, 1, -1, 0], skin: 2 },
  { pose: "victory", view: PALM, shape: [0, 1.5, -1], skin: 0 },
  { pose: "grasp", view: viewFrom(-25, 75, 0), shape: [1, 0, 1], skin: 1 },
  { pose: "fist", view: viewFrom(-15, 150, 0), shape: [1, -1, 1, 1], skin: 0 },
  { pose: "thumbUp", view: viewFrom(0, 180, 90), shape: [0, 0, 0, 1], skin: 2 },
  { pose: "rest", view: SIDE, shape: [2, 0, 1], skin: 3 },
  { pose: "fist", view: BACK, shape: [-1.5, 0, -1], skin: 1 },
];
const COLUMNS = 5;
const CELL_WIDTH = 240;
const CELL_HEIGHT = 350;
/** Rendered this many times larger in each direction and averaged. */
const OVERSAMPLING = 3;

/** Draws the sheet, 1200 x 700. */
export function drawHandSheet(model: HandModel): RgbImage {
  const axes = jointAxes(model);
  const width = COLUMNS * CELL_WIDTH;
  const height = Math.ceil(CELLS.length / COLUMNS) * CELL_HEIGHT;
  const data = new Uint8Array(width * height * 3);
  CELLS.forEach((cell, i) => {
    const image = drawHand(model, axes, cell);
    const left = (i % COLUMNS) * CELL_WIDTH;
    const top = Math.floor(i / COLUMNS) * CELL_HEIGHT;
    for (let y = 0; y < CELL_HEIGHT; y++) {
      data.set(image.subarray(3 * y * CELL_WIDTH, 3 * (y + 1) * CELL_WIDTH), 3 * ((top + y) * width + left));
    }
  });
  return { width, height, data };
}

function drawHand(model: HandModel, axes: JointAxes, cell: Cell): Uint8Array {
  const shape = Float64Array.from({ length: model.shapeCount }, (_, k) => cell.shape[k] ?? 0);
  const pose = poseFromAngles(axes, anglesOf(POSES[cell.pose]), cell.view);
  const { vertices } = handForward(model, { pose, shape });
  const [w, h] = [CELL_WIDTH * OVERSAMPLING, CELL_HEIGHT * OVERSAMPLING];
  const distance = 0.8;
  for (let c = 0; c < 3; c++) {
    let low = Number.POSITIVE_INFINITY;
    let high = Number.NEGATIVE_INFINITY;
    for (let i = c; i < vertices.length; i += 3) {
      low = Math.min(low, vertices[i]);
      high = Math.max(high, vertices[i]);
    }
    for (let i = c; i < vertices.length; i += 3) vertices[i] += (c === 2 ? distance : 0) - (low + high) / 2;
  }
  const focal = h * 3.2;
  const target = createRasterTarget(w, h);
  rasterize(target, vertices, model.faces, [focal, focal, (w - 1) / 2, (h - 1) / 2]);
  const normals = interpolate(
    target,
    model.faces,
    vertexNormals(vertices, model.faces),
    3,
    new Float32Array(w * h * 3),
  );
  return average(target.triangle, normals, SKINS[cell.skin]);
}

/** Light of one pixel: a key light from the upper left, a soft fill from the right, a rim; normal [3] in the camera frame. */
function shade(x: number, y: number, z: number, color: readonly number[]): number[] {
  const back = z > 0; // the inside, seen through the open wrist
  const key = Math.max(0, -0.45 * x - 0.6 * y - 0.66 * z);
  const fill = Math.max(0, 0.75 * x - 0.1 * y - 0.65 * z);
  const rim = (1 - Math.abs(z)) ** 3;
  const light = back ? 0.25 : 0.22 + 0.72 * key + 0.2 * fill;
  const gloss = back ? 0 : 22 * key ** 24 + 14 * rim;
  return color.map((value) => Math.min(255, value * light * 1.08 + gloss));
}

function average(triangle: Int32Array, normals: Float32Array, color: readonly number[]): Uint8Array {
  const out = new Uint8Array(CELL_WIDTH * CELL_HEIGHT * 3);
  const w = CELL_WIDTH * OVERSAMPLING;
  for (let y = 0; y < CELL_HEIGHT; y++) {
    const grey = 250 - (18 * y) / CELL_HEIGHT;
    for (let x = 0; x < CELL_WIDTH; x++) {
      const sum = [0, 0, 0];
      for (let s = 0; s < OVERSAMPLING * OVERSAMPLING; s++) {
        const at = (y * OVERSAMPLING + Math.floor(s / OVERSAMPLING)) * w + x * OVERSAMPLING + (s % OVERSAMPLING);
        const n = normals.subarray(3 * at, 3 * at + 3);
        const rgb = triangle[at] < 0 ? [grey, grey, grey + 3] : shade(n[0], n[1], n[2], color);
        rgb.forEach((value, c) => {
          sum[c] += value;
        });
      }
      sum.forEach((value, c) => {
        out[3 * (y * CELL_WIDTH + x) + c] = Math.round(value / (OVERSAMPLING * OVERSAMPLING));
      });
    }
  }
  return out;
}
