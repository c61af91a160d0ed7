/**
 * A left hand as a right one, the only hand that the model knows. What is mirrored is mirrored together, or the labels lie:
 * image, depth, principal point, joints, box and MANO's parameters.
 *
 * With M = diag(-1, 1, 1) a point p becomes M p and a rotation R becomes M R M, which for an axis-angle vector is (a, -b, -c).
 * Image column x becomes width - 1 - x (the centre of pixel 0 lies at 0), so the projection stays the same:
 *   width - 1 - (fx X / Z + cx) = fx (-X) / Z + (width - 1 - cx).
 * MANO's left hand is M times its right hand, vertex by vertex, when both have the same shape (the left file's shapedirs need
 * the sign of x changed, vchoutas/smplx issue 48); so shape stays and trans becomes M trans.
 */
import type { DepthImage, Frame, RgbImage } from "./types";

/** Points [N * 3] with x negated. */
export function mirrorPoints(points: Float64Array): Float64Array {
  return points.map((value, i) => (i % 3 === 0 ? -value : value));
}

/** MANO's parameters of the other hand: pose and trans mirrored, shape as it is. */
export function mirrorMano(mano: NonNullable<Frame["mano"]>): NonNullable<Frame["mano"]> {
  return {
    pose: mano.pose.map((value, i) => (i % 3 === 0 ? value : -value)),
    shape: mano.shape.slice(),
    trans: mirrorPoints(mano.trans),
  };
}

/** The camera [fx, fy, cx, cy] that sees the mirrored hand in the mirrored image of `width` columns. */
export function mirrorCamera([fx, fy, cx, cy]: Frame["camera"], width: number): Frame["camera"] {
  return [fx, fy, width - 1 - cx, cy];
}

/** A box x1, y1, x2, y2 in the mirrored image of `width` columns. */
export function mirrorBox(
  [x1, y1, x2, y2]: NonNullable<Frame["box"]>,
  width: number,
): readonly [number, number, number, number] {
  return [width - 1 - x2, y1, width - 1 - x1, y2];
}

function mirrorRgb({ width, height, data }: RgbImage): RgbImage {
  const out = new Uint8Array(data.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const from = 3 * (y * width + x);
      const to = 3 * (y * width + width - 1 - x);
      out[to] = data[from];
      out[to + 1] = data[from + 1];
      out[to + 2] = data[from + 2];
    }
  }
  return { width, height, data: out };
}

function mirrorDepth({ width, height, data }: DepthImage): DepthImage {
  const out = data.slice();
  for (let y = 0; y < height; y++) out.subarray(y * width, (y + 1) * width).reverse();
  return { width, height, data: out };
}

/** The frame of a left hand as that of a right hand; id, sequence and recording stay. Its own inverse. */
export function mirrorFrame(frame: Frame): Frame {
  const { width } = frame.rgb;
  return {
    ...frame,
    rgb: mirrorRgb(frame.rgb),
    depth: frame.depth === undefined ? undefined : mirrorDepth(frame.depth),
    camera: mirrorCamera(frame.camera, width),
    joints3d: mirrorPoints(frame.joints3d),
    mano: frame.mano === undefined ? undefined : mirrorMano(frame.mano),
    box: frame.box === undefined ? undefined : mirrorBox(frame.box, width),
  };
}
