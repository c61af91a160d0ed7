/**
 * A frame whose labels are known and whose images are not read: all that a thread needs, so that a file with the labels of
 * hundreds of thousands of frames is read once and not in each thread. Plain data.
 */
import { DataError } from "./data-error";
import { decodeDepthMillimetres } from "./depth16";
import { decodeJpeg } from "./jpeg";
import { mirrorFrame } from "./mirror";
import { decodeDepthPng, decodeRgbPng } from "./png";
import type { DataQuirks } from "./quirks";
import { type FileSource, subfolder } from "./source";
import type { Frame } from "./types";

/** Where a frame's images are, and everything else about it, of its own side. */
export interface FrameRecipe extends Omit<Frame, "rgb" | "depth"> {
  /** Folder of the opened files below which the paths lie. */
  readonly folder: string;
  readonly rgbPath: string;
  readonly depthPath: string | undefined;
  readonly depthUnit: "ho3d" | "millimetres";
  /** Left hands become right ones. */
  readonly side: "right" | "left";
  /** Pixels that the images must have, and the file that says so. */
  readonly width: number;
  readonly height: number;
  readonly saidBy: string;
}

/** Reads the images of a frame. Throws DataError naming the file when one cannot be used. */
export async function readRecipe(source: FileSource, recipe: FrameRecipe, quirks: DataQuirks): Promise<Frame> {
  const { folder, rgbPath, depthPath, depthUnit, side, width, height, saidBy, ...labels } = recipe;
  const root = subfolder(source, folder);
  const rgbName = `${root.name}/${rgbPath}`;
  const bytes = await root.read(rgbPath);
  const rgb = rgbPath.endsWith(".png") ? decodeRgbPng(bytes, rgbName) : decodeJpeg(bytes, rgbName);
  if (rgb.width !== width || rgb.height !== height) {
    throw new DataError(
      `${rgbName}: the image has ${rgb.width} x ${rgb.height} pixels, expected ${width} x ${height} as ${saidBy} says`,
      "image of another size",
    );
  }
  const depth = depthPath === undefined ? undefined : await readDepth(root, depthPath, depthUnit, quirks);
  if (depth !== undefined && (depth.width !== rgb.width || depth.height !== rgb.height)) {
    throw new DataError(
      `${root.name}/${depthPath}: the depth image has ${depth.width} x ${depth.height} pixels, expected ${rgb.width} x ${rgb.height} as the rgb image`,
      "depth and rgb differ in size",
    );
  }
  const frame: Frame = { ...labels, rgb, depth };
  return side === "left" ? mirrorFrame(frame) : frame;
}

async function readDepth(
  root: FileSource,
  path: string,
  unit: FrameRecipe["depthUnit"],
  quirks: DataQuirks,
): Promise<Frame["depth"]> {
  const bytes = await root.read(path);
  const name = `${root.name}/${path}`;
  return unit === "millimetres" ? decodeDepthMillimetres(bytes, name) : decodeDepthPng(bytes, name, quirks);
}
