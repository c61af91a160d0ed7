/** From the frame to what the network is shown. */
import { useSignal } from "@preact/signals";
import { useCallback } from "preact/hooks";
import type { AugmentStep, FilmedFrame } from "../../train/inspect/types";
import { fixed } from "../format";
import { cssColour } from "../theme";
import { drawSkeleton } from "../widgets/draw-skeleton";
import { NumberField } from "../widgets/field";
import { centredPlace, type Extent, placeIn, pxUnder, wholeOf } from "../widgets/place";
import { JOINT_NAMES } from "../widgets/skeleton";
import { magnification, residualLines } from "./diff";
import { canvasOf, depthCanvas, drawImage, drawPolygon, jointAt, within } from "./draw";
import { type OnPoint, Painting } from "./paint";
import { REACH, SamplePicture } from "./sample-picture";
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
      drawImage(context, canvasOf(frame), place);
      within(context, centredPlace(place), undefined, () => {
        if (frame.box !== undefined) {
          drawPolygon(context, boxCorners(frame.box), place.scale, {
            colour: cssColour("--finger-thumb"),
            dash: [2, 4],
          });
        }
        drawPolygon(context, cornersOf(frame.square), place.scale, { colour: "white", dash: [7, 5], line: 1.5 });
        drawPolygon(context, frame.corners, place.scale, { colour: cssColour("--finger-pinky"), line: 2.5 });
        if (!truth) return;
        const emphasis = joint === undefined ? {} : { emphasised: joint };
        const { confidence } = view.truth;
        drawSkeleton(context, frame.joints, {
          scale: place.scale,
          isTruth: true,
          confidence,
          weight: 0.8,
          ...emphasis,
        });
      });
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

/** Colour and depth beside each other, or depth in place of colour. */
export function CropStage({ state, view }: StageProps) {
  const { width, height, focal, trueFocal } = view;
  const isDepthAlone = state.overlays.value.depth && view.depth !== undefined;
  return (
    <Stage
      name="crop"
      controls={<OverlayToggles state={state} view={view} names={["truth", "predicted", "mesh", "depth", "heat"]} />}
      foot={`${width} × ${height} px. Focal length that the network uses: ${fixed(focal * height, 1)} px; the data set's own: ${fixed(trueFocal * height, 1)} px.`}
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
          <Missing>
            {view.plain === undefined
              ? "This sample has no depth: the network sees colour alone."
              : "The network was shown no depth: the what-if leaves it out, or the sample has none."}
          </Missing>
        ) : (
          <SamplePicture state={state} view={view} label={`Depth crop of sample ${view.id}: bright is near`} isDepth />
        )}
      </div>
    </Stage>
  );
}

/** The steps of the augmentation with the residual of the labels; a sentence where there is none. */
export function AugmentationStage({ state, view }: StageProps) {
  const chosen = useSignal<number | undefined>(undefined);
  if (view.steps.length === 0) return <NoAugmentation state={state} view={view} />;
  const at = Math.min(chosen.value ?? view.steps.length - 1, view.steps.length - 1);
  const step = view.steps[at];
  const worst = worstResidual(step);
  const times = magnification(worst.px);
  return (
    <Stage
      name="augmentation"
      controls={
        <>
          <EpochField state={state} />
          <OverlayToggles state={state} view={view} names={["truth", "depth"]} />
        </>
      }
      foot={
        <>
          Labels follow the picture to {residualText(worst.px)} at most ({JOINT_NAMES[worst.joint]}, n = 21 joints);
          above 0.01 px they do not. Rings: true joints; crosses: true 3D joints through the crop's camera.{" "}
          {times * worst.px < 1
            ? "Lines between them would be too short to see."
            : `Lines between them are drawn ${times} times as long.`}
        </>
      }
    >
      <div class="augmentation">
        <StepPicture state={state} view={view} step={step} times={times} />
        <div class="step-list" role="radiogroup" aria-label="Steps of the augmentation">
          {view.steps.map((each, i) => (
            <label key={each.name} class="step">
              <input
                type="radio"
                name="augment-step"
                checked={i === at}
                onChange={() => {
                  chosen.value = i;
                }}
              />
              <StepThumbnail step={each} isDepth={state.overlays.value.depth} />
              <span class="step-name">{each.name}</span>
              <span class="step-text">{each.text}</span>
              <span class="step-residual num" data-bad={worstResidual(each).px > 0.01}>
                {residualText(worstResidual(each).px)}
              </span>
            </label>
          ))}
        </div>
      </div>
    </Stage>
  );
}

const residualText = (px: number): string => (px < 1e-4 ? `${px.toExponential(0)} px` : `${fixed(px, 4)} px`);

/** The joint with the largest residual. */
function worstResidual({ residualPx }: AugmentStep): { readonly joint: number; readonly px: number } {
  const px = Math.max(...residualPx);
  return { joint: Math.max(0, residualPx.indexOf(px)), px };
}

function EpochField({ state }: Pick<StageProps, "state">) {
  return (
    <div class="inline-field">
      <NumberField
        label="Epoch"
        min={0}
        value={state.epoch.value}
        placeholder="as it is"
        onValue={(epoch) =>
          state.show(() => {
            state.epoch.value = epoch;
          })
        }
      />
      <button
        type="button"
        class="small"
        onClick={() =>
          state.show(() => {
            state.epoch.value = undefined;
          })
        }
      >
        As it is
      </button>
    </div>
  );
}

function NoAugmentation({ state, view }: StageProps) {
  const toTrain = (): void =>
    state.show(() => {
      if (view.split === "val") {
        state.split.value = "train";
        state.index.value = 0;
      }
      state.epoch.value = 0;
    });
  return (
    <Stage name="augmentation">
      <Missing>
        <p>
          {view.split === "val"
            ? "Validation samples are shown as they are: only training augments."
            : view.epoch === undefined
              ? "This training sample is shown as it is. Choose an epoch to see what training made of it then."
              : "This run trains without augmentation: there are no steps to show."}
        </p>
        {(view.split === "val" || view.epoch === undefined) && (
          <button type="button" onClick={toTrain}>
            {view.split === "val" ? "Go to the first training sample in epoch 0" : "Show it as in epoch 0"}
          </button>
        )}
      </Missing>
    </Stage>
  );
}

function StepThumbnail({ step, isDepth }: { readonly step: AugmentStep; readonly isDepth: boolean }) {
  const paint = useCallback(
    (context: CanvasRenderingContext2D, width: number, height: number) => {
      const place = placeIn(width, height, wholeOf(step));
      drawImage(context, isDepth && step.depth ? depthCanvas(step.depth, step) : canvasOf(step), place);
    },
    [step, isDepth],
  );
  return <Painting label={step.name} paint={paint} isHidden />;
}

function StepPicture({
  state,
  view,
  step,
  times,
}: StageProps & { readonly step: AugmentStep; readonly times: number }) {
  const joint = state.joint.value;
  const { truth, depth } = state.overlays.value;
  const paint = useCallback(
    (context: CanvasRenderingContext2D, width: number, height: number) => {
      const place = placeIn(width, height, wholeOf(step));
      const { scale } = place;
      drawImage(context, depth && step.depth ? depthCanvas(step.depth, step) : canvasOf(step), place);
      if (!truth) return;
      within(context, place, wholeOf(step), () => {
        const emphasis = joint === undefined ? {} : { emphasised: joint };
        const { confidence } = view.truth;
        drawSkeleton(context, step.joints, { scale, isTruth: true, confidence, ...emphasis });
        drawCrosses(context, step.reprojected, scale);
        drawResiduals(context, residualLines(step.joints, step.reprojected, times), scale);
      });
    },
    [step, depth, truth, joint, view.truth, times],
  );
  const onMove: OnPoint = (x, y, width, height) => {
    const place = placeIn(width, height, wholeOf(step));
    state.joint.value = jointAt([step.joints], ...pxUnder(place, x, y), REACH / place.scale);
  };
  return (
    <Painting
      label={`After "${step.name}": ${step.text}`}
      paint={paint}
      onMove={onMove}
      onLeave={() => {
        state.joint.value = undefined;
      }}
    />
  );
}

function drawCrosses(context: CanvasRenderingContext2D, points: ArrayLike<number>, scale: number): void {
  context.beginPath();
  for (let i = 0; i < points.length; i += 2) {
    const [x, y] = [scale * points[i], scale * points[i + 1]];
    context.moveTo(x - 3, y - 3);
    context.lineTo(x + 3, y + 3);
    context.moveTo(x - 3, y + 3);
    context.lineTo(x + 3, y - 3);
  }
  context.lineWidth = 1.3;
  context.strokeStyle = cssColour("--finger-pinky");
  context.stroke();
}

function drawResiduals(context: CanvasRenderingContext2D, lines: ArrayLike<number>, scale: number): void {
  context.beginPath();
  for (let i = 0; i < lines.length; i += 4) {
    context.moveTo(scale * lines[i], scale * lines[i + 1]);
    context.lineTo(scale * lines[i + 2], scale * lines[i + 3]);
  }
  context.lineWidth = 2;
  context.strokeStyle = cssColour("--finger-thumb");
  context.stroke();
}
