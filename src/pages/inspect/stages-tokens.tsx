/** The crop as tokens. */
import { useSignal } from "@preact/signals";
import { useCallback, useMemo } from "preact/hooks";
import { plural, significant } from "../format";
import { Segmented } from "../widgets/field";
import { type Place, wholeOf } from "../widgets/place";
import { patchesOutsideFrame, patchesWithoutDepth, tokenName } from "./attention";
import { spanNumbers, spanOf } from "./colours";
import { drawHeat } from "./draw";
import { drawPatches, hatch, patchAt, tokenAt } from "./patches";
import { SamplePicture } from "./sample-picture";
import { OverlayToggles, Stage, type StageProps } from "./stage";
import { TokenList } from "./token-list";

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
          legend={
            patches && {
              label: `length of a token, ${norms.value === "inputNorms" ? "before block 1" : "after the last block"}`,
              numbers: spanNumbers(span),
              isOverPicture: true,
            }
          }
          onMove={(x, y) => {
            hovered.value = patchAt(tokens, x, y);
          }}
          onLeave={() => {
            hovered.value = undefined;
          }}
          onPick={(x, y) => {
            const picked = tokenAt(tokens, state.joint.value, x, y);
            if (picked !== undefined) token.value = picked;
          }}
        />
        <TokenList state={state} view={view} values={values} unit="length" />
      </div>
    </Stage>
  );
}
