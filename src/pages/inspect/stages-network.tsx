/** From tokens to where the mesh reads the feature maps. */
import { useSignal } from "@preact/signals";
import { useCallback, useMemo } from "preact/hooks";
import type { AttentionHead, FeatureMap, LookView, Sampling, TokenGrid } from "../../train/inspect/types";
import { fixed, plural, significant } from "../format";
import { cssColour } from "../theme";
import { NumberField, Segmented } from "../widgets/field";
import { type Extent, type Place, placeIn, wholeOf } from "../widgets/place";
import {
  attentionRow,
  patchesOutsideFrame,
  patchesWithoutDepth,
  spreadOf,
  tokenCount,
  tokenName,
  topTokens,
} from "./attention";
import { type Span, spanOf } from "./colours";
import { canvasOf, drawHeat, drawImage } from "./draw";
import { Painting } from "./paint";
import { SamplePicture } from "./sample-picture";
import { Missing, OverlayToggles, Slider, Stage, type StageProps } from "./stage";
import { GROUP, type MapChoice } from "./state";

const numbersOf = ({ low, high }: Span, unit = ""): string[] =>
  [low, (low + high) / 2, high].map((value, i) => `${significant(value, 3)}${i === 2 ? unit : ""}`);

/** Lines between patches, and a frame round one of them. */
function drawPatches(
  context: CanvasRenderingContext2D,
  { rows, columns, patch }: TokenGrid,
  { scale, left, top }: Place,
  chosen?: number,
): void {
  context.beginPath();
  for (let row = 0; row <= rows; row++) {
    context.moveTo(left, top + scale * patch * row);
    context.lineTo(left + scale * patch * columns, top + scale * patch * row);
  }
  for (let column = 0; column <= columns; column++) {
    context.moveTo(left + scale * patch * column, top);
    context.lineTo(left + scale * patch * column, top + scale * patch * rows);
  }
  context.lineWidth = 1;
  context.strokeStyle = "rgb(255 255 255 / 0.3)";
  context.stroke();
  if (chosen === undefined) return;
  const [x, y] = [left + scale * patch * (chosen % columns), top + scale * patch * Math.floor(chosen / columns)];
  for (const [line, colour] of [
    [5, "rgb(0 0 0 / 0.6)"],
    [2.5, "white"],
  ] as const) {
    context.lineWidth = line;
    context.strokeStyle = colour;
    context.strokeRect(x, y, scale * patch, scale * patch);
  }
}

/** Patches with 1 in `marked` [rows * columns] are hatched. */
function hatch(
  context: CanvasRenderingContext2D,
  { rows, columns, patch }: TokenGrid,
  { scale, left, top }: Place,
  marked: Uint8Array,
  isRising: boolean,
): void {
  const side = scale * patch;
  context.save();
  context.beginPath();
  for (let i = 0; i < rows * columns; i++) {
    if (marked[i] === 1) context.rect(left + side * (i % columns), top + side * Math.floor(i / columns), side, side);
  }
  context.clip();
  context.beginPath();
  const [wide, high] = [side * columns, side * rows];
  for (let offset = -high; offset < wide; offset += 9) {
    context.moveTo(left + offset, isRising ? top + high : top);
    context.lineTo(left + offset + high, isRising ? top : top + high);
  }
  context.lineWidth = 1.2;
  context.strokeStyle = isRising ? "rgb(255 255 255 / 0.5)" : "rgb(255 120 120 / 0.75)";
  context.stroke();
  context.restore();
}

/** The patch at a point in px; undefined beside the grid. */
function patchAt({ rows, columns, patch }: TokenGrid, x: number, y: number): number | undefined {
  const [column, row] = [Math.floor(x / patch), Math.floor(y / patch)];
  return column >= 0 && row >= 0 && column < columns && row < rows ? row * columns + column : undefined;
}

/** The patches, coloured by the length of their tokens; hatched where nothing was seen. */
export function TokensStage({ state, view }: StageProps) {
  const { tokens } = view;
  const norms = useSignal<"inputNorms" | "outputNorms" | "none">("inputNorms");
  const hovered = useSignal<number | undefined>(undefined);
  const values = norms.value === "none" ? undefined : tokens[norms.value];
  const patches = useMemo(() => values?.subarray(tokens.front.length), [values]);
  const span = useMemo(() => spanOf(patches ?? []), [patches]);
  const empty = useMemo(() => view.depth && patchesWithoutDepth(view.depth, tokens), [view.depth, tokens]);
  const outside = useMemo(
    () => (typeof view.frame === "object" ? patchesOutsideFrame(view.frame, tokens) : undefined),
    [view.frame, tokens],
  );
  const { token } = state;
  const chosen = token.value >= tokens.front.length ? token.value - tokens.front.length : undefined;
  const under = useCallback(
    (context: CanvasRenderingContext2D, place: Place) => {
      const map = patches && { values: patches, rows: tokens.rows, columns: tokens.columns };
      if (map !== undefined) drawHeat(context, map, span, wholeOf(view), place, true);
      if (empty !== undefined) hatch(context, tokens, place, empty, true);
      if (outside !== undefined) hatch(context, tokens, place, outside, false);
      drawPatches(context, tokens, place, chosen);
    },
    [view, patches, span, empty, outside, chosen],
  );
  const sum = (marks: Uint8Array) => marks.reduce((total, each) => total + each, 0);
  const shown = hovered.value ?? chosen;
  const patchCount = tokens.rows * tokens.columns;
  return (
    <Stage
      name="tokens"
      controls={
        <>
          <Segmented
            label="Length of tokens"
            options={[
              { value: "inputNorms", label: "Before block 1" },
              { value: "outputNorms", label: "After the last" },
              { value: "none", label: "Grid alone" },
            ]}
            value={norms.value}
            onValue={(value) => {
              norms.value = value;
            }}
          />
          <OverlayToggles state={state} view={view} names={["truth", "predicted", "depth"]} />
        </>
      }
      foot={
        <>
          {tokens.front.length} tokens in front and {tokens.rows} × {tokens.columns} = {patchCount} patches of{" "}
          {tokens.patch} px; none is masked.{" "}
          {empty === undefined
            ? "No patch has depth."
            : `White hatching: ${plural(sum(empty), "patch", "patches")} without any depth.`}{" "}
          {outside === undefined
            ? "Which patches lie outside of the frame is not known: there is no frame."
            : `Red hatching: ${plural(sum(outside), "patch", "patches")} outside of the frame.`}
          {shown !== undefined && values !== undefined && (
            <>
              {" "}
              {tokenName(tokens, tokens.front.length + shown)}: {significant(values[tokens.front.length + shown], 3)}.
            </>
          )}
        </>
      }
    >
      <div class="with-side">
        <SamplePicture
          state={state}
          view={view}
          label={`Patches of sample ${view.id}, coloured by the length of their tokens`}
          under={under}
          legend={patches && { label: "length of a token", numbers: numbersOf(span), isOverPicture: true }}
          onMove={(x, y) => {
            hovered.value = patchAt(tokens, x, y);
          }}
          onPick={(x, y) => {
            const patch = patchAt(tokens, x, y);
            if (patch !== undefined) token.value = tokens.front.length + patch;
          }}
        />
        <TokenList state={state} view={view} values={values} unit="length" />
      </div>
    </Stage>
  );
}

/** The tokens in front of the patches, each with a number; a click chooses one. */
function TokenList({
  state,
  view,
  values,
  unit,
}: StageProps & { readonly values: ArrayLike<number> | undefined; readonly unit: string }) {
  const { tokens } = view;
  const most = values === undefined ? 1 : Math.max(...tokens.front.map((_, i) => values[i]), 1e-12);
  return (
    <section class="token-list" aria-label={`Tokens in front of the patches, ${unit}`}>
      <h3>
        In front <span class="unit">{unit}</span>
      </h3>
      <ul>
        {tokens.front.map((name, i) => (
          <li key={name}>
            <button
              type="button"
              class="token"
              aria-pressed={state.token.value === i}
              data-lit={tokens.joints[i] !== undefined && tokens.joints[i] === state.joint.value}
              onClick={() => {
                state.token.value = i;
              }}
              onPointerEnter={() => {
                state.joint.value = tokens.joints[i];
              }}
              onPointerLeave={() => {
                state.joint.value = undefined;
              }}
            >
              <span class="token-bar" style={{ transform: `scaleX(${values === undefined ? 0 : values[i] / most})` }} />
              <span class="token-name">{name}</span>
              <span class="num">
                {values === undefined ? "" : unit === "%" ? fixed(100 * values[i], 1) : significant(values[i], 3)}
              </span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** Attention of one token, of a block and a head or the mean of all. */
export function AttentionStage({ state, view }: StageProps) {
  const { tokens } = view;
  const block = state.chosenBlock() ?? 0;
  const heads = view.attention.filter((each) => each.block === block);
  const token = Math.min(state.token.value, tokenCount(tokens) - 1);
  const head = state.head.value === undefined ? undefined : Math.min(state.head.value, tokens.heads - 1);
  return (
    <Stage
      name="attention"
      controls={
        <>
          <TokenSelect state={state} view={view} token={token} />
          <Slider
            label="Block"
            value={block}
            max={tokens.blocks - 1}
            text={`${block + 1} of ${tokens.blocks}`}
            onValue={(value) =>
              state.show(() => {
                state.block.value = value;
              })
            }
          />
          <Slider
            label="Head"
            value={head === undefined ? 0 : head + 1}
            max={tokens.heads}
            text={head === undefined ? "mean of all" : `${head + 1} of ${tokens.heads}`}
            onValue={(value) => {
              state.head.value = value === 0 ? undefined : value - 1;
            }}
          />
          <OverlayToggles state={state} view={view} names={["truth", "predicted", "depth"]} />
        </>
      }
      foot={<AttentionWords view={view} heads={chosenHeads(heads, head)} token={token} />}
    >
      {heads.length === 0 ? (
        <Missing>The attention of block {block + 1} is on its way.</Missing>
      ) : (
        <AttentionPictures state={state} view={view} heads={heads} head={head} token={token} />
      )}
    </Stage>
  );
}

/** The one head, or all of them for their mean. */
const chosenHeads = (heads: readonly AttentionHead[], head: number | undefined): readonly AttentionHead[] =>
  head === undefined ? heads : heads.filter((each) => each.head === head);

function TokenSelect({ state, view, token }: StageProps & { readonly token: number }) {
  const { tokens } = view;
  return (
    <label class="inline-label">
      Token
      <select
        value={token}
        onChange={(event) => {
          state.token.value = Number(event.currentTarget.value);
        }}
      >
        {Array.from({ length: tokenCount(tokens) }, (_, i) => (
          <option key={i} value={i}>
            {tokenName(tokens, i)}
          </option>
        ))}
      </select>
    </label>
  );
}

function AttentionWords({
  view: { tokens },
  heads,
  token,
}: {
  readonly view: LookView;
  readonly heads: readonly AttentionHead[];
  readonly token: number;
}) {
  const row = attentionRow(heads, token, tokenCount(tokens));
  if (row === undefined) return null;
  const { patches, tokens: width } = spreadOf(row, tokens.front.length);
  const top = topTokens(row, 3).map((each) => `${tokenName(tokens, each.token)} ${fixed(100 * each.share, 1)} %`);
  return (
    <>
      “{tokenName(tokens, token)}” looks at the patches with {fixed(100 * patches, 1)} % and at the tokens in front with{" "}
      {fixed(100 * (1 - patches), 1)} %, as spread out as {fixed(width, 1)} of {tokenCount(tokens)} tokens. Most at:{" "}
      {top.join(", ")}. Evenly would be {fixed(100 / tokenCount(tokens), 2)} % each.
    </>
  );
}

function AttentionPictures({
  state,
  view,
  heads,
  head,
  token,
}: StageProps & {
  readonly heads: readonly AttentionHead[];
  readonly head: number | undefined;
  readonly token: number;
}) {
  const { tokens } = view;
  const count = tokenCount(tokens);
  const front = tokens.front.length;
  const row = useMemo(() => attentionRow(chosenHeads(heads, head), token, count)!, [view, heads.length, head, token]);
  const patches = useMemo(() => row.subarray(front), [row]);
  const span = useMemo(() => ({ low: 0, high: Math.max(...patches, 1e-9) }), [patches]);
  const chosen = token >= front ? token - front : undefined;
  const under = useCallback(
    (context: CanvasRenderingContext2D, place: Place) => {
      const map = { values: patches, rows: tokens.rows, columns: tokens.columns };
      drawHeat(context, map, span, wholeOf(view), place, true);
      drawPatches(context, tokens, place, chosen);
    },
    [view, patches, span, chosen],
  );
  const percent = [0, span.high / 2, span.high].map((share) => fixed(100 * share, 2));
  return (
    <div class="with-side">
      <div class="attention-main">
        <SamplePicture
          state={state}
          view={view}
          label={`Attention of ${tokenName(tokens, token)} over the crop, largest ${percent[2]} percent of a patch`}
          under={under}
          legend={{
            label: "of its attention, per patch",
            numbers: [percent[0], percent[1], `${percent[2]} %`],
            isOverPicture: true,
          }}
          onPick={(x, y) => {
            const patch = patchAt(tokens, x, y);
            if (patch !== undefined) state.token.value = front + patch;
          }}
        />
        <div class="small-multiples" role="radiogroup" aria-label="Heads">
          {[undefined, ...heads.map((each) => each.head)].map((each) => (
            <label key={each ?? "mean"} class="multiple">
              <input
                type="radio"
                name="attention-head"
                checked={each === head}
                onChange={() => {
                  state.head.value = each;
                }}
              />
              <HeadThumbnail view={view} heads={chosenHeads(heads, each)} token={token} />
              <span>{each === undefined ? "mean" : `head ${each + 1}`}</span>
            </label>
          ))}
        </div>
      </div>
      <TokenList state={state} view={view} values={row} unit="%" />
    </div>
  );
}

function HeadThumbnail({
  view,
  heads,
  token,
}: {
  readonly view: LookView;
  readonly heads: readonly AttentionHead[];
  readonly token: number;
}) {
  const { tokens } = view;
  const [first] = heads;
  const paint = useCallback(
    (context: CanvasRenderingContext2D, width: number, height: number) => {
      const row = attentionRow(heads, token, tokenCount(tokens))!.subarray(tokens.front.length);
      const place = placeIn(width, height, wholeOf(view));
      const span = { low: 0, high: Math.max(...row, 1e-9) };
      drawHeat(context, { values: row, rows: tokens.rows, columns: tokens.columns }, span, wholeOf(view), place, false);
    },
    [view, first, heads.length, token],
  );
  return <Painting label="head" paint={paint} isHidden />;
}

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
          <Segmented
            label="Map"
            options={view.sampling.map((each) => ({
              value: String(each.scale),
              label: `${each.rows} × ${each.columns}`,
            }))}
            value={String(scale)}
            onValue={(value) => set({ scale: Number(value), group: 0 })}
          />
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
      foot={`Map ${scale + 1} of ${view.sampling.length}: ${rows} × ${columns} cells of ${channels} channels. A cell covers ${fixed(view.width / columns, 1)} × ${fixed(view.height / rows, 1)} px.`}
    >
      {shown.length === 0 ? (
        <Missing>The feature map is on its way.</Missing>
      ) : shown.length === 1 ? (
        <MapPicture state={state} view={view} map={shown[0]} isLarge />
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

function MapPicture({
  state,
  view,
  map,
  isLarge,
}: StageProps & { readonly map: FeatureMap; readonly isLarge: boolean }) {
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
      legend={isLarge ? { label: what, numbers: numbersOf(span), isOverPicture: true } : undefined}
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
          <Segmented
            label="Map"
            options={view.sampling.map((each) => ({
              value: String(each.scale),
              label: `${each.rows} × ${each.columns}`,
            }))}
            value={String(sampling.scale)}
            onValue={(value) => {
              scale.value = Number(value);
            }}
          />
          <OverlayToggles state={state} view={view} names={["truth", "depth"]} />
        </>
      }
      foot={<SamplingWords sampling={sampling} view={view} />}
    >
      <SamplingPicture state={state} view={view} sampling={sampling} />
    </Stage>
  );
}

function SamplingWords({
  sampling: { inside, channels },
  view,
}: {
  readonly sampling: Sampling;
  readonly view: LookView;
}) {
  const count = inside.reduce((sum, each) => sum + each, 0);
  const n = inside.length;
  return (
    <>
      <strong class="good">{count} inside</strong> ({fixed((100 * count) / n, 1)} %),{" "}
      <strong class={count < n ? "bad" : "dim"}>{n - count} outside</strong> of n = {n} vertices, each reading{" "}
      {channels} channels; outside reads zeros. Over all maps {fixed(100 * view.inMapShare, 1)} % are inside.
    </>
  );
}

function SamplingPicture({ state, view, sampling }: StageProps & { readonly sampling: Sampling }) {
  const extent = useMemo(() => samplingExtent(sampling.input, view), [sampling, view]);
  const over = useCallback(
    (context: CanvasRenderingContext2D, { scale, left, top }: Place) => {
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
      const radius = Math.max(1.4, Math.min(3, scale * 0.45));
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

/** For previews: attention of the mean of the heads, or the crop while there is none. */
export function paintAttention(
  view: LookView,
  token: number,
): ((c: CanvasRenderingContext2D, place: Place) => void) | undefined {
  const row = attentionRow(view.attention, token, tokenCount(view.tokens));
  if (row === undefined) return undefined;
  const { front, rows, columns } = view.tokens;
  const values = row.subarray(front.length);
  return (context, place) => {
    drawImage(context, canvasOf(view.crop), place);
    drawHeat(
      context,
      { values, rows, columns },
      { low: 0, high: Math.max(...values, 1e-9) },
      wholeOf(view),
      place,
      true,
    );
  };
}
