/** The feature maps that the mesh reads. */
import { useSignal } from "@preact/signals";
import { useCallback, useMemo } from "preact/hooks";
import type { FeatureMap } from "../../train/inspect/types";
import { fixed, significant } from "../format";
import { NumberField, Segmented } from "../widgets/field";
import { type Place, wholeOf } from "../widgets/place";
import { spanNumbers, spanOf } from "./colours";
import { drawHeat } from "./draw";
import { GROUP, type MapChoice } from "./map-choice";
import { cellAt } from "./patches";
import { SamplePicture } from "./sample-picture";
import { ScaleChoice } from "./scale-choice";
import { Missing, OverlayToggles, Stage, type StageProps } from "./stage";

const FIGURES: readonly { readonly value: MapChoice["figure"]; readonly label: string; readonly title: string }[] = [
  { value: "norm", label: "Length", title: "Euclidean length of all channels" },
  { value: "mean", label: "Mean", title: "Mean of all channels" },
  { value: "max", label: "Largest", title: "Largest of all channels" },
  { value: "channels", label: "Channels", title: "Single channels, a group at a time" },
];

/** One figure over all channels of a feature map, or a group of its channels. */
export function MapsStage({ state, view }: StageProps) {
  const choice = state.map.value;
  const set = (change: Partial<MapChoice>) =>
    state.show(() => {
      state.map.value = { ...choice, ...change };
    });
  const { scale } = choice;
  const hovered = useSignal<number | undefined>(undefined);
  const { channels, rows, columns } = view.sampling[scale] ?? view.sampling[0];
  const shown = state
    .chosenMaps()
    .map((wanted) => view.maps.find((each) => each.scale === wanted.scale && each.channel === wanted.channel))
    .filter((each) => each !== undefined);
  const groups = Math.ceil(channels / GROUP);
  const last = Math.min(channels, (choice.group + 1) * GROUP);
  return (
    <Stage
      name="maps"
      controls={
        <>
          <ScaleChoice view={view} scale={scale} onScale={(chosen) => set({ scale: chosen, group: 0 })} />
          <Segmented label="Figure" options={FIGURES} value={choice.figure} onValue={(figure) => set({ figure })} />
          {choice.figure === "channels" && (
            <div class="inline-field">
              <NumberField
                label="Group"
                min={1}
                max={groups}
                value={choice.group + 1}
                onValue={(group) => set({ group: group - 1 })}
              />
              <span class="hint">
                of {groups}: channels {choice.group * GROUP}–{last - 1}
              </span>
            </div>
          )}
          <OverlayToggles state={state} view={view} names={["truth", "predicted", "depth"]} />
        </>
      }
      foot={
        <>
          Map {scale + 1} of {view.sampling.length}: {rows} × {columns} cells of {channels} channels. A cell covers{" "}
          {fixed(view.width / columns, 1)} × {fixed(view.height / rows, 1)} px.{" "}
          {choice.figure === "channels"
            ? "Each picture has its own scale of colours, from its least to its largest value."
            : hovered.value !== undefined && shown.length === 1 && cellWords(shown[0], hovered.value)}
        </>
      }
    >
      {shown.length === 0 ? (
        <Missing>The feature map is on its way.</Missing>
      ) : shown.length === 1 ? (
        <MapPicture
          state={state}
          view={view}
          map={shown[0]}
          isLarge
          onHover={(cell) => {
            hovered.value = cell;
          }}
        />
      ) : (
        <div class="map-grid">
          {shown.map((map) => (
            <MapPicture key={map.channel} state={state} view={view} map={map} isLarge={false} />
          ))}
        </div>
      )}
    </Stage>
  );
}

const cellWords = ({ values, columns }: FeatureMap, cell: number): string =>
  `Row ${Math.floor(cell / columns) + 1}, column ${(cell % columns) + 1}: ${significant(values[cell], 3)}.`;

function MapPicture({
  state,
  view,
  map,
  isLarge,
  onHover,
}: StageProps & {
  readonly map: FeatureMap;
  readonly isLarge: boolean;
  /** Told the cell under the pointer. */
  readonly onHover?: (cell: number | undefined) => void;
}) {
  const span = useMemo(() => spanOf(map.values), [map]);
  const what =
    typeof map.channel === "number"
      ? `channel ${map.channel}`
      : `${map.channel === "norm" ? "length" : map.channel} of ${map.channels} channels`;
  const under = useCallback(
    (context: CanvasRenderingContext2D, place: Place) => drawHeat(context, map, span, wholeOf(view), place, isLarge),
    [view, map, span, isLarge],
  );
  const picture = (
    <SamplePicture
      state={state}
      view={view}
      label={`Feature map over the crop: ${what}, from ${significant(span.low, 3)} to ${significant(span.high, 3)}`}
      under={under}
      isBare={!isLarge}
      onMove={onHover && ((x, y) => onHover(cellAt(map, view, x, y)))}
      onLeave={onHover && (() => onHover(undefined))}
      legend={isLarge ? { label: what, numbers: spanNumbers(span), isOverPicture: true } : undefined}
    />
  );
  if (isLarge) return picture;
  return (
    <figure class="map-cell">
      {picture}
      <figcaption>
        {map.channel} <span class="dim num">{`${significant(span.low, 2)} … ${significant(span.high, 2)}`}</span>
      </figcaption>
    </figure>
  );
}
