/** What training minimises, and where it would move. */
import { useSignal } from "@preact/signals";
import { useCallback, useMemo } from "preact/hooks";
import type { LossName } from "../../train/events";
import type { Gradients, LookView } from "../../train/inspect/types";
import { count, fixed, significant } from "../format";
import { Segmented, Toggle } from "../widgets/field";
import { type Place, wholeOf } from "../widgets/place";
import { type Bar, drawBars } from "./bars";
import { quantile } from "./colours";
import { drawHeat } from "./draw";
import { Painting } from "./paint";
import { SamplePicture } from "./sample-picture";
import { halfShare, lengthOverChannels } from "./scales";
import { Missing, OverlayToggles, Stage, type StageProps } from "./stage";

/** Contributions of the terms to total_loss, largest last as they stand; bars of them. */
export function lossBars({ losses }: Pick<LookView, "losses">): readonly Bar[] {
  return losses
    .filter(({ name }) => name !== "total_loss")
    .map(({ name, value, weight }, i) => ({
      label: name,
      value: value * weight,
      text: significant(value * weight, 4),
      colour: `--series-${1 + (i % 5)}`,
    }));
}

/** What each term measures. */
const MEANINGS: Readonly<Record<LossName, string>> = {
  loss_2d: "L1 distance of the 21 joints in the picture, in sides of the crop",
  loss_3d_joint: "L1 distance of the 21 joints in space, laid wrist on wrist, m",
  loss_3d_vert: "L1 distance of the vertices in space, laid wrist on wrist, m",
  shape_prior: "how unusual the hand's shape is: mean square of its 10 numbers",
  loss_aux: "coarse hand: squared error of its rotations and of its shape",
  total_loss: "what one step of training makes smaller",
};

/** Weighted terms as bars, and all of their numbers. */
export function LossesStage({ view }: StageProps) {
  const bars = useMemo(() => lossBars(view), [view]);
  const total = view.losses.find(({ name }) => name === "total_loss");
  const paint = useCallback(
    (context: CanvasRenderingContext2D, width: number, height: number) => drawBars(context, width, height, bars, false),
    [bars],
  );
  return (
    <Stage
      name="losses"
      foot={
        <>
          total_loss = {significant(total?.value, 5)}, the sum of {bars.length} weighted terms, n = 1 sample. Bars show
          the weighted terms; their units differ, so weights say how they are traded against each other.
        </>
      }
    >
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard. */}
      <section class="losses" aria-label="Loss terms" tabIndex={0}>
        <div class="loss-bars">
          <Painting label="Weighted loss terms as bars; the table below has the numbers" paint={paint} />
        </div>
        <table>
          <thead>
            <tr>
              <th scope="col">Term</th>
              <th scope="col" class="number">
                Value
              </th>
              <th scope="col" class="number">
                Weight
              </th>
              <th scope="col" class="number">
                Weighted
              </th>
              <th scope="col" class="number">
                Share of total <span class="unit">%</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {view.losses.map(({ name, value, weight }) => (
              <tr key={name}>
                <th scope="row">
                  {name}
                  <span class="loss-meaning">{MEANINGS[name]}</span>
                </th>
                <td class="number">{significant(value, 5)}</td>
                <td class="number">{significant(weight, 3)}</td>
                <td class="number strong">{significant(value * weight, 5)}</td>
                <td class="number">{total === undefined ? "–" : fixed((100 * value * weight) / total.value, 1)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </Stage>
  );
}

/** Gradient with respect to image or depth, and the norm of each module. */
export function GradientsStage({ state, view }: StageProps) {
  const { gradients } = view;
  if (gradients === undefined) {
    return (
      <Stage name="gradients">
        <Missing>
          {state.isLoading.value
            ? "The backward pass of this sample is under way; the first one records and compiles its plan."
            : "The gradient of this sample has not been computed: Predict again runs its backward pass."}
        </Missing>
      </Stage>
    );
  }
  return <GradientPictures state={state} view={view} gradients={gradients} />;
}

function GradientPictures({ state, view, gradients }: StageProps & { readonly gradients: Gradients }) {
  const input = useSignal<"image" | "depth">("image");
  const isLog = useSignal(true);
  const pixels = view.width * view.height;
  const values = useMemo(() => lengthOverChannels(gradients[input.value], pixels), [gradients, input.value]);
  // A handful of pixels may be far above the rest.
  const span = useMemo(() => ({ low: 0, high: quantile(values, 0.995) || 1e-30 }), [values]);
  const under = useCallback(
    (context: CanvasRenderingContext2D, place: Place) =>
      drawHeat(context, { values, rows: view.height, columns: view.width }, span, wholeOf(view), place, true),
    [values, span, view],
  );
  const bars = useMemo(() => moduleBars(gradients), [gradients]);
  const paint = useCallback(
    (context: CanvasRenderingContext2D, width: number, height: number) =>
      drawBars(context, width, height, bars, isLog.value),
    [bars, isLog.value],
  );
  const unit = input.value === "image" ? "loss per standard deviation" : "loss per 1 of depth in [-1, 1]";
  return (
    <Stage
      name="gradients"
      controls={
        <>
          <Segmented
            label="Gradient with respect to"
            options={[
              { value: "image", label: "Image" },
              { value: "depth", label: "Depth" },
            ]}
            value={input.value}
            onValue={(value) => {
              input.value = value;
            }}
          />
          <Toggle
            label="Log bars"
            isOn={isLog.value}
            onToggle={() => {
              isLog.value = !isLog.value;
            }}
          />
          <OverlayToggles state={state} view={view} names={["truth", "predicted", "depth"]} />
        </>
      }
      foot={
        input.value === "depth" && view.depth === undefined ? (
          "The network was shown no depth, so its gradient is zero everywhere."
        ) : (
          <>
            Half of the gradient lies in {fixed(100 * halfShare(values), 1)} % of the {count(pixels)} pixels. Norm over
            all {count(gradients.modules.reduce((sum, { parameters }) => sum + parameters, 0))} parameters:{" "}
            {significant(gradients.norm, 4)}. Bars: blue is the backbone, orange the rest.
          </>
        )
      }
    >
      <div class="stage-pair">
        <SamplePicture
          state={state}
          view={view}
          label={`Length of the gradient of total_loss with respect to the ${input.value}, pixel by pixel`}
          under={under}
          legend={{
            label: unit,
            numbers: [0, span.high / 2, span.high].map((value) => significant(value, 2)),
            isOverPicture: true,
          }}
        />
        <div class="module-bars">
          <Painting label="Gradient norm of each module as bars; a table with the numbers follows" paint={paint} />
          <div class="sr-only">
            <table>
              <caption>Gradient norm of each module</caption>
              <tbody>
                {gradients.modules.map(({ name, parameters, norm }) => (
                  <tr key={name}>
                    <th scope="row">{name}</th>
                    <td>{count(parameters)} parameters</td>
                    <td>{significant(norm, 4)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </div>
      </div>
    </Stage>
  );
}

/** Norms by module, in the order of the network; the backbone in one colour, the rest in another. */
export function moduleBars({ modules }: Pick<Gradients, "modules">): readonly Bar[] {
  return modules.map(({ name, norm }) => ({
    label: name,
    value: norm,
    text: significant(norm, 3),
    colour: name.startsWith("vit_backbone") ? "--series-1" : "--series-2",
  }));
}
