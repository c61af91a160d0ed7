import { useSignal } from "@preact/signals";
import { useStore } from "../context";
import { bytes, count, fixed } from "../format";
import { messageOf } from "../store";
import { LogView } from "../widgets/log-view";
import { download, EXPORTS, type ExportKind, makeDownload } from "./exports";

/** Log at the left, facts and downloads of the run at the right. */
export function BottomPanel() {
  const store = useStore();
  store.tick.value;
  return (
    <section class="bottom" aria-label="Log and facts of the run">
      <LogView lines={store.log} count={store.log.length} />
      <div class="run-facts">
        <Facts />
        <Exports />
      </div>
    </section>
  );
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

function Exports() {
  const store = useStore();
  const busy = useSignal<ExportKind | undefined>(undefined);
  const run = store.run.value?.name;
  const save = async (kind: ExportKind) => {
    if (run === undefined || busy.value !== undefined) return;
    busy.value = kind;
    try {
      const { name, blob } = await makeDownload(kind, run, await store.files(run));
      download(name, blob);
    } catch (error) {
      store.addProblem(messageOf(error));
    }
    busy.value = undefined;
  };
  return (
    <fieldset class="exports" disabled={run === undefined}>
      <legend>Download</legend>
      {EXPORTS.map(({ kind, label, hint }) => (
        <button
          key={kind}
          type="button"
          class="small"
          title={hint}
          aria-busy={busy.value === kind}
          onClick={() => save(kind)}
        >
          {label}
        </button>
      ))}
    </fieldset>
  );
}
