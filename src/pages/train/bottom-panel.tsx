import { useStore } from "../context";
import { DoctorPanel } from "../doctor/panel";
import { findingsNote } from "../doctor/severity";
import type { DoctorState } from "../doctor/state";
import { bytes, count, fixed, plural } from "../format";
import { RunExports } from "../runs/exports";
import { RunsPanel } from "../runs/panel";
import type { PanelName } from "../runs/view";
import { LogView } from "../widgets/log-view";
import { type Tab, Tabs } from "../widgets/tabs";
import { EvaluationPanel } from "./evaluation-panel";
import { GalleryPanel } from "./gallery-panel";
import { RankPanel } from "./rank-panel";
import type { Setup } from "./setup";

/** Log with facts and downloads of the run, the stored runs, the last evaluation and its worst samples, the ranks, what the doctor found: one at a time. */
export function BottomPanel({ setup, doctor }: { readonly setup: Setup; readonly doctor: DoctorState }) {
  const store = useStore();
  store.tick.value;
  const panel = store.panel.value;
  const { faults } = store.history;
  const { evaluations } = store.runs.leading();
  const ranks = store.ranks.value;
  const stored = store.storedRuns.value.length;
  const tabs: readonly Tab<PanelName>[] = [
    { name: "log", label: "Log" },
    { name: "runs", label: "Runs", note: stored > 0 ? count(stored) : undefined },
    { name: "evaluation", label: "Evaluation", note: evaluations.length > 0 ? count(evaluations.length) : undefined },
    { name: "gallery", label: "Gallery" },
    { name: "ranks", label: "Ranks", note: rankNote(ranks.length, faults.length) },
    { name: "doctor", label: "Doctor", note: findingsNote(store.history.diagnoses) },
  ];
  return (
    <section class="bottom" aria-label="Log, stored runs, evaluation, gallery, ranks and findings">
      <h2 class="sr-only">Details</h2>
      <Tabs label="What is shown of the run" tabs={tabs} value={panel} onValue={(name) => (store.panel.value = name)}>
        {panel === "log" && (
          <>
            <LogView lines={store.log} count={store.log.length} />
            <div class="run-facts">
              <Facts />
              <RunExports run={store.run.value?.name} />
            </div>
          </>
        )}
        {panel === "runs" && <RunsPanel setup={setup} />}
        {panel === "evaluation" && <EvaluationPanel />}
        {panel === "gallery" && <GalleryPanel />}
        {panel === "ranks" && <RankPanel />}
        {panel === "doctor" && <DoctorPanel setup={setup} doctor={doctor} />}
      </Tabs>
    </section>
  );
}

function rankNote(ranks: number, faults: number): string | undefined {
  if (faults > 0) return plural(faults, "fault");
  return ranks > 0 ? count(ranks) : undefined;
}

function Facts() {
  const store = useStore();
  store.tick.value;
  const run = store.run.value;
  const inMap = store.history.lastStep?.in_map_share;
  if (run === undefined)
    return <p class="empty">Plan, memory and sample counts are listed here once the run is compiled.</p>;
  return (
    <>
      <p class="plan">{run.plan}</p>
      <dl class="facts">
        <Fact name="Parameters" value={count(run.parameters)} />
        <Fact name="GPU memory" value={bytes(run.memoryBytes)} />
        <Fact name="Samples" value={`${count(run.trainSamples)} train, ${count(run.valSamples)} val`} />
        <Fact name="Epoch" value={`${count(run.stepsPerEpoch)} steps of ${run.batch}`} />
        <Fact name="Ranks" value={`${run.ranks}, for ${plural(run.microBatches, "micro-batch", "micro-batches")}`} />
        <Fact name="Inside the maps" value={inMap === undefined ? "–" : `${fixed(100 * inMap, 0)} % of vertices`} />
        <Fact name="Hand" value={run.hand} />
        <Fact name="Data" value={run.data} />
        {run.quirks.length > 0 && <Fact name="Quirks" value={run.quirks.join(", ")} />}
      </dl>
    </>
  );
}

function Fact({ name, value }: { readonly name: string; readonly value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd title={value}>{value}</dd>
    </div>
  );
}
