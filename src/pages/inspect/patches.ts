/** The patches of the crop: their lines, hatching, and which one lies at a point; cells of feature maps likewise. */
import type { FeatureMap, TokenGrid } from "../../train/inspect/types";
import type { Place } from "../widgets/place";

/** Lines between patches, and a frame round one of them. */
export function drawPatches(
  context: CanvasRenderingContext2D,
  { rows, columns, patch }: TokenGrid,
  { scale, left, top }: Place,
  chosen?: number,
): void {
  context.beginPath();
  for (let row = 0; row <= rows; row++) {
    context.moveTo(left, top + scale * patch * row);
    context.lineTo(left + scale * patch * columns, top + scale * patch * row);
  }
  for (let column = 0; column <= columns; column++) {
    context.moveTo(left + scale * patch * column, top);
    context.lineTo(left + scale * patch * column, top + scale * patch * rows);
  }
  context.lineWidth = 1;
  context.strokeStyle = "rgb(255 255 255 / 0.3)";
  context.stroke();
  if (chosen === undefined) return;
  const [x, y] = [left + scale * patch * (chosen % columns), top + scale * patch * Math.floor(chosen / columns)];
  for (const [line, colour] of [
    [5, "rgb(0 0 0 / 0.6)"],
    [2.5, "white"],
  ] as const) {
    context.lineWidth = line;
    context.strokeStyle = colour;
    context.strokeRect(x, y, scale * patch, scale * patch);
  }
}

/** Patches with 1 in `marked` [rows * columns] are hatched. */
export function hatch(
  context: CanvasRenderingContext2D,
  { rows, columns, patch }: TokenGrid,
  { scale, left, top }: Place,
  marked: Uint8Array,
  isRising: boolean,
): void {
  const side = scale * patch;
  context.save();
  context.beginPath();
  for (let i = 0; i < rows * columns; i++) {
    if (marked[i] === 1) context.rect(left + side * (i % columns), top + side * Math.floor(i / columns), side, side);
  }
  context.clip();
  context.beginPath();
  const [wide, high] = [side * columns, side * rows];
  for (let offset = -high; offset < wide; offset += 9) {
    context.moveTo(left + offset, isRising ? top + high : top);
    context.lineTo(left + offset + high, isRising ? top : top + high);
  }
  context.lineWidth = 1.2;
  context.strokeStyle = isRising ? "rgb(255 255 255 / 0.5)" : "rgb(255 120 120 / 0.75)";
  context.stroke();
  context.restore();
}

/** The patch at a point in px; undefined beside the grid. */
export function patchAt({ rows, columns, patch }: TokenGrid, x: number, y: number): number | undefined {
  const [column, row] = [Math.floor(x / patch), Math.floor(y / patch)];
  return column >= 0 && row >= 0 && column < columns && row < rows ? row * columns + column : undefined;
}

/** The token that a point in px stands for: that of the joint under the pointer where it has one, else of the patch. */
export function tokenAt(tokens: TokenGrid, joint: number | undefined, x: number, y: number): number | undefined {
  const ofJoint = joint === undefined ? -1 : tokens.joints.indexOf(joint);
  if (ofJoint >= 0) return ofJoint;
  const patch = patchAt(tokens, x, y);
  return patch === undefined ? undefined : tokens.front.length + patch;
}

/** The cell of a map at a point in px of the input; undefined beside it. */
export function cellAt(
  { rows, columns }: Pick<FeatureMap, "rows" | "columns">,
  { width, height }: { readonly width: number; readonly height: number },
  x: number,
  y: number,
): number | undefined {
  const [column, row] = [Math.floor((x * columns) / width), Math.floor((y * rows) / height)];
  return column >= 0 && row >= 0 && column < columns && row < rows ? row * columns + column : undefined;
}
