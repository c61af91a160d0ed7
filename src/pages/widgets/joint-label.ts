import { cssColour } from "../theme";
import { JOINT_NAMES } from "./skeleton";

export interface LabelSize {
  /** Of the canvas, CSS pixels. */
  readonly width: number;
  /** 1 for words of 12 pixels. */
  readonly weight?: number;
}

/** The name of a joint in a box beside the point (x, y), on whichever side of it the canvas has room. CSS pixels. */
export function drawJointLabel(
  context: CanvasRenderingContext2D,
  joint: number,
  x: number,
  y: number,
  { width, weight = 1 }: LabelSize,
): void {
  const name = JOINT_NAMES[joint];
  if (name === undefined) return;
  context.font = `${12 * weight}px system-ui, sans-serif`;
  const [high, gap, pad] = [20 * weight, 14 * weight, 6 * weight];
  const wide = context.measureText(name).width + 2 * pad;
  const left = x + gap + wide > width ? x - gap - wide : x + gap;
  context.fillStyle = cssColour("--raised");
  context.strokeStyle = cssColour("--line-strong");
  context.lineWidth = 1;
  context.beginPath();
  context.roundRect(left, y - high / 2, wide, high, 4);
  context.fill();
  context.stroke();
  context.fillStyle = cssColour("--ink");
  context.textAlign = "left";
  context.textBaseline = "middle";
  context.fillText(name, left + pad, y + 0.5);
}
