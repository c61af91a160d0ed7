/** The contact sheet: pictures with their joints, sorted, filtered, and one of them large. */
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { DataSummary, HealthCheck, SheetTile } from "../../data/summary";
import { fixed, plural } from "../format";
import { theme } from "../theme";
import { drawSkeleton } from "../widgets/draw-skeleton";
import { Toggle } from "../widgets/field";
import { Icon } from "../widgets/icons";
import { FingerLegend, HandFigure } from "../widgets/sample";
import { depthColour } from "../widgets/sample-canvas";
import type { DataState } from "./state";

type Looked = DataSummary["looked"][number];

const ORDERS = {
  spread: { label: "Spread over the set", by: undefined },
  near: { label: "Nearest first", by: ({ wristDepthMm }: Looked) => -wristDepthMm },
  far: { label: "Farthest first", by: ({ wristDepthMm }: Looked) => wristDepthMm },
  small: {
    label: "Smallest in the image first",
    by: ({ handSizePx }: Looked) => -(handSizePx ?? Number.POSITIVE_INFINITY),
  },
  depth: { label: "Worst depth first", by: ({ depthOff }: Looked) => depthOff ?? -1 },
  unseen: { label: "Most hidden first", by: ({ unseen }: Looked) => unseen },
  bent: { label: "Most bent first", by: ({ bent }: Looked) => bent ?? -1 },
} as const;
type Order = keyof typeof ORDERS;

/** Pictures shown at first, and added with "More". */
const PAGE = 40;

/** Pictures of the frames that were looked at. `only`: those that a health check points at. */
export function Sheet({
  state,
  summary,
  only,
  onAll,
}: {
  readonly state: DataState;
  readonly summary: DataSummary;
  readonly only: HealthCheck | undefined;
  readonly onAll: () => void;
}) {
  const order = useSignal<Order>("spread");
  const showJoints = useSignal(true);
  const showDepth = useSignal(false);
  const large = useSignal<string | undefined>(undefined);
  const shown = useSignal(PAGE);
  const all = sorted(summary.looked, order.value, shown.value, only);
  const ids = all.slice(0, shown.value).map(({ id }) => id);
  const key = ids.join("\n");
  useEffect(() => {
    void state.showTiles(ids);
  }, [key]);
  const tiles = state.tiles.value;
  const chosen = large.value !== undefined && ids.includes(large.value) ? large.value : undefined;
  const tile = chosen === undefined ? undefined : tiles.get(chosen);
  return (
    <div class="sheet" data-large={tile !== undefined}>
      <div class="sheet-tools">
        {only === undefined ? (
          <label class="pick">
            Order
            <select
              value={order.value}
              onChange={(event) => {
                order.value = event.currentTarget.value as Order;
                shown.value = PAGE;
              }}
            >
              {Object.entries(ORDERS).map(([value, { label }]) => (
                <option key={value} value={value}>
                  {label}
                </option>
              ))}
            </select>
          </label>
        ) : (
          <button type="button" class="small" onClick={onAll}>
            <Icon name="close" />
            {only.title}
          </button>
        )}
        <div class="toggles">
          <Toggle label="Joints" isOn={showJoints.value} onToggle={() => (showJoints.value = !showJoints.value)} />
          <Toggle label="Depth" isOn={showDepth.value} onToggle={() => (showDepth.value = !showDepth.value)} />
        </div>
        <FingerLegend />
      </div>
      <div class="sheet-scroll">
        <ul class="tiles" aria-label="Frames">
          {ids.map((id) => (
            <li key={id}>
              <button
                type="button"
                class="tile"
                aria-pressed={chosen === id}
                aria-label={`Frame ${id}`}
                title={id}
                onClick={() => (large.value = chosen === id ? undefined : id)}
              >
                <TilePicture tile={tiles.get(id)} showJoints={showJoints.value} showDepth={showDepth.value} />
                <span class="tile-id">{id}</span>
              </button>
            </li>
          ))}
        </ul>
        {all.length > ids.length && (
          <button type="button" class="more" onClick={() => (shown.value += PAGE)}>
            More ({plural(all.length - ids.length, "frame")})
          </button>
        )}
      </div>
      {tile !== undefined && (
        <Large
          tile={tile}
          facts={summary.looked.find(({ id }) => id === tile.id)!}
          showJoints={showJoints.value}
          showDepth={showDepth.value}
          onClose={() => (large.value = undefined)}
        />
      )}
    </div>
  );
}

/** In the wanted order; spread: the first page already stands for the whole set. */
function sorted(
  looked: readonly Looked[],
  order: Order,
  shown: number,
  only: HealthCheck | undefined,
): readonly Looked[] {
  if (only !== undefined) {
    const wanted = new Map(only.examples.map((id, place) => [id, place]));
    return looked.filter(({ id }) => wanted.has(id)).sort((a, b) => wanted.get(a.id)! - wanted.get(b.id)!);
  }
  const { by } = ORDERS[order];
  if (by !== undefined) return [...looked].sort((a, b) => by(b) - by(a));
  const first = Math.min(shown, looked.length);
  const chosen = new Set(Array.from({ length: first }, (_, i) => Math.floor(((i + 0.5) * looked.length) / first)));
  return [...looked.filter((_, i) => chosen.has(i)), ...looked.filter((_, i) => !chosen.has(i))];
}

/** Pixels of a tile with its joints over it, drawn at `scale` canvas pixels a pixel. */
function draw(canvas: HTMLCanvasElement, tile: SheetTile, showJoints: boolean, showDepth: boolean): void {
  const { side, rgb, depth, joints, states } = tile;
  const size = Math.max(1, Math.round(canvas.clientWidth * devicePixelRatio));
  canvas.width = size;
  canvas.height = size;
  const image = new ImageData(side, side);
  for (let i = 0; i < side * side; i++) {
    const colour = showDepth && depth !== undefined ? depthColour(depth[i]) : rgb.subarray(3 * i, 3 * i + 3);
    image.data.set(colour, 4 * i);
    image.data[4 * i + 3] = 255;
  }
  const picture = new OffscreenCanvas(side, side);
  picture.getContext("2d")!.putImageData(image, 0, 0);
  const context = canvas.getContext("2d")!;
  context.imageSmoothingQuality = "high";
  context.drawImage(picture, 0, 0, size, size);
  if (!showJoints) return;
  const scale = size / side;
  // Pixel centres are at whole numbers, hence the half pixel.
  context.translate(scale / 2, scale / 2);
  const confidence = states.map((state) => (state === "hidden" ? 0 : 1));
  drawSkeleton(context, joints, { scale, isTruth: false, confidence, weight: Math.max(0.7, size / 420) });
}

function TilePicture({
  tile,
  showJoints,
  showDepth,
}: {
  readonly tile: SheetTile | undefined;
  readonly showJoints: boolean;
  readonly showDepth: boolean;
}) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const mode = theme.value;
  useEffect(() => {
    const element = canvas.current;
    if (element === null || tile === undefined) return;
    const redraw = () => draw(element, tile, showJoints, showDepth);
    const observer = new ResizeObserver(redraw);
    observer.observe(element);
    return () => observer.disconnect();
  }, [tile, showJoints, showDepth, mode]);
  return <canvas ref={canvas} data-empty={tile === undefined} />;
}

const STATES = { seen: "seen", hidden: "hidden", "no reading": "without depth reading", outside: "outside" } as const;

function Large({
  tile,
  facts,
  showJoints,
  showDepth,
  onClose,
}: {
  readonly tile: SheetTile;
  readonly facts: Looked;
  readonly showJoints: boolean;
  readonly showDepth: boolean;
  readonly onClose: () => void;
}) {
  const states = Object.entries(STATES)
    .map(([state, words]) => [tile.states.filter((each) => each === state).length, words] as const)
    .filter(([n]) => n > 0)
    .map(([n, words]) => `${n} ${words}`)
    .join(", ");
  return (
    <aside class="closeup" aria-label={`Frame ${tile.id}`}>
      <div class="panel-head">
        <h4>{tile.id}</h4>
        <button type="button" class="quiet" aria-label="Close the large picture" onClick={onClose}>
          <Icon name="close" />
        </button>
      </div>
      <div class="closeup-picture" role="img" aria-label={`Crop of frame ${tile.id} with its joints`}>
        <TilePicture tile={tile} showJoints={showJoints} showDepth={showDepth} />
      </div>
      <dl class="facts">
        <div>
          <dt>Wrist at</dt>
          <dd>{fixed(facts.wristDepthMm, 0)} mm</dd>
        </div>
        <div>
          <dt>Hand in the image</dt>
          <dd>{fixed(facts.handSizePx, 0)} px</dd>
        </div>
        <div>
          <dt>Joints</dt>
          <dd title={states}>{states}</dd>
        </div>
      </dl>
      {tile.joints.length > 2 && (
        <div class="closeup-hand">
          <HandFigure
            view={{ joints3dTrue: tile.joints3d, joints3dPredicted: tile.joints3d }}
            joint={undefined}
            label={`Annotated hand of frame ${tile.id} in 3D`}
          />
        </div>
      )}
    </aside>
  );
}
