/** Which frames are looked at, and how one of them is made into a small picture with its joints. */
import { project } from "../crop";
import { HO3D_DEPTH_UNIT } from "../png";
import { sequenceOf } from "../split";
import type { CropRecord } from "../types";
import { type JointState, measureRecord } from "./measure";

/** `count` whole numbers below `length`, evenly spread, each once. */
function evenly(length: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => Math.floor(((i + 0.5) * length) / count));
}

/**
 * At most `count` ids that stand for all: each sequence has at least one as long as there are enough, longer sequences have
 * more, and those of one sequence are spread evenly over its time. In the order of `ids`; depends on nothing else.
 */
export function spreadIds(ids: readonly string[], count: number): string[] {
  if (count >= ids.length) return [...ids];
  const groups = new Map<string, number[]>();
  for (const [position, id] of ids.entries()) {
    const sequence = sequenceOf(id);
    const members = groups.get(sequence);
    if (members === undefined) groups.set(sequence, [position]);
    else members.push(position);
  }
  const members = [...groups.values()];
  const chosen =
    members.length >= count
      ? evenly(members.length, count).map((group) => members[group][members[group].length >> 1])
      : members.flatMap((each, group) => evenly(each.length, shares(members, count)[group]).map((i) => each[i]));
  return chosen.sort((a, b) => a - b).map((position) => ids[position]);
}

/** One frame for each group, the rest by their sizes (largest remainder). The sum is `count`. */
function shares(groups: readonly (readonly number[])[], count: number): number[] {
  const spare = groups.reduce((sum, each) => sum + each.length - 1, 0);
  const free = count - groups.length;
  const wanted = groups.map((each) => (spare === 0 ? 0 : (free * (each.length - 1)) / spare));
  const given = wanted.map(Math.floor);
  const byRemainder = wanted.map((_, i) => i).sort((a, b) => wanted[b] - given[b] - (wanted[a] - given[a]) || a - b);
  let left = free - given.reduce((sum, each) => sum + each, 0);
  for (const i of byRemainder)
    if (left > 0 && given[i] + 1 < groups[i].length) [given[i], left] = [given[i] + 1, left - 1];
  return given.map((extra) => extra + 1);
}

/** The crop of one frame as a small square picture. Plain data. */
export interface SheetTile {
  readonly id: string;
  /** Pixels of one side. */
  readonly side: number;
  readonly rgb: Uint8ClampedArray<ArrayBuffer>; // [side, side, 3]
  /** 0 near .. 254 far over the depth of the hand +- 140 mm, 255 without a reading; undefined without a depth image. */
  readonly depth: Uint8ClampedArray<ArrayBuffer> | undefined; // [side, side]
  /** Joints in the tile's pixels, the centre of the first pixel at 0. */
  readonly joints: Float32Array<ArrayBuffer>; // [21, 2] or [1, 2]
  readonly states: readonly JointState[];
  /** Wrist-relative joints, millimetres, OpenCV axes. */
  readonly joints3d: Float32Array<ArrayBuffer>; // [21, 3]
}

/** Half of the depth that a tile shows, metres, about the wrist: half of the depth cube of training. */
const DEPTH_HALF = 0.14;

/** The square crop of a record, each tile pixel the mean of the record's pixels under it (the nearest reading for depth). */
export function sheetTile(record: CropRecord, side: number): SheetTile {
  const [centreX, centreY, length] = record.square;
  const pitch = length / side;
  const left = centreX - length / 2 + pitch / 2;
  const top = centreY - length / 2 + pitch / 2;
  const rgb = new Uint8ClampedArray(side * side * 3);
  const depth = record.depth === undefined ? undefined : new Uint8ClampedArray(side * side).fill(255);
  const reach = Math.max(0, Math.floor((pitch / record.step - 1) / 2));
  const wrist = record.joints3d[2];
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const column = Math.round((left + x * pitch - record.x0) / record.step);
      const row = Math.round((top + y * pitch - record.y0) / record.step);
      if (column < 0 || row < 0 || column >= record.width || row >= record.height) continue;
      meanRgb(record, column, row, reach, rgb, 3 * (y * side + x));
      const reading = record.depth?.[row * record.width + column] ?? 0;
      if (depth !== undefined && reading > 0) {
        const far = (reading * HO3D_DEPTH_UNIT - wrist + DEPTH_HALF) / (2 * DEPTH_HALF);
        depth[y * side + x] = Math.round(254 * Math.max(0, Math.min(1, far)));
      }
    }
  }
  const known = record.rootOnly ? 1 : 21;
  const points = project(record.joints3d.subarray(0, 3 * known), record.camera);
  return {
    id: record.id,
    side,
    rgb,
    depth,
    joints: Float32Array.from(points, (value, i) => (value - (i % 2 === 0 ? left : top)) / pitch),
    states: measureRecord({ ...record, mano: undefined, rgb: EMPTY }).states,
    joints3d: Float32Array.from(record.joints3d, (value, i) => 1000 * (value - record.joints3d[i % 3])),
  };
}

const EMPTY = new Uint8Array(0);

function meanRgb(
  { rgb, width, height }: CropRecord,
  column: number,
  row: number,
  reach: number,
  out: Uint8ClampedArray,
  at: number,
): void {
  const sums = [0, 0, 0];
  let n = 0;
  for (let y = Math.max(0, row - reach); y <= Math.min(height - 1, row + reach); y++) {
    for (let x = Math.max(0, column - reach); x <= Math.min(width - 1, column + reach); x++) {
      const from = 3 * (y * width + x);
      for (let c = 0; c < 3; c++) sums[c] += rgb[from + c];
      n++;
    }
  }
  for (let c = 0; c < 3; c++) out[at + c] = sums[c] / n;
}
