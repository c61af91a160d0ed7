/** The contact sheet: all samples of a set as pictures with their joints, sorted, filtered, and one of them large. */
import { useSignal } from "@preact/signals";
import { useEffect, useLayoutEffect, useMemo } from "preact/hooks";
import "../styles/inspect-grid.css";
import type { DataSummary, HealthCheck } from "../../data/summary";
import type { SetSample, SetTile } from "../../ranks/set-tiles";
import { count, fixed, plural, sentence } from "../format";
import { TileGrid, type TilesProps } from "../inspect/grid-tiles";
import { columnsFor } from "../inspect/grid-window";
import { Painting } from "../inspect/paint";
import { theme } from "../theme";
import { Toggle } from "../widgets/field";
import { Icon } from "../widgets/icons";
import { FingerLegend, HandFigure } from "../widgets/sample";
import { useIsland } from "../widgets/use-island";
import { SetPictures } from "./pictures";
import { holdings, type Layers, paintTile } from "./sheet-paint";
import type { DataState, Examined } from "./state";

type Looked = DataSummary["looked"][number];

/** CSS pixels of a picture at least; what is left of a row is given to its pictures. */
const TILE = 128;
/** Between pictures, as the grid has it. */
const GAP = 6;

/** Orders of the samples that were measured; what each sorts by stands below the pictures. */
const ORDERS = {
  near: {
    label: "Nearest first",
    by: ({ wristDepthMm }: Looked) => -wristDepthMm,
    says: ({ wristDepthMm }: Looked) => `${fixed(wristDepthMm, 0)} mm`,
  },
  far: {
    label: "Farthest first",
    by: ({ wristDepthMm }: Looked) => wristDepthMm,
    says: ({ wristDepthMm }: Looked) => `${fixed(wristDepthMm, 0)} mm`,
  },
  small: {
    label: "Smallest in the image first",
    by: ({ handSizePx }: Looked) => -(handSizePx ?? Number.POSITIVE_INFINITY),
    says: ({ handSizePx }: Looked) => (handSizePx === undefined ? "wrist only" : `${fixed(handSizePx, 0)} px`),
  },
  depth: {
    label: "Worst depth first",
    by: ({ depthOff }: Looked) => depthOff ?? -1,
    says: ({ depthOff }: Looked) => (depthOff === undefined ? "no reading" : `${fixed(100 * depthOff, 0)} % off`),
  },
  unseen: {
    label: "Most hidden first",
    by: ({ unseen }: Looked) => unseen,
    says: ({ unseen }: Looked) => `${fixed(100 * unseen, 0)} % hidden`,
  },
  bent: {
    label: "Most bent first",
    by: ({ bent }: Looked) => bent ?? -1,
    says: ({ bent }: Looked) => (bent === undefined ? "no MANO" : `${fixed(bent, 0)}° in all`),
  },
} as const;
/** "set": all samples as the set has them. */
type Order = "set" | keyof typeof ORDERS;

/** Pictures of a set. `only`: those that a health check points at. */
export function Sheet({
  state,
  examined,
  ids,
  only,
  onAll,
}: {
  readonly state: DataState;
  readonly examined: Examined;
  readonly ids: readonly string[];
  readonly only: HealthCheck | undefined;
  readonly onAll: () => void;
}) {
  const { key, set, summary } = examined;
  const order = useSignal<Order>("set");
  const showJoints = useSignal(true);
  const showDepth = useSignal(false);
  const focus = useSignal<number | undefined>(undefined);
  const pictures = useMemo(() => new SetPictures(state.api, set), [key]);
  useEffect(() => () => pictures.stop(), [pictures]);
  const by = summary === undefined ? "set" : order.value;
  const places = useMemo(() => placesOf(ids, summary, by, only), [ids, summary, by, only]);
  const looked = useMemo(() => new Map(summary?.looked.map((each) => [each.id, each])), [summary]);
  const large = pictures.large.value;
  const layers: Layers = { joints: showJoints.value, depth: showDepth.value };
  const onKey = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target instanceof HTMLSelectElement) return;
    if (event.key === "Escape" && pictures.chosen.value !== undefined) void pictures.enlarge(undefined);
    else if (event.key === "d") showDepth.value = !showDepth.value;
    else if (event.key === "t") showJoints.value = !showJoints.value;
    else return;
    // Else the dialog closes as well.
    event.preventDefault();
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: keys of the grid and of the buttons in it.
    <div class="sheet" data-large={large !== undefined} onKeyDown={onKey}>
      <div class="sheet-tools">
        {only === undefined ? (
          <OrderChoice order={by} summary={summary} total={ids.length} onOrder={(value) => (order.value = value)} />
        ) : (
          <button type="button" class="small" onClick={onAll}>
            <Icon name="close" />
            {only.title}
          </button>
        )}
        <div class="toggles">
          <Toggle
            label="Joints"
            shortcut="T"
            isOn={layers.joints}
            onToggle={() => (showJoints.value = !layers.joints)}
          />
          <Toggle label="Depth" shortcut="D" isOn={layers.depth} onToggle={() => (showDepth.value = !layers.depth)} />
        </div>
        <FingerLegend />
      </div>
      <div class="sheet-grid">
        <Reading pictures={pictures} />
        <Tiles
          key={key}
          {...{ ids, places, pictures, layers, focus: focus.value }}
          order={`${by} ${only?.name}`}
          figureOf={(tile) => {
            const facts = looked.get(tile.id);
            return by === "set" || facts === undefined ? undefined : ORDERS[by].says(facts);
          }}
          onFocus={(place) => {
            focus.value = place;
            // The large picture goes along.
            if (pictures.chosen.value !== undefined) void pictures.enlarge(place);
          }}
          onOpen={(place) => void pictures.enlarge(place)}
        />
      </div>
      {large !== undefined && (
        <Large tile={large} total={ids.length} layers={layers} onClose={() => void pictures.enlarge(undefined)} />
      )}
    </div>
  );
}

function OrderChoice({
  order,
  summary,
  total,
  onOrder,
}: {
  readonly order: Order;
  readonly summary: DataSummary | undefined;
  readonly total: number;
  readonly onOrder: (order: Order) => void;
}) {
  return (
    <label class="pick">
      Order
      <select
        value={order}
        disabled={summary === undefined}
        title={summary === undefined ? "Other orders come with the measured samples" : undefined}
        onChange={(event) => onOrder(event.currentTarget.value as Order)}
      >
        <option value="set">As in the set, {plural(total, "frame")}</option>
        {summary !== undefined && (
          <optgroup label={`${plural(summary.looked.length, "frame")} that were measured`}>
            {Object.entries(ORDERS).map(([value, { label }]) => (
              <option key={value} value={value}>
                {label}
              </option>
            ))}
          </optgroup>
        )}
      </select>
    </label>
  );
}

/** Places in the wanted order. */
function placesOf(
  ids: readonly string[],
  summary: DataSummary | undefined,
  order: Order,
  only: HealthCheck | undefined,
): readonly number[] {
  if (summary === undefined || (only === undefined && order === "set")) return ids.map((_, place) => place);
  const placeOf = new Map(ids.map((id, place) => [id, place]));
  const chosen =
    only !== undefined
      ? only.examples
      : [...summary.looked]
          .sort((a, b) => ORDERS[order as keyof typeof ORDERS].by(b) - ORDERS[order as keyof typeof ORDERS].by(a))
          .map(({ id }) => id);
  return chosen.flatMap((id) => placeOf.get(id) ?? []);
}

/** What is under way, and what has gone wrong, with the way on. */
function Reading({ pictures }: { readonly pictures: SetPictures }) {
  const problem = pictures.problem.value;
  const missing = pictures.missing.value;
  const isStopped = pictures.isStopped.value;
  if (problem !== undefined) {
    return (
      <div class="sheet-reading" role="alert">
        <Icon name="warn" />
        <span>The pictures could not be read: {sentence(problem)}</span>
        <button type="button" class="small" onClick={() => pictures.goOn()}>
          Try again
        </button>
      </div>
    );
  }
  if (missing === 0) return null;
  return (
    <div class="sheet-reading" role="status" data-late={!isStopped}>
      <span class="num">
        {isStopped ? `Stopped: ${plural(missing, "picture")} not read` : `Reading ${plural(missing, "picture")}`}
      </span>
      <button type="button" class="small" onClick={() => (isStopped ? pictures.goOn() : pictures.stop())}>
        {isStopped ? "Go on" : "Stop"}
      </button>
    </div>
  );
}

function Tiles({
  ids,
  places,
  pictures,
  layers,
  focus,
  order,
  figureOf,
  onFocus,
  onOpen,
}: {
  readonly ids: readonly string[];
  readonly places: readonly number[];
  readonly pictures: SetPictures;
  readonly layers: Layers;
  readonly focus: number | undefined;
  readonly order: string;
  readonly figureOf: (tile: SetTile) => string | undefined;
  readonly onFocus: (place: number) => void;
  readonly onOpen: (place: number) => void;
}) {
  const width = useSignal(TILE);
  const props: TilesProps = {
    label: `${plural(places.length, "sample")} of ${count(ids.length)}`,
    places,
    width: width.value,
    pictureHeight: width.value,
    focus,
    textOf: (place) => {
      const tile = pictures.get(place);
      const said = ` sample ${place + 1}, `;
      if (tile === undefined) return { id: ids[place], said, figure: "" };
      if (tile.kind === "unread") return { id: tile.id, said: `${said}${tile.problem}, `, figure: "not read" };
      return { id: tile.id, said, figure: figureOf(tile) ?? holdings(tile) };
    },
    colourOf: () => undefined,
    paint: (context, place, width, height) => {
      const tile = pictures.get(place);
      if (tile === undefined) return false;
      paintTile(context, tile, width, height, layers);
      return true;
    },
    order,
    version: `${layers.joints} ${layers.depth} ${order} ${theme.value}`,
    stampOf: (place) => String(pictures.get(place) !== undefined),
    pictures: pictures.version.value,
    onWant: (wanted) => pictures.want(wanted),
    onFocus,
    onOpen,
  };
  const element = useIsland(() => new TileGrid(), props);
  useLayoutEffect(() => {
    const grid = element.current!;
    const measure = () => {
      const { paddingLeft, paddingRight } = getComputedStyle(grid);
      const room = grid.clientWidth - Number.parseFloat(paddingLeft) - Number.parseFloat(paddingRight);
      const columns = columnsFor(room, TILE, GAP);
      width.value = Math.max(TILE, Math.floor((room - (columns - 1) * GAP) / columns));
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(grid);
    return () => observer.disconnect();
  }, []);
  return <div ref={element} class="sample-tiles" />;
}

const STATES = { seen: "seen", hidden: "hidden", "no reading": "without depth reading", outside: "outside" } as const;

function Large({
  tile,
  total,
  layers,
  onClose,
}: {
  readonly tile: SetTile;
  readonly total: number;
  readonly layers: Layers;
  readonly onClose: () => void;
}) {
  const { joints, depth } = layers;
  const paint = useMemo(
    () => (context: CanvasRenderingContext2D, width: number, height: number) =>
      paintTile(context, tile, width, height, { joints, depth }),
    [tile, joints, depth],
  );
  return (
    <aside class="closeup" aria-label={`Frame ${tile.id}`}>
      <div class="panel-head">
        <h4 title={tile.id}>{tile.id}</h4>
        <button type="button" class="quiet" aria-label="Close the large picture" onClick={onClose}>
          <Icon name="close" />
        </button>
      </div>
      {tile.kind === "unread" ? (
        <p class="state-note" role="alert">
          <Icon name="warn" />
          <span>
            Sample {count(tile.index + 1)} could not be read: {sentence(tile.problem)}
          </span>
        </p>
      ) : (
        <>
          <div class="closeup-picture">
            <Painting paint={paint} label={`Crop of frame ${tile.id}${joints ? " with its joints" : ""}`} />
          </div>
          <SampleFacts sample={tile} total={total} />
          {!tile.rootOnly && (
            <div class="closeup-hand">
              <HandFigure
                view={{ joints3dTrue: tile.joints3d, joints3dPredicted: tile.joints3d }}
                joint={undefined}
                label={`Annotated hand of frame ${tile.id} in 3D`}
              />
            </div>
          )}
        </>
      )}
    </aside>
  );
}

function SampleFacts({ sample, total }: { readonly sample: SetSample; readonly total: number }) {
  const { index, sequence, recording, square, hasDepth, hasMano, rootOnly, wristDepthMm, handSizePx } = sample;
  const states = Object.entries(STATES)
    .map(([state, words]) => [sample.states.filter((each) => each === state).length, words] as const)
    .filter(([n]) => n > 0)
    .map(([n, words]) => `${n} ${words}`)
    .join(", ");
  const counted = sample.thumbnail.confidence.reduce((sum, value) => sum + value, 0);
  const facts: readonly (readonly [name: string, value: string])[] = [
    ["Sample", `${count(index + 1)} of ${count(total)}`],
    ["Sequence", recording === sequence ? sequence : `${sequence} of recording ${recording}`],
    ["Box", `${fixed(square[2], 0)} px about (${fixed(square[0], 0)}, ${fixed(square[1], 0)})`],
    ["Modality", hasDepth ? "colour and depth" : "colour only"],
    ["Confidence", `1 at ${counted} of 21 joints${rootOnly ? ", the wrist alone" : ""}`],
    ["MANO", hasMano ? "pose, shape and translation" : "no parameters"],
    ["Wrist at", `${fixed(wristDepthMm, 0)} mm`],
    ["Hand in image", handSizePx === undefined ? "unknown" : `${fixed(handSizePx, 0)} px`],
    ["Joints", states],
  ];
  return (
    <dl class="facts">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd title={value}>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
