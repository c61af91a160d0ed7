/** Which sample is looked at, and the network's answer to it. */
import { batch, effect, signal } from "@preact/signals";
import type { SampleView } from "../../train/events";
import { messageOf, type Store } from "../store";
import { ViewerState } from "../viewer/state";

export class InspectState {
  readonly split = signal<"train" | "val">("val");
  readonly index = signal(0);
  readonly view = signal<SampleView | undefined>(undefined);
  readonly problem = signal<string | undefined>(undefined);
  readonly isLoading = signal(false);
  /** Joint under the pointer, in whichever picture or table. */
  readonly joint = signal<number | undefined>(undefined);
  /** What is chosen in the 3D view, whichever sample is in it. */
  readonly viewer = new ViewerState();
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
    effect(() => {
      const { sample } = store.route.value;
      if (sample !== undefined && store.run.peek() !== undefined) void this.find(sample);
    });
  }

  /** Goes to the sample of that id, by the splits that the run has written. */
  async find(id: string): Promise<void> {
    try {
      const files = await this.store.files(this.store.run.peek()!.name);
      for (const split of ["train", "val"] as const) {
        const file = files.find(({ path }) => path === `splits/${split}.txt`);
        const index = file === undefined ? -1 : new TextDecoder().decode(file.bytes).split("\n").indexOf(id);
        if (index < 0) continue;
        this.split.value = split;
        return this.goTo(index);
      }
      this.problem.value = `The sample "${id}" is in neither split of the run.`;
    } catch (error) {
      this.problem.value = `The sample "${id}" could not be looked up: ${messageOf(error)}`;
    }
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
