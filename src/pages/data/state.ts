/** What the data-set dialog knows: stored sets, an import from choice to report, and the set that is looked at. Knows no component. */
import { batch, computed, signal } from "@preact/signals";
import type { ImportProgress } from "../../data/import-job";
import type { FrameSplit } from "../../data/open";
import { requestPersistence } from "../../data/shards/idb-browser";
import type { Damage, StoredSet, StoreUsage } from "../../data/shards/types";
import type { DataSummary } from "../../data/summary";
import type { DataChoice } from "../../ranks/api";
import type {
  Found,
  ImportApi,
  ImportEnd,
  ImportOptions,
  ImportSource,
  SampleSet,
  SummaryRequest,
} from "../../ranks/import-api";
import { againSentence, forgetData, keepData, keptData, openKept } from "../kept-folders";
import { messageOf } from "../store";
import { canPickDirectory } from "../train/folder";

const SPLITS: readonly FrameSplit[] = ["train", "val", "evaluation"];

/** What the right side of the dialog shows; "synthetic": the frames that the set-up would render. */
export type View =
  | { readonly kind: "import" }
  | { readonly kind: "set"; readonly name: string }
  | { readonly kind: "synthetic" };

/** Frames to render. */
export type Rendered = Pick<Extract<DataChoice, { kind: "synthetic" }>, "frames" | "seed">;

/** From the choice of files to the report. */
export type Stage =
  | { readonly kind: "choose" }
  | { readonly kind: "looking"; readonly name: string; readonly files: number | undefined }
  | { readonly kind: "found"; readonly source: ImportSource; readonly found: Found }
  | { readonly kind: "running"; readonly name: string; readonly progress: ImportProgress | undefined }
  | { readonly kind: "ended"; readonly end: ImportEnd };

/** The set that is looked at. */
export interface Examined {
  readonly set: SampleSet;
  /** What the summary depends on. */
  readonly key: string;
  /** Ids of its samples, in its order; undefined until they are known. */
  readonly ids: readonly string[] | undefined;
  readonly summary: DataSummary | undefined;
  readonly progress: readonly [done: number, total: number] | undefined;
  readonly problem: string | undefined;
  /** The person ended the measuring. */
  readonly isStopped: boolean;
}

/** A check of every byte. */
export interface Checked {
  readonly name: string;
  readonly progress: readonly [done: number, total: number] | undefined;
  readonly damage: readonly Damage[] | undefined;
}

/** One per page. `api` does the work; `optionsOf` says how training cuts its crops, `requestOf` what a summary depends on, `renderedOf` which frames a synthetic run has. */
export class DataState {
  readonly isOpen = signal(false);
  readonly view = signal<View>({ kind: "import" });
  readonly sets = signal<readonly StoredSet[]>([]);
  readonly isListed = signal(false);
  readonly usage = signal<StoreUsage | undefined>(undefined);
  /** A sentence on what went wrong last; the dialog shows it until it is dismissed. */
  readonly problem = signal("");

  readonly stage = signal<Stage>({ kind: "choose" });
  /** Why files that were chosen before have to be chosen again, while they are. */
  readonly again = signal<string | undefined>(undefined);
  readonly split = signal<FrameSplit>("train");
  /** Names of the sequences to import. */
  readonly chosen = signal<ReadonlySet<string>>(new Set());
  readonly name = signal("");

  readonly examined = signal<Examined | undefined>(undefined);
  readonly checked = signal<Checked | undefined>(undefined);

  /** Sets that a run can be trained on. */
  readonly usable = computed(() => this.sets.value.filter(({ state }) => state === "complete"));
  readonly isImporting = computed(() => this.stage.value.kind === "running");

  constructor(
    readonly api: ImportApi,
    private readonly optionsOf: () => ImportOptions,
    private readonly requestOf: () => SummaryRequest,
    private readonly renderedOf: () => Rendered,
    private readonly persist: () => Promise<boolean> = requestPersistence,
  ) {}

  /** The frames of a synthetic run, as the set-up stands. */
  get rendered(): Rendered {
    return this.renderedOf();
  }

  /** Shows the dialog: one set, or the import. */
  open(view?: View): void {
    batch(() => {
      this.isOpen.value = true;
      if (view !== undefined) this.view.value = view;
    });
    if (view?.kind === "set") void this.examine(view.name);
    // The set-up may be another by now.
    if (this.view.value.kind === "synthetic") void this.examineRendered();
    void this.refresh();
  }

  /** Lists the stored sets and the storage anew. */
  async refresh(): Promise<void> {
    await this.attempt("The stored data sets could not be listed", async () => {
      const [sets, usage] = await Promise.all([this.api.sets(), this.api.usage()]);
      batch(() => {
        this.sets.value = sets;
        this.usage.value = usage;
        this.isListed.value = true;
      });
    });
  }

  /** Forgets the files at hand and shows the choice again. */
  startAgain(): void {
    if (this.isImporting.value) return;
    batch(() => {
      this.view.value = { kind: "import" };
      this.stage.value = { kind: "choose" };
      this.problem.value = "";
      this.again.value = undefined;
    });
  }

  /**
   * Goes on with a set that is unfinished or damaged: with its folder where the browser has kept it, which may ask for
   * permission and so needs a click, else with a choice and the reason why it has to be made again.
   */
  async goOn({ name, description }: StoredSet): Promise<void> {
    if (this.isImporting.value) return;
    const kept = await keptData("set", name).catch(() => undefined);
    this.startAgain();
    const split = SPLITS.find((each) => each === description?.split);
    if (split !== undefined) this.split.value = split;
    if (kept?.kind !== "folder") {
      const { source = "the same files" } = description ?? {};
      this.again.value =
        kept?.kind === "gone"
          ? againSentence(kept, canPickDirectory())
          : `Choose ${source} again: where its files are is not kept in this browser.`;
      return;
    }
    await this.choose(async () => {
      await openKept(kept.handle);
      return { kind: "directory", handle: kept.handle };
    });
    if (this.stage.value.kind === "found") this.name.value = name;
  }

  /** Finds out what files are. `get` hands them over, or undefined when the person changed their mind. */
  async choose(get: () => Promise<ImportSource | undefined> | ImportSource): Promise<void> {
    if (this.isImporting.value) return;
    this.problem.value = "";
    const before = this.stage.value;
    await this.attempt("", async () => {
      const source = await get();
      if (source !== undefined) await this.look(source);
      else if (this.stage.value.kind === "looking") this.stage.value = before;
    });
    if (this.stage.value.kind === "looking") this.stage.value = { kind: "choose" };
  }

  /** Hears how many files of a dropped folder were found so far. */
  readonly counted = (name: string, files: number): void => {
    this.stage.value = { kind: "looking", name, files };
  };

  /** Looks at the other split of the same files. */
  async changeSplit(split: FrameSplit): Promise<void> {
    const stage = this.stage.value;
    if (stage.kind !== "found" || split === this.split.value) return;
    const before = this.split.value;
    this.split.value = split;
    this.problem.value = "";
    await this.attempt("", () => this.look(stage.source));
    if (this.stage.value.kind === "looking") {
      batch(() => {
        this.split.value = before;
        this.stage.value = stage;
      });
    }
  }

  private async look(source: ImportSource): Promise<void> {
    this.stage.value = { kind: "looking", name: sourceName(source), files: undefined };
    const found = await this.api.look(source, this.split.value, this.optionsOf());
    batch(() => {
      this.again.value = undefined;
      this.stage.value = { kind: "found", source, found };
      this.chosen.value = new Set(found.sequences.map(({ sequence }) => sequence));
      this.name.value = setName(found);
    });
  }

  /** Chooses or leaves out sequences. */
  toggle(names: readonly string[], isChosen: boolean): void {
    const chosen = new Set(this.chosen.value);
    for (const name of names) {
      if (isChosen) chosen.add(name);
      else chosen.delete(name);
    }
    this.chosen.value = chosen;
  }

  /** The stored set of the chosen name: the import continues or repairs it. */
  readonly existing = computed(() => this.sets.value.find(({ name }) => name === this.name.value.trim()));

  /** Frames and bytes of the chosen sequences. */
  readonly wanted = computed(() => {
    const stage = this.stage.value;
    const all = stage.kind === "found" ? stage.found.sequences : [];
    const chosen = all.filter(({ sequence }) => this.chosen.value.has(sequence));
    return {
      frames: chosen.reduce((sum, { frames }) => sum + frames, 0),
      bytes: chosen.reduce((sum, { bytes }) => sum + bytes, 0),
    };
  });

  /** Why the import cannot start; undefined when it can. */
  readonly obstacle = computed(() => {
    if (this.chosen.value.size === 0) return "Choose at least one sequence.";
    if (!/^[\w.-][\w. -]{0,79}$/.test(this.name.value.trim())) {
      return "The name needs 1 to 80 letters, digits, dots, dashes, underscores or spaces.";
    }
    return undefined;
  });

  /** Imports what was chosen; ends in the report, whatever happens. */
  async start(): Promise<void> {
    const stage = this.stage.value;
    if (stage.kind !== "found" || this.obstacle.value !== undefined) return;
    const { source, found } = stage;
    const name = this.name.value.trim();
    const isAll = found.sequences.every(({ sequence }) => this.chosen.value.has(sequence));
    batch(() => {
      this.stage.value = { kind: "running", name, progress: undefined };
      this.problem.value = "";
    });
    // Without the browser's promise the import works all the same; the meter says which it is.
    await this.persist().catch(() => false);
    // Without it the files are asked for again when the import is continued, and the choice says so.
    await keepData("set", name, source).catch(() => undefined);
    const request = {
      source,
      split: found.split,
      name,
      sequences: isAll ? undefined : [...this.chosen.value],
      options: this.optionsOf(),
    };
    try {
      const end = await this.api.start(request, (progress) => {
        if (this.stage.value.kind === "running") this.stage.value = { kind: "running", name, progress };
      });
      this.stage.value = { kind: "ended", end };
    } catch (error) {
      batch(() => {
        this.stage.value = stage;
        this.problem.value = messageOf(error);
      });
    }
    await this.refresh();
  }

  /** Pauses the import, or goes on after a pause or after room was made. */
  async pauseOrResume(): Promise<void> {
    const stage = this.stage.value;
    if (stage.kind !== "running") return;
    const isReading = stage.progress === undefined || stage.progress.state === "reading";
    await this.attempt("", () => (isReading ? this.api.pause() : this.api.resume()));
  }

  /** Ends the import; what is committed stays and can be continued. */
  async cancel(): Promise<void> {
    if (this.isImporting.value) await this.attempt("", () => this.api.cancel());
  }

  /** Shows a set; its summary is computed once. */
  async examine(name: string): Promise<void> {
    this.view.value = { kind: "set", name };
    const set = this.sets.value.find((each) => each.name === name);
    if (this.examined.value?.set.kind !== "stored" || this.examined.value.set.name !== name) {
      this.checked.value = undefined;
    }
    const isEmpty = set?.kept === 0;
    // More frames need another summary.
    await this.show(() => ({ kind: "stored", name }), [set?.kept, set?.savedAt], isEmpty);
  }

  /** Shows the frames that a run on synthetic data would render. */
  async examineRendered(): Promise<void> {
    this.view.value = { kind: "synthetic" };
    await this.show(() => ({ kind: "synthetic", ...this.renderedOf(), options: this.optionsOf() }), [], false);
  }

  /** Counts what was looked at: answers to an earlier question are of no use. */
  private turn = 0;

  private async show(setOf: () => SampleSet, version: readonly unknown[], isEmpty: boolean): Promise<void> {
    this.problem.value = "";
    const known = this.examined.value;
    let set: SampleSet;
    let request: SummaryRequest;
    try {
      [set, request] = [setOf(), this.requestOf()];
    } catch (error) {
      this.problem.value = messageOf(error);
      return;
    }
    // Another split or another hand needs another summary.
    const key = JSON.stringify([set, ...version, request]);
    if (known?.key === key && known.problem === undefined && !known.isStopped) return;
    if (known !== undefined && known.progress !== undefined) this.abandon();
    this.examined.value = {
      ...{ set, key, ids: undefined, summary: undefined, progress: undefined, problem: undefined },
      isStopped: false,
    };
    const turn = ++this.turn;
    const say = (change: Partial<Examined>): void => {
      const now = this.examined.value;
      if (turn === this.turn && now !== undefined) this.examined.value = { ...now, ...change };
    };
    if (isEmpty) {
      say({ problem: "No frame of this set is stored, so there is nothing to show." });
      return;
    }
    try {
      say({ ids: await this.api.ids(set), progress: [0, 0] });
      const summary = await this.api.summary(set, request, (done, total) => say({ progress: [done, total] }));
      say({ summary, progress: undefined });
    } catch (error) {
      const isStopped = this.examined.value?.isStopped === true;
      say({ problem: isStopped ? undefined : messageOf(error), progress: undefined });
      // A reader that finds damage tells the store, and the list then offers the repair.
      if (!isStopped && set.kind === "stored") await this.refresh();
    }
  }

  /** Ends the measuring of the set that is looked at; its pictures stay. */
  stopMeasuring(): void {
    const now = this.examined.value;
    if (now?.progress === undefined) return;
    this.examined.value = { ...now, isStopped: true, progress: undefined };
    this.abandon();
  }

  /** Measures the set that is looked at from the beginning, after a stop. */
  async measureAgain(): Promise<void> {
    const { set } = this.examined.value ?? {};
    if (set?.kind === "stored") await this.examine(set.name);
    else if (set !== undefined) await this.examineRendered();
  }

  private abandon(): void {
    void this.attempt("", () => this.api.stopReading("summary"));
  }

  /** Compares every byte of a set with its checksums. */
  async check(name: string): Promise<void> {
    this.checked.value = { name, progress: [0, 1], damage: undefined };
    try {
      const damage = await this.api.check(name, (done, total) => {
        if (this.checked.value !== undefined) this.checked.value = { name, progress: [done, total], damage: undefined };
      });
      this.checked.value = { name, progress: undefined, damage };
    } catch (error) {
      batch(() => {
        if (this.checked.value !== undefined) this.problem.value = messageOf(error);
        this.checked.value = undefined;
      });
    }
    await this.refresh();
  }

  /** Ends the check under way, without a result. */
  stopCheck(): void {
    if (this.checked.value?.progress === undefined) return;
    this.checked.value = undefined;
    void this.attempt("", () => this.api.stopReading("check"));
  }

  /** Deletes a set; there is no way back. */
  async remove(name: string): Promise<void> {
    await this.attempt(`The set "${name}" could not be deleted`, async () => {
      await this.api.remove(name);
      await forgetData("set", name);
    });
    batch(() => {
      const { set } = this.examined.value ?? {};
      if (set?.kind === "stored" && set.name === name) {
        this.turn++;
        this.examined.value = undefined;
      }
      if (this.view.value.kind === "set" && this.view.value.name === name) this.view.value = { kind: "import" };
    });
    await this.refresh();
  }

  private async attempt(what: string, action: () => Promise<void>): Promise<void> {
    try {
      await action();
    } catch (error) {
      this.problem.value = what === "" ? messageOf(error) : `${what}: ${messageOf(error)}`;
    }
  }
}

function sourceName(source: ImportSource): string {
  if (source.kind === "directory") return source.handle.name;
  return source.kind === "zip" ? source.file.name : source.name;
}

/** "HO3D_v3 train": the files' name, without the end of an archive's, and the split. */
function setName({ name, split }: Found): string {
  const plain = name
    .replace(/\.zip$/i, "")
    .replace(/[^\w.-]+/g, "-")
    .replace(/^-+|-+$/g, "");
  return `${plain || "data"}-${split}`;
}

/** What became of a set and what to do, for every state but "complete". */
export function stateSentence({ state, kept, dropped, description, damage }: StoredSet): string | undefined {
  const lost = damage.reduce((sum, each) => sum + each.frames, 0);
  switch (state) {
    case "complete":
      return undefined;
    case "importing":
      return `The import stopped at ${kept + dropped} of ${description?.expected ?? "an unknown number of"} frames. Continue it with the same files; nothing that is stored is read twice.`;
    case "evicted":
      return description === undefined
        ? "The browser has emptied its storage and this set is gone. Import it again; allow persistent storage to keep it next time."
        : `The browser has thrown away ${damage.length} of the set's files with ${lost} frames. Repair it with the same files: only those are read anew.`;
    case "damaged":
      return `${damage.length} of the set's files differ from their checksums; ${lost} frames are lost. Repair it with the same files: only those are read anew.`;
  }
}
