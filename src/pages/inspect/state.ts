/** Which sample is looked at and how, and the network's answer to it. */
import { batch, computed, effect, signal, untracked } from "@preact/signals";
import { keptName } from "../../train/inspect/kept-place";
import type { SavedLook } from "../../train/inspect/look-file";
import type {
  KeptPlace,
  LookRequest,
  LookView,
  MapRequest,
  SplitName,
  TokenGrid,
  WhatIf,
} from "../../train/inspect/types";
import { messageOf, type Store } from "../store";
import type { Setup } from "../train/setup";
import { ViewerState } from "../viewer/state";
import { fileAddress, keptAddress, type StageName, sampleAddress } from "./address";
import { type GridView, orderParams, viewOfAddress } from "./grid-address";
import { KeptSamples } from "./kept-samples";
import type { MapChoice } from "./map-choice";
import { isSame, joined, lacks, mapsOf, type Parts, type Question, requestOf } from "./question";
import { keptMap } from "./saved";

/** What is drawn over pictures. */
export interface Overlays {
  readonly mesh: boolean;
  readonly truth: boolean;
  readonly predicted: boolean;
  /** Depth in place of colour. */
  readonly depth: boolean;
  /** The mesh in the colours of its errors. */
  readonly heat: boolean;
}

/** A sample that was read from a file: no rank is asked for it. */
interface SavedSample extends SavedLook {
  /** The stored run that has kept it; undefined where a person has opened the file `file`. */
  readonly run: string | undefined;
  readonly file: string;
}

/** Which samples the table shows, in which order. */
type TableOrder = Pick<GridView, "sort" | "filters">;

/** One sample under the inspector: what was chosen, and the last answer of the rank. */
export class InspectState {
  readonly split = signal<SplitName>("val");
  readonly index = signal(0);
  readonly stage = signal<StageName>("crop");
  /** Epoch in whose augmentation a training sample is shown; undefined as it is. */
  readonly epoch = signal<number | undefined>(undefined);
  /** Step of the checkpoint whose weights are looked at; undefined: the current ones. */
  readonly checkpoint = signal<number | undefined>(undefined);
  readonly checkpoints = signal<readonly number[]>([]);
  readonly whatIf = signal<WhatIf>({});
  /** undefined: the last block. */
  readonly block = signal<number | undefined>(undefined);
  /** undefined: the mean of all heads. */
  readonly head = signal<number | undefined>(undefined);
  /** The token whose attention is shown. */
  readonly token = signal(0);
  readonly map = signal<MapChoice>({ scale: 0, figure: "norm", group: 0 });
  readonly overlays = signal<Overlays>({ mesh: false, truth: true, predicted: true, depth: false, heat: false });
  readonly view = signal<LookView | undefined>(undefined);
  readonly problem = signal<string | undefined>(undefined);
  readonly isLoading = signal(false);
  /** Joint under the pointer, in whichever picture or table. */
  readonly joint = signal<number | undefined>(undefined);
  /** What is chosen in the 3D view, whichever sample is in it. */
  readonly viewer = new ViewerState();
  /** Places of the samples as the table of samples shows them: what is next and what was before. */
  readonly order = signal<{ readonly split: SplitName; readonly places: readonly number[] } | undefined>(undefined);
  /** How the table was looked at when a sample was opened from it; the address carries it through a reload. */
  readonly table = signal<TableOrder | undefined>(undefined);
  /** What is shown in place of a rank's answer. */
  readonly saved = signal<SavedSample | undefined>(undefined);
  readonly kept: KeptSamples;
  /** The address asks for a sample of a file. */
  readonly isSaved = computed(() => {
    const { look } = this.store.route.value;
    return look.kept !== undefined || look.file !== undefined;
  });
  /** The address asks for one sample; else for the table of samples. */
  readonly isSample = computed(() => {
    const { sample, look } = this.store.route.value;
    return sample !== undefined || Object.keys(look).some((name) => name !== "split");
  });
  private asked: Question | undefined;
  private tokens: TokenGrid | undefined;
  private channels: readonly number[] = [];
  private isStale = false;
  private ticket = 0;
  /** The address that was followed last. */
  private seen: unknown;

  constructor(
    readonly store: Store,
    /** What the next run will be: a stored one is opened with it. */
    readonly setup?: Setup,
  ) {
    this.kept = new KeptSamples(store.rank, (sentence) => store.addProblem(sentence));
    // A new run has other samples and other weights.
    effect(() => {
      store.run.value;
      batch(() => {
        this.forget();
        this.index.value = 0;
        this.order.value = undefined;
        this.table.value = undefined;
        this.kept.forget();
        this.checkpoints.value = [];
        this.checkpoint.value = undefined;
        this.epoch.value = undefined;
        this.whatIf.value = {};
        this.block.value = undefined;
        this.head.value = undefined;
      });
    });
    effect(() => {
      const route = store.route.value;
      const { page, sample, look, grid } = route;
      const hasRun = store.run.value !== undefined;
      if (page !== "inspect") return;
      const isSeen = this.seen === route;
      this.seen = route;
      untracked(() => {
        const { sort, filters } = viewOfAddress(grid);
        if (this.isSample.value && sort !== undefined) this.table.value = { sort, filters };
      });
      if (this.isSaved.value) {
        untracked(() => this.#followFile(isSeen));
        return;
      }
      untracked(() => this.#leaveFile());
      batch(() => {
        this.split.value = look.split ?? this.split.peek();
        this.index.value = look.index ?? this.index.peek();
        this.stage.value = look.stage ?? this.stage.peek();
        for (const name of ["epoch", "checkpoint", "block", "head"] as const) {
          if (look[name] !== undefined) this[name].value = look[name];
        }
        this.token.value = look.token ?? this.token.peek();
      });
      if (!hasRun) return;
      // What these read on their way is not what they follow.
      untracked(() => {
        if (sample !== undefined) void this.find(sample);
        else if (this.isSample.value) void this.load();
      });
    });
    effect(() => this.#writeAddress());
    effect(() => {
      if (store.state.value !== "finished") return;
      // A run keeps its worst samples when it ends.
      const run = store.run.peek()?.name;
      if (run !== undefined && this.kept.isKnown(run)) void this.kept.find(run);
    });
  }

  /** The address follows the view, so that it can be reloaded and shared; that is no step back. */
  #writeAddress(): void {
    const [split, index, stage] = [this.split.value, this.index.value, this.stage.value];
    const [epoch, checkpoint] = [this.epoch.value, this.checkpoint.value];
    const attention = { block: this.block.value, head: this.head.value, token: this.token.value || undefined };
    const hasRun = this.store.run.value !== undefined;
    const table = this.table.value === undefined ? [] : orderParams(this.table.value);
    const saved = this.saved.value;
    const { page, grid } = this.store.route.peek();
    if (page === "inspect" && this.isSaved.peek() && saved !== undefined && location.hash.startsWith("#/inspect?")) {
      const shown = { stage, ...(stage === "attention" && attention) };
      const address =
        saved.run === undefined
          ? fileAddress(saved.file, shown)
          : keptAddress(saved.run, { kept: saved.view, ...shown }, table);
      if (address !== location.hash) history.replaceState(history.state, "", address);
      return;
    }
    // Before there is a run, the address is a wish that is not fulfilled yet.
    if (page !== "inspect" || !this.isSample.peek() || this.isSaved.peek() || !hasRun) return;
    // Somebody has just gone elsewhere, and the route will follow.
    if (!location.hash.startsWith("#/inspect?")) return;
    const shown = { split, index, stage, epoch, checkpoint, ...(stage === "attention" && attention) };
    // A reload needs the run's name to find its table again.
    const run = table.length === 0 && grid.run === undefined ? [] : [["run", this.store.run.peek()!.name] as const];
    const address = sampleAddress(shown, [...run, ...table]);
    if (address !== location.hash) history.replaceState(history.state, "", address);
  }

  private forget(): void {
    this.view.value = undefined;
    this.problem.value = undefined;
    this.asked = undefined;
    this.tokens = undefined;
    this.channels = [];
  }

  /** Shows the sample of a file that the address names. */
  #followFile(isSeen: boolean): void {
    const { look, grid } = this.store.route.peek();
    const saved = this.saved.peek();
    if (isSeen && saved !== undefined) {
      this.#show(saved);
      return;
    }
    batch(() => {
      this.stage.value = look.stage ?? this.stage.peek();
      this.token.value = look.token ?? this.token.peek();
      this.block.value = look.block;
      this.head.value = look.head;
    });
    if (look.kept !== undefined) void this.openKept(grid.run, look.kept);
    else if (saved !== undefined && saved.run === undefined && saved.file === look.file) this.#show(saved);
    else {
      this.forget();
      this.saved.value = undefined;
      this.problem.value = `The file "${look.file}" is not kept in this browser: open it once more.`;
    }
  }

  /** Goes back to asking the rank. */
  #leaveFile(): void {
    if (this.saved.peek() === undefined) return;
    batch(() => {
      this.ticket++;
      this.isLoading.value = false;
      this.saved.value = undefined;
      this.forget();
      this.whatIf.value = {};
      this.epoch.value = undefined;
      this.block.value = undefined;
      this.head.value = undefined;
      this.map.value = { scale: 0, figure: "norm", group: 0 };
    });
  }

  /** Shows what the stored run `run` has kept of a sample. */
  async openKept(run: string | undefined, place: KeptPlace): Promise<void> {
    const name = keptName(place);
    const known = this.saved.peek();
    if (known !== undefined && known.run === run && keptName(known.view) === name) {
      this.#show(known);
      return;
    }
    this.ticket++;
    const { ticket } = this;
    batch(() => {
      this.forget();
      this.saved.value = undefined;
      this.isLoading.value = true;
    });
    try {
      if (run === undefined) throw new Error("the address names no run, expected run=NAME beside kept");
      const saved = await this.store.rank.keptLook(run, place);
      if (ticket !== this.ticket) return;
      this.#show({ ...saved, run, file: `${name}.json.gz` });
    } catch (error) {
      if (ticket !== this.ticket) return;
      this.problem.value = `The kept sample ${name} could not be shown: ${messageOf(error)}`;
    }
    this.isLoading.value = false;
    if (run !== undefined) void this.kept.find(run);
  }

  /** Shows a sample that was exported; what is wrong with the file is told above the page. */
  async openFile(file: File): Promise<void> {
    try {
      const { readLook } = await import("../../train/inspect/look-file");
      const saved = readLook(new Uint8Array(await file.arrayBuffer()), file.name);
      this.#show({ ...saved, run: undefined, file: file.name });
      location.hash = fileAddress(file.name, { stage: this.stage.peek() });
    } catch (error) {
      this.store.addProblem(messageOf(error));
    }
  }

  #show(saved: SavedSample): void {
    const { view, about } = saved;
    this.asked = undefined;
    this.tokens = view.tokens;
    this.channels = view.sampling.map(({ channels }) => channels);
    const isNew = this.saved.peek()?.view !== view;
    batch(() => {
      this.saved.value = saved;
      this.view.value = view;
      this.problem.value = undefined;
      this.split.value = view.split;
      this.index.value = view.index;
      this.epoch.value = view.epoch;
      this.checkpoint.value = undefined;
      this.whatIf.value = about.whatIf;
      this.token.value = Math.min(this.token.peek(), view.tokens.outputNorms.length - 1);
      if (!isNew) return;
      this.block.value ??= view.attention[0]?.block;
      this.map.value = keptMap(view);
    });
  }

  /** The run that a sample is kept for: the one of this tab, or the stored one that has kept it. */
  keeper(): string | undefined {
    return this.isSaved.value ? this.saved.value?.run : this.store.run.value?.name;
  }

  /** The sample that is shown is kept. */
  isKept(): boolean {
    const view = this.view.value;
    return view !== undefined && this.kept.has(this.keeper(), view);
  }

  /** Keeps what is shown among its run's files, or forgets it there. */
  async toggleKept(): Promise<void> {
    const [view, run] = [this.view.peek(), this.keeper()];
    // What is on its way belongs to it.
    if (view === undefined || run === undefined || this.isLoading.peek()) return;
    const what = this.isKept() ? "forgotten" : "kept";
    try {
      await this.kept.toggle(run, view, this.whatIf.peek());
    } catch (error) {
      this.problem.value = `The sample ${view.id} could not be ${what}: ${messageOf(error)}`;
    }
  }

  /** Goes to the sample of that id, by the splits that the run has written. */
  async find(id: string): Promise<void> {
    try {
      const run = this.store.run.peek()!.name;
      const files = await this.store.rank.readFiles(run, ["splits/train.txt", "splits/val.txt"]);
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

  /** The first sample of a split; asks for it where samples are shown one by one. */
  choose(split: SplitName, isAsked = true): void {
    batch(() => {
      this.split.value = split;
      this.index.value = 0;
      if (split === "val") this.epoch.value = undefined;
    });
    if (isAsked) this.load();
  }

  /** The place of the sample in the table's order and how many are in it; undefined where it is not among them. */
  inOrder(): { readonly at: number; readonly places: readonly number[] } | undefined {
    const split = this.split.value;
    const order = this.order.value?.split === split ? this.order.value.places : undefined;
    const places = this.isSaved.value ? this.#keptPlaces(split, order) : order;
    const at = places?.indexOf(this.index.value) ?? -1;
    return at < 0 ? undefined : { at, places: places! };
  }

  /** Places of the split that the stored run has kept, in the table's order where that is known. */
  #keptPlaces(split: SplitName, order: readonly number[] | undefined): readonly number[] {
    const places = this.kept.placesOf(this.saved.value?.run, split);
    const ordered = order?.filter((index) => places.includes(index)) ?? [];
    return ordered.length > 0 ? ordered : places;
  }

  /** The sample `by` further in the table's order, else in that of the split; undefined at the end. */
  neighbour(by: 1 | -1): number | undefined {
    const order = this.inOrder();
    if (order !== undefined) return order.places[order.at + by];
    if (this.isSaved.value) return undefined;
    const to = this.index.value + by;
    return to >= 0 && to < this.size() ? to : undefined;
  }

  /** Goes to the next sample or the one before. */
  move(by: 1 | -1): void {
    const to = this.neighbour(by);
    const saved = this.saved.peek();
    if (to === undefined) return;
    if (saved?.run === undefined) this.goTo(to);
    else {
      const kept = { split: this.split.peek(), index: to };
      const table = this.table.peek();
      const address = keptAddress(saved.run, { kept, stage: this.stage.peek() }, table && orderParams(table));
      location.replace(address);
    }
  }

  /** Goes to sample `index`, held within the split. */
  goTo(index: number): void {
    const last = this.size() - 1;
    if (last < 0) return;
    this.index.value = Math.max(0, Math.min(last, index));
    this.load();
  }

  /** Changes what is looked at, and asks the rank when the answer at hand does not hold it. */
  show(change: () => void): void {
    batch(change);
    if (this.isMissing()) this.load();
  }

  goToStage(stage: StageName): void {
    this.show(() => {
      this.stage.value = stage;
    });
  }

  /** The block whose attention is shown; undefined before the first answer. */
  chosenBlock(): number | undefined {
    return this.tokens && Math.min(this.block.value ?? this.tokens.blocks - 1, this.tokens.blocks - 1);
  }

  /** The maps that the choice stands for; what is known of the network's channels limits them. */
  chosenMaps(): readonly MapRequest[] {
    const choice = this.map.value;
    return mapsOf(choice, this.channels[choice.scale]);
  }

  /** Changes what is changed before the network sees the sample; {} changes nothing. */
  ask(whatIf: WhatIf): void {
    if (this.isSaved.peek()) return;
    this.show(() => {
      this.whatIf.value = whatIf;
    });
  }

  /** Steps of the run's checkpoints, as the storage has them by now. */
  async findCheckpoints(): Promise<void> {
    const run = this.store.run.peek()?.name;
    if (run === undefined) return;
    try {
      this.checkpoints.value = await this.store.rank.checkpoints(run);
    } catch (error) {
      this.problem.value = `The checkpoints of "${run}" could not be listed: ${messageOf(error)}`;
    }
  }

  private question(): Question {
    const whatIf = Object.keys(this.whatIf.peek()).length === 0 ? undefined : this.whatIf.peek();
    const epoch = this.split.peek() === "val" ? undefined : this.epoch.peek();
    return {
      ...{ split: this.split.peek(), index: this.index.peek(), epoch, whatIf },
      checkpoint: this.checkpoint.peek(),
    };
  }

  private isAnswered(question: Question): boolean {
    return this.asked !== undefined && isSame(this.asked, question);
  }

  private parts(): Parts {
    return { stage: this.stage.peek(), maps: this.chosenMaps(), block: this.chosenBlock() };
  }

  /** The answer at hand lacks something of what is looked at. */
  isMissing(): boolean {
    if (this.isSaved.peek()) return false;
    const view = this.view.peek();
    return view === undefined || !this.isAnswered(this.question()) || lacks(view, this.parts());
  }

  private request(question: Question): LookRequest {
    const known = this.isAnswered(question) ? this.view.peek() : undefined;
    return requestOf(question, this.parts(), this.tokens?.heads ?? 0, known);
  }

  /** Asks the rank for what is chosen; when the choice changes meanwhile, once more for the last one. */
  async load(): Promise<void> {
    if (this.isSaved.peek() || this.size() === 0) return;
    if (this.index.peek() >= this.size()) this.index.value = this.size() - 1;
    this.isStale = true;
    if (this.isLoading.peek()) return;
    this.ticket++;
    const { ticket } = this;
    this.isLoading.value = true;
    try {
      let isBlind = false;
      do {
        this.isStale = false;
        // Without the network's shape the first question cannot name the last block.
        isBlind = this.tokens === undefined;
        const question = this.question();
        const view = await this.store.rank.look(this.request(question), question.checkpoint);
        if (ticket !== this.ticket) return;
        this.take(view, question);
      } while (this.isStale || (isBlind && this.isMissing()));
    } catch (error) {
      if (ticket !== this.ticket) return;
      batch(() => {
        // Under the name of another sample the last answer would be taken for its own.
        if (!this.isAnswered(this.question())) this.view.value = undefined;
        const of = `${this.index.peek()} of ${this.split.peek() === "val" ? "validation" : "training"}`;
        this.problem.value = `Sample ${of} could not be shown: ${messageOf(error)}`;
      });
    }
    this.isLoading.value = false;
  }

  /** Takes an answer; parts of the last one that still hold stay. */
  private take(view: LookView, question: Question): void {
    const whole = joined(view, this.isAnswered(question) ? this.view.peek() : undefined);
    this.asked = question;
    this.tokens = view.tokens;
    this.channels = view.sampling.map(({ channels }) => channels);
    batch(() => {
      this.view.value = whole;
      this.problem.value = undefined;
      this.token.value = Math.min(this.token.peek(), view.tokens.outputNorms.length - 1);
    });
  }

  /** Ends the question that is on its way, and goes back to what is shown. */
  cancel(): void {
    if (!this.isLoading.peek()) return;
    this.ticket++;
    // Whoever asked has gone on; the rank says no more than that it was cancelled.
    this.store.rank.cancelLook().catch(() => undefined);
    const { asked } = this;
    batch(() => {
      this.isLoading.value = false;
      if (this.isSaved.peek()) return;
      if (asked === undefined) {
        this.problem.value = "The question to the rank was cancelled: Predict again asks once more.";
        return;
      }
      this.split.value = asked.split;
      this.index.value = asked.index;
      this.epoch.value = asked.epoch;
      this.checkpoint.value = asked.checkpoint;
      this.whatIf.value = asked.whatIf ?? {};
    });
  }
}
