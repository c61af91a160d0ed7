/** What training does to a sample before the network sees it. */
import { useSignal } from "@preact/signals";
import { useCallback } from "preact/hooks";
import type { AugmentStep } from "../../train/inspect/types";
import { fixed, sentence } from "../format";
import { cssColour } from "../theme";
import { drawSkeleton } from "../widgets/draw-skeleton";
import { NumberField } from "../widgets/field";
import { placeIn, pxUnder, weightOf, wholeOf } from "../widgets/place";
import { JOINT_NAMES } from "../widgets/skeleton";
import { magnification, residualLines } from "./diff";
import { canvasOf, depthCanvas, drawImage, jointAt, within } from "./draw";
import { type OnPoint, Painting } from "./paint";
import { drawJointName, REACH } from "./sample-picture";
import { Missing, OverlayToggles, Stage, type StageProps } from "./stage";

/** The steps of the augmentation with the residual of the labels; a sentence where there is none. */
export function AugmentationStage({ state, view }: StageProps) {
  const chosen = useSignal<number | undefined>(undefined);
  if (view.steps.length === 0) return <NoAugmentation state={state} view={view} />;
  const at = Math.min(chosen.value ?? view.steps.length - 1, view.steps.length - 1);
  const step = view.steps[at];
  const worst = worstResidual(step);
  const times = magnification(worst.px);
  const lit = state.joint.value;
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
          After “{step.name}” ({step.text}). Labels follow the picture to {residualText(worst.px)} at most (
          {JOINT_NAMES[worst.joint]}, n = 21 joints); above 0.01 px they do not.
          {lit !== undefined && ` ${sentence(JOINT_NAMES[lit])}: ${residualText(step.residualPx[lit])}.`} Rings: true
          joints; crosses: true 3D joints re-projected through the crop's camera.{" "}
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
      const weight = weightOf(width, height);
      drawImage(context, depth && step.depth ? depthCanvas(step.depth, step) : canvasOf(step), place);
      if (!truth) return;
      within(context, place, wholeOf(step), () => {
        const emphasis = joint === undefined ? {} : { emphasised: joint };
        const { confidence } = view.truth;
        drawSkeleton(context, step.joints, { scale, isTruth: true, confidence, weight, ...emphasis });
        drawCrosses(context, step.reprojected, scale, weight);
        drawResiduals(context, residualLines(step.joints, step.reprojected, times), scale, weight);
      });
      if (joint !== undefined) drawJointName(context, joint, step.joints, place, { width, weight });
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

function drawCrosses(
  context: CanvasRenderingContext2D,
  points: ArrayLike<number>,
  scale: number,
  weight: number,
): void {
  const arm = 3 * weight;
  context.beginPath();
  for (let i = 0; i < points.length; i += 2) {
    const [x, y] = [scale * points[i], scale * points[i + 1]];
    context.moveTo(x - arm, y - arm);
    context.lineTo(x + arm, y + arm);
    context.moveTo(x - arm, y + arm);
    context.lineTo(x + arm, y - arm);
  }
  context.lineWidth = 1.3 * weight;
  context.strokeStyle = cssColour("--finger-pinky");
  context.stroke();
}

function drawResiduals(
  context: CanvasRenderingContext2D,
  lines: ArrayLike<number>,
  scale: number,
  weight: number,
): void {
  context.beginPath();
  for (let i = 0; i < lines.length; i += 4) {
    context.moveTo(scale * lines[i], scale * lines[i + 1]);
    context.lineTo(scale * lines[i + 2], scale * lines[i + 3]);
  }
  context.lineWidth = 2 * weight;
  context.strokeStyle = cssColour("--finger-thumb");
  context.stroke();
}
