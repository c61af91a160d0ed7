/** What all stages have in common: a heading, what is drawn over pictures, places for what is not there. */
import type { ComponentChildren } from "preact";
import type { LookView } from "../../train/inspect/types";
import { Toggle } from "../widgets/field";
import { STAGE_NAMES, type StageName } from "./address";
import { STAGES } from "./stages";
import type { InspectState, Overlays } from "./state";

export interface StageProps {
  readonly state: InspectState;
  readonly view: LookView;
}

/** A stage in large: heading, controls, content, and a line of numbers. */
export function Stage({
  name,
  controls,
  foot,
  children,
}: {
  readonly name: StageName;
  readonly controls?: ComponentChildren;
  readonly foot?: ComponentChildren;
  readonly children: ComponentChildren;
}) {
  return (
    <section class="stage" aria-labelledby="stage-title" data-stage={name}>
      <div class="stage-head">
        <h2 id="stage-title">
          <span class="dim num">{STAGE_NAMES.indexOf(name) + 1}</span> {STAGES[name].label}
        </h2>
        <p class="hint">{STAGES[name].says}</p>
        <div class="stage-controls">{controls}</div>
      </div>
      <div class="stage-body">{children}</div>
      {foot !== undefined && <p class="stage-foot">{foot}</p>}
    </section>
  );
}

/** A sentence where a picture would be. */
export function Missing({ children }: { readonly children: ComponentChildren }) {
  return (
    <div class="stage-missing" role="note">
      <div>{children}</div>
    </div>
  );
}

const OVERLAYS: Readonly<Record<keyof Overlays, readonly [label: string, key: string]>> = {
  truth: ["Truth", "T"],
  predicted: ["Prediction", "P"],
  mesh: ["Mesh", "M"],
  depth: ["Depth", "D"],
  heat: ["Error heat", "H"],
};

/** Switches of what is drawn; what the sample does not have cannot be switched on. */
export function OverlayToggles({ state, view, names }: StageProps & { readonly names: readonly (keyof Overlays)[] }) {
  const overlays = state.overlays.value;
  const isAbsent = { depth: view.depth === undefined, heat: view.errors.verticesMm === undefined };
  return (
    <div class="toggles">
      {names.map((name) => (
        <Toggle
          key={name}
          label={OVERLAYS[name][0]}
          shortcut={OVERLAYS[name][1]}
          isOn={overlays[name] && !(isAbsent as Partial<Record<keyof Overlays, boolean>>)[name]}
          isDisabled={(isAbsent as Partial<Record<keyof Overlays, boolean>>)[name] === true}
          onToggle={() => toggleOverlay(state, name)}
        />
      ))}
    </div>
  );
}

/** Stages with a 3D view. */
const IN_3D: readonly StageName[] = ["coarse", "refined", "metrics"];

/** Switches one overlay: of the picture, of the viewer where a stage is in 3D, of both alike where it has both. */
export function toggleOverlay({ overlays, stage, viewer }: InspectState, name: keyof Overlays): void {
  const is3d = IN_3D.includes(stage.value) && name !== "depth";
  const hand = name === "truth" ? "true" : stage.value === "coarse" ? "coarse" : "refined";
  const isHand = name === "truth" || name === "predicted";
  const hasPicture = !is3d || stage.value === "coarse";
  const { mesh, heat } = viewer.shows.value;
  const isOn = !(hasPicture ? overlays.value[name] : isHand ? viewer.isShown(hand) : { mesh, heat }[name]);
  if (hasPicture) overlays.value = { ...overlays.value, [name]: isOn };
  if (!is3d) return;
  if (isHand) viewer.showHand(hand, isOn);
  else viewer.set({ [name]: isOn });
}

/** Switches what only a 3D view has; nothing in the other stages. */
export function toggleIn3d({ stage, viewer }: InspectState, name: "bones" | "wires" | "coarse"): void {
  if (!IN_3D.includes(stage.value)) return;
  if (name === "coarse") viewer.showHand(name, !viewer.isShown(name));
  else viewer.set({ [name]: !viewer.shows.value[name] });
}

/** Keys of what a 3D view shows, by the names that the viewer has for it. */
export const KEYS_3D: Readonly<Record<string, string>> = {
  ...{ true: "T", refined: "P", coarse: "C" },
  ...{ mesh: "M", heat: "H", bones: "B", wires: "W" },
};

/** A labelled slider with its value as text. */
export function Slider({
  label,
  value,
  max,
  text,
  onValue,
}: {
  readonly label: string;
  readonly value: number;
  /** From 0 to this. */
  readonly max: number;
  readonly text: string;
  readonly onValue: (value: number) => void;
}) {
  return (
    <label class="slider">
      <span>{label}</span>
      <input
        type="range"
        min={0}
        max={max}
        step={1}
        value={value}
        disabled={max === 0}
        aria-valuetext={text}
        onInput={(event) => onValue(event.currentTarget.valueAsNumber)}
      />
      <output>{text}</output>
    </label>
  );
}
