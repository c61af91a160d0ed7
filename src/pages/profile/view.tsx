/** What was recorded: totals, timeline, and one of four looks at it beside the chosen kernel. */
import { Segmented } from "../widgets/field";
import { Icon } from "../widgets/icons";
import { Tabs } from "../widgets/tabs";
import { CompareView } from "./compare-view";
import { KernelPanel } from "./kernel-panel";
import { MemoryView } from "./memory-view";
import type { ProfileRecording } from "./recordings";
import { RooflineView } from "./roofline-view";
import type { ProfileState, ProfileTab } from "./state";
import { KernelTable } from "./table";
import { TimelineView } from "./timeline-view";
import { Totals } from "./totals";
import { TreeTable } from "./tree-table";

const TABS: readonly { readonly name: ProfileTab; readonly label: string }[] = [
  { name: "kernels", label: "Kernels" },
  { name: "roofline", label: "Roofline" },
  { name: "memory", label: "Memory" },
  { name: "compare", label: "Compare" },
];

export function ProfileView({
  recording,
  state,
}: {
  readonly recording: ProfileRecording;
  readonly state: ProfileState;
}) {
  const { report } = recording;
  const chosen = state.chosen.value;
  const note = (name: ProfileTab) =>
    name === "compare" && state.recordings.value.length > 1 ? String(state.recordings.value.length) : undefined;
  return (
    <>
      {report.clockNote !== undefined && (
        <p class="clock-note">
          <Icon name="clock" />
          {report.clockNote}
        </p>
      )}
      <Totals report={report} ranks={recording.ranks} />
      <TimelineView recording={recording} state={state} />
      <div class="profile-body">
        <div class="profile-looks">
          <Tabs
            label="Looks at the recording"
            tabs={TABS.map((tab) => ({ ...tab, note: note(tab.name) }))}
            value={state.tab.value}
            onValue={(tab) => (state.tab.value = tab)}
          >
            {state.tab.value === "kernels" && <Kernels recording={recording} state={state} />}
            {state.tab.value === "roofline" && <RooflineView recording={recording} state={state} />}
            {state.tab.value === "memory" && <MemoryView report={report} state={state} />}
            {state.tab.value === "compare" && <CompareView recording={recording} state={state} />}
          </Tabs>
        </div>
        {chosen !== undefined && report.rows[chosen] !== undefined && (
          <KernelPanel
            key={`${recording.id}:${chosen}`}
            recording={recording}
            row={report.rows[chosen]}
            state={state}
          />
        )}
      </div>
    </>
  );
}

function Kernels({
  recording: { report },
  state,
}: {
  readonly recording: ProfileRecording;
  readonly state: ProfileState;
}) {
  const grouping = state.grouping.value;
  return (
    <>
      <div class="table-tools">
        <Segmented
          label="Group by"
          isLabelShown
          options={[
            { value: "none", label: "Dispatch" },
            { value: "kernel", label: "Kernel" },
            { value: "module", label: "Module" },
          ]}
          value={grouping}
          onValue={(value) => (state.grouping.value = value)}
        />
        <p class="basis-legend">
          <b>m</b> measured, median of {report.active} active after {report.warmUp} warm-up · <b>e</b> exact, as
          dispatched · <b>f</b> modelled by formula from the shapes
        </p>
      </div>
      {grouping === "module" ? (
        <TreeTable report={report} state={state} />
      ) : (
        <KernelTable report={report} state={state} grouping={grouping} />
      )}
    </>
  );
}
