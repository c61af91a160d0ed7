import type { Diagnosis } from "../../train/findings";
import { useStore } from "../context";
import { bytes } from "../format";
import type { Setup } from "../train/setup";
import { useFileInput } from "../widgets/file-input";
import { Icon } from "../widgets/icons";
import { Curves } from "./curves";
import { FindingView, SeverityMark } from "./finding-view";
import type { DoctorState } from "./state";

/** What was found in the run and in logs that were read, one entry for each cause, and the chosen one in full. */
export function DoctorPanel({ setup, doctor }: { readonly setup: Setup; readonly doctor: DoctorState }) {
  const store = useStore();
  store.tick.value;
  const { diagnoses } = store.history;
  const log = doctor.log.value;
  const chosen = doctor.chosen.value;
  const source = chosen?.source ?? "run";
  const read = source === "run" ? undefined : log?.runs[source];
  const among = read?.findings ?? diagnoses ?? [];
  // The chosen one may have gone, as what is only likely does.
  const shown = chosen?.id === "curves" ? undefined : (among.find(({ id }) => id === chosen?.id) ?? among[0]);
  const isShown = (of: "run" | number, id: string) => source === of && (shown?.id ?? "curves") === id;
  return (
    <div class="doctor">
      <section class="doctor-list" aria-label="Findings">
        <ReadButton doctor={doctor} />
        <h3>This run</h3>
        {diagnoses === undefined && (
          <p class="hint">Data, network and steps of a run are looked at as it goes; what is found stands here.</p>
        )}
        {diagnoses?.length === 0 && (
          <p class="calm">
            <Icon name="check" /> No findings
          </p>
        )}
        <Entries
          findings={diagnoses ?? []}
          isShown={(id) => isShown("run", id)}
          onChoose={(id) => (doctor.chosen.value = { source: "run", id })}
        />
        <Ignored setup={setup} />
        {log !== undefined && <LogHead doctor={doctor} />}
        {log?.runs.map((run, i) => (
          <section key={i} aria-label={run.name}>
            <h3>{run.name}</h3>
            <Entries
              findings={run.findings}
              isShown={(id) => isShown(i, id)}
              onChoose={(id) => (doctor.chosen.value = { source: i, id })}
              curves={run.series.length}
            />
          </section>
        ))}
      </section>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: scrolled with the arrow keys. */}
      <section class="finding" tabIndex={0} aria-label="The chosen finding">
        {shown !== undefined && <FindingView finding={shown} setup={read === undefined ? setup : undefined} />}
        {shown === undefined && read !== undefined && <Curves run={read} />}
        {shown === undefined && read === undefined && (
          <p class="empty">
            {diagnoses?.length === 0
              ? "Nothing was found in data, network and steps so far."
              : "Each finding comes with its numbers, its cause and its remedy. Drop a training log on this page to have it read."}
          </p>
        )}
      </section>
    </div>
  );
}

function Entries({
  findings,
  isShown,
  onChoose,
  curves = 0,
}: {
  readonly findings: readonly Diagnosis[];
  readonly isShown: (id: string) => boolean;
  readonly onChoose: (id: string) => void;
  /** Above 0 the curves are an entry of their own. */
  readonly curves?: number;
}) {
  if (findings.length + curves === 0) return null;
  return (
    <ul class="doctor-entries">
      {findings.map(({ id, severity, title }) => (
        <li key={id}>
          <button type="button" class="entry" aria-current={isShown(id)} onClick={() => onChoose(id)}>
            <SeverityMark severity={severity} />
            <span>{title}</span>
          </button>
        </li>
      ))}
      {curves > 0 && (
        <li>
          <button type="button" class="entry" aria-current={isShown("curves")} onClick={() => onChoose("curves")}>
            <span>Curves</span>
            <span class="tab-note">{curves}</span>
          </button>
        </li>
      )}
    </ul>
  );
}

function ReadButton({ doctor }: { readonly doctor: DoctorState }) {
  const input = useFileInput("Training logs", (files) => doctor.read(files), { isMultiple: true });
  const reading = doctor.reading.value;
  return (
    <div class="read-log">
      <button
        type="button"
        class="small"
        disabled={reading !== undefined}
        title="A log of the original trainer, of Lightning, TensorBoard's events, or metrics.jsonl of a run; or drop it on this page"
        onClick={() => input.open()}
      >
        <Icon name="folder" />
        Read a log
      </button>
      {input.element}
      {reading !== undefined && (
        <>
          <label class="hint">
            {reading.name}, {bytes(reading.done)} of {bytes(reading.total)}
            <progress max={Math.max(1, reading.total)} value={reading.done} />
          </label>
          <button type="button" class="small" onClick={() => doctor.stopReading()}>
            <Icon name="stop" />
            Stop reading
          </button>
        </>
      )}
    </div>
  );
}

function LogHead({ doctor }: { readonly doctor: DoctorState }) {
  const { why, notes } = doctor.log.value!;
  return (
    <div class="log-head" role="status">
      {why !== undefined && <p class="log-why bad">{why}</p>}
      {notes.map((note) => (
        <p key={note} class="hint">
          {note}
        </p>
      ))}
      <button type="button" class="small" onClick={() => doctor.closeLog()}>
        <Icon name="close" />
        Close the log
      </button>
    </div>
  );
}

/** What the next run is not told, with the way back: an ignored finding is in no list. */
function Ignored({ setup }: { readonly setup: Setup }) {
  const ids = setup.ignored.value;
  if (ids.length === 0) return null;
  return (
    <div class="ignored">
      <h3>Ignored in the next run</h3>
      {ids.map((id) => (
        <button
          key={id}
          type="button"
          class="small"
          aria-label={`Tell ${id} again`}
          title="Tell it again"
          onClick={() => setup.ignore(id, false)}
        >
          {id}
          <Icon name="close" />
        </button>
      ))}
    </div>
  );
}
