/** Where the coarse mesh reads the feature maps. */

import { useSignal } from "@preact/signals";
import { useCallback, useMemo } from "preact/hooks";
import type { LookView, Sampling } from "../../train/inspect/types";
import { fixed } from "../format";
import { cssColour } from "../theme";
import type { Extent, Place } from "../widgets/place";
import { SamplePicture } from "./sample-picture";
import { ScaleChoice } from "./scale-choice";
import { Missing, OverlayToggles, Stage, type StageProps } from "./stage";

/** Room round the crop for vertices that lie beside it, as a share of its side. */
const MARGIN = 0.45;

/** The crop, and around it what the points need, up to a margin. */
export function samplingExtent(input: ArrayLike<number>, { width, height }: { width: number; height: number }): Extent {
  const reach = [0, 0, 0, 0];
  for (let v = 0; v < input.length; v += 2) {
    const [x, y] = [input[v], input[v + 1]];
    [-x, -y, x - width, y - height].forEach((beyond, side) => {
      if (beyond > reach[side]) reach[side] = beyond;
    });
  }
  const [left, top, right, bottom] = reach.map((beyond) => Math.min(MARGIN * height, beyond > 0 ? beyond + 4 : 0));
  return { x: -left, y: -top, width: width + left + right, height: height + top + bottom };
}

/** The vertices of the coarse hand over a feature map, inside and outside counted. */
export function SamplingStage({ state, view }: StageProps) {
  const scale = useSignal(0);
  const sampling: Sampling | undefined = view.sampling[scale.value] ?? view.sampling[0];
  if (sampling === undefined) {
    return (
      <Stage name="sampling">
        <Missing>This network has no feature maps that vertices could read: nothing is refined.</Missing>
      </Stage>
    );
  }
  return (
    <Stage
      name="sampling"
      controls={
        <>
          <ScaleChoice
            view={view}
            scale={sampling.scale}
            onScale={(chosen) => {
              scale.value = chosen;
            }}
          />
          <OverlayToggles state={state} view={view} names={["truth", "predicted", "mesh", "depth"]} />
        </>
      }
      foot={<SamplingWords sampling={sampling} view={view} />}
    >
      <SamplingPicture state={state} view={view} sampling={sampling} />
    </Stage>
  );
}

function SamplingWords({
  sampling: { inside, channels, scale },
  view,
}: {
  readonly sampling: Sampling;
  readonly view: LookView;
}) {
  const count = inside.reduce((sum, each) => sum + each, 0);
  const n = inside.length;
  return (
    <>
      Map {scale + 1} of {view.sampling.length}: <strong class="good">{count} inside</strong> (
      {fixed((100 * count) / n, 1)} %), <strong class={count < n ? "bad" : "dim"}>{n - count} outside</strong> of n ={" "}
      {n} vertices, each reading {channels} channels; outside reads zeros. Over all maps{" "}
      {fixed(100 * view.inMapShare, 1)} % are inside.
    </>
  );
}

function SamplingPicture({ state, view, sampling }: StageProps & { readonly sampling: Sampling }) {
  const extent = useMemo(() => samplingExtent(sampling.input, view), [sampling, view]);
  const over = useCallback(
    (context: CanvasRenderingContext2D, { scale, left, top }: Place, weight: number) => {
      const { input, inside, rows, columns } = sampling;
      context.strokeStyle = "rgb(255 255 255 / 0.35)";
      context.lineWidth = 1;
      context.strokeRect(left, top, scale * view.width, scale * view.height);
      context.beginPath();
      for (let i = 1; i < rows; i++) {
        context.moveTo(left, top + (scale * view.height * i) / rows);
        context.lineTo(left + scale * view.width, top + (scale * view.height * i) / rows);
      }
      for (let i = 1; i < columns; i++) {
        context.moveTo(left + (scale * view.width * i) / columns, top);
        context.lineTo(left + (scale * view.width * i) / columns, top + scale * view.height);
      }
      context.strokeStyle = "rgb(255 255 255 / 0.13)";
      context.stroke();
      const radius = Math.max(1.4, Math.min(3 * weight, scale * 0.45));
      for (let v = 0; v < inside.length; v++) {
        // What lies beyond the margin is drawn on its edge.
        const x = Math.max(extent.x + 1, Math.min(extent.x + extent.width - 1, input[2 * v]));
        const y = Math.max(extent.y + 1, Math.min(extent.y + extent.height - 1, input[2 * v + 1]));
        context.beginPath();
        context.arc(left + scale * x, top + scale * y, inside[v] === 1 ? radius : radius + 1, 0, 2 * Math.PI);
        context.fillStyle = inside[v] === 1 ? cssColour("--finger-pinky") : cssColour("--finger-index");
        context.fill();
        context.lineWidth = 0.5;
        context.strokeStyle = "rgb(0 0 0 / 0.55)";
        context.stroke();
      }
    },
    [view, sampling, extent],
  );
  return (
    <SamplePicture
      state={state}
      view={view}
      label={`Vertices of sample ${view.id} where they read the feature map`}
      hand={view.coarse}
      over={over}
      extent={extent}
    />
  );
}
