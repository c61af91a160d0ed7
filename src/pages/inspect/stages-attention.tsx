/** What a token looks at, in any block and head. */
import { useSignal } from "@preact/signals";
import { useCallback, useMemo } from "preact/hooks";
import type { AttentionHead, LookView } from "../../train/inspect/types";
import { fixed } from "../format";
import { type Place, placeIn, wholeOf } from "../widgets/place";
import { attentionRow, spreadOf, tokenCount, tokenName, topTokens } from "./attention";
import { canvasOf, drawHeat, drawImage } from "./draw";
import { Painting } from "./paint";
import { drawPatches, patchAt, tokenAt } from "./patches";
import { SamplePicture } from "./sample-picture";
import { Missing, OverlayToggles, Slider, Stage, type StageProps } from "./stage";
import { TokenList } from "./token-list";

/** Attention of one token, of a block and a head or the mean of all. */
export function AttentionStage({ state, view }: StageProps) {
  const { tokens } = view;
  const block = state.chosenBlock() ?? 0;
  const heads = view.attention.filter((each) => each.block === block);
  const token = Math.min(state.token.value, tokenCount(tokens) - 1);
  const head = state.head.value === undefined ? undefined : Math.min(state.head.value, tokens.heads - 1);
  const hovered = useSignal<number | undefined>(undefined);
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
      foot={<AttentionWords view={view} heads={chosenHeads(heads, head)} token={token} hovered={hovered.value} />}
    >
      {heads.length === 0 ? (
        <Missing>The attention of block {block + 1} is on its way.</Missing>
      ) : (
        <AttentionPictures
          state={state}
          view={view}
          heads={heads}
          head={head}
          token={token}
          onHover={(patch) => {
            hovered.value = patch;
          }}
        />
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
  hovered,
}: {
  readonly view: LookView;
  readonly heads: readonly AttentionHead[];
  readonly token: number;
  readonly hovered: number | undefined;
}) {
  const row = attentionRow(heads, token, tokenCount(tokens));
  if (row === undefined) return null;
  const { patches, tokens: width } = spreadOf(row, tokens.front.length);
  const top = topTokens(row, 3).map((each) => `${tokenName(tokens, each.token)} (${fixed(100 * each.share, 1)} %)`);
  return (
    <>
      “{tokenName(tokens, token)}” looks at the patches with {fixed(100 * patches, 1)} % and at the tokens in front with{" "}
      {fixed(100 * (1 - patches), 1)} %, as spread out as {fixed(width, 1)} of {tokenCount(tokens)} tokens. Most at:{" "}
      {top.join(", ")}. Evenly would be {fixed(100 / tokenCount(tokens), 2)} % each.{" "}
      <span class="foot-hint">
        {hovered === undefined
          ? "A click on a patch, a joint or the list chooses another token."
          : `Under the pointer: ${tokenName(tokens, hovered)}, ${fixed(100 * row[hovered], 2)} %.`}
      </span>
    </>
  );
}

function AttentionPictures({
  state,
  view,
  heads,
  head,
  token,
  onHover,
}: StageProps & {
  readonly heads: readonly AttentionHead[];
  readonly head: number | undefined;
  readonly token: number;
  /** Told the token of the patch under the pointer. */
  readonly onHover: (token: number | undefined) => void;
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
          onMove={(x, y) => {
            const patch = patchAt(tokens, x, y);
            onHover(patch === undefined ? undefined : front + patch);
          }}
          onLeave={() => onHover(undefined)}
          onPick={(x, y) => {
            const picked = tokenAt(tokens, state.joint.value, x, y);
            if (picked !== undefined) state.token.value = picked;
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
