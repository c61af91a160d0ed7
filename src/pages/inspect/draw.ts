/** Pieces of the inspector's pictures. All take a 2D context in CSS pixels; `px` are pixels of a picture. */
import type { Picture } from "../../train/inspect/types";
import { cssColour } from "../theme";
import { heatColour } from "../viewer/palette";
import { type Extent, type Place, weightOf } from "../widgets/place";
import { depthColour } from "../widgets/sample-canvas";
import { heatPixels, opacityOf, type Span } from "./colours";

/** Height of a legend below a picture, CSS pixels where its weight is 1. */
export const LEGEND = 50;

const pictures = new WeakMap<object, HTMLCanvasElement>();

function canvasFor(key: object, width: number, height: number, pixels: () => Uint8ClampedArray<ArrayBuffer>) {
  let canvas = pictures.get(key);
  if (canvas === undefined) {
    canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [width, height];
    canvas.getContext("2d")!.putImageData(new ImageData(pixels(), width, height), 0, 0);
    pictures.set(key, canvas);
  }
  return canvas;
}

/** A picture's pixels on a canvas of its size; made once for each. */
export const canvasOf = (picture: Picture): HTMLCanvasElement =>
  canvasFor(picture, picture.width, picture.height, () => picture.rgba);

/** Depth [height, width] in its colours. */
export function depthCanvas(
  depth: Uint8ClampedArray,
  { width, height }: { readonly width: number; readonly height: number },
): HTMLCanvasElement {
  return canvasFor(depth, width, height, () => {
    const rgba = new Uint8ClampedArray(4 * width * height).fill(255);
    for (let i = 0; i < width * height; i++) rgba.set(depthColour(depth[i]), 4 * i);
    return rgba;
  });
}

/** A picture at its place, smoothed. */
export function drawImage(context: CanvasRenderingContext2D, image: HTMLCanvasElement, place: Place): void {
  context.imageSmoothingEnabled = true;
  context.imageSmoothingQuality = "high";
  context.drawImage(image, place.left, place.top, place.scale * image.width, place.scale * image.height);
}

/** Values [rows, columns] as heat over `extent`, cell by cell. */
export function drawHeat(
  context: CanvasRenderingContext2D,
  map: { readonly values: ArrayLike<number>; readonly rows: number; readonly columns: number },
  span: Span,
  extent: Extent,
  place: Place,
  isOverPicture: boolean,
): void {
  const { values, rows, columns } = map;
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [columns, rows];
  canvas.getContext("2d")!.putImageData(new ImageData(heatPixels(values, span, isOverPicture), columns, rows), 0, 0);
  const { scale, left, top } = place;
  context.imageSmoothingEnabled = false;
  context.drawImage(
    canvas,
    left + scale * extent.x,
    top + scale * extent.y,
    scale * extent.width,
    scale * extent.height,
  );
  context.imageSmoothingEnabled = true;
}

/** Runs `draw` with px of the picture times `scale` as its unit's origin, clipped to the picture when it has one. */
export function within(
  context: CanvasRenderingContext2D,
  place: Place,
  clip: Extent | undefined,
  draw: () => void,
): void {
  context.save();
  context.translate(place.left, place.top);
  if (clip !== undefined) {
    context.beginPath();
    context.rect(place.scale * clip.x, place.scale * clip.y, place.scale * clip.width, place.scale * clip.height);
    context.clip();
  }
  draw();
  context.restore();
}

/** Edges of a mesh. `vertices` [V, 2] px. */
export function drawWires(
  context: CanvasRenderingContext2D,
  vertices: ArrayLike<number>,
  faces: ArrayLike<number>,
  scale: number,
  weight = 1,
  colour = "rgb(255 255 255 / 0.6)",
): void {
  context.beginPath();
  for (let f = 0; f < faces.length; f += 3) {
    for (let side = 0; side < 3; side++) {
      const [a, b] = [faces[f + side], faces[f + ((side + 1) % 3)]];
      // Each inner edge belongs to two faces, in opposite directions.
      if (a > b) continue;
      context.moveTo(scale * vertices[2 * a], scale * vertices[2 * a + 1]);
      context.lineTo(scale * vertices[2 * b], scale * vertices[2 * b + 1]);
    }
  }
  context.lineWidth = 0.6 * weight;
  context.strokeStyle = colour;
  context.stroke();
}

/** Faces in the colours of their corners' mean error, far ones first. `depths` [V, 3]: the third one orders them. */
export function drawErrorMesh(
  context: CanvasRenderingContext2D,
  { vertices2d, vertices }: { readonly vertices2d: ArrayLike<number>; readonly vertices: ArrayLike<number> },
  faces: ArrayLike<number>,
  errors: ArrayLike<number>,
  limit: number,
  scale: number,
): void {
  const meanOf = (f: number, of: (v: number) => number): number =>
    (of(faces[3 * f]) + of(faces[3 * f + 1]) + of(faces[3 * f + 2])) / 3;
  const order = Array.from({ length: faces.length / 3 }, (_, f) => ({ f, z: meanOf(f, (v) => vertices[3 * v + 2]) }));
  order.sort((a, b) => b.z - a.z);
  for (const { f } of order) {
    const [r, g, b] = heatColour(meanOf(f, (v) => errors[v]) / limit);
    context.fillStyle = `rgb(${r} ${g} ${b} / 0.9)`;
    context.beginPath();
    for (let k = 0; k < 3; k++) {
      const v = faces[3 * f + k];
      context.lineTo(scale * vertices2d[2 * v], scale * vertices2d[2 * v + 1]);
    }
    context.fill();
  }
}

/** Which colour is which number: a ramp with its ends and its middle, in the lowest `LEGEND` pixels of a canvas. */
export function drawLegend(
  context: CanvasRenderingContext2D,
  width: number,
  height: number,
  { label, numbers, isOverPicture = false }: Legend,
): void {
  const weight = weightOf(width, height);
  const wide = Math.min(420 * weight, width - 24);
  const high = 8 * weight;
  const [left, top] = [(width - wide) / 2, height - (LEGEND - 21) * weight];
  for (let x = 0; x < wide; x++) {
    const share = x / (wide - 1);
    const [r, g, b] = heatColour(share);
    context.fillStyle = cssColour("--muted");
    context.fillRect(left + x, top, 1.5, high);
    context.fillStyle = `rgb(${r} ${g} ${b} / ${isOverPicture ? opacityOf(share) : 1})`;
    context.fillRect(left + x, top, 1.5, high);
  }
  context.font = `${11 * weight}px system-ui, sans-serif`;
  context.fillStyle = cssColour("--muted");
  context.textBaseline = "top";
  context.textAlign = "left";
  context.fillText(label, left, top - 15 * weight);
  numbers.forEach((text, i) => {
    context.textAlign = i === 0 ? "left" : i === numbers.length - 1 ? "right" : "center";
    context.fillText(text, left + (wide * i) / Math.max(1, numbers.length - 1), top + high + 4 * weight);
  });
  context.textAlign = "left";
}

export interface Legend {
  readonly label: string;
  /** At equal distances along the ramp. */
  readonly numbers: readonly string[];
  readonly isOverPicture?: boolean;
}

/** A polygon through corners [n, 2] px. */
export function drawPolygon(
  context: CanvasRenderingContext2D,
  corners: ArrayLike<number>,
  scale: number,
  {
    colour,
    dash = [],
    line = 2,
  }: { readonly colour: string; readonly dash?: readonly number[]; readonly line?: number },
): void {
  const path = () => {
    context.beginPath();
    for (let i = 0; i < corners.length; i += 2) context.lineTo(scale * corners[i], scale * corners[i + 1]);
    context.closePath();
  };
  context.lineJoin = "round";
  path();
  context.setLineDash([]);
  context.lineWidth = line + 2;
  context.strokeStyle = "rgb(0 0 0 / 0.35)";
  context.stroke();
  path();
  context.setLineDash([...dash]);
  context.lineWidth = line;
  context.strokeStyle = colour;
  context.stroke();
  context.setLineDash([]);
}

/** The joint of several sets [21, 2] px that lies nearest to a point, within `reach` px; undefined where none does. */
export function jointAt(sets: readonly ArrayLike<number>[], x: number, y: number, reach: number): number | undefined {
  let [nearest, least]: [number | undefined, number] = [undefined, reach ** 2];
  for (const joints of sets) {
    for (let joint = 0; joint < joints.length / 2; joint++) {
      const distance = (joints[2 * joint] - x) ** 2 + (joints[2 * joint + 1] - y) ** 2;
      if (distance < least) [least, nearest] = [distance, joint];
    }
  }
  return nearest;
}
