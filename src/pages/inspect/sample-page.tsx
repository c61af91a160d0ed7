/** One sample, followed through every stage of its life. */
import { batch, useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { lookText } from "../../train/inspect/look-file";
import type { LookView } from "../../train/inspect/types";
import { fixed } from "../format";
import { messageOf } from "../store";
import { download } from "../train/exports";
import type { HandViewerIsland } from "../viewer/viewer";
import { Icon } from "../widgets/icons";
import { useKeys } from "../widgets/use-keys";
import { STAGE_NAMES } from "./address";
import { tokenName } from "./attention";
import { DebugDialog } from "./debug-dialog";
import { figureCaption, fileStem, meshesOf } from "./exports";
import { figureOf } from "./figure";
import { Numbers } from "./numbers";
import { OpenFile } from "./open-file";
import { Rail } from "./rail";
import { keptMap, lackOf } from "./saved";
import { Missing, Stage, type StageProps, toggleIn3d, toggleOverlay } from "./stage";
import { AttentionStage } from "./stages-attention";
import { AugmentationStage } from "./stages-augmentation";
import { CoarseStage, type HandStageProps, MetricsStage, RefinedStage } from "./stages-hand";
import { CropStage, FrameStage } from "./stages-input";
import { GradientsStage, LossesStage } from "./stages-loss";
import { MapsStage } from "./stages-maps";
import { SamplingStage } from "./stages-sampling";
import { TokensStage } from "./stages-tokens";
import type { InspectState } from "./state";
import { type ExportName, SavedToolbar, Toolbar } from "./toolbar";

/** Waits shorter than this are not told. */
const PATIENCE_MS = 300;

/** Toolbar, stages, the chosen stage and the numbers of one sample. */
export function SamplePage({ state }: { readonly state: InspectState }) {
  const panel = useRef<HTMLDivElement>(null);
  const viewer = useRef<HandViewerIsland | undefined>(undefined);
  const isDebugOpen = useSignal(false);
  const view = state.view.value;
  useEffect(() => {
    void state.findCheckpoints();
    if (state.isMissing()) void state.load();
  }, []);
  const keeper = state.keeper();
  useEffect(() => {
    if (keeper !== undefined && !state.kept.isKnown(keeper)) void state.kept.find(keeper);
  }, [keeper]);
  const isOrderAsked = state.table.value !== undefined && state.order.value === undefined;
  useEffect(() => {
    // The table makes the order that the address asks for.
    if (isOrderAsked) void import("./grid-state").then(({ gridOf }) => gridOf(state));
  }, [isOrderAsked]);
  useKeys(keysOf(state));
  const hand = async (name: ExportName): Promise<void> => {
    if (name === "debug") {
      isDebugOpen.value = true;
      return;
    }
    try {
      const { stem, blob } = await exportOf(name, state, view!, panel.current!, viewer.current);
      download(`${stem}.${name}`, blob);
    } catch (error) {
      state.problem.value = `The ${name.toUpperCase()} was not written: ${messageOf(error)}`;
    }
  };
  return (
    <>
      {state.isSaved.value ? (
        <SavedToolbar state={state} view={view} onExport={hand} />
      ) : (
        <Toolbar state={state} view={view} onExport={hand} />
      )}
      {state.problem.value !== undefined && (
        <div class="banner" role="alert">
          <Icon name="warn" />
          <p>{state.problem.value}</p>
          <button
            type="button"
            class="quiet"
            aria-label="Dismiss"
            onClick={() => {
              state.problem.value = undefined;
            }}
          >
            <Icon name="close" />
          </button>
        </div>
      )}
      <Busy state={state} />
      {view === undefined && state.isSaved.value ? (
        <div class="empty-page">
          <h2>{state.isLoading.value ? "Reading the sample" : "There is no sample to show"}</h2>
          <OpenFile state={state} />
        </div>
      ) : view === undefined ? (
        <div class="empty-page">
          <h2>{state.isLoading.value ? "Asking for the sample" : "There is no answer to show"}</h2>
          <p>
            {state.isLoading.value
              ? "The rank answers between two steps; the first answer also compiles what shows a sample."
              : "Predict again asks the rank once more."}
          </p>
        </div>
      ) : (
        <div class="sample-view" aria-busy={state.isLoading.value}>
          <Rail state={state} view={view} />
          <div
            ref={panel}
            class="stage-panel"
            id="stage-panel"
            role="tabpanel"
            aria-labelledby={`stage-${state.stage.value}`}
          >
            <ChosenStage
              state={state}
              view={view}
              onViewer={(island) => {
                viewer.current = island;
              }}
            />
          </div>
          <Numbers state={state} view={view} />
        </div>
      )}
      {isDebugOpen.value && view !== undefined && (
        <DebugDialog
          lines={view.debugLines}
          onClose={() => {
            isDebugOpen.value = false;
          }}
        />
      )}
    </>
  );
}

/** The address of the table that a sample belongs to. */
function tableOf(state: InspectState): string {
  const run = state.isSaved.value ? state.saved.value?.run : undefined;
  return run === undefined ? "#/inspect" : `#/inspect?${new URLSearchParams({ run })}`;
}

function keysOf(state: InspectState): Record<string, () => void> {
  const stageBy = (by: number) => () => {
    const to = STAGE_NAMES[STAGE_NAMES.indexOf(state.stage.value) + by];
    if (to !== undefined) state.goToStage(to);
  };
  return {
    j: () => state.move(1),
    k: () => state.move(-1),
    g: () => {
      location.hash = tableOf(state);
    },
    "[": stageBy(-1),
    "]": stageBy(1),
    m: () => toggleOverlay(state, "mesh"),
    t: () => toggleOverlay(state, "truth"),
    p: () => toggleOverlay(state, "predicted"),
    d: () => toggleOverlay(state, "depth"),
    h: () => toggleOverlay(state, "heat"),
    b: () => toggleIn3d(state, "bones"),
    w: () => toggleIn3d(state, "wires"),
    c: () => toggleIn3d(state, "coarse"),
    s: () => void state.toggleKept(),
    r: () => void state.load(),
    Escape: () => state.cancel(),
  };
}

function ChosenStage(props: HandStageProps) {
  const { state, view } = props;
  const stage = state.stage.value;
  const looked = { stage, block: state.chosenBlock(), head: state.head.value, maps: state.chosenMaps() };
  const lack = state.isSaved.value ? lackOf(view, looked) : undefined;
  if (lack !== undefined) return <Lacking state={state} view={view} sentence={lack} />;
  switch (props.state.stage.value) {
    case "frame":
      return <FrameStage {...props} />;
    case "crop":
      return <CropStage {...props} />;
    case "augmentation":
      return <AugmentationStage {...props} />;
    case "tokens":
      return <TokensStage {...props} />;
    case "attention":
      return <AttentionStage {...props} />;
    case "maps":
      return <MapsStage {...props} />;
    case "sampling":
      return <SamplingStage {...props} />;
    case "coarse":
      return <CoarseStage key="coarse" {...props} />;
    case "refined":
      return <RefinedStage key="refined" {...props} />;
    case "metrics":
      return <MetricsStage key="metrics" {...props} />;
    case "losses":
      return <LossesStage {...props} />;
    case "gradients":
      return <GradientsStage {...props} />;
  }
}

/** What a file does not hold, and the way back to what it does. */
function Lacking({ state, view, sentence }: StageProps & { readonly sentence: string }) {
  const stage = state.stage.value;
  const has = stage === "attention" ? view.attention.length > 0 : stage === "maps" && view.maps.length > 0;
  const goBack = (): void =>
    batch(() => {
      state.head.value = undefined;
      if (stage === "attention") state.block.value = view.attention[0].block;
      else state.map.value = keptMap(view);
    });
  return (
    <Stage name={stage}>
      <Missing>
        <p>{sentence}</p>
        {has && (
          <button type="button" onClick={goBack}>
            Show what was kept
          </button>
        )}
      </Missing>
    </Stage>
  );
}

/** Says that the rank is asked once that takes longer than a moment, for how long, and lets the person not wait. */
function Busy({ state }: { readonly state: InspectState }) {
  const isLoading = state.isLoading.value;
  const seconds = useSignal<number | undefined>(undefined);
  useEffect(() => {
    seconds.value = undefined;
    if (!isLoading) return;
    const start = performance.now();
    const timer = setInterval(() => {
      seconds.value = (performance.now() - start) / 1000;
    }, PATIENCE_MS);
    return () => clearInterval(timer);
  }, [isLoading]);
  return (
    <div class="asking-room" role="status">
      {isLoading && seconds.value !== undefined && (
        <div class="asking">
          <span class="asking-bar" />
          <span>
            Asking the rank, which answers between two steps …{" "}
            <span class="num" aria-hidden="true">
              {fixed(seconds.value, 1)} s
            </span>
          </span>
          <button type="button" class="small" onClick={() => state.cancel()}>
            Cancel
          </button>
        </div>
      )}
    </div>
  );
}

/** What of a stage is chosen, for captions. */
function detailsOf(state: InspectState, view: LookView): string {
  const { figure, scale, group } = state.map.value;
  switch (state.stage.value) {
    case "attention": {
      const head = state.head.value === undefined ? "mean of heads" : `head ${state.head.value + 1}`;
      return `block ${(state.chosenBlock() ?? 0) + 1}, ${head}, token ${tokenName(view.tokens, state.token.value)}`;
    }
    case "maps":
      return `map ${scale + 1}, ${figure === "channels" ? `channel group ${group + 1}` : figure}`;
    default:
      return "";
  }
}

async function exportOf(
  name: Exclude<ExportName, "debug">,
  state: InspectState,
  view: LookView,
  panel: HTMLElement,
  viewer: HandViewerIsland | undefined,
): Promise<{ readonly stem: string; readonly blob: Blob }> {
  const run = state.saved.value?.about.run ?? state.store.run.value?.name ?? "";
  const whatIf = state.whatIf.value;
  switch (name) {
    case "png": {
      const caption = figureCaption(view, state.stage.value, run, detailsOf(state, view), whatIf);
      return { stem: fileStem(view, state.stage.value), blob: await figureOf(panel, viewer, caption) };
    }
    case "json":
      return {
        stem: fileStem(view, "sample"),
        blob: new Blob([lookText(view, { run, whatIf })], { type: "application/json" }),
      };
    case "obj":
      return {
        stem: fileStem(view, "hands"),
        blob: new Blob([(await import("../../export/obj")).writeObj(meshesOf(view))]),
      };
    case "ply":
      return {
        stem: fileStem(view, "hands"),
        blob: new Blob([(await import("../../export/ply")).writePly(meshesOf(view))]),
      };
    case "glb":
      return {
        stem: fileStem(view, "hands"),
        blob: new Blob([(await import("../../export/glb")).writeGlb(meshesOf(view))]),
      };
  }
}
