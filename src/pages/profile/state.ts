/** What the profiling page shows, and the measuring itself. */
import { batch, effect, signal } from "@preact/signals";
import type { ProfileReport } from "../../train/events";
import { DEMO } from "../route";
import { messageOf, type Store } from "../store";
import type { Setup } from "../train/setup";
import type { Grouping, SortKey } from "./rows";

export class ProfileState {
  readonly report = signal<ProfileReport | undefined>(undefined);
  /** Says what is going on while measuring, else undefined. */
  readonly busy = signal<string | undefined>(undefined);
  readonly problem = signal<string | undefined>(undefined);
  readonly repeats = signal(5);
  readonly grouping = signal<Grouping>("none");
  readonly sort = signal<{ readonly key: SortKey; readonly isDescending: boolean }>({ key: "ms", isDescending: true });

  constructor(
    private readonly store: Store,
    private readonly setup: Setup,
  ) {}

  /** Times the plan of the run at hand. Without one, starts the demo's and pauses it after its first step. */
  async measure(): Promise<void> {
    if (this.busy.value !== undefined) return;
    batch(() => {
      this.busy.value = "Measuring";
      this.problem.value = undefined;
    });
    try {
      if (!this.store.hasPlan.value) await this.startSmallRun();
      this.busy.value = `Measuring every kernel ${this.repeats.value} times`;
      this.report.value = await this.store.rank.profile(this.repeats.value);
    } catch (error) {
      this.problem.value = messageOf(error);
    }
    this.busy.value = undefined;
  }

  /** A click on a column: the greatest first for numbers, the alphabet's order for words; again for the opposite. */
  sortBy(key: SortKey): void {
    const isWord = key === "kernel" || key === "module" || key === "pass" || key === "index";
    const { key: last, isDescending } = this.sort.value;
    this.sort.value = { key, isDescending: key === last ? !isDescending : !isWord };
  }

  private async startSmallRun(): Promise<void> {
    this.busy.value = "Starting a small run to measure";
    await this.setup.useDemo(DEMO);
    this.store.start(this.setup.options(new Date()));
    await this.until(() => this.store.history.steps.length > 0);
    await this.store.pause();
    await this.until(() => this.store.state.value === "paused" || this.store.state.value === "finished");
  }

  /** Resolves when `isReached`; rejects when the run fails before. */
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
      });
      if (isSettled) stop();
    });
  }
}
