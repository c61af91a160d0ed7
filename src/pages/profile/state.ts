/** What the profiling page shows, and the measuring itself. */
import { batch, computed, effect, signal } from "@preact/signals";
import type { Peaks } from "../../train/events";
import { DEMO } from "../route";
import { messageOf, type Store } from "../store";
import type { Setup } from "../train/setup";
import { type ProfileRecording, readRecording } from "./recordings";
import type { Grouping, SortKey } from "./rows";

export type ProfileTab = "kernels" | "roofline" | "memory" | "compare";

/** A stretch of the timeline, ms. */
export interface TimeRange {
  readonly fromMs: number;
  readonly toMs: number;
}

export class ProfileState {
  /** Of this session, oldest first, and the one that is shown. */
  readonly recordings = signal<readonly ProfileRecording[]>([]);
  readonly shownId = signal<number | undefined>(undefined);
  /** The one that it is compared with. */
  readonly baselineId = signal<number | undefined>(undefined);
  readonly shown = computed(() => this.recordings.value.find(({ id }) => id === this.shownId.value));
  readonly baseline = computed(() => this.recordings.value.find(({ id }) => id === this.baselineId.value));
  readonly report = computed(() => this.shown.value?.report);
  /** Of the adapter of this session's runs. */
  readonly ownPeaks = signal<Peaks | undefined>(undefined);
  /** Those that the shown recording is held against. */
  readonly peaks = computed(() => this.shown.value?.peaks ?? this.ownPeaks.value);
  /** Says what is going on while measuring, else undefined. */
  readonly busy = signal<string | undefined>(undefined);
  /** Where a recording or the measuring of peaks stands, which a person may cancel. */
  readonly recording = signal<"none" | "starting" | "timing">("none");
  readonly isCancelling = signal(false);
  readonly problem = signal<string | undefined>(undefined);
  /** Repeats that are timed, and those before them that are not: the words of PyTorch's profiler. */
  readonly active = signal(5);
  readonly warmUp = signal(1);
  readonly tab = signal<ProfileTab>("kernels");
  readonly grouping = signal<Grouping>("none");
  readonly sort = signal<{ readonly key: SortKey; readonly isDescending: boolean }>({ key: "ms", isDescending: true });
  /** Paths of the module tree that are open. */
  readonly open = signal<ReadonlySet<string>>(new Set());
  /** Index of the row that is looked at, in table, timeline and roofline alike. */
  readonly chosen = signal<number | undefined>(undefined);
  readonly range = signal<TimeRange | undefined>(undefined);
  private nextId = 1;
  /** The run that starts was started to be measured. */
  private isOwnRun = false;

  constructor(
    private readonly store: Store,
    private readonly setup: Setup,
  ) {}

  /** Records the plan of the run at hand. Without one, starts the demo's and pauses it after its first step. */
  async measure(): Promise<void> {
    await this.working("Measuring", async () => {
      if (!(await this.ready())) return;
      const [active, warmUp] = [this.active.value, this.warmUp.value];
      this.busy.value = `Timing every kernel: ${warmUp} to warm up, ${active} active`;
      const report = await this.store.rank.profile(active, warmUp);
      const { times, run } = this.store;
      const step = this.store.history.lastStep?.step ?? 0;
      const peaks = this.ownPeaks.value?.adapter === report.adapter ? this.ownPeaks.value : undefined;
      const ranks = times[times.length - 1] ?? [];
      this.add({ name: `${run.value?.name ?? "run"}, step ${step}`, report, ranks, ...(peaks && { peaks }) });
    });
  }

  /** Ends what is measured after the repeat at hand; while its run starts, at once. A run that was started for it is stopped. */
  async cancel(): Promise<void> {
    if (this.recording.value === "none" || this.isCancelling.value) return;
    const isStarting = this.recording.value === "starting";
    this.isCancelling.value = true;
    if (isStarting) {
      if (this.isOwnRun) await this.store.stop();
      return;
    }
    await this.store.rank.cancelProfile().catch((error) => {
      this.problem.value = messageOf(error);
    });
  }

  /** Runs the two probes of the roofline on the adapter of the run at hand. */
  async measurePeaks(): Promise<void> {
    await this.working("Measuring peaks", async () => {
      if (!(await this.ready())) return;
      this.busy.value = "Measuring what this adapter reaches at best";
      const peaks = await this.store.rank.peaks();
      batch(() => {
        this.ownPeaks.value = peaks;
        // What was opened may be of another machine whose adapter has the same name.
        this.recordings.value = this.recordings.value.map((each) =>
          each.isOpened !== true && each.report.adapter === peaks.adapter ? { ...each, peaks } : each,
        );
      });
    });
  }

  /** There is a plan to measure; false where a person has cancelled while its run started. */
  private async ready(): Promise<boolean> {
    this.recording.value = "starting";
    if (!this.store.hasPlan.value) await this.startRun();
    if (this.isCancelling.value) return false;
    this.recording.value = "timing";
    return true;
  }

  /** Takes in recordings that were saved as files, and compares the last one with the one that was shown. */
  async importFiles(files: Iterable<File>): Promise<void> {
    await this.working("Reading", async () => {
      for (const file of files) this.add(readRecording(file.name, await file.text()));
    });
  }

  /** A new recording is shown, and compared with the one that was shown before. */
  add(recording: Omit<ProfileRecording, "id">): void {
    const id = this.nextId++;
    batch(() => {
      this.recordings.value = [...this.recordings.value, { ...recording, id }];
      this.baselineId.value = this.shownId.value ?? this.baselineId.value;
      this.show(id);
    });
  }

  show(id: number): void {
    batch(() => {
      this.shownId.value = id;
      this.chosen.value = undefined;
      this.range.value = undefined;
    });
  }

  /** Looks at a row; again at the same one: no longer. */
  choose(row: number | undefined): void {
    this.chosen.value = row === this.chosen.value ? undefined : row;
  }

  /** A click on a column: the greatest first for numbers, the alphabet's order for words; again for the opposite. */
  sortBy(key: SortKey): void {
    const isWord = key === "kernel" || key === "module" || key === "pass" || key === "index";
    const { key: last, isDescending } = this.sort.value;
    this.sort.value = { key, isDescending: key === last ? !isDescending : !isWord };
  }

  /** Opens or folds a part of the module tree. */
  toggle(path: string): void {
    const open = new Set(this.open.value);
    if (!open.delete(path)) open.add(path);
    this.open.value = open;
  }

  private async working(text: string, work: () => Promise<void>): Promise<void> {
    if (this.busy.value !== undefined) return;
    batch(() => {
      this.busy.value = text;
      this.problem.value = undefined;
    });
    try {
      await work();
    } catch (error) {
      // Whoever cancelled knows.
      if (!this.isCancelling.value) this.problem.value = this.sentenceOf(messageOf(error));
    }
    batch(() => {
      this.busy.value = undefined;
      // What the rank said of the repeats would stand beside a paused run for ever.
      if (this.recording.value === "timing") this.store.status.value = undefined;
      this.recording.value = "none";
      this.isCancelling.value = false;
    });
  }

  /** What the page says of an error, with the way out; undefined where the banner of the app says it already. */
  private sentenceOf(message: string): string | undefined {
    if (this.store.problems.value.includes(message)) return undefined;
    // A name of a file keeps its letters.
    const first = /^[a-z-]+[ :]/.test(message) ? message.slice(0, 1).toUpperCase() : message.slice(0, 1);
    const text = `${first}${message.slice(1)}${/[.!?]$/.test(message) ? "" : "."}`;
    if (!/device was lost/.test(message)) return text;
    return `${text} Resume the run on the page Train, which takes a new device and goes on from the last step; then record again.`;
  }

  /** Waits for the run that is being started, or starts the demo's and pauses it after its first step. */
  private async startRun(): Promise<void> {
    this.isOwnRun = !this.store.isActive.value;
    if (!this.isOwnRun) {
      this.busy.value = "Waiting for the first step of the run";
      await this.until(() => this.store.history.steps.length > 0);
      return;
    }
    this.busy.value = "Starting a small run to measure";
    await this.setup.useDemo(DEMO);
    if (this.isCancelling.value) return;
    void this.store.start(this.setup.options(new Date()));
    await this.until(() => this.store.history.steps.length > 0);
    await this.store.pause();
    await this.until(() => this.store.state.value === "paused" || this.store.state.value === "finished");
  }

  /** Resolves when `isReached`; rejects when the run fails or ends before, and when a person cancels. */
  private until(isReached: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      let stop: (() => void) | undefined;
      let isSettled = false;
      const settle = (act: () => void) => {
        isSettled = true;
        act();
        stop?.();
      };
      stop = effect(() => {
        this.store.tick.value;
        const state = this.store.state.value;
        if (isSettled) return;
        if (state === "failed") settle(() => reject(new Error(this.store.problems.peek()[0] ?? "The run failed.")));
        else if (isReached()) settle(resolve);
        else if (this.isCancelling.value) settle(() => reject(new Error("Cancelled.")));
        else if (state === "finished") settle(() => reject(new Error("The run ended before its first step.")));
      });
      if (isSettled) stop();
    });
  }
}
