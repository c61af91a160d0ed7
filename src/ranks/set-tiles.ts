/** Samples of a data set as a page shows them without a run: the picture that a run would show, and facts. */
import type { CropSet } from "../data/crop-set";
import { messageOf } from "../data/data-error";
import { type JointState, measureRecord } from "../data/summary/measure";
import type { CropRecord } from "../data/types";
import { thumbnailOf } from "../train/inspect/pictures";
import type { Thumbnail } from "../train/inspect/types";

/** A sample with its picture, the un-augmented square crop. Plain data. */
export interface SetSample {
  readonly kind: "sample";
  /** Place in the set's order. */
  readonly index: number;
  readonly id: string;
  readonly sequence: string;
  readonly recording: string;
  /** Centre and side of the square crop, pixels of the original image. */
  readonly square: CropRecord["square"];
  /** fx, fy, cx, cy, pixels. */
  readonly camera: CropRecord["camera"];
  readonly hasDepth: boolean;
  readonly hasMano: boolean;
  /** Only the wrist is annotated. */
  readonly rootOnly: boolean;
  readonly wristDepthMm: number;
  /** Longer side of the box round the projected joints, pixels of the original image; undefined where only the wrist is known. */
  readonly handSizePx: number | undefined;
  /** What the depth image says at each annotated joint. */
  readonly states: readonly JointState[]; // [21] or [1]
  /** Wrist-relative joints, millimetres, OpenCV axes. */
  readonly joints3d: Float32Array<ArrayBuffer>; // [21, 3]
  readonly thumbnail: Thumbnail;
}

/** A sample that is in the set and cannot be read. */
export interface UnreadSample {
  readonly kind: "unread";
  readonly index: number;
  readonly id: string;
  /** Why, in a sentence. */
  readonly problem: string;
}

export type SetTile = SetSample | UnreadSample;

/** Side of the depth cube that is shown, metres: the one of training. */
const DEPTH_CUBE = 0.28;

/** A record as a page shows it, `side` pixels wide and high. Throws as `thumbnailOf`. */
export function setSample(record: CropRecord, index: number, side: number): SetSample {
  const { id, sequence, recording, square, camera, rootOnly, joints3d } = record;
  const { hasDepth, hasMano, wristDepthMm, handSizePx, states } = measureRecord({ ...record, rgb: NOTHING });
  const plain = { side, height: 1, width: 1, depthCube: DEPTH_CUBE, isBgr: false };
  return {
    kind: "sample",
    ...{
      index,
      id,
      sequence,
      recording,
      square,
      camera,
      hasDepth,
      hasMano,
      rootOnly,
      wristDepthMm,
      handSizePx,
      states,
    },
    joints3d: Float32Array.from(joints3d, (value, i) => 1000 * (value - joints3d[i % 3])),
    thumbnail: thumbnailOf(record, index, plain),
  };
}

// Statistics of the colours are not asked for.
const NOTHING = new Uint8Array(0);

/** The samples at some places of a set; one that cannot be read says why in its place. Throws RangeError for a place beyond the set. */
export async function setTiles(set: CropSet, places: readonly number[], side: number): Promise<SetTile[]> {
  const tiles: SetTile[] = [];
  for (const index of places) {
    const id = set.ids[index];
    if (id === undefined) throw new RangeError(`${set.name}: sample ${index} of ${set.ids.length}, counted from 0`);
    try {
      tiles.push(setSample(await set.read(id), index, side));
    } catch (error) {
      tiles.push({ kind: "unread", index, id, problem: messageOf(error) });
    }
  }
  return tiles;
}
