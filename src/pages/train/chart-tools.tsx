import { useStore } from "../context";
import { duration, fixed } from "../format";
import type { Axis } from "../runs/curves";
import { Segmented, Toggle } from "../widgets/field";
import { Icon } from "../widgets/icons";

const AXES: readonly { readonly value: Axis; readonly label: string; readonly title: string }[] = [
  { value: "step", label: "Step", title: "By optimiser steps" },
  { value: "epoch", label: "Epoch", title: "By passes over the training samples" },
  { value: "time", label: "Time", title: "By seconds spent in steps and evaluations, pauses left out" },
];

/** How all charts are drawn, where the cursor is, and whose curves they are. */
export function ChartTools() {
  const { view } = useStore();
  const weight = view.smoothing.value;
  return (
    <div class="chart-tools">
      <label class="slider" title="Weight of the past in the moving average; the raw values stay behind it, faintly">
        Smoothing
        <input
          type="range"
          min="0"
          max="0.98"
          step="0.02"
          value={weight}
          onInput={(event) => (view.smoothing.value = Number(event.currentTarget.value))}
        />
        <span class="num">{weight.toFixed(2)}</span>
      </label>
      <Segmented label="Axis" options={AXES} value={view.axis.value} onValue={(axis) => view.chooseAxis(axis)} />
      <Toggle
        label="Log"
        isOn={view.isLog.value}
        onToggle={() => (view.isLog.value = !view.isLog.value)}
        shortcut="L"
      />
      <Toggle
        label="Table"
        isOn={view.isTable.value}
        onToggle={() => (view.isTable.value = !view.isTable.value)}
        shortcut="T"
      />
      {view.zoom.value !== undefined && (
        <button
          type="button"
          class="small"
          title="Show the whole range again (double click on a chart)"
          onClick={() => (view.zoom.value = undefined)}
        >
          <Icon name="undo" />
          Whole range
        </button>
      )}
      <RunChips />
      <CursorPlace />
    </div>
  );
}

function CursorPlace() {
  const { view } = useStore();
  const x = view.cursor.value;
  const axis = view.axis.value;
  const says = { step: (at: number) => `step ${Math.floor(at)}`, epoch: (at: number) => `epoch ${fixed(at, 2)}` };
  return (
    <span class="cursor-place num">
      {x === undefined ? "" : axis === "time" ? duration(x) : says[axis](Math.max(0, x))}
    </span>
  );
}

/** The runs that are drawn, where there are several, each with a way to take it away. */
function RunChips() {
  const { runs, view, tick } = useStore();
  tick.value;
  const shown = runs.shown();
  const waiting = view.overlays.value.filter((name) => !shown.some((each) => each.name === name));
  if (shown.length + waiting.length < 2 && view.overlays.value.length === 0) return null;
  return (
    <ul class="run-chips" aria-label="Runs that are drawn">
      {shown.map(({ name, colour, isOwn, notes }) => (
        <li key={name} style={{ "--swatch": `var(${colour})` }}>
          <span class="swatch" />
          <span class="run-chip-name" title={name}>
            {name}
          </span>
          {notes.length > 0 && (
            <span class="run-chip-note" title={notes.join(" ")}>
              <Icon name="warn" />
              <span class="sr-only">{notes.join(" ")}</span>
            </span>
          )}
          {!isOwn && (
            <button type="button" class="quiet" aria-label={`Draw ${name} no more`} onClick={() => runs.toggle(name)}>
              <Icon name="close" />
            </button>
          )}
        </li>
      ))}
      {waiting
        .filter((name) => !runs.isOwn(name))
        .map((name) => (
          <li key={name} class="hint" aria-live="polite">
            reading {name}
          </li>
        ))}
    </ul>
  );
}
