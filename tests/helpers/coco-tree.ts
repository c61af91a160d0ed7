/** Writes frames as the COCO files of HandOccNet and KeypointFusion with their images, for tests of the readers. */

import { encode } from "fast-png";
import { handForward, joints21 } from "../../src/data/hand/forward";
import { encodeJpeg } from "../../src/data/jpeg";
import { encodeDepthPng, encodeRgbPng } from "../../src/data/png";
import type { Frame, HandModel } from "../../src/data/types";

export const HO3D_FROM_OPENPOSE = [0, 5, 6, 7, 9, 10, 11, 17, 18, 19, 13, 14, 15, 1, 2, 3, 4, 8, 12, 16, 20];

/** What a left hand in a mirror looks like, or the other way round, point by point and without the code under test. */
export function asLeft(frame: Frame): Frame {
  const { width, height, data } = frame.rgb;
  const rgb = new Uint8Array(data.length);
  const depth = new Float32Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [from, to] = [y * width + x, y * width + (width - 1 - x)];
      for (let c = 0; c < 3; c++) rgb[3 * to + c] = data[3 * from + c];
      if (frame.depth) depth[to] = frame.depth.data[from];
    }
  }
  const [fx, fy, cx, cy] = frame.camera;
  const flip = (values: Float64Array, signs: readonly number[]): Float64Array =>
    Float64Array.from(values, (value, i) => value * signs[i % 3]);
  return {
    ...frame,
    rgb: { width, height, data: rgb },
    depth: frame.depth && { width, height, data: depth },
    camera: [fx, fy, width - 1 - cx, cy],
    joints3d: flip(frame.joints3d, [-1, 1, 1]),
    mano: frame.mano && {
      pose: flip(frame.mano.pose, [1, -1, -1]),
      shape: frame.mano.shape,
      trans: flip(frame.mano.trans, [-1, 1, 1]),
    },
  };
}

/** Joints of a frame's parameters with the finger tips at other vertices. */
export function withTips(frame: Frame, hand: HandModel, tips: HandModel["tips"]): Frame {
  if (frame.mano === undefined) throw new Error(`frame "${frame.id}" has no parameters`);
  return { ...frame, joints3d: joints21(hand, handForward(hand, frame.mano), tips) };
}

export interface CocoTreeOptions {
  readonly hand: HandModel;
  readonly dataset: "ho3d" | "dexycb";
  readonly writer?: "handoccnet" | "keypointfusion";
  readonly jpeg?: boolean;
  /** Frames that are written as left hands: given as right ones, mirrored here. */
  readonly isLeft?: (id: string) => boolean;
  /** Changes the JSON before it is written. */
  readonly edit?: (file: CocoText) => void;
}

export interface CocoText {
  images: Record<string, unknown>[];
  annotations: Record<string, unknown>[];
}

/** "SYB1/0003" as DexYCB names it: a folder for the subject, the recording and the camera. */
export function dexycbId(id: string): string {
  const [sequence, frame] = id.split("/");
  const recording = sequence.charCodeAt(2) - 64;
  return `20200709-subject-01/20200709_1400${String(recording).padStart(2, "0")}/83621206012${sequence.slice(-1)}/${frame.padStart(6, "0")}`;
}

/** The tree as path to bytes. Depth of HO-3D in its own format, of DexYCB in millimetres. */
export function cocoTree(frames: readonly Frame[], options: CocoTreeOptions): Map<string, Uint8Array> {
  const { hand, dataset, writer = "handoccnet", jpeg = false, isLeft = () => false } = options;
  const files = new Map<string, Uint8Array>();
  const text: CocoText = { images: [], annotations: [] };
  for (const [i, given] of frames.entries()) {
    const left = isLeft(given.id);
    const frame = left ? asLeft(given) : given;
    if (frame.mano === undefined || frame.depth === undefined) throw new Error(`frame "${frame.id}" is not whole`);
    const { width, height } = frame.rgb;
    const [sequence, number] = given.id.split("/");
    const extension = jpeg ? "jpg" : "png";
    const rgb = jpeg ? encodeJpeg(frame.rgb, 92) : encodeRgbPng(frame.rgb);
    let name: string;
    if (dataset === "ho3d") {
      name = `${sequence}/rgb/${number}.png`;
      files.set(`train/${sequence}/rgb/${number}.${extension}`, rgb);
      files.set(`train/${sequence}/depth/${number}.png`, encodeDepthPng(frame.depth));
    } else {
      const id = dexycbId(given.id);
      const [folder, end] = [id.slice(0, id.lastIndexOf("/")), id.slice(id.lastIndexOf("/") + 1)];
      name = `${folder}/color_${end}.jpg`;
      files.set(`${folder}/color_${end}.${extension}`, rgb);
      const data = Uint16Array.from(frame.depth.data, (metres) => Math.round(1000 * metres));
      files.set(`${folder}/aligned_depth_to_color_${end}.png`, encode({ width, height, data, channels: 1, depth: 16 }));
    }
    const isFusion = writer === "keypointfusion";
    const order = isFusion && dataset === "ho3d" ? HO3D_FROM_OPENPOSE : Array.from({ length: 21 }, (_, j) => j);
    const unit = isFusion && dataset === "dexycb" ? 1000 : 1;
    const mean = hand.handsMean.map((value, k) => (left && k % 3 !== 0 ? -value : value));
    const [fx, fy, cx, cy] = frame.camera;
    text.images.push({
      id: 100 + i,
      ...(isFusion ? { color_file_name: name } : { file_name: name }),
      width,
      height,
    });
    text.annotations.push({
      id: i,
      image_id: 100 + i,
      joints_coord_cam: order.map((j) => [0, 1, 2].map((c) => unit * frame.joints3d[3 * j + c])),
      cam_param: { focal: [fx, fy], princpt: [cx, cy] },
      mano_param: {
        pose: Array.from(frame.mano.pose, (value, k) => (k < 3 ? value : value - mean[k - 3])),
        shape: [...frame.mano.shape],
        ...(isFusion ? { trans: [...frame.mano.trans] } : {}),
      },
      ...(dataset === "dexycb" ? { hand_type: left ? "left" : "right" } : {}),
    });
  }
  options.edit?.(text);
  const path = dataset === "ho3d" ? "annotations/HO3D_train_data.json" : "annotations/DEX_YCB_s0_train_data.json";
  files.set(path, new TextEncoder().encode(JSON.stringify(text)));
  return files;
}
