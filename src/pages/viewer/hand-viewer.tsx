import { useSignal } from "@preact/signals";
import { useId, useMemo } from "preact/hooks";
import { fixed } from "../format";
import { Segmented, Toggle } from "../widgets/field";
import { useIsland } from "../widgets/use-island";
import { VIEW_NAMES, type ViewName } from "./camera";
import type { MeshRenderer } from "./mesh-renderer";
import type { ViewerPicture } from "./overlay";
import { heatGradient } from "./palette";
import { heatLimit, type ViewerHand } from "./scene";
import { ViewerState } from "./state";
import { HandViewerIsland } from "./viewer";

export interface HandViewerProps {
  /** Should stay the same array while nothing changes: meshes are uploaded again for another one. */
  readonly hands: readonly ViewerHand[];
  /** The crop and its camera, for the camera view. */
  readonly picture?: ViewerPicture;
  readonly joint?: number;
  readonly onJoint?: (joint: number | undefined) => void;
  readonly label: string;
  /** Largest error of the heat map in metres; without it as the errors are. */
  readonly limit?: number;
  /** Keys that the page has for hands (by name) and for "bones", "mesh", "wires", "heat": told with their switches. */
  readonly keys?: Readonly<Record<string, string>>;
  /** Without it the viewer keeps its own. */
  readonly state?: ViewerState;
  readonly backend?: MeshRenderer["kind"];
  /** Given the island once it lives: for figures and measurements. */
  readonly onMount?: (view: HandViewerIsland) => void;
}

const LABELS: Record<ViewName, string> = { orbit: "Orbit", camera: "Camera", top: "Top", side: "Side" };

/** Hands in 3D with all that chooses what is seen of them. */
export function HandViewer(props: HandViewerProps) {
  const own = useMemo(() => new ViewerState(), []);
  const state = props.state ?? own;
  const note = useSignal<string | undefined>(undefined);
  const { hands, picture, joint, onJoint, label, backend, onMount, keys = {} } = props;
  const hasCamera = picture !== undefined && hands.some(({ origin }) => origin !== undefined);
  const view = state.view.value === "camera" && !hasCamera ? "orbit" : state.view.value;
  const hidden = state.hidden.value;
  const shown = useMemo(() => hands.filter(({ name }) => !hidden.includes(name)), [hands, hidden]);
  const limit = useMemo(() => props.limit ?? heatLimit(hands), [props.limit, hands]);
  const shows = state.shows.value;
  const element = useIsland(
    () => {
      const made = new HandViewerIsland();
      onMount?.(made);
      return made;
    },
    {
      hands: shown,
      view,
      shows,
      picture: hasCamera ? picture : undefined,
      joint,
      onJoint,
      onView: (wanted: ViewName) => {
        if (wanted !== "camera" || hasCamera) state.view.value = wanted;
      },
      label,
      limit,
      backend,
      onBackend: (_: MeshRenderer["kind"], why: string | undefined) => (note.value = why),
    },
  );
  const hasMesh = hands.some(({ vertices, faces }) => vertices !== undefined && faces !== undefined);
  const hasHeat = hasMesh && shows.mesh && shown.some(({ errors }) => errors !== undefined);
  return (
    <div class="hand-viewer">
      <div class="viewer-bar">
        <Segmented
          label="View"
          options={VIEW_NAMES.filter((name) => name !== "camera" || hasCamera).map((name) => ({
            value: name,
            label: LABELS[name],
            title: `${LABELS[name]} (${VIEW_NAMES.indexOf(name) + 1} while the view has the focus)`,
          }))}
          value={view}
          onValue={(value) => (state.view.value = value)}
        />
        <HandToggles state={state} hands={hands} keys={keys} />
        <ShowToggles
          state={state}
          hasMesh={hasMesh}
          hasErrors={hands.some(({ errors }) => errors !== undefined)}
          keys={keys}
        />
      </div>
      <div
        ref={element}
        class="viewer-canvas"
        role="application"
        aria-roledescription="3D view"
        aria-label={label}
        aria-keyshortcuts="1 2 3 4 ArrowLeft ArrowRight ArrowUp ArrowDown + - Home"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: turned with the arrow keys.
        tabIndex={0}
      />
      {hasHeat && shows.heat && <HeatLegend limit={limit} hands={shown} />}
      <p class="viewer-note" role="status">
        {note.value}
      </p>
    </div>
  );
}

interface TogglesProps {
  readonly state: ViewerState;
  readonly keys: Readonly<Record<string, string>>;
}

/** The key of a switch, where the page has one. */
const keyOf = (keys: TogglesProps["keys"], name: string) => (keys[name] === undefined ? {} : { shortcut: keys[name] });

function HandToggles({ state, hands, keys }: TogglesProps & { readonly hands: readonly ViewerHand[] }) {
  if (hands.length < 2) return null;
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset would bring its own box.
    <div class="toggles" role="group" aria-label="Hands">
      {hands.map(({ name, colour, isByFinger, vertices }) => (
        <span
          key={name}
          class={isByFinger === true && vertices === undefined ? "" : "hand-toggle"}
          style={{ "--swatch": `var(${colour})` }}
        >
          <Toggle
            label={`${name[0].toUpperCase()}${name.slice(1)}`}
            isOn={state.isShown(name)}
            onToggle={() => state.showHand(name, !state.isShown(name))}
            {...keyOf(keys, name)}
          />
        </span>
      ))}
    </div>
  );
}

function ShowToggles({
  state,
  hasMesh,
  hasErrors,
  keys,
}: TogglesProps & {
  readonly hasMesh: boolean;
  readonly hasErrors: boolean;
}) {
  const id = useId();
  const { mesh, bones, wires, heat, opacity } = state.shows.value;
  if (!hasMesh) return null;
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset would bring its own box.
    <div class="toggles" role="group" aria-label="Drawn">
      <Toggle label="Bones" isOn={bones} onToggle={() => state.set({ bones: !bones })} {...keyOf(keys, "bones")} />
      <Toggle label="Mesh" isOn={mesh} onToggle={() => state.set({ mesh: !mesh })} {...keyOf(keys, "mesh")} />
      <Toggle
        label="Wires"
        isOn={wires}
        isDisabled={!mesh}
        onToggle={() => state.set({ wires: !wires })}
        {...keyOf(keys, "wires")}
      />
      {hasErrors && (
        <Toggle
          label="Error"
          isOn={heat}
          isDisabled={!mesh}
          onToggle={() => state.set({ heat: !heat })}
          {...keyOf(keys, "heat")}
        />
      )}
      <label class="viewer-opacity" for={id}>
        Opacity
        <input
          id={id}
          type="range"
          min={0.1}
          max={1}
          step={0.05}
          value={opacity}
          disabled={!mesh || wires}
          aria-valuetext={`${Math.round(100 * opacity)} %`}
          onInput={(event) => state.set({ opacity: event.currentTarget.valueAsNumber })}
        />
      </label>
    </div>
  );
}

/** Which colour is how many millimetres, of how many vertices. */
function HeatLegend({ limit, hands }: { readonly limit: number; readonly hands: readonly ViewerHand[] }) {
  const errors = hands.flatMap((hand) => (hand.errors === undefined ? [] : [hand.errors]));
  const count = errors.reduce((sum, each) => sum + each.length, 0);
  const sum = errors.reduce((total, each) => total + each.reduce((part, e) => part + e, 0), 0);
  const beyond = errors.reduce((total, each) => total + each.filter((e) => e > limit).length, 0);
  const digits = limit < 0.005 ? 1 : 0;
  const figures = `mean ${fixed((1000 * sum) / count, 1)} mm, ${beyond} beyond, n = ${count} vertices`;
  return (
    <div class="viewer-legend">
      <span>Error</span>
      <span class="viewer-scale">
        <span class="viewer-ramp" style={{ background: heatGradient() }} />
        {[0, 0.5, 1].map((share) => (
          <span key={share} class="viewer-tick">
            {fixed(1000 * limit * share, share === 0.5 && limit < 0.01 ? 1 : digits)}
            {share === 1 && " mm"}
          </span>
        ))}
      </span>
      <span class="viewer-figures">{figures}</span>
    </div>
  );
}
