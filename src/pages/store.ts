/** The state of the app as signals, and what a person can ask of the run. Knows no component. */
import { batch, computed, effect, signal } from "@preact/signals";
import type { RankApi, StartOptions, StoredRun } from "../ranks/api";
import { isRunLocked } from "../ranks/run-lock";
import type { RankStatus, RunInfo, SampleView, TrainEvent } from "../train/events";
import type { Diagnosis } from "../train/findings";
import type { StepTimes } from "../train/ranks";
import { fixed } from "./format";
import { History } from "./history";
import { forgetData, keepData } from "./kept-folders";
import type { Lifeline } from "./rank-client";
import { messagesOf, sendFiles } from "./report";
import { type PageName, parseRoute, withoutDemo, withView } from "./route";
import { RunsState } from "./runs/state";
import { ChartView, MOST_OVERLAYS, type PanelName } from "./runs/view";

export type RunState = "idle" | "starting" | "running" | "pausing" | "paused" | "stopping" | "finished" | "failed";

/** What the run does at the moment when it does not train: "rendering synthetic frames", 12 of 64. */
export interface Status {
  readonly text: string;
  readonly done: number | undefined;
  readonly total: number | undefined;
}

/** The adapter that this browser offers, or the sentence that says why there is none. */
export type Adapter =
  | { readonly kind: "checking" }
  /** `second`: another one, given to those who ask for little power. */
  | { readonly kind: "found"; readonly name: string; readonly second?: string }
  | { readonly kind: "missing"; readonly message: string };

/** How often components hear of new records: a fast run must not redraw a chart for each of its steps. */
const TICK_MS = 100;
/** Timed steps that are averaged: single ones differ too much to be read. */
const TIMED_STEPS = 5;
/** Time in which a deleted run can be taken back. */
const UNDO_MS = 8000;
/** How often, and how long apart, the browser is asked whether a worker that was ended has let go of its run. */
const LET_GO = 8;
const LET_GO_MS = 500;

/** Message of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function nameOf({ info: { vendor, architecture, description } }: GPUAdapter): string {
  return description || [vendor, architecture].filter(Boolean).join(" ") || "unnamed adapter";
}

/** One per page. `rank` does the work; `send` is the launcher in the terminal, if there is one, and is told `messages`. */
export class Store {
  readonly route = signal(parseRoute(""));
  readonly adapter = signal<Adapter>({ kind: "checking" });
  readonly state = signal<RunState>("idle");
  readonly run = signal<RunInfo | undefined>(undefined);
  readonly status = signal<Status | undefined>(undefined);
  readonly sample = signal<SampleView | undefined>(undefined);
  readonly problems = signal<readonly string[]>([]);
  /** What each rank is doing, by rank. */
  readonly ranks = signal<readonly RankStatus[]>([]);
  /** Faults of this run that the notice has been dismissed for. */
  readonly faultsSeen = signal(0);
  /** Ids of findings whose notice has been dismissed, in this run. */
  readonly findingsSeen = signal<readonly string[]>([]);
  /** The finding that ended the run: it was fatal and certain, and nobody had asked to stop. */
  readonly stoppedBy = signal<Diagnosis | undefined>(undefined);
  /** How the charts are looked at, and which panel is below them. */
  readonly view = new ChartView();
  readonly panel = this.view.panel;
  readonly storedRuns = signal<readonly StoredRun[]>([]);
  /** Names of stored runs that another tab trains: they are its to write. */
  readonly runsElsewhere = signal<readonly string[]>([]);
  /** Names of runs that are hidden and will be deleted unless that is undone. */
  readonly leaving = signal<readonly string[]>([]);
  /** Grows whenever `history` or `log` did. */
  readonly tick = signal(0);
  history = new History();
  log: string[] = [];
  /** Times of the last steps that were timed, [steps][ranks]. */
  times: (readonly StepTimes[])[] = [];

  /** A run holds the worker: no other may start. */
  readonly isActive = computed(() =>
    ["starting", "running", "pausing", "paused", "stopping"].includes(this.state.value),
  );
  /** The worker behind the run does not answer: what is shown may be out of date. */
  readonly isSilent = computed(() => this.rank.isSilent?.value ?? false);
  /** The step of the run's last checkpoint. */
  readonly savedStep = signal<number | undefined>(undefined);
  /** There is a compiled plan with weights that can be profiled and asked for predictions. */
  readonly hasPlan = computed(() => this.run.value !== undefined && this.state.value !== "failed");

  /** Stored runs that are looked at. Reads the state above as soon as it is made. */
  readonly runs = new RunsState(this);

  private ownRun: string | undefined;
  private pendingTick: ReturnType<typeof setTimeout> | undefined;
  private errorSeen: string | undefined;
  private readonly deletions = new Map<
    string,
    { readonly timer: ReturnType<typeof setTimeout>; readonly wasDrawn: boolean }
  >();

  constructor(
    readonly rank: RankApi & Partial<Lifeline>,
    private readonly send: ((message: object) => unknown) | undefined = undefined,
    private readonly messages: typeof messagesOf = messagesOf,
  ) {}

  /** Follows the address; returns the function that stops it. */
  followAddress(): () => void {
    const read = () => {
      const route = parseRoute(location.hash);
      batch(() => {
        this.route.value = route;
        const { overlays } = route.view;
        // The run at hand is drawn anyway.
        const others = overlays?.filter((name) => name !== this.run.value?.name);
        this.view.take(others === undefined ? route.view : { ...route.view, overlays: others });
        for (const problem of route.problems) this.addProblem(problem);
      });
    };
    addEventListener("hashchange", read);
    read();
    // The address says how the page is looked at, so that it can be reloaded and shared; that is no step back.
    const stop = effect(() => {
      const view = this.view.state.value;
      if (this.route.value.page !== "train") return;
      // Named there, the run at hand is drawn again when the page is reloaded, as soon as something of it is stored.
      const own = this.savedStep.value === undefined ? undefined : this.run.value?.name;
      const overlays =
        own === undefined ? view.overlays : [...new Set([own, ...view.overlays])].slice(0, MOST_OVERLAYS);
      const address = withView(own === undefined ? location.hash : withoutDemo(location.hash), { ...view, overlays });
      if (address !== location.hash) history.replaceState(history.state, "", address || location.pathname);
    });
    return () => {
      stop();
      removeEventListener("hashchange", read);
    };
  }

  /** Looks at the stored runs again whenever the tab is come back to; returns the function that stops it. */
  followTab(): () => void {
    const look = () => {
      if (document.visibilityState === "visible") void this.refreshRuns();
    };
    document.addEventListener("visibilitychange", look);
    return () => document.removeEventListener("visibilitychange", look);
  }

  /** Goes to a page, keeping the history of the browser's back button. */
  go(page: PageName): void {
    location.hash = `#/${page}`;
  }

  /** Asks the browser for an adapter, to name it before a run starts. */
  async findAdapter(): Promise<void> {
    if (!("gpu" in navigator)) {
      const message = isSecureContext
        ? "This browser has no WebGPU. Use Chrome or Edge 113, Firefox 141, Safari 26, or later."
        : "WebGPU needs a secure page: open Handloom at localhost or over https.";
      this.adapter.value = { kind: "missing", message };
      return;
    }
    try {
      const adapter = await navigator.gpu.requestAdapter({ powerPreference: "high-performance" });
      if (adapter === null) {
        const message =
          "The browser has WebGPU but offers no adapter. Check chrome://gpu (about:support in Firefox) for a blocked or missing graphics driver.";
        this.adapter.value = { kind: "missing", message };
        return;
      }
      const name = nameOf(adapter);
      this.adapter.value = { kind: "found", name };
      const other = await navigator.gpu.requestAdapter({ powerPreference: "low-power" });
      if (other !== null && nameOf(other) !== name) this.adapter.value = { kind: "found", name, second: nameOf(other) };
    } catch (error) {
      this.adapter.value = { kind: "missing", message: `The browser refused an adapter: ${messageOf(error)}` };
    }
  }

  /** Trains until the run ends; errors end in `problems`, not in a rejection. `earlier` is what a continued run has behind it. */
  async start(options: StartOptions, earlier: History = new History()): Promise<void> {
    if (this.isActive.value) return;
    this.ownRun = options.resume ?? options.name;
    this.history = earlier;
    this.log = [];
    this.times = [];
    this.errorSeen = undefined;
    batch(() => {
      this.state.value = "starting";
      this.run.value = undefined;
      this.sample.value = undefined;
      this.problems.value = [];
      this.ranks.value = [];
      this.faultsSeen.value = earlier.faults.length;
      // An earlier part of a continued run may have told what is ignored by now.
      this.findingsSeen.value = options.ignore ?? [];
      this.stoppedBy.value = undefined;
      this.savedStep.value = earlier.lastStep?.step;
      this.status.value = { text: "starting the worker", done: undefined, total: undefined };
      this.tick.value++;
    });
    keepData("run", options.name, options.data).catch((error) =>
      this.addProblem(
        `What "${options.name}" is trained on could not be kept beside it, so continuing it will ask for it again: ${messageOf(error)}`,
      ),
    );
    try {
      await this.rank.start(options, (event) => this.apply(event));
    } catch (error) {
      // The same error usually arrives as an event first.
      if (this.errorSeen === undefined) this.apply({ type: "error", message: messageOf(error) });
    }
    await this.refreshRuns();
    await this.reportEnd(options.name);
  }

  /** Takes one event of the run into the state. */
  apply(event: TrainEvent): void {
    for (const message of this.messages(event, this.run.value?.totalSteps ?? 0)) this.send?.(message);
    switch (event.type) {
      case "status":
        this.status.value = { text: event.text, done: event.done, total: event.total };
        break;
      case "started":
        batch(() => {
          this.run.value = event.run;
          this.status.value = undefined;
          if (this.state.value === "starting") this.state.value = "running";
        });
        break;
      case "rank":
        this.ranks.value = [...this.ranks.value.filter(({ rank }) => rank !== event.status.rank), event.status].sort(
          (a, b) => a.rank - b.rank,
        );
        break;
      case "times":
        // Means over groups of different sizes would be of nobody.
        if (this.times[0]?.length !== event.times.length) this.times = [];
        this.times.push(event.times);
        this.history.times.push({ step: event.step, ranks: event.times });
        if (this.times.length > TIMED_STEPS) this.times.shift();
        break;
      case "fault":
        this.history.faults.push(event.record);
        break;
      case "findings":
        this.history.diagnoses = event.diagnoses;
        break;
      case "log":
        this.log.push(event.line);
        break;
      case "step":
        this.history.steps.push(event.record);
        if (this.status.value !== undefined) this.status.value = undefined;
        break;
      case "evaluation":
        this.history.evaluations.push(event.record);
        this.status.value = undefined;
        break;
      case "sample":
        this.sample.value = event.view;
        break;
      case "checkpoint":
        this.savedStep.value = event.step;
        this.log.push(`Saved ${event.name} at step ${event.step} (${(event.sizeBytes / 2 ** 20).toFixed(1)} MiB)`);
        break;
      case "paused":
        batch(() => {
          this.state.value = "paused";
          this.status.value = undefined;
        });
        break;
      case "finished":
        batch(() => {
          if (event.reason === "stopped" && this.state.value !== "stopping") {
            const isWaste = ({ severity, certainty }: Diagnosis) => severity === "fatal" && certainty === "certain";
            this.stoppedBy.value = this.history.diagnoses?.find(isWaste);
          }
          this.state.value = "finished";
          this.status.value = undefined;
          // Rank 0 goes on to answer for profiles and samples, but trains no more.
          this.ranks.value = this.ranks.value.map((each) =>
            each.state === "training" ? { ...each, state: "ended", text: "" } : each,
          );
          this.tick.value++;
        });
        break;
      case "error":
        this.errorSeen = event.message;
        this.log.push(event.message);
        batch(() => {
          this.state.value = "failed";
          this.status.value = undefined;
          this.addProblem(event.message);
          this.tick.value++;
        });
        break;
    }
    this.pendingTick ??= setTimeout(() => {
      this.pendingTick = undefined;
      this.tick.value++;
    }, TICK_MS);
  }

  /** Ends the step at hand, then waits. */
  pause(): Promise<void> {
    return this.ask("running", "pausing", () => this.rank.pause());
  }

  resume(): Promise<void> {
    return this.ask("paused", "running", () => this.rank.resume());
  }

  /** One step of a run that is paused. */
  step(): Promise<void> {
    return this.ask("paused", "pausing", () => this.rank.step());
  }

  /** Ends after the step at hand, with a checkpoint. */
  stop(): Promise<void> {
    if (!this.isActive.value || this.state.value === "stopping") return Promise.resolve();
    return this.ask(this.state.value, "stopping", () => this.rank.stop());
  }

  /** Ends a worker that does not answer. Its run fails with a sentence; what it has stored is listed again. */
  async abandon(): Promise<void> {
    const name = this.isActive.value ? this.ownRun : undefined;
    const saved = this.savedStep.value;
    const rest =
      saved === undefined
        ? "it had no checkpoint yet, so start it again"
        : `continue it from its last checkpoint, step ${saved}`;
    this.rank.abandon?.(
      name === undefined
        ? "The worker that keeps the runs was ended, as it did not answer; another one has taken its place."
        : `The worker of the run "${name}" was ended, as it did not answer; ${rest}.`,
    );
    // The browser frees its run when the thread is gone, which takes a busy one some seconds.
    for (let i = 0; i < LET_GO && name !== undefined && (await isRunLocked(name)); i++) {
      await new Promise((resolve) => setTimeout(resolve, LET_GO_MS));
    }
    await this.refreshRuns();
  }

  /** Shows a sentence in the banner, once. */
  addProblem(sentence: string): void {
    if (!this.problems.value.includes(sentence)) this.problems.value = [...this.problems.value, sentence];
  }

  dismissProblem(sentence: string): void {
    this.problems.value = this.problems.value.filter((each) => each !== sentence);
  }

  /** Takes the notice of faults away; they stay in the history. */
  dismissFaults(): void {
    this.faultsSeen.value = this.history.faults.length;
  }

  /** Takes the notice of the findings at hand away; they stay in the panel. */
  dismissFindings(): void {
    this.findingsSeen.value = (this.history.diagnoses ?? []).map(({ id }) => id);
  }

  /** Goes to where a panel of the training page is shown. */
  showPanel(panel: PanelName): void {
    this.panel.value = panel;
    if (this.route.value.page !== "train") this.go("train");
  }

  async refreshRuns(): Promise<void> {
    try {
      const runs = [...(await this.rank.storedRuns())].sort((a, b) => b.savedAt - a.savedAt);
      const elsewhere = await Promise.all(runs.map(({ name }) => this.isElsewhere(name)));
      batch(() => {
        this.storedRuns.value = runs;
        this.runsElsewhere.value = runs.filter((_, i) => elsewhere[i]).map(({ name }) => name);
      });
    } catch (error) {
      const message = messageOf(error);
      // A worker that is gone has said so already; the first error is the one to read.
      if (!this.problems.value.includes(message)) this.addProblem(`The stored runs could not be listed: ${message}`);
    }
  }

  /** Hides a stored run at once and deletes it when the time to undo has passed. */
  deleteRun(name: string): void {
    if (this.deletions.has(name)) return;
    this.leaving.value = [...this.leaving.value, name];
    const wasDrawn = this.view.overlays.value.includes(name);
    this.view.overlays.value = this.view.overlays.value.filter((each) => each !== name);
    const timer = setTimeout(async () => {
      this.deletions.delete(name);
      try {
        if (await this.isElsewhere(name)) throw new Error("another tab of this browser began to train it");
        await this.rank.deleteRun(name);
        await forgetData("run", name);
      } catch (error) {
        this.addProblem(`The run "${name}" could not be deleted: ${messageOf(error)}`);
      }
      await this.refreshRuns();
      this.leaving.value = this.leaving.value.filter((each) => each !== name);
    }, UNDO_MS);
    this.deletions.set(name, { timer, wasDrawn });
  }

  undoDelete(name: string): void {
    const deletion = this.deletions.get(name);
    if (deletion === undefined) return;
    clearTimeout(deletion.timer);
    this.deletions.delete(name);
    this.leaving.value = this.leaving.value.filter((each) => each !== name);
    if (deletion.wasDrawn && !this.view.overlays.value.includes(name)) this.view.toggleOverlay(name);
  }

  private async isElsewhere(run: string): Promise<boolean> {
    return !(this.isActive.value && run === this.ownRun) && isRunLocked(run);
  }

  private async ask(from: RunState, to: RunState, request: () => Promise<void>): Promise<void> {
    if (this.state.value !== from) return;
    this.state.value = to;
    try {
      await request();
    } catch (error) {
      if (this.state.value === to) this.state.value = from;
      this.addProblem(messageOf(error));
    }
  }

  private async reportEnd(run: string): Promise<void> {
    if (this.send === undefined) return;
    let message = this.errorSeen;
    try {
      const stored = this.storedRuns.value.some((each) => each.name === run);
      if (stored || message === undefined) await sendFiles(this.send, await this.rank.files(run));
    } catch (error) {
      message ??= `The run's files could not be read: ${messageOf(error)}`;
    }
    const step = this.history.lastStep?.step ?? 0;
    const ended = this.history.lastEvaluation;
    const metrics =
      ended === undefined
        ? ""
        : `: MPJPE ${fixed(ended.mpjpe_mm, 1)} mm, PA-MPJPE ${fixed(ended.pa_mpjpe_mm, 1)} mm on ${ended.samples} samples`;
    this.send({ type: "done", ok: message === undefined, message: message ?? `trained ${step} steps${metrics}` });
  }
}
