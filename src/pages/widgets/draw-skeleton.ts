import { cssColour } from "../theme";
import { BONES, fingerProperty } from "./skeleton";

/** How a hand is drawn over its picture. */
export interface SkeletonStyle {
  /** Canvas pixels of one pixel of the joints. */
  readonly scale: number;
  /** True joints are rings on dashed bones, predicted ones discs on solid bones. */
  readonly isTruth: boolean;
  /** Joints with 0 are drawn faint. */
  readonly confidence?: ArrayLike<number>; // [joints]
  readonly emphasised?: number;
  /** Thickness of lines and discs, 1 in a large picture. */
  readonly weight?: number;
}

/** The hand's bones and joints, each finger in its colour; the wrist alone when nothing else is known. `joints`: [21, 2] or [1, 2]. */
export function drawSkeleton(
  context: CanvasRenderingContext2D,
  joints: ArrayLike<number>,
  { scale, isTruth, confidence, emphasised, weight = 1 }: SkeletonStyle,
): void {
  const known = joints.length / 2;
  const at = (joint: number): [number, number] => [scale * joints[2 * joint], scale * joints[2 * joint + 1]];
  const alpha = (joint: number): number => (confidence !== undefined && confidence[joint] === 0 ? 0.25 : 1);
  context.lineCap = "round";
  for (const pass of ["halo", "colour"] as const) {
    for (const [parent, joint] of BONES) {
      if (joint >= known || (isTruth && pass === "halo")) continue;
      context.globalAlpha = alpha(joint);
      context.setLineDash(isTruth ? [5 * weight, 4 * weight] : []);
      context.lineWidth = weight * ((isTruth ? 1.6 : 2.2) + (pass === "halo" ? 2 : 0));
      context.strokeStyle = pass === "halo" ? "rgb(0 0 0 / 0.4)" : cssColour(fingerProperty(joint));
      context.beginPath();
      context.moveTo(...at(parent));
      context.lineTo(...at(joint));
      context.stroke();
    }
  }
  context.setLineDash([]);
  for (let joint = 0; joint < known; joint++) {
    context.globalAlpha = alpha(joint);
    const radius = weight * ((isTruth ? 3.6 : 2.8) + (joint === emphasised ? 2.5 : 0));
    context.beginPath();
    context.arc(...at(joint), radius, 0, 2 * Math.PI);
    if (isTruth) {
      context.lineWidth = 3 * weight;
      context.strokeStyle = "rgb(0 0 0 / 0.45)";
      context.stroke();
      context.lineWidth = 1.4 * weight;
      context.strokeStyle = "white";
      context.stroke();
    } else {
      context.fillStyle = cssColour(fingerProperty(joint));
      context.fill();
      context.lineWidth = weight * (joint === emphasised ? 1.5 : 0.8);
      context.strokeStyle = joint === emphasised ? "white" : "rgb(0 0 0 / 0.6)";
      context.stroke();
    }
  }
  context.globalAlpha = 1;
}
