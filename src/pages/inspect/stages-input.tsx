/** The frame as it was filmed, and the crop that the network is shown. */
import { useCallback } from "preact/hooks";
import type { FilmedFrame } from "../../train/inspect/types";
import { fixed } from "../format";
import { cssColour } from "../theme";
import { drawSkeleton } from "../widgets/draw-skeleton";
import { centredPlace, type Extent, placeIn, pxUnder, weightOf } from "../widgets/place";
import { canvasOf, drawImage, drawPolygon, jointAt, within } from "./draw";
import { type OnPoint, Painting } from "./paint";
import { drawJointName, REACH, SamplePicture } from "./sample-picture";
import { Missing, OverlayToggles, Stage, type StageProps } from "./stage";

/** Of a square given by its middle and its side, the corners [4, 2]. */
const cornersOf = ([x, y, side]: readonly [number, number, number]): number[] =>
  [
    [-1, -1],
    [1, -1],
    [1, 1],
    [-1, 1],
  ].flatMap(([dx, dy]) => [x + (dx * side) / 2, y + (dy * side) / 2]);

const boxCorners = ([x1, y1, x2, y2]: readonly [number, number, number, number]): number[] => [
  ...[x1, y1, x2, y1],
  ...[x2, y2, x1, y2],
];

/** The frame and what is cut out of it, even where that lies beyond its borders. */
export function frameExtent({ width, height, corners }: Pick<FilmedFrame, "width" | "height" | "corners">): Extent {
  const of = (k: number) => Array.from({ length: 4 }, (_, i) => corners[2 * i + k] + 0.5);
  const [x, y] = [Math.min(0, ...of(0)), Math.min(0, ...of(1))];
  return { x, y, width: Math.max(width, ...of(0)) - x, height: Math.max(height, ...of(1)) - y };
}

/** The frame as filmed, the square and what the network sees of it. */
export function FrameStage({ state, view }: StageProps) {
  const { frame } = view;
  const isThere = frame !== undefined && typeof frame !== "string";
  return (
    <Stage
      name="frame"
      controls={isThere && <OverlayToggles state={state} view={view} names={["truth"]} />}
      foot={
        isThere && (
          <>
            {frame.width} × {frame.height} px; the square is {fixed(frame.square[2], 1)} px wide, centred at{" "}
            {fixed(frame.square[0], 1)}, {fixed(frame.square[1], 1)}. Solid: what the network sees; dashed: the square
            before augmentation
            {frame.box === undefined ? "; the data set brings no box of its own" : "; dotted: the data set's box"}.
          </>
        )
      }
    >
      {isThere ? (
        <FramePicture state={state} view={view} frame={frame} />
      ) : (
        <Missing>{frame ?? "The frame was not part of the answer: Predict again asks for it."}</Missing>
      )}
    </Stage>
  );
}

function FramePicture({ state, view, frame }: StageProps & { readonly frame: FilmedFrame }) {
  const joint = state.joint.value;
  const { truth } = state.overlays.value;
  const paint = useCallback(
    (context: CanvasRenderingContext2D, width: number, height: number) => {
      const place = placeIn(width, height, frameExtent(frame));
      const weight = weightOf(width, height);
      drawImage(context, canvasOf(frame), place);
      within(context, centredPlace(place), undefined, () => {
        if (frame.box !== undefined) {
          drawPolygon(context, boxCorners(frame.box), place.scale, {
            colour: cssColour("--finger-thumb"),
            dash: [2, 4],
            line: 2 * weight,
          });
        }
        drawPolygon(context, cornersOf(frame.square), place.scale, {
          colour: "white",
          dash: [7, 5],
          line: 1.5 * weight,
        });
        drawPolygon(context, frame.corners, place.scale, { colour: cssColour("--finger-pinky"), line: 2.5 * weight });
        if (!truth) return;
        const emphasis = joint === undefined ? {} : { emphasised: joint };
        const { confidence } = view.truth;
        drawSkeleton(context, frame.joints, {
          scale: place.scale,
          isTruth: true,
          confidence,
          weight: 0.8 * weight,
          ...emphasis,
        });
      });
      if (truth && joint !== undefined)
        drawJointName(context, joint, frame.joints, centredPlace(place), { width, weight });
    },
    [frame, truth, joint, view.truth],
  );
  const onMove: OnPoint = (x, y, width, height) => {
    const place = centredPlace(placeIn(width, height, frameExtent(frame)));
    state.joint.value = jointAt([frame.joints], ...pxUnder(place, x, y), REACH / place.scale);
  };
  return (
    <Painting
      label={`Frame of sample ${view.id}, ${frame.width} by ${frame.height} pixels, with the square that is cut out`}
      paint={paint}
      onMove={onMove}
      onLeave={() => {
        state.joint.value = undefined;
      }}
    />
  );
}

/** Who took the depth away, where it is not there. */
function whyNoDepth({ whatIf }: StageProps["state"], { steps, epoch, plain }: StageProps["view"]): string {
  if (plain !== undefined && whatIf.value.dropDepth)
    return "The network was shown no depth: the what-if leaves it out.";
  return steps.some(({ depth }) => depth !== undefined)
    ? `The augmentation of epoch ${epoch} leaves the depth out: the network sees colour alone.`
    : "This sample has no depth: the network sees colour alone.";
}

/** Colour and depth beside each other, or depth in place of colour. */
export function CropStage({ state, view }: StageProps) {
  const { width, height, focal, trueFocal } = view;
  const isDepthAlone = state.overlays.value.depth && view.depth !== undefined;
  return (
    <Stage
      name="crop"
      controls={<OverlayToggles state={state} view={view} names={["truth", "predicted", "mesh", "depth", "heat"]} />}
      foot={`${width} × ${height} px. Focal length that the network uses: ${fixed(focal * height, 1)} px; the data set's own: ${fixed(trueFocal * height, 1)} px.${view.depth === undefined ? "" : " Depth: bright is near, black is far from the hand or was not measured."}`}
    >
      <div class={isDepthAlone ? "stage-alone" : "stage-pair"}>
        {!isDepthAlone && (
          <SamplePicture
            state={state}
            view={view}
            label={`Colour crop of sample ${view.id} with joints`}
            isDepth={false}
          />
        )}
        {view.depth === undefined ? (
          <Missing>{whyNoDepth(state, view)}</Missing>
        ) : (
          <SamplePicture state={state} view={view} label={`Depth crop of sample ${view.id}: bright is near`} isDepth />
        )}
      </div>
    </Stage>
  );
}
