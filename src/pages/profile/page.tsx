/** The profile: what is measured and how. What was measured is loaded when there is something to show. */
import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { useStore } from "../context";
import { NumberField } from "../widgets/field";
import { useFileInput } from "../widgets/file-input";
import { Icon } from "../widgets/icons";
import { useDrop } from "../widgets/use-drop";
import type { ProfileRecording } from "./recordings";
import type { ProfileState } from "./state";

interface ViewProps {
  readonly state: ProfileState;
  readonly recording: ProfileRecording;
}

let loaded: ComponentType<ViewProps> | undefined;

export function ProfilePage({ state }: { readonly state: ProfileState }) {
  const recording = state.shown.value;
  const { isOver, handlers } = useDrop(({ files }) => void state.importFiles(files));
  return (
    <div class="profile" data-over={isOver} {...handlers}>
      <h1 class="sr-only">Profile</h1>
      <Toolbar state={state} />
      {state.recording.value !== "none" && <Progress state={state} />}
      {state.problem.value !== undefined && (
        <div class="banner" role="alert">
          <Icon name="warn" />
          <p>{state.problem.value}</p>
        </div>
      )}
      {recording === undefined ? <Empty state={state} /> : <LazyView recording={recording} state={state} />}
    </div>
  );
}

function LazyView(props: ViewProps) {
  const [View, setView] = useState(() => loaded);
  const [problem, setProblem] = useState<string | undefined>(undefined);
  useEffect(() => {
    if (loaded !== undefined) return;
    import("./view").then(
      (module) => {
        loaded = module.ProfileView;
        setView(() => loaded);
      },
      () => setProblem("The profile's view could not be loaded: reload the page to try again."),
    );
  }, []);
  if (View !== undefined) return <View {...props} />;
  return (
    <p class="empty" role="status">
      {problem ?? "Loading the profile …"}
    </p>
  );
}

function Toolbar({ state }: { readonly state: ProfileState }) {
  const isBusy = state.busy.value !== undefined;
  const input = useFileInput("Profiles that were saved as JSON", (files) => void state.importFiles(files), {
    accept: ".json,application/json",
    isMultiple: true,
  });
  return (
    <section class="toolbar" aria-label="Measuring">
      {state.recording.value === "none" ? (
        <button type="button" class="primary" onClick={() => state.measure()} disabled={isBusy}>
          <Icon name="play" />
          {state.report.value === undefined ? "Record" : "Record again"}
        </button>
      ) : (
        <button type="button" onClick={() => state.cancel()} disabled={state.isCancelling.value}>
          <Icon name="stop" />
          {state.isCancelling.value ? "Cancelling" : "Cancel"}
        </button>
      )}
      <NumberField
        label="Warm-up"
        title="Repeats of the step before those that count"
        min={0}
        max={100}
        isDisabled={isBusy}
        value={state.warmUp.value}
        onValue={(value) => (state.warmUp.value = value)}
      />
      <NumberField
        label="Active"
        title="Repeats of the step that are timed: medians and spread are over them"
        min={1}
        max={1000}
        isDisabled={isBusy}
        value={state.active.value}
        onValue={(value) => (state.active.value = value)}
      />
      <span class="toolbar-says" />
      {state.shown.value !== undefined && <Exports state={state} />}
      {input.element}
      <button
        type="button"
        title="A profile that was saved as JSON; it may be dropped on the page as well"
        disabled={isBusy}
        onClick={() => input.open()}
      >
        <Icon name="folder" />
        Open
      </button>
      {/* A document of its own: its references compile code at run time, which this page's policy forbids. */}
      <a class="button" href="./verify.html" target="_blank" rel="noreferrer">
        <Icon name="check" />
        Verify on this device
      </a>
    </section>
  );
}

/** How far the measuring is; what it is at is read aloud, each count of it is not. */
function Progress({ state }: { readonly state: ProfileState }) {
  const { status } = useStore();
  const { text, done, total } = status.value ?? { text: "", done: undefined, total: undefined };
  return (
    <div class="profile-progress">
      <progress aria-label="Measuring" value={done} max={total} />
      <strong role="status">{state.busy.value}</strong>
      <span class="dim num">
        {text}
        {done !== undefined && ` ${done} of ${total}`}
      </span>
    </div>
  );
}

const EXPORTS = [
  { kind: "csv", label: "CSV", title: "One line for each dispatch" },
  { kind: "json", label: "JSON", title: "All of it; Open reads it again, to compare with" },
  { kind: "trace", label: "Trace", title: "Chrome's trace format, for Perfetto" },
] as const;

function Exports({ state }: { readonly state: ProfileState }) {
  const recording = state.shown.value;
  return (
    <fieldset class="export-buttons">
      <legend class="sr-only">Save the recording</legend>
      {EXPORTS.map(({ kind, label, title }) => (
        <button
          key={kind}
          type="button"
          title={title}
          disabled={state.busy.value !== undefined}
          onClick={async () => recording !== undefined && (await import("./exports")).saveProfile(kind, recording)}
        >
          <Icon name="download" />
          {label}
        </button>
      ))}
    </fieldset>
  );
}

function Empty({ state }: { readonly state: ProfileState }) {
  const run = useStore().run.value;
  return (
    <div class="empty-page">
      <div class="empty-bars" aria-hidden="true">
        {[92, 70, 61, 44, 33, 25, 18, 12].map((width) => (
          <span key={width} style={{ width: `${width}%` }} />
        ))}
      </div>
      <h2>Where does a training step spend its time?</h2>
      <p>
        {run === undefined
          ? "Record starts a small run on synthetic hands, pauses it after its first step, and times every kernel of the recorded plan. Start a run of your own first to measure that one."
          : `Record times every kernel of ${run.name}: the recorded plan of a training step, forward, backward and update.`}{" "}
        A profile that was saved as JSON can be opened, or dropped here.
      </p>
      {state.busy.value === undefined && (
        <button type="button" class="primary large" onClick={() => state.measure()}>
          Record
        </button>
      )}
    </div>
  );
}
