import { useCallback } from "preact/hooks";
import type { HandView } from "../../train/inspect/types";
import { drawSkeleton } from "../widgets/draw-skeleton";
import { drawJointLabel, type LabelSize } from "../widgets/joint-label";
import { type Extent, type Place, placeIn, pointOn, pxUnder, weightOf, wholeOf } from "../widgets/place";
import {
  canvasOf,
  depthCanvas,
  drawErrorMesh,
  drawImage,
  drawLegend,
  drawWires,
  jointAt,
  LEGEND,
  type Legend,
  within,
} from "./draw";
import { type OnPoint, Painting } from "./paint";
import { errorLimitOf } from "./scales";
import type { StageProps } from "./stage";

/** Draws something of its own at the picture's place, its lines as heavy as `weightOf` has them. */
export type DrawAt = (context: CanvasRenderingContext2D, place: Place, weight: number) => void;

/** Reach of the pointer round a joint, CSS pixels. */
export const REACH = 14;

/** The network's input with what is chosen over it; `under` and `over` are drawn below and above joints and mesh. */
export function SamplePicture({
  state,
  view,
  label,
  hand = view.refined,
  isDepth = state.overlays.value.depth && view.depth !== undefined,
  isBare = false,
  under,
  over,
  legend,
  extent,
  onPick,
  onMove,
  onLeave,
}: StageProps & {
  readonly label: string;
  readonly hand?: HandView;
  readonly isDepth?: boolean;
  /** Without joints and mesh, whatever is chosen. */
  readonly isBare?: boolean;
  /** These two should stay the same functions while they draw the same. */
  readonly under?: DrawAt | undefined;
  readonly over?: DrawAt | undefined;
  readonly legend?: Legend | undefined;
  readonly extent?: Extent | undefined;
  /** Told in px. */
  readonly onPick?: ((x: number, y: number) => void) | undefined;
  readonly onMove?: ((x: number, y: number) => void) | undefined;
  readonly onLeave?: (() => void) | undefined;
}) {
  const overlays = state.overlays.value;
  const joint = state.joint.value;
  const { truth, errors, faces } = view;
  const heat = overlays.heat && hand === view.refined ? errors.verticesMm : undefined;
  const shownLegend = legend ?? (heat && !isBare ? errorLegend(errorLimitOf(heat)) : undefined);
  const placeOf = (width: number, height: number) =>
    placeIn(width, height, extent ?? wholeOf(view), shownLegend && LEGEND * weightOf(width, height));
  const paint = useCallback(
    (context: CanvasRenderingContext2D, width: number, height: number) => {
      const place = placeOf(width, height);
      const { scale } = place;
      const weight = weightOf(width, height);
      const image = isDepth && view.depth !== undefined ? depthCanvas(view.depth, view) : canvasOf(view.crop);
      drawImage(context, image, place);
      under?.(context, place, weight);
      // What is predicted beside the crop is to be seen there.
      within(context, place, undefined, () => {
        if (isBare) return;
        if (heat !== undefined) drawErrorMesh(context, hand, faces, heat, errorLimitOf(heat), scale);
        if (overlays.mesh) drawWires(context, hand.vertices2d, faces, scale, weight);
        const style = { scale, weight, ...(joint !== undefined && { emphasised: joint }) };
        if (overlays.truth)
          drawSkeleton(context, truth.joints2d, { ...style, isTruth: true, confidence: truth.confidence });
        if (overlays.predicted) drawSkeleton(context, hand.joints2d, { ...style, isTruth: false });
      });
      over?.(context, place, weight);
      if (!isBare && joint !== undefined) {
        const { joints2d } = overlays.predicted ? hand : truth;
        if (overlays.predicted || overlays.truth) drawJointName(context, joint, joints2d, place, { width, weight });
      }
      if (shownLegend !== undefined) drawLegend(context, width, height, shownLegend);
    },
    [
      view,
      hand,
      isDepth,
      isBare,
      under,
      over,
      shownLegend?.label,
      shownLegend?.numbers.join(),
      extent,
      overlays,
      joint,
    ],
  );
  const point =
    (told: (x: number, y: number) => void): OnPoint =>
    (x, y, width, height) =>
      told(...pxUnder(placeOf(width, height), x, y));
  const hover: OnPoint = (x, y, width, height) => {
    const place = placeOf(width, height);
    const at = pxUnder(place, x, y);
    onMove?.(...at);
    if (!isBare) state.joint.value = jointAt([hand.joints2d, truth.joints2d], ...at, REACH / place.scale);
  };
  return (
    <Painting
      label={label}
      paint={paint}
      onMove={hover}
      onLeave={() => {
        if (!isBare) state.joint.value = undefined;
        onLeave?.();
      }}
      onPick={onPick && point(onPick)}
    />
  );
}

/** The name of joint `joint` of `joints` [21, 2] px, beside it. */
export function drawJointName(
  context: CanvasRenderingContext2D,
  joint: number,
  joints: ArrayLike<number>,
  place: Place,
  size: LabelSize,
): void {
  const [x, y] = pointOn(place, joints[2 * joint], joints[2 * joint + 1]);
  drawJointLabel(context, joint, x, y, size);
}

/** Legend of errors from 0 to `limit` mm. */
export function errorLegend(limit: number): Legend {
  return { label: "error of a vertex", numbers: ["0", `${limit / 2}`, `${limit} mm`] };
}
