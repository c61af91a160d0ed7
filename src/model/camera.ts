import type { Tensor } from "../autograd/tensor";
import * as F from "../ops";
import type { Quirks, UTNetShape } from "./types";

/** WiLoR's and HaMeR's pretended focal length over the crop side. */
export const PRETEND_FOCAL = 5000 / 256;

type Frame = Pick<UTNetShape, "height" | "width">;

/** Joints [B, P, 3] in metres to the square crop, [B, P, 2] in [-0.5, 0.5], centre 0. */
export function projectKeypoints(
  points: Tensor,
  camera: Tensor,
  focal: Tensor,
  { height, width }: Frame,
  quirks: Quirks,
): Tensor {
  if (!quirks.has("focal-centre-mixed")) return F.project(points, camera, focal);
  // quirk focal-centre-mixed: a focal length in units of the crop added to a centre in pixels, then divided by pixels
  const [batch] = camera.shape;
  const pretend = points.tape.constant("focal", [batch], new Float32Array(batch).fill(PRETEND_FOCAL));
  return F.affine2d(F.project(points, camera, pretend), [1 / width, 1 / height], [0, 0]);
}

/** Where vertices [B, V, 3] fall on a feature map of `rows` x `columns`: pixel coordinates [B, V, 2], pixel centres at whole numbers. */
export function toMapPixels(
  vertices: Tensor,
  xy: Tensor,
  camera: Tensor,
  rows: number,
  columns: number,
  { height, width }: Frame,
  quirks: Quirks,
): Tensor {
  if (!quirks.has("sample-in-millimetres")) {
    return F.affine2d(xy, [(height / width) * columns, rows], [0.5 * columns - 0.5, 0.5 * rows - 0.5]);
  }
  return F.orthographic(vertices, camera, 1000, columns / 2, rows / 2); // quirk sample-in-millimetres
}
