/** What a tile shows: the thumbnail with what is drawn over it, and its words. */
import type { QuickPrediction, Thumbnail } from "../../train/inspect/types";
import { fixed, significant } from "../format";
import { heatColour } from "../viewer/palette";
import { drawSkeleton } from "../widgets/draw-skeleton";
import { placeIn, wholeOf } from "../widgets/place";
import { canvasOf, depthCanvas, drawImage, within } from "./draw";
import type { GridOverlay } from "./grid-address";
import { BY_PLACE, type Sort } from "./grid-select";
import { columnInfo, type GridTable } from "./grid-table";

/** A column's number as it is written, with its unit. */
export function written(column: string, value: number | undefined): string {
  const { unit, scale, decimals } = columnInfo(column);
  if (value === undefined || !Number.isFinite(value)) return "–";
  const number = decimals === undefined ? significant(scale * value, 3) : fixed(scale * value, decimals);
  return unit === "" ? number : `${number} ${unit}`;
}

/** The two lines below a picture, and what is said between them to those who do not see it. */
export interface TileText {
  readonly id: string;
  readonly figure: string;
  readonly said: string;
}

/** The number of a tile is what is sorted by, else the error where there is one. */
export function figureColumn(table: GridTable, { by }: Sort): string | undefined {
  if (by !== BY_PLACE) return by;
  return table.columns.has("mpjpe_mm") ? "mpjpe_mm" : undefined;
}

export function textOf(table: GridTable, sort: Sort, place: number): TileText {
  const id = table.ids[place];
  const column = figureColumn(table, sort);
  const figure = column === undefined ? "" : written(column, table.columns.get(column)?.[place]);
  return { id, figure, said: ` sample ${place}${column === undefined ? "" : `, ${columnInfo(column).label} `}` };
}

/** Colour of an error; `limit` mm is the end of the scale. */
export function errorColour(errorMm: number, limit: number): string {
  const [r, g, b] = heatColour(errorMm / limit);
  return `rgb(${r} ${g} ${b})`;
}

/** A tile's picture on a canvas of CSS pixels. Without a thumbnail the canvas stays empty. */
export function paintTile(
  context: CanvasRenderingContext2D,
  width: number,
  height: number,
  thumbnail: Thumbnail,
  prediction: QuickPrediction | undefined,
  overlays: readonly GridOverlay[],
  limit: number,
): void {
  const has = (name: GridOverlay): boolean => overlays.includes(name);
  const { depth } = thumbnail;
  const place = placeIn(width, height, wholeOf(thumbnail));
  const image = has("depth") && depth !== undefined ? depthCanvas(depth, thumbnail) : canvasOf(thumbnail);
  drawImage(context, image, place);
  const weight = Math.max(0.45, height / 420);
  within(context, place, { x: 0, y: 0, width: thumbnail.width, height: thumbnail.height }, () => {
    const scale = prediction === undefined ? 1 : (place.scale * thumbnail.height) / prediction.height;
    if (prediction !== undefined && has("mesh")) drawVertices(context, prediction.vertices, scale);
    if (has("truth")) {
      const { joints, confidence } = thumbnail;
      drawSkeleton(context, joints, { scale: place.scale, isTruth: true, confidence, weight });
    }
    if (prediction === undefined) return;
    if (has("predicted")) drawSkeleton(context, prediction.joints, { scale, isTruth: false, weight });
    if (has("heat")) drawJointErrors(context, prediction, scale, limit, weight);
  });
}

/** Faces would be one blot at this size. */
function drawVertices(context: CanvasRenderingContext2D, vertices: Float32Array, scale: number): void {
  context.fillStyle = "rgb(255 255 255 / 0.55)";
  for (let i = 0; i < vertices.length; i += 2) {
    context.fillRect(scale * vertices[i] - 0.5, scale * vertices[i + 1] - 0.5, 1, 1);
  }
}

function drawJointErrors(
  context: CanvasRenderingContext2D,
  { joints, jointErrorsMm }: QuickPrediction,
  scale: number,
  limit: number,
  weight: number,
): void {
  jointErrorsMm.forEach((error, j) => {
    context.beginPath();
    context.arc(scale * joints[2 * j], scale * joints[2 * j + 1], 7 * weight, 0, 2 * Math.PI);
    context.fillStyle = errorColour(error, limit);
    context.fill();
    context.lineWidth = 0.7;
    context.strokeStyle = "rgb(0 0 0 / 0.6)";
    context.stroke();
  });
}
