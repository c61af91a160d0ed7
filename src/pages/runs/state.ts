/** The stored runs that are looked at: their curves beside the run at hand, and what a table tells of them. Knows no component. */
import { batch, computed, effect, type Signal, signal } from "@preact/signals";
import type { RunNotes, RunSummary } from "../../ranks/run-summary";
import { type History, readHistory } from "../history";
import type { Store } from "../store";
import { type Curves, curvesOf } from "./curves";
import type { Range } from "./plot";
import { type Sort, shownRows } from "./rows";
import { MOST_OVERLAYS } from "./view";

/** A run whose curves are drawn. */
export interface ShownRun {
  readonly name: string;
  /** Custom property with its colour, where there are several. */
  readonly colour: string;
  readonly curves: Curves;
  /** The run at hand, not one beside it. */
  readonly isOwn: boolean;
  /** Sentences on what of it is not drawn, as it could not be read. */
  readonly notes: readonly string[];
}

interface Overlay {
  readonly history: History;
  readonly stepsPerEpoch: number | undefined;
  /** When the run had been written last. */
  readonly savedAt: number;
  /** Sentences on what of it could not be read. */
  readonly notes: readonly string[];
}

const CURVE_FILES = ["metrics.jsonl", "times.jsonl"];

export class RunsState {
  /** Curves of stored runs, by name. */
  readonly overlays = signal<ReadonlyMap<string, Overlay>>(new Map());
  readonly summaries = signal<ReadonlyMap<string, RunSummary>>(new Map());
  /** Part of a name, a tag or the data that rows must have. */
  readonly filter: Signal<string>;
  readonly sort: Signal<Sort>;
  /** The run whose details are open. */
  readonly chosen: Signal<string | undefined>;
  /** Files that were taken in of the archive that is being imported, and of how many. */
  readonly importing = signal<readonly [number, number] | undefined>(undefined);
  readonly isComparing = signal(false);

  /** Runs that are listed: those that are there, filtered and sorted. */
  readonly rows = computed(() => {
    const { storedRuns, leaving } = this.store;
    const runs = storedRuns.value.filter(({ name }) => !leaving.value.includes(name));
    return shownRows(runs, this.summaries.value, this.filter.value, this.sort.value);
  });

  /** Summaries of the runs whose configurations are compared: those that are drawn, and the chosen one. */
  readonly compared = computed(() => {
    const { run, view } = this.store;
    const names = [run.value?.name, ...view.overlays.value, this.chosen.value];
    return [...new Set(names)].flatMap((name) => this.summaries.value.get(name ?? "") ?? []);
  });

  readonly #slots = new Map<string, number>();
  readonly #loading = new Set<string>();
  readonly #summed = new Map<string, number>();
  #isImportCancelled = false;

  constructor(private readonly store: Store) {
    ({ filter: this.filter, sort: this.sort, chosen: this.chosen } = store.view);
    effect(() => {
      const { overlays } = store.view;
      const stored = new Map(store.storedRuns.value.map(({ name, savedAt }) => [name, savedAt]));
      for (const name of this.#slots.keys()) if (!overlays.value.includes(name)) this.#slots.delete(name);
      for (const name of overlays.value) {
        this.#takeSlot(name);
        const loaded = this.overlays.peek().get(name);
        if (loaded === undefined || (stored.get(name) ?? 0) > loaded.savedAt)
          void this.#load(name, stored.get(name) ?? 0);
      }
    });
  }

  /** Custom property with the colour of a run that is drawn; undefined of others. */
  colourOf(name: string): string | undefined {
    if (this.isOwn(name)) return "--run-0";
    const slot = this.#slots.get(name);
    return slot === undefined || !this.store.view.overlays.value.includes(name) ? undefined : `--run-${slot + 1}`;
  }

  /** The run at hand, which is drawn anyway. */
  isOwn(name: string): boolean {
    return this.store.history.steps.length > 0 && this.store.run.value?.name === name;
  }

  /** Runs that are drawn: the one at hand, then stored ones in the order in which they were chosen. */
  shown(): readonly ShownRun[] {
    const { history, run, view } = this.store;
    const own = run.value;
    const shown: ShownRun[] = [];
    if (history.steps.length > 0 || history.evaluations.length > 0) {
      const curves = curvesOf(history, own?.stepsPerEpoch);
      shown.push({ name: own?.name ?? "this run", colour: "--run-0", curves, isOwn: true, notes: [] });
    }
    for (const name of view.overlays.value) {
      const overlay = this.overlays.value.get(name);
      if (overlay === undefined || this.isOwn(name)) continue;
      const curves = curvesOf(overlay.history, overlay.stepsPerEpoch);
      shown.push({ name, colour: this.colourOf(name)!, curves, isOwn: false, notes: overlay.notes });
    }
    return shown;
  }

  /** What the run at hand has said, else where there is none the first of those that are drawn. */
  leading(): History {
    const { history, view } = this.store;
    if (history.steps.length > 0 || history.evaluations.length > 0 || this.store.isActive.value) return history;
    for (const name of view.overlays.value) {
      const overlay = this.overlays.value.get(name);
      if (overlay !== undefined) return overlay.history;
    }
    return history;
  }

  /** Range of x that shows all of the runs, and all that the one at hand still has before it. */
  extent(shown: readonly ShownRun[]): Range {
    const axis = this.store.view.axis.value;
    let most = 0;
    for (const { curves, isOwn } of shown) {
      const total = isOwn && axis !== "time" ? (this.store.run.value?.totalSteps ?? 0) : 0;
      most = Math.max(most, curves.xOfStep(Math.max(curves.steps.step.last || 0, total), axis));
    }
    return [0, most > 0 ? most : (this.store.run.value?.totalSteps ?? 1)];
  }

  /** Draws a stored run beside the others, or no more. */
  toggle(name: string): void {
    if (this.store.view.toggleOverlay(name)) return;
    this.store.addProblem(`${MOST_OVERLAYS} runs are drawn beside this one already; take one away first.`);
  }

  /** Reads what the table tells of runs that it has not read, or that were written since. */
  async readSummaries(): Promise<void> {
    for (const { name, savedAt, lost } of this.store.storedRuns.value) {
      if (lost !== undefined || this.#summed.get(name) === savedAt) continue;
      this.#summed.set(name, savedAt);
      try {
        const summary = await this.store.rank.summarize(name);
        this.summaries.value = new Map(this.summaries.value).set(name, summary);
      } catch (error) {
        this.#summed.delete(name);
        this.store.addProblem(`The run "${name}" could not be read: ${messageOf(error)}`);
        return;
      }
    }
  }

  /** Keeps a run's tags beside it. */
  async annotate(name: string, notes: RunNotes): Promise<void> {
    const summary = this.summaries.value.get(name);
    if (summary !== undefined) this.summaries.value = new Map(this.summaries.value).set(name, { ...summary, notes });
    try {
      await this.store.rank.annotate(name, notes);
    } catch (error) {
      this.store.addProblem(`The tags of "${name}" could not be kept: ${messageOf(error)}`);
    }
    this.#summed.delete(name);
    await this.store.refreshRuns();
  }

  /** Takes a downloaded run in. What is wrong with the file is a sentence, and nothing is changed. */
  async importZip(file: File): Promise<void> {
    if (this.importing.value !== undefined) return;
    this.importing.value = [0, 0];
    this.#isImportCancelled = false;
    try {
      const name = await this.store.rank.importRun(file, (done, total) => {
        this.importing.value = [done, total];
      });
      await this.store.refreshRuns();
      batch(() => {
        this.chosen.value = name;
        this.filter.value = "";
      });
    } catch (error) {
      if (!this.#isImportCancelled) this.store.addProblem(`The run could not be imported: ${messageOf(error)}`);
    }
    this.importing.value = undefined;
  }

  /** Ends the import after the file at hand; nothing is stored. */
  async cancelImport(): Promise<void> {
    this.#isImportCancelled = true;
    await this.store.rank.cancelImport();
  }

  /** The lowest colour that is free, so that those of others stay. */
  #takeSlot(name: string): void {
    if (this.#slots.has(name)) return;
    const taken = new Set(this.#slots.values());
    let slot = 0;
    while (taken.has(slot)) slot++;
    this.#slots.set(name, slot);
  }

  async #load(name: string, savedAt: number): Promise<void> {
    if (this.#loading.has(name)) return;
    this.#loading.add(name);
    try {
      const { rank } = this.store;
      const files = await rank.readFiles(name, CURVE_FILES);
      const textAt = (path: string): string => {
        const file = files.find((each) => each.path === path);
        return file === undefined ? "" : new TextDecoder().decode(file.bytes);
      };
      if (files.length === 0) throw new Error("there is no such run with metrics in this browser");
      const { stepsPerEpoch } = await rank.summarize(name);
      const notes: string[] = [];
      const [metrics, times] = [textAt("metrics.jsonl"), textAt("times.jsonl")];
      const history = readHistory(metrics, Number.POSITIVE_INFINITY, "", "", times, notes);
      this.overlays.value = new Map(this.overlays.value).set(name, { history, stepsPerEpoch, savedAt, notes });
    } catch (error) {
      const { view } = this.store;
      view.overlays.value = view.overlays.value.filter((each) => each !== name);
      this.store.addProblem(`The run "${name}" cannot be drawn: ${messageOf(error)}`);
    }
    this.#loading.delete(name);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
