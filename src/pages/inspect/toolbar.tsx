/** Which sample, of which weights, and what can be taken away of it. */
import { useEffect, useRef } from "preact/hooks";
import type { LookView, WhatIf } from "../../train/inspect/types";
import { count, plural } from "../format";
import { NumberField, Segmented } from "../widgets/field";
import { Icon } from "../widgets/icons";
import { whatIfWords } from "./exports";
import { OpenFile } from "./open-file";
import { OpenRun } from "./open-run";
import { Slider } from "./stage";
import type { InspectState } from "./state";

/** What a menu of exports can ask for. */
export type ExportName = "png" | "obj" | "ply" | "glb" | "json" | "debug";

const EXPORTS: readonly { readonly name: ExportName; readonly label: string; readonly hint: string }[] = [
  { name: "png", label: "PNG figure", hint: "What is seen now, with a caption" },
  { name: "obj", label: "OBJ meshes", hint: "True, coarse, refined; relative to the wrist, metres" },
  { name: "ply", label: "PLY meshes", hint: "The same, the refined one coloured by error" },
  { name: "glb", label: "GLB meshes", hint: "The same for glTF viewers" },
  { name: "json", label: "JSON of everything", hint: "All numbers and pictures of this answer" },
  { name: "debug", label: "Debug lines …", hint: "[Debug Batch] and [Debug 3D Loss] as text" },
];

interface ToolbarProps {
  readonly state: InspectState;
  readonly view: LookView | undefined;
  readonly onExport: (name: ExportName) => void;
}

/** The bar above a sample. */
export function Toolbar({ state, view, onExport }: ToolbarProps) {
  const size = state.size();
  const index = state.index.value;
  const order = state.inOrder();
  return (
    <section class="toolbar" aria-label="Sample">
      <a class="button" href="#/inspect" title="To the table of samples (G)">
        <Icon name="left" />
        Samples
      </a>
      <Segmented
        label="Split"
        options={[
          { value: "val", label: "Validation" },
          { value: "train", label: "Training" },
        ]}
        value={state.split.value}
        onValue={(split) => state.choose(split)}
      />
      <div class="stepper">
        <button
          type="button"
          class="quiet"
          disabled={state.neighbour(-1) === undefined}
          onClick={() => state.move(-1)}
          aria-label="Previous sample"
          title="Previous sample (K)"
        >
          <Icon name="left" />
        </button>
        <NumberField
          label="Index"
          min={0}
          placeholder="–"
          value={size === 0 ? undefined : index}
          onValue={(value) => state.goTo(value)}
        />
        <button
          type="button"
          class="quiet"
          disabled={state.neighbour(1) === undefined}
          onClick={() => state.move(1)}
          aria-label="Next sample"
          title="Next sample (J)"
        >
          <Icon name="right" />
        </button>
      </div>
      <span class="toolbar-says" aria-live="polite" title={view?.id}>
        {size === 0 ? "" : `of ${plural(size, "sample")}`}
        {order !== undefined && (
          <span class="dim" title="Next and previous follow the order of the table of samples">
            {`, ${order.at + 1} of ${count(order.places.length)} in the table`}
          </span>
        )}
        {view === undefined ? "" : `: ${view.id}`}
      </span>
      <Weights state={state} view={view} />
      {view !== undefined && <Keep state={state} />}
      <button
        type="button"
        disabled={size === 0}
        aria-busy={state.isLoading.value}
        onClick={() => {
          void state.findCheckpoints();
          void state.load();
        }}
        title="Ask again, with the weights as they are by now (R)"
      >
        Predict again
      </button>
      {view !== undefined && <ExportMenu onExport={onExport} />}
    </section>
  );
}

/** The bar above a sample that was read from a file. */
export function SavedToolbar({ state, view, onExport }: ToolbarProps) {
  const saved = state.saved.value;
  const run = saved?.run ?? state.store.route.value.grid.run;
  const order = state.inOrder();
  const isAlone = order === undefined || order.places.length < 2;
  const step = (by: 1 | -1, key: string) => (
    <button
      type="button"
      class="quiet"
      disabled={state.neighbour(by) === undefined}
      onClick={() => state.move(by)}
      aria-label={`${by === 1 ? "Next" : "Previous"} kept sample`}
      title={`${by === 1 ? "Next" : "Previous"} kept sample (${key})`}
    >
      <Icon name={by === 1 ? "right" : "left"} />
    </button>
  );
  return (
    <section class="toolbar" aria-label="Saved sample">
      <a
        class="button"
        href={run === undefined ? "#/inspect" : `#/inspect?${new URLSearchParams({ run })}`}
        title="To the table of samples (G)"
      >
        <Icon name="left" />
        Samples
      </a>
      {!isAlone && (
        <div class="stepper">
          {step(-1, "K")}
          <span class="num">{`${order.at + 1} of ${count(order.places.length)} kept`}</span>
          {step(1, "J")}
        </div>
      )}
      <span class="toolbar-says" aria-live="polite" title={view?.id}>
        {view !== undefined && (
          <>
            {`${saved?.run === undefined ? `File ${saved?.file}` : "Kept sample"}: ${view.split === "val" ? "validation" : "training"} ${view.index}, ${view.id}`}
            <span class="dim">{`, run ${saved?.about.run || "without a name"}, after ${plural(view.step, "step")}${changed(saved?.about.whatIf)}`}</span>
          </>
        )}
      </span>
      {saved?.run === undefined ? <OpenFile state={state} /> : <Keep state={state} />}
      {saved?.run !== undefined && <OpenRun state={state} run={saved.run} isSmall={false} />}
      {view !== undefined && <ExportMenu onExport={onExport} />}
    </section>
  );
}

const changed = (whatIf: WhatIf = {}): string => {
  const words = whatIfWords(whatIf);
  return words === "" ? "" : `, what if: ${words}`;
};

/** Whether the sample stays among its run's files, with all that is shown of it. */
function Keep({ state }: { readonly state: InspectState }) {
  const isKept = state.isKept();
  return (
    <button
      type="button"
      aria-pressed={isKept}
      disabled={state.isLoading.value}
      aria-keyshortcuts="S"
      title={
        isKept
          ? "Kept among the run's files; click to forget it there (S)"
          : "Keeps all that is shown among the run's files, to be looked at later without a GPU (S)"
      }
      onClick={() => void state.toggleKept()}
    >
      <Icon name="star" />
      {isKept ? "Kept" : "Keep"}
    </button>
  );
}

/** Of which step the weights are; a slider over the run's checkpoints where there are any. */
function Weights({ state, view }: { readonly state: InspectState; readonly view: LookView | undefined }) {
  const steps = state.checkpoints.value;
  const { value: checkpoint } = state.checkpoint;
  const isBehind = checkpoint === undefined;
  const at = isBehind ? steps.length : Math.max(0, steps.indexOf(checkpoint));
  const text = isBehind ? `now${view === undefined ? "" : `, step ${view.step}`}` : `checkpoint, step ${checkpoint}`;
  if (steps.length < 2 && isBehind) {
    return <span class="hint num">{view === undefined ? "" : `weights of step ${view.step}`}</span>;
  }
  return (
    <Slider
      label="Weights"
      value={at}
      max={steps.length}
      text={text}
      onValue={(value) =>
        state.show(() => {
          state.checkpoint.value = steps[value];
        })
      }
    />
  );
}

function ExportMenu({ onExport }: { readonly onExport: (name: ExportName) => void }) {
  const menu = useRef<HTMLDetailsElement>(null);
  const close = (): void => {
    if (menu.current !== null) menu.current.open = false;
  };
  useEffect(() => {
    const away = (event: Event): void => {
      if (event.target instanceof Node && menu.current?.contains(event.target) === false) close();
    };
    document.addEventListener("pointerdown", away);
    return () => document.removeEventListener("pointerdown", away);
  }, []);
  return (
    <details
      class="menu"
      ref={menu}
      onKeyDown={(event) => {
        if (event.key !== "Escape" || menu.current?.open !== true) return;
        close();
        menu.current.querySelector("summary")?.focus();
      }}
    >
      <summary class="button">
        <Icon name="download" />
        Export
      </summary>
      <ul>
        {EXPORTS.map(({ name, label, hint }) => (
          <li key={name}>
            <button
              type="button"
              onClick={() => {
                close();
                onExport(name);
              }}
            >
              <span>{label}</span>
              <span class="hint">{hint}</span>
            </button>
          </li>
        ))}
      </ul>
    </details>
  );
}
