import { useStore } from "../context";
import { fixed } from "../format";
import { Toggle } from "../widgets/field";
import { Icon } from "../widgets/icons";
import { FingerLegend, SampleFigure } from "../widgets/sample";
import { useKeys } from "../widgets/use-keys";

/** The sample that the network saw last, with what it said about it. */
export function SamplePanel() {
  const store = useStore();
  const { isMesh: showMesh, isDepth: showDepth } = store.view;
  const view = store.sample.value;
  const hasDepth = view?.depth !== undefined;
  useKeys({
    m: () => (showMesh.value = !showMesh.value),
    d: () => (showDepth.value = !showDepth.value),
  });
  return (
    <section class="sample-panel" aria-labelledby="sample-title">
      <div class="panel-head">
        <h2 id="sample-title">Sample</h2>
        <span class="num">{view === undefined ? "" : `step ${view.step}`}</span>
      </div>
      {view === undefined ? (
        <div class="sample-empty">
          <Icon name="hand" />
          <p>The crop that the network sees, with true and predicted joints, appears here while it trains.</p>
        </div>
      ) : (
        <SampleFigure view={view} showDepth={showDepth.value && hasDepth} showMesh={showMesh.value} />
      )}
      <div class="toggles">
        <Toggle label="Mesh" isOn={showMesh.value} onToggle={() => (showMesh.value = !showMesh.value)} shortcut="M" />
        <Toggle
          label="Depth"
          isOn={showDepth.value && (hasDepth || view === undefined)}
          onToggle={() => (showDepth.value = !showDepth.value)}
          shortcut="D"
          isDisabled={view !== undefined && !hasDepth}
        />
        <span class="sample-key">
          <span class="key-true" /> true <span class="key-predicted" /> predicted
        </span>
      </div>
      <dl class="facts">
        <div>
          <dt>Sample</dt>
          <dd title={view?.id}>{view === undefined ? "–" : `${view.split} ${view.id}`}</dd>
        </div>
        <div>
          <dt>Joint error</dt>
          <dd class="num">{fixed(view?.mpjpe_mm, 1)} mm</dd>
        </div>
        <div>
          <dt>… aligned (PA)</dt>
          <dd class="num">{fixed(view?.pa_mpjpe_mm, 1)} mm</dd>
        </div>
      </dl>
      <FingerLegend />
    </section>
  );
}
