import { cssColour } from "../theme";
import { JOINT_NAMES } from "./skeleton";

/** The name of a joint in a box beside the point (x, y), on whichever side of it a canvas of `width` has room. CSS pixels. */
export function drawJointLabel(
  context: CanvasRenderingContext2D,
  joint: number,
  x: number,
  y: number,
  width: number,
): void {
  const name = JOINT_NAMES[joint];
  if (name === undefined) return;
  context.font = "12px system-ui, sans-serif";
  const wide = context.measureText(name).width + 12;
  const left = x + 14 + wide > width ? x - 14 - wide : x + 14;
  context.fillStyle = cssColour("--raised");
  context.strokeStyle = cssColour("--line-strong");
  context.lineWidth = 1;
  context.beginPath();
  context.roundRect(left, y - 10, wide, 20, 4);
  context.fill();
  context.stroke();
  context.fillStyle = cssColour("--ink");
  context.textAlign = "left";
  context.textBaseline = "middle";
  context.fillText(name, left + 6, y + 0.5);
}
