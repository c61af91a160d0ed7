/** The shell around the three pages: header, banner, help, shortcuts. */
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { ImportApi } from "../ranks/import-api";
import { StoreProvider, useStore } from "./context";
import { DataState } from "./data/state";
import { FindingNotice } from "./doctor/notice";
import { DoctorState } from "./doctor/state";
import { count, faultSentence, plural } from "./format";
import { connectImport } from "./import-client";
import { InspectPage } from "./inspect/page";
import { InspectState } from "./inspect/state";
import { NoGpuBanner } from "./no-gpu";
import { ProfilePage } from "./profile/page";
import { ProfileState } from "./profile/state";
import { SILENCE_S } from "./pulse";
import { PAGES } from "./route";
import type { RunState, Store } from "./store";
import { theme, toggleTheme } from "./theme";
import { TrainPage } from "./train/page";
import type { Setup } from "./train/setup";
import { HelpDialog } from "./widgets/help";
import { Icon, Mark } from "./widgets/icons";
import { useWindowDrop } from "./widgets/use-drop";
import { useKeys } from "./widgets/use-keys";

/** What one page of the app consists of; the pages' own states outlive a change of page. */
export interface Parts {
  readonly store: Store;
  readonly setup: Setup;
  readonly data: DataState;
  readonly doctor: DoctorState;
  readonly profile: ProfileState;
  readonly inspect: InspectState;
}

/** The states of the three pages around one store; `importer` keeps the data sets. */
export function partsOf(store: Store, setup: Setup, importer: ImportApi = connectImport()): Parts {
  const data = new DataState(
    importer,
    () => setup.importOptions(),
    () => setup.summaryRequest(),
    () => ({ frames: setup.frames.value, seed: setup.dataSeed.value }),
  );
  const [profile, inspect] = [new ProfileState(store, setup), new InspectState(store, setup)];
  return { store, setup, data, doctor: new DoctorState(), profile, inspect };
}

const STATES: Record<RunState, string> = {
  idle: "No run",
  starting: "Starting",
  running: "Training",
  pausing: "Pausing",
  paused: "Paused",
  stopping: "Stopping",
  finished: "Finished",
  failed: "Failed",
};

export function App({ store, setup, data, doctor, profile, inspect }: Parts) {
  const isHelpOpen = useSignal(false);
  const { page } = store.route.value;
  useKeys({
    "Shift+?": () => {
      isHelpOpen.value = true;
    },
    "?": () => {
      isHelpOpen.value = true;
    },
    "1": () => store.go("train"),
    "2": () => store.go("profile"),
    "3": () => store.go("inspect"),
    "Shift+T": toggleTheme,
  });
  useTitle(store);
  useWarning(store);
  // Train takes files anywhere in the window; elsewhere what no zone has taken would replace the app.
  useWindowDrop(({ files }) => {
    const name = files[0]?.name ?? "what was dropped";
    store.addProblem(
      `"${name}" was not taken: drop data, hands, configurations, logs and runs on Train, a recording on the page Profile, a saved sample on the page Inspect.`,
    );
  }, page !== "train");
  return (
    <StoreProvider value={store}>
      <button type="button" class="skip" onClick={() => document.getElementById("main")?.focus()}>
        Skip to the page
      </button>
      <Header onHelp={() => (isHelpOpen.value = true)} />
      <Banner />
      <SilenceNotice />
      <FindingNotice setup={setup} doctor={doctor} />
      <FaultNotice />
      <main id="main" tabIndex={-1} class={`page page-${page}`}>
        {page === "train" && <TrainPage setup={setup} data={data} doctor={doctor} />}
        {page === "profile" && <ProfilePage state={profile} />}
        {page === "inspect" && <InspectPage state={inspect} />}
      </main>
      {isHelpOpen.value && <HelpDialog onClose={() => (isHelpOpen.value = false)} />}
    </StoreProvider>
  );
}

/** Lets a person in another tab see how far the run is. */
function useTitle(store: Store): void {
  store.tick.value;
  const step = store.history.lastStep?.step;
  const total = store.run.value?.totalSteps;
  const isCounted = store.isActive.value && step !== undefined && total !== undefined;
  const title = isCounted ? `${step}/${total} Handloom` : "Handloom";
  useEffect(() => {
    document.title = title;
  }, [title]);
}

/** Asks before the tab is closed under a run: what came after its last checkpoint would be lost. */
function useWarning(store: Store): void {
  const isActive = store.isActive.value;
  useEffect(() => {
    if (!isActive) return;
    const warn = (event: BeforeUnloadEvent) => event.preventDefault();
    addEventListener("beforeunload", warn);
    return () => removeEventListener("beforeunload", warn);
  }, [isActive]);
}

function Header({ onHelp }: { readonly onHelp: () => void }) {
  const store = useStore();
  const { page } = store.route.value;
  return (
    <header class="header">
      <a class="brand" href="#/train" aria-label="Handloom, to the training page">
        <Mark />
        <span>Handloom</span>
      </a>
      <nav aria-label="Pages" class="tabs">
        {PAGES.map(({ name, label }) => (
          <a key={name} href={`#/${name}`} aria-current={name === page ? "page" : undefined}>
            {label}
          </a>
        ))}
      </nav>
      <div class="header-end">
        <RunPill />
        <AdapterName />
        <button
          type="button"
          class="quiet"
          onClick={onHelp}
          aria-label="Shortcuts and help"
          title="Shortcuts and help (?)"
        >
          <Icon name="help" />
        </button>
        <button
          type="button"
          class="quiet"
          onClick={toggleTheme}
          aria-label={theme.value === "dark" ? "Use the light theme" : "Use the dark theme"}
          title={`${theme.value === "dark" ? "Light" : "Dark"} theme (Shift+T)`}
        >
          <Icon name={theme.value === "dark" ? "sun" : "moon"} />
        </button>
      </div>
    </header>
  );
}

function RunPill() {
  const store = useStore();
  store.tick.value;
  const isWasted = store.stoppedBy.value !== undefined;
  const state = store.state.value;
  const isSilent = store.isSilent.value;
  const step = store.history.lastStep?.step;
  const total = store.run.value?.totalSteps;
  const isStopped = state === "finished" && (step ?? 0) < (total ?? 1);
  return (
    <span class="pill" data-state={isWasted || isSilent ? "failed" : state}>
      <span class="lamp" />
      <span role="status">
        {isSilent ? "No answer" : isWasted ? "Stopped by the doctor" : isStopped ? "Stopped" : STATES[state]}
      </span>
      {step !== undefined && total !== undefined && (
        <span class="num">
          {step} / {total}
        </span>
      )}
    </span>
  );
}

function AdapterName() {
  const adapter = useStore().adapter.value;
  const running = useStore().run.value;
  if (adapter.kind === "checking") return <span class="adapter">looking for an adapter …</span>;
  if (adapter.kind === "missing") return <span class="adapter bad">no WebGPU</span>;
  const name = running?.adapter ?? adapter.name;
  return (
    <span class="adapter" title={`WebGPU adapter: ${name}`}>
      {name}
    </span>
  );
}

/** What went wrong, each in a sentence, until it is dismissed. */
function Banner() {
  const store = useStore();
  const adapter = store.adapter.value;
  const problems = store.problems.value;
  return (
    <div class="banners" role="alert">
      {adapter.kind === "missing" && <NoGpuBanner message={adapter.message} />}
      {problems.map((problem) => (
        <div class="banner" key={problem}>
          <Icon name="warn" />
          <p>{problem}</p>
          <button type="button" class="quiet" aria-label="Dismiss" onClick={() => store.dismissProblem(problem)}>
            <Icon name="close" />
          </button>
        </div>
      ))}
    </div>
  );
}

/** The worker behind the run is dead, or so busy that nobody can tell: what is shown may be old, and what to do about it. */
function SilenceNotice() {
  const store = useStore();
  const saved = store.savedStep.value;
  return (
    <div class="banners" role="alert">
      {store.isSilent.value && (
        <div class="banner">
          <Icon name="warn" />
          <p>
            {store.isActive.value
              ? `The worker of this run has not answered for ${SILENCE_S} s: it has ended or is stuck, and what is shown here may be old. `
              : `The worker that keeps the runs has not answered for ${SILENCE_S} s: it has ended or is stuck. `}
            {store.isActive.value
              ? `Wait for it, or end it and ${saved === undefined ? "start again: there is no checkpoint yet" : `continue the run from its last checkpoint, step ${count(saved)}`}.`
              : "Wait for it, or end it: another one takes its place."}
          </p>
          <button type="button" class="small" onClick={() => store.abandon()}>
            End the worker
          </button>
        </div>
      )}
    </div>
  );
}

/** Something failed and the run went on: no problem to solve, so neither red nor an alert. */
function FaultNotice() {
  const store = useStore();
  store.tick.value;
  const { faults } = store.history;
  const unseen = faults.length - store.faultsSeen.value;
  const last = faults[faults.length - 1];
  return (
    <div class="banners" role="status">
      {unseen > 0 && last !== undefined && (
        <div class="banner notice">
          <Icon name="cycle" />
          <p>
            {faultSentence(last)}
            {unseen > 1 && ` ${plural(unseen - 1, "fault")} before it.`}
          </p>
          <button type="button" class="small" onClick={() => store.showPanel("ranks")}>
            Show ranks
          </button>
          <button type="button" class="quiet" aria-label="Dismiss the notice" onClick={() => store.dismissFaults()}>
            <Icon name="close" />
          </button>
        </div>
      )}
    </div>
  );
}
