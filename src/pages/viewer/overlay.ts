/** What the viewer draws in 2D under and over the meshes: picture, grid, bones, the joint under the pointer. */
import { cssColour } from "../theme";
import { drawSkeleton } from "../widgets/draw-skeleton";
import { drawJointLabel, type LabelSize } from "../widgets/joint-label";
import { BONES, fingerProperty } from "../widgets/skeleton";
import {
  type Camera,
  type Extent,
  type Intrinsics,
  placePicture,
  projectPoints,
  type ViewName,
  type Viewpoint,
} from "./camera";
import type { ViewerHand } from "./scene";

/** A crop as a background: its camera and its pixels. */
export interface ViewerPicture extends Intrinsics {
  readonly rgba: Uint8ClampedArray<ArrayBuffer>; // [height, width, 4]
}

/** A hand with its joints on the screen. */
export interface ProjectedHand {
  readonly hand: ViewerHand;
  /** CSS pixels and depth. */
  readonly joints: Float64Array; // [21, 3]
}

/** Metres between lines of the grid. */
export const GRID = 0.02;

/** The crop as large as fits, its pixels as the viewpoint places them. */
export function drawPicture(
  context: CanvasRenderingContext2D,
  picture: ViewerPicture,
  pixels: CanvasImageSource,
  width: number,
  height: number,
  viewpoint: Viewpoint,
): void {
  const { scale, left, top } = placePicture(picture, width, height, viewpoint);
  context.imageSmoothingQuality = "high";
  context.drawImage(pixels, left, top, scale * picture.width, scale * picture.height);
}

/** Pixels of the crop on a canvas of its size. */
export function picturePixels({ width, height, rgba }: ViewerPicture): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [width, height];
  canvas.getContext("2d")?.putImageData(new ImageData(rgba, width, height), 0, 0);
  return canvas;
}

/** Squares of 20 mm: the floor below the hand in the orbit, the plane that is looked at from the top and the side. */
export function drawGrid(
  context: CanvasRenderingContext2D,
  view: Exclude<ViewName, "camera">,
  camera: Camera,
  { centre, radius }: Extent,
): void {
  // The two axes that the grid spans, and the third one with the place of its plane.
  const [u, v, w] = view === "side" ? [1, 2, 0] : [0, 2, 1];
  const plane = view === "orbit" ? centre[1] + 1.02 * radius : centre[w];
  const half = Math.ceil(radius / GRID) * GRID;
  const lines: number[] = [];
  const point = (a: number, b: number): void => {
    const at = [0, 0, 0];
    [at[u], at[v], at[w]] = [centre[u] + a, centre[v] + b, plane];
    lines.push(...at);
  };
  for (let offset = -half; offset <= half + GRID / 2; offset += GRID) {
    point(offset, -half);
    point(offset, half);
    point(-half, offset);
    point(half, offset);
  }
  const ends = projectPoints(camera, lines);
  context.beginPath();
  for (let i = 0; i < ends.length; i += 6) {
    context.moveTo(ends[i], ends[i + 1]);
    context.lineTo(ends[i + 3], ends[i + 4]);
  }
  context.lineWidth = 1;
  context.strokeStyle = cssColour("--line");
  context.stroke();
}

/** Bones and joints of all hands, far ones first, and from each true joint the way to the predicted one. */
export function drawBones(context: CanvasRenderingContext2D, hands: readonly ProjectedHand[], weight = 1): void {
  context.lineCap = "round";
  drawErrors(context, hands, weight);
  const bones = hands.flatMap(({ hand, joints }) =>
    BONES.map(([from, to]) => ({ hand, joints, from, to, depth: joints[3 * from + 2] + joints[3 * to + 2] })),
  );
  bones.sort((a, b) => b.depth - a.depth);
  for (const { hand, joints, from, to } of bones) {
    const colour = cssColour(hand.isByFinger === true ? `${fingerProperty(to)}-ink` : hand.colour);
    const radius = weight * (hand.isTruth === true ? 2.2 : 3.4);
    context.setLineDash(hand.isTruth === true ? [5 * weight, 4 * weight] : []);
    context.lineWidth = weight * (hand.isTruth === true ? 1.4 : 2.8);
    context.strokeStyle = colour;
    context.beginPath();
    context.moveTo(joints[3 * from], joints[3 * from + 1]);
    context.lineTo(joints[3 * to], joints[3 * to + 1]);
    context.stroke();
    context.setLineDash([]);
    disc(context, joints, to, radius, colour);
    if (from === 0) {
      const wrist = hand.isByFinger === true ? cssColour("--finger-wrist-ink") : colour;
      disc(context, joints, 0, radius, wrist);
    }
  }
}

/** Bones over a picture, in the colours that all pictures use. */
export function drawBonesOverPicture(
  context: CanvasRenderingContext2D,
  hands: readonly ProjectedHand[],
  weight = 1,
): void {
  for (const { hand, joints } of hands) {
    const flat = Float64Array.from({ length: (2 * joints.length) / 3 }, (_, i) => joints[3 * (i >> 1) + (i & 1)]);
    drawSkeleton(context, flat, { scale: 1, isTruth: hand.isTruth === true, weight });
  }
}

/** A ring round joint `joint` of every hand, and its name. */
export function drawEmphasis(
  context: CanvasRenderingContext2D,
  hands: readonly ProjectedHand[],
  joint: number,
  size: LabelSize,
): void {
  const { weight = 1 } = size;
  for (const { joints } of hands) {
    for (const [line, colour] of [
      [4 * weight, cssColour("--panel")],
      [2 * weight, cssColour("--accent")],
    ] as const) {
      context.beginPath();
      context.arc(joints[3 * joint], joints[3 * joint + 1], 7.5 * weight, 0, 2 * Math.PI);
      context.lineWidth = line;
      context.strokeStyle = colour;
      context.stroke();
    }
  }
  const first = hands[hands.length - 1]?.joints;
  if (first !== undefined) drawJointLabel(context, joint, first[3 * joint], first[3 * joint + 1], size);
}

function drawErrors(context: CanvasRenderingContext2D, hands: readonly ProjectedHand[], weight: number): void {
  const truth = hands.find(({ hand }) => hand.isTruth === true)?.joints;
  const others = hands.filter(({ hand }) => hand.isTruth !== true);
  const other = others[others.length - 1]?.joints;
  if (truth === undefined || other === undefined) return;
  context.setLineDash([2 * weight, 3 * weight]);
  context.lineWidth = weight;
  context.strokeStyle = cssColour("--muted");
  context.beginPath();
  for (let i = 0; i < Math.min(truth.length, other.length); i += 3) {
    context.moveTo(truth[i], truth[i + 1]);
    context.lineTo(other[i], other[i + 1]);
  }
  context.stroke();
  context.setLineDash([]);
}

function disc(
  context: CanvasRenderingContext2D,
  joints: Float64Array,
  joint: number,
  radius: number,
  colour: string,
): void {
  context.beginPath();
  context.arc(joints[3 * joint], joints[3 * joint + 1], radius, 0, 2 * Math.PI);
  context.fillStyle = colour;
  context.fill();
}
