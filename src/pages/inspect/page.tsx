/** One sample, looked at closely: what the network saw, what it said, and where it is wrong. */
import { useSignal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import type { SampleView } from "../../train/events";
import { useStore } from "../context";
import { count, fixed, plural } from "../format";
import { handsOfSample } from "../viewer/from-sample";
import { LazyHandViewer } from "../viewer/lazy";
import { NumberField, Segmented, Toggle } from "../widgets/field";
import { Icon } from "../widgets/icons";
import { FingerLegend, SampleFigure } from "../widgets/sample";
import { fingerProperty, JOINT_NAMES, jointErrors } from "../widgets/skeleton";
import { useKeys } from "../widgets/use-keys";
import type { InspectState } from "./state";

export function InspectPage({ state }: { readonly state: InspectState }) {
  const store = useStore();
  const hasPlan = store.hasPlan.value;
  useEffect(() => {
    if (hasPlan && state.view.value === undefined) state.load();
  }, [hasPlan]);
  useKeys({
    j: () => state.goTo(state.index.value + 1),
    k: () => state.goTo(state.index.value - 1),
  });
  const view = state.view.value;
  return (
    <div class="inspect">
      <h1 class="sr-only">Inspect</h1>
      <Picker state={state} />
      {state.problem.value !== undefined && (
        <div class="banner" role="alert">
          <Icon name="warn" />
          <p>{state.problem.value}</p>
        </div>
      )}
      {view === undefined ? <Empty hasPlan={hasPlan} /> : <Sample state={state} view={view} />}
    </div>
  );
}

function Picker({ state }: { readonly state: InspectState }) {
  const size = state.size();
  const index = state.index.value;
  const view = state.view.value;
  return (
    <section class="toolbar" aria-label="Sample">
      <Segmented
        label="Split"
        isLabelShown
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
          disabled={size === 0 || index === 0}
          onClick={() => state.goTo(index - 1)}
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
          disabled={size === 0 || index >= size - 1}
          onClick={() => state.goTo(index + 1)}
          aria-label="Next sample"
          title="Next sample (J)"
        >
          <Icon name="right" />
        </button>
      </div>
      <span class="toolbar-says" aria-live="polite">
        {size === 0 ? "" : `of ${plural(size, "sample")}${view === undefined ? "" : `: ${view.id}`}`}
      </span>
      <button
        type="button"
        disabled={size === 0}
        aria-busy={state.isLoading.value}
        onClick={() => state.load()}
        title="Predict again with the current weights"
      >
        Predict again
      </button>
    </section>
  );
}

function Empty({ hasPlan }: { readonly hasPlan: boolean }) {
  return (
    <div class="empty-page">
      <div class="empty-hand" aria-hidden="true">
        <Icon name="hand" />
      </div>
      <h2>{hasPlan ? "Predicting the first sample" : "Look at single samples"}</h2>
      <p>
        {hasPlan
          ? "The rank answers between two steps."
          : "Start a run on the Train page; then every training and validation sample can be seen here with its prediction, its error per joint and its depth."}
      </p>
      {!hasPlan && (
        <a class="button primary large" href="#/train">
          Go to Train
        </a>
      )}
    </div>
  );
}

function Sample({ state, view }: { readonly state: InspectState; readonly view: SampleView }) {
  const shows = useSignal({ mesh: false, truth: true, predicted: true });
  const set = (change: Partial<typeof shows.value>) => (shows.value = { ...shows.value, ...change });
  const { mesh, truth, predicted } = shows.value;
  useKeys({ m: () => set({ mesh: !shows.value.mesh }) });
  const onJoint = (joint: number | undefined) => (state.joint.value = joint);
  const hands = useMemo(() => handsOfSample(view), [view]);
  const overlays = { showMesh: mesh, showTrue: truth, showPredicted: predicted, joint: state.joint.value, onJoint };
  return (
    <div class="inspect-grid">
      <section class="view view-rgb" aria-label="Colour">
        <div class="panel-head">
          <h2>Colour</h2>
          <div class="toggles">
            <Toggle label="True" isOn={truth} onToggle={() => set({ truth: !truth })} />
            <Toggle label="Predicted" isOn={predicted} onToggle={() => set({ predicted: !predicted })} />
            <Toggle label="Mesh" isOn={mesh} onToggle={() => set({ mesh: !mesh })} shortcut="M" />
          </div>
        </div>
        <div class="view-body">
          <SampleFigure view={view} showDepth={false} {...overlays} />
        </div>
      </section>
      <section class="view view-depth" aria-label="Depth">
        <div class="panel-head">
          <h2>Depth</h2>
          <span>{view.depth === undefined ? "" : "bright is near, dark is far or missing"}</span>
        </div>
        <div class="view-body">
          {view.depth === undefined ? (
            <p class="empty">This sample has no depth.</p>
          ) : (
            <SampleFigure view={view} showDepth {...overlays} />
          )}
        </div>
      </section>
      <section class="view view-3d" aria-label="3D">
        <div class="panel-head">
          <h2>3D, wrist-relative</h2>
          <span>drag or arrow keys; grid 20 mm</span>
        </div>
        <LazyHandViewer
          hands={hands}
          label={`Sample ${view.id} in 3D`}
          joint={state.joint.value}
          onJoint={onJoint}
          state={state.viewer}
        />
        <FingerLegend />
      </section>
      <JointTable state={state} view={view} />
    </div>
  );
}

function JointTable({ state, view }: { readonly state: InspectState; readonly view: SampleView }) {
  const errors3d = jointErrors(view.joints3dTrue, view.joints3dPredicted, 3);
  const errors2d = jointErrors(view.jointsTrue, view.jointsPredicted, 2);
  const worst = Math.max(...errors3d, 1e-9);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard.
    <section class="joint-table" aria-label="Error per joint" tabIndex={0}>
      <dl class="readouts">
        <div class="readout">
          <dt>MPJPE</dt>
          <dd>
            <span class="value">{fixed(view.mpjpe_mm, 1)}</span>
            <span class="unit">mm</span>
          </dd>
        </div>
        <div class="readout">
          <dt>PA-MPJPE</dt>
          <dd>
            <span class="value">{fixed(view.pa_mpjpe_mm, 1)}</span>
            <span class="unit">mm</span>
          </dd>
        </div>
        <div class="readout">
          <dt>Weights of</dt>
          <dd>
            <span class="value">{count(view.step)}</span>
            <span class="unit">{view.step === 1 ? "step" : "steps"}</span>
          </dd>
        </div>
      </dl>
      <table>
        <thead>
          <tr>
            <th scope="col">Joint</th>
            <th scope="col" class="number">
              3D <span class="unit">mm</span>
            </th>
            <th scope="col" class="number">
              2D <span class="unit">px</span>
            </th>
            <th scope="col" class="number" title="Weight of the joint in the losses">
              Conf.
            </th>
            <th scope="col" class="bar-head">
              Error
            </th>
          </tr>
        </thead>
        <tbody>
          {JOINT_NAMES.map((name, joint) => (
            <tr
              key={name}
              data-chosen={state.joint.value === joint}
              onPointerEnter={() => (state.joint.value = joint)}
              onPointerLeave={() => (state.joint.value = undefined)}
              style={{ "--swatch": `var(${fingerProperty(joint)}-ink)` }}
            >
              <th scope="row">
                <span class="swatch" />
                {name}
              </th>
              <td class="number strong">{fixed(errors3d[joint], 1)}</td>
              <td class="number">{fixed(errors2d[joint], 1)}</td>
              <td class="number dim">{fixed(view.confidence[joint], 0)}</td>
              <td class="bar">
                <span class="bar-fill" style={{ transform: `scaleX(${errors3d[joint] / worst})` }} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
