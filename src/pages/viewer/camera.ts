/** Cameras of the hand viewer and what they do to points: pure functions. Metres, OpenCV axes (x right, y down, z forward). */

export const VIEW_NAMES = ["orbit", "camera", "top", "side"] as const;
export type ViewName = (typeof VIEW_NAMES)[number];

/** Where the person looks from. Angles in radians, `pan` in CSS pixels; orbit is turned, the other three are panned. */
export interface Viewpoint {
  readonly turn: number;
  readonly tilt: number;
  readonly zoom: number;
  readonly pan: readonly [number, number];
}

/** A little from above and from the side, so that depth shows at once. */
export const START: Viewpoint = { turn: 0.5, tilt: 0.3, zoom: 1, pan: [0, 0] };

/** Camera of a crop: fx, fy, cx, cy in its pixels, of which the first has its centre at (0.5, 0.5). */
export interface Intrinsics {
  readonly k: readonly [number, number, number, number];
  readonly width: number;
  readonly height: number;
}

/** A ball that holds all that is shown. */
export interface Extent {
  readonly centre: readonly [number, number, number];
  readonly radius: number;
}

/**
 * Maps a point p to camera axes, R p + t, and from there to CSS pixels: x = fx X / Z + cx with perspective, x = fx X + cx
 * without.
 */
export interface Camera {
  readonly rotation: readonly number[]; // [3, 3]
  readonly translation: readonly [number, number, number];
  readonly fx: number;
  readonly fy: number;
  readonly cx: number;
  readonly cy: number;
  readonly isPerspective: boolean;
  /** Depths that are drawn, metres in front of the camera. */
  readonly near: number;
  readonly far: number;
}

const IDENTITY = [1, 0, 0, 0, 1, 0, 0, 0, 1];
/** Seen along +y: right is x, up is away from the camera of the sample. */
const FROM_ABOVE = [1, 0, 0, 0, 0, -1, 0, 1, 0];
/** Seen along -x: right is away from the camera of the sample. */
const FROM_THE_SIDE = [0, 0, 1, 0, 1, 0, -1, 0, 0];

/** Distances of the orbiting eye in radii of what is shown, and the share of the canvas that the ball fills. */
const ORBIT_DISTANCE = 5;
const FILL = 0.94;

/** Rotation [3, 3] of the orbit: about y by `turn`, then about x by `tilt`. */
export function orbitRotation(turn: number, tilt: number): number[] {
  const [ct, st, cu, su] = [Math.cos(turn), Math.sin(turn), Math.cos(tilt), Math.sin(tilt)];
  return [ct, 0, st, su * st, cu, -su * ct, -cu * st, su, cu * ct];
}

/** Where the crop lies on a canvas of width x height CSS pixels: as large as fits, centred, then zoomed and panned. */
export function placePicture(
  { width: columns, height: rows }: Pick<Intrinsics, "width" | "height">,
  width: number,
  height: number,
  { zoom, pan }: Pick<Viewpoint, "zoom" | "pan"> = START,
): { readonly scale: number; readonly left: number; readonly top: number } {
  const scale = zoom * Math.min(width / columns, height / rows);
  return { scale, left: width / 2 - (scale * columns) / 2 + pan[0], top: height / 2 - (scale * rows) / 2 + pan[1] };
}

/** The exact pinhole of the sample, its principal point wherever it is; points must be in the axes of that camera. */
export function sampleCamera(
  intrinsics: Intrinsics,
  extent: Extent,
  width: number,
  height: number,
  viewpoint: Viewpoint = START,
): Camera {
  const { scale, left, top } = placePicture(intrinsics, width, height, viewpoint);
  const [fx, fy, cx, cy] = intrinsics.k;
  const depth = extent.centre[2];
  return {
    rotation: IDENTITY,
    translation: [0, 0, 0],
    fx: scale * fx,
    fy: scale * fy,
    cx: left + scale * cx,
    cy: top + scale * cy,
    isPerspective: true,
    near: Math.max(0.01, depth - 2 * extent.radius),
    far: depth + 2 * extent.radius,
  };
}

/** Camera of one of the three views that need no intrinsics, so that all that is shown fits. */
export function freeCamera(
  view: Exclude<ViewName, "camera">,
  viewpoint: Viewpoint,
  { centre, radius }: Extent,
  width: number,
  height: number,
): Camera {
  const isPerspective = view === "orbit";
  const rotation =
    view === "orbit" ? orbitRotation(viewpoint.turn, viewpoint.tilt) : view === "top" ? FROM_ABOVE : FROM_THE_SIDE;
  const distance = ORBIT_DISTANCE * radius;
  const turned = turn(rotation, centre[0], centre[1], centre[2]);
  // Of a ball, perspective shows more than its radius.
  const spread = isPerspective ? distance / Math.sqrt(distance * distance - radius * radius) : 1;
  const scale = (viewpoint.zoom * FILL * Math.min(width, height)) / (2 * radius * spread);
  const focal = isPerspective ? scale * distance : scale;
  const [panX, panY] = view === "orbit" ? [0, 0] : viewpoint.pan;
  return {
    rotation,
    translation: [-turned[0], -turned[1], distance - turned[2]],
    fx: focal,
    fy: focal,
    cx: width / 2 + panX,
    cy: height / 2 + panY,
    isPerspective,
    near: 0.2 * distance,
    far: 2 * distance,
  };
}

function turn(r: readonly number[], x: number, y: number, z: number): [number, number, number] {
  return [r[0] * x + r[1] * y + r[2] * z, r[3] * x + r[4] * y + r[5] * z, r[6] * x + r[7] * y + r[8] * z];
}

/** CSS pixels x, y and depth in metres of each point [N, 3]: [N, 3]. */
export function projectPoints(camera: Camera, points: ArrayLike<number>): Float64Array {
  const out = new Float64Array(points.length);
  const { rotation, translation, fx, fy, cx, cy, isPerspective } = camera;
  for (let i = 0; i < points.length; i += 3) {
    const [x, y, z] = turn(rotation, points[i], points[i + 1], points[i + 2]);
    const depth = z + translation[2];
    const by = isPerspective ? 1 / depth : 1;
    out[i] = fx * (x + translation[0]) * by + cx;
    out[i + 1] = fy * (y + translation[1]) * by + cy;
    out[i + 2] = depth;
  }
  return out;
}

/** The same projection as a column-major 4x4 matrix to WebGPU's clip space (depth 0 at `near`, 1 at `far`). [16] */
export function clipMatrix(camera: Camera, width: number, height: number): Float32Array<ArrayBuffer> {
  const { rotation: r, translation: t, fx, fy, cx, cy, isPerspective, near, far } = camera;
  const [offX, offY] = [(2 * cx) / width - 1, 1 - (2 * cy) / height];
  const [sx, sy] = [(2 * fx) / width, (-2 * fy) / height];
  const deep = far / (far - near);
  // Rows of the matrix from camera axes to clip space.
  const rows = isPerspective
    ? [
        [sx, 0, offX, 0],
        [0, sy, offY, 0],
        [0, 0, deep, -near * deep],
        [0, 0, 1, 0],
      ]
    : [
        [sx, 0, 0, offX],
        [0, sy, 0, offY],
        [0, 0, 1 / (far - near), -near / (far - near)],
        [0, 0, 0, 1],
      ];
  const out = new Float32Array(16);
  for (let row = 0; row < 4; row++) {
    const [a, b, c, d] = rows[row];
    for (let k = 0; k < 3; k++) out[4 * k + row] = a * r[k] + b * r[3 + k] + c * r[6 + k];
    out[12 + row] = a * t[0] + b * t[1] + c * t[2] + d;
  }
  return out;
}

/** Direction [3] towards the viewer in the points' own axes. */
export function towardsViewer({ rotation: r }: Camera): [number, number, number] {
  return [-r[6], -r[7], -r[8]];
}

/** The ball round the box of all points (each [N, 3]), at least 10 mm in radius. */
export function extentOf(sets: readonly ArrayLike<number>[]): Extent {
  const low = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  const high = low.map((value) => -value);
  for (const points of sets) {
    for (let i = 0; i < points.length; i++) {
      low[i % 3] = Math.min(low[i % 3], points[i]);
      high[i % 3] = Math.max(high[i % 3], points[i]);
    }
  }
  if (low[0] > high[0]) return { centre: [0, 0, 0], radius: 0.1 };
  const [x, y, z] = low.map((value, k) => (value + high[k]) / 2);
  return { centre: [x, y, z], radius: Math.max(0.01, Math.hypot(...low.map((value, k) => (high[k] - value) / 2))) };
}

/**
 * Number of the joint nearest to (x, y) within `radius` CSS pixels in any of the projected sets [J, 3]; undefined when none
 * is. Of two at the same place the one nearer to the eye.
 */
export function nearestJoint(
  sets: readonly ArrayLike<number>[],
  x: number,
  y: number,
  radius = 12,
): number | undefined {
  let nearest: number | undefined;
  let least = radius;
  let depth = Number.POSITIVE_INFINITY;
  for (const points of sets) {
    for (let i = 0; i < points.length; i += 3) {
      const distance = Math.hypot(points[i] - x, points[i + 1] - y);
      if (distance > least || (distance === least && points[i + 2] >= depth)) continue;
      [least, depth, nearest] = [distance, points[i + 2], i / 3];
    }
  }
  return nearest;
}
