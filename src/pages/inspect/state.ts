/** Which sample is looked at, and the network's answer to it. */
import { batch, effect, signal } from "@preact/signals";
import type { SampleView } from "../../train/events";
import { messageOf, type Store } from "../store";

export class InspectState {
  readonly split = signal<"train" | "val">("val");
  readonly index = signal(0);
  readonly view = signal<SampleView | undefined>(undefined);
  readonly problem = signal<string | undefined>(undefined);
  readonly isLoading = signal(false);
  /** Joint under the pointer, in whichever picture or table. */
  readonly joint = signal<number | undefined>(undefined);
  private isStale = false;

  constructor(readonly store: Store) {
    // A new run has other samples and other weights.
    effect(() => {
      store.run.value;
      batch(() => {
        this.view.value = undefined;
        this.problem.value = undefined;
        this.index.value = 0;
      });
    });
  }

  /** Samples in the chosen split; 0 without a run. */
  size(): number {
    const run = this.store.run.value;
    if (run === undefined) return 0;
    return this.split.value === "train" ? run.trainSamples : run.valSamples;
  }

  choose(split: "train" | "val"): void {
    batch(() => {
      this.split.value = split;
      this.index.value = 0;
    });
    this.load();
  }

  /** Goes to sample `index`, held within the split. */
  goTo(index: number): void {
    const last = this.size() - 1;
    if (last < 0) return;
    this.index.value = Math.max(0, Math.min(last, index));
    this.load();
  }

  /** Asks the rank for the chosen sample; when the choice changes meanwhile, once more for the last one. */
  async load(): Promise<void> {
    if (this.size() === 0) return;
    if (this.isLoading.value) {
      this.isStale = true;
      return;
    }
    this.isLoading.value = true;
    try {
      do {
        this.isStale = false;
        const view = await this.store.rank.inspect(this.split.value, this.index.value);
        batch(() => {
          this.view.value = view;
          this.problem.value = undefined;
        });
      } while (this.isStale);
    } catch (error) {
      this.problem.value = `Sample ${this.index.value} of ${this.split.value} could not be shown: ${messageOf(error)}`;
    }
    this.isLoading.value = false;
  }
}
