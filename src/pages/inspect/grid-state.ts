/** The table of samples: where it comes from, what of it is shown, and the pictures of its tiles. */
import { batch, computed, effect, signal } from "@preact/signals";
import { readScores } from "../../train/inspect/scores";
import type { QuickPrediction, SplitName, Thumbnail } from "../../train/inspect/types";
import { messageOf } from "../store";
import { keptAddress, sampleAddress } from "./address";
import {
  type GridOverlay,
  type GridView,
  gridAddress,
  orderParams,
  type TileSize,
  viewOfAddress,
} from "./grid-address";
import { Feed } from "./grid-feed";
import { type Filters, NO_FILTERS, passing, type Sort, sortedPlaces, usualSort, type ValueRange } from "./grid-select";
import { type GridTable, tableOfIds, withFacts, withScores } from "./grid-table";
import type { InspectState } from "./state";

/** Samples whose facts are asked for at once: few enough to say how far it is. */
const PART = 128;
/** Pictures of one question. */
const BATCH = 16;
/** Some 50 MB of pictures of the middle size. */
const KEEP = 800;

/** Which run's samples are shown: the one of this tab, or one that is stored. */
export interface GridSource {
  readonly run: string;
  /** Its network is loaded: there are pictures, predictions and single samples. */
  readonly isLive: boolean;
}

export class GridState {
  readonly view = signal<GridView>(viewOfAddress({}));
  readonly table = signal<GridTable | undefined>(undefined);
  /** How far facts are read; undefined when nobody reads. */
  readonly progress = signal<{ readonly done: number; readonly total: number } | undefined>(undefined);
  readonly problem = signal<string | undefined>(undefined);
  /** Place of the sample in focus. */
  readonly focus = signal<number | undefined>(undefined);
  /** Grows whenever tiles have to be painted again. */
  readonly pictures = signal(0);
  /** The stored sample whose numbers are shown. */
  readonly numbersOf = signal<number | undefined>(undefined);
  readonly thumbnails: Feed<Thumbnail>;
  readonly predictions: Feed<QuickPrediction>;

  readonly source = computed<GridSource | undefined>(() => {
    const { run } = this.view.value;
    const { store } = this.inspect;
    const own = store.hasPlan.value ? store.run.value?.name : undefined;
    if (run !== undefined && run !== own) return { run, isLive: false };
    return own === undefined ? undefined : { run: own, isLive: true };
  });
  /** Without a network the table stands in for the sample that an address asks for. */
  readonly isShown = computed(() => {
    const { route, hasPlan } = this.inspect.store;
    const isSample = this.inspect.isSaved.value || (this.inspect.isSample.value && hasPlan.value);
    return route.value.page === "inspect" && !isSample;
  });
  /** A sample is shown whose place in the table is asked for and not known: after a reload. */
  readonly isOrderAsked = computed(() => {
    const { store, table, order, isSample } = this.inspect;
    return store.route.value.page === "inspect" && isSample.value && table.value !== undefined && !order.value;
  });
  readonly sort = computed<Sort>(() => this.view.value.sort ?? usualSort(this.table.value));
  /** Places of the samples that are shown, in their order. */
  readonly shown = computed<readonly number[]>(() => {
    const table = this.table.value;
    return table === undefined ? [] : sortedPlaces(table, passing(table, this.view.value.filters), this.sort.value);
  });

  #ticket = 0;
  #loaded = "";
  #asked = "";

  constructor(readonly inspect: InspectState) {
    const ofSplit = () => inspect.split.peek();
    const common = {
      batch: BATCH,
      keep: KEEP,
      onValues: () => {
        this.pictures.value++;
      },
    };
    this.thumbnails = new Feed({
      ...common,
      ask: (places) => inspect.store.rank.thumbnails(ofSplit(), places, this.view.peek().tile),
      onError: (error) => {
        this.problem.value = `The pictures could not be read: ${messageOf(error)}`;
      },
    });
    this.predictions = new Feed({
      ...common,
      ask: (places) => inspect.store.rank.predict(ofSplit(), places),
      onError: (error) => {
        this.problem.value = `The predictions could not be made: ${messageOf(error)}`;
      },
    });
    let hadRun = inspect.store.run.peek()?.name;
    effect(() => {
      const run = inspect.store.run.value?.name;
      if (run !== undefined && hadRun !== undefined && run !== hadRun) this.change({ run: undefined });
      hadRun = run ?? hadRun;
    });
    effect(() => this.#readAddress());
    effect(() => this.#writeAddress());
    effect(() => {
      const source = this.source.value;
      const key = `${source?.run} ${source?.isLive} ${inspect.split.value}`;
      if (!(this.isShown.value || this.isOrderAsked.value) || key === this.#loaded) return;
      this.#loaded = key;
      void this.load();
    });
    effect(() => this.#followEvaluations());
  }

  /** An address that says anything of the table says all of it; that of a sample says which samples it stands among. */
  #readAddress(): void {
    const { page, grid } = this.inspect.store.route.value;
    if (page !== "inspect" || Object.keys(grid).length === 0) return;
    const view = viewOfAddress(grid);
    if (!this.inspect.isSample.value) this.view.value = view;
    else if (view.sort !== undefined) this.change({ run: view.run, sort: view.sort, filters: view.filters });
    else if (view.run !== undefined) this.change({ run: view.run });
  }

  #writeAddress(): void {
    const view = this.view.value;
    const split = this.inspect.split.value;
    const run = this.source.value?.run;
    const { page } = this.inspect.store.route.value;
    if (page !== "inspect" || this.inspect.isSample.value || run === undefined) return;
    // Somebody has just gone elsewhere, and the route will follow.
    if (!/^#\/inspect(\?|$)/.test(location.hash)) return;
    const address = gridAddress(split, { ...view, run });
    if (address !== location.hash) history.replaceState(history.state, "", address);
  }

  /** The scores and predictions of an older step are not those of the network that trains on. */
  #followEvaluations(): void {
    const { store } = this.inspect;
    store.tick.value;
    const table = this.table.value;
    const step = store.history.lastEvaluation?.step;
    if (!this.source.value?.isLive || table === undefined || this.progress.value !== undefined || step === undefined)
      return;
    const isOld = table.split === "val" && table.facts === table.ids.length && (table.step ?? -1) < step;
    // Once for each evaluation: an answer without its scores must not be asked for over and over.
    if (!isOld || !this.isShown.value || this.#asked === `${this.#loaded} ${step}`) return;
    this.#asked = `${this.#loaded} ${step}`;
    void this.refresh();
  }

  change(part: Partial<GridView>): void {
    this.view.value = { ...this.view.peek(), ...part };
  }

  filter(part: Partial<Filters>): void {
    this.change({ filters: { ...this.view.peek().filters, ...part } });
  }

  setRange(column: string, range: ValueRange | undefined): void {
    const { [column]: _, ...others } = this.view.peek().filters.ranges;
    this.filter({ ranges: range === undefined ? others : { ...others, [column]: range } });
  }

  resetFilters(): void {
    this.change({ filters: NO_FILTERS });
  }

  toggle(overlay: GridOverlay): void {
    const { overlays } = this.view.peek();
    const others = overlays.filter((each) => each !== overlay);
    this.change({ overlays: others.length < overlays.length ? others : [...others, overlay] });
    this.pictures.value++;
  }

  resize(tile: TileSize): void {
    this.thumbnails.clear();
    this.change({ tile });
  }

  /** The other split, or another run; filters of the one mean nothing for the other. */
  choose(split: SplitName, run = this.view.peek().run): void {
    batch(() => {
      this.inspect.choose(split, false);
      this.focus.value = undefined;
      this.change({ run, filters: NO_FILTERS, sort: undefined });
    });
  }

  /** One sample: in all its stages where the network is loaded, else its numbers. */
  open(place: number): void {
    const table = this.table.peek();
    if (table === undefined) return;
    this.focus.value = place;
    const { split } = table;
    const source = this.source.peek();
    const isKept = this.isKept(place);
    if (!source?.isLive && !isKept) {
      this.numbersOf.value = place;
      return;
    }
    const asked = { sort: this.sort.peek(), filters: this.view.peek().filters };
    const stage = this.inspect.stage.peek();
    batch(() => {
      this.inspect.table.value = asked;
      this.inspect.order.value = { split, places: this.shown.peek() };
    });
    const params = orderParams(asked);
    location.hash = source?.isLive
      ? sampleAddress({ split, index: place, stage }, [["run", source.run], ...params])
      : keptAddress(source!.run, { kept: { split, index: place }, stage }, params);
  }

  /** The run has kept the sample at `place`: it is shown from its file. */
  isKept(place: number): boolean {
    const split = this.table.value?.split;
    return split !== undefined && this.inspect.kept.has(this.source.value?.run, { split, index: place });
  }

  /** Places of the split that the run has kept. */
  keptPlaces(): readonly number[] {
    const split = this.table.value?.split;
    return split === undefined ? [] : this.inspect.kept.placesOf(this.source.value?.run, split);
  }

  /** Asks for what the tiles at `places` show, the first ones first. */
  want(places: readonly number[]): void {
    if (!this.source.peek()?.isLive) return;
    this.thumbnails.want(places);
    if (this.needsPredictions()) this.predictions.want(places);
  }

  needsPredictions(): boolean {
    const { overlays } = this.view.peek();
    return (["predicted", "mesh", "heat"] as const).some((each) => overlays.includes(each));
  }

  /** Reads the table of the source at hand. */
  async load(): Promise<void> {
    this.#ticket++;
    const ticket = this.#ticket;
    const source = this.source.peek();
    const split = this.inspect.split.peek();
    batch(() => {
      this.#forgetPictures();
      this.table.value = undefined;
      this.problem.value = undefined;
      this.numbersOf.value = undefined;
      this.focus.value = undefined;
      this.progress.value = source && { done: 0, total: 0 };
    });
    if (source === undefined) return;
    void this.inspect.kept.find(source.run);
    try {
      const table = await this.#fromFiles(source, split);
      if (ticket !== this.#ticket) return;
      this.table.value = table;
      if (source.isLive) await this.#readFacts(ticket, table, split);
    } catch (error) {
      if (ticket === this.#ticket) this.problem.value = `The samples could not be listed: ${messageOf(error)}`;
    }
    if (ticket !== this.#ticket) return;
    this.progress.value = undefined;
    if (this.isOrderAsked.peek() && this.table.peek() !== undefined)
      this.inspect.order.value = { split, places: this.shown.peek() };
  }

  /** Ids and scores as the run has written them; undefined where the run of this tab keeps its files elsewhere. */
  async #fromFiles({ run, isLive }: GridSource, split: SplitName): Promise<GridTable | undefined> {
    const path = `splits/${split}.txt`;
    const wanted = split === "val" ? [path, "scores.json"] : [path];
    const files = await this.inspect.store.rank.readFiles(run, wanted).catch((error: unknown) => {
      if (isLive) return [];
      throw error;
    });
    const bytesOf = (name: string) => files.find((file) => file.path === name)?.bytes;
    const text = bytesOf(path);
    if (text === undefined && !isLive) throw new Error(`the run "${run}" has no file ${path}`);
    if (text === undefined) return undefined;
    const ids = new TextDecoder().decode(text).split("\n").filter(Boolean);
    const bytes = bytesOf("scores.json");
    const scores = bytes && readScores(bytes);
    const table = tableOfIds(split, ids);
    return scores === undefined ? table : withScores(table, scores.ids, scores.table);
  }

  /** Facts are read part by part, each of which is shown at once. */
  async #readFacts(ticket: number, known: GridTable | undefined, split: SplitName): Promise<void> {
    const { rank } = this.inspect.store;
    const total = this.inspect.size();
    // Without their files, ids come first: a table grows only in what is known of its samples.
    let table = known?.ids.length === total ? known : undefined;
    if (table === undefined) {
      const whole = await rank.samples(split);
      if (ticket === this.#ticket) this.table.value = withFacts(tableOfIds(split, whole.ids), whole);
      return;
    }
    for (let from = table.facts; from < total; from += PART) {
      this.progress.value = { done: from, total };
      const part = await rank.samples(split, from, Math.min(total, from + PART));
      if (ticket !== this.#ticket) return;
      table = withFacts(table, part);
      this.table.value = table;
    }
  }

  /** Stops reading facts; what was read stays. */
  stop(): void {
    this.#ticket++;
    this.progress.value = undefined;
  }

  /** Reads the rest of the facts after `stop`. */
  async goOn(): Promise<void> {
    const table = this.table.peek();
    if (table === undefined || this.progress.peek() !== undefined) return;
    this.#ticket++;
    const ticket = this.#ticket;
    this.progress.value = { done: table.facts, total: table.ids.length };
    try {
      await this.#readFacts(ticket, table, table.split);
    } catch (error) {
      if (ticket === this.#ticket) this.problem.value = `The samples could not be listed: ${messageOf(error)}`;
    }
    if (ticket === this.#ticket) this.progress.value = undefined;
  }

  /** Scores of the last evaluation, predictions with the weights as they are by now, and pictures that failed once more. */
  async refresh(): Promise<void> {
    const table = this.table.peek();
    if (table === undefined || !this.source.peek()?.isLive) return;
    const ticket = this.#ticket;
    batch(() => {
      // Pictures do not depend on weights.
      if (this.problem.peek() !== undefined) this.thumbnails.clear();
      this.problem.value = undefined;
      this.predictions.clear();
      this.pictures.value++;
    });
    try {
      const whole = table.facts === table.ids.length ? await this.inspect.store.rank.samples(table.split) : undefined;
      if (ticket === this.#ticket && whole !== undefined) this.table.value = withFacts(table, whole);
    } catch (error) {
      this.problem.value = `The scores could not be read: ${messageOf(error)}`;
    }
  }

  #forgetPictures(): void {
    this.thumbnails.clear();
    this.predictions.clear();
    this.pictures.value++;
  }
}

const states = new WeakMap<InspectState, GridState>();

/** The one table of an inspector; it outlives a change of page. */
export function gridOf(inspect: InspectState): GridState {
  let state = states.get(inspect);
  if (state === undefined) {
    state = new GridState(inspect);
    states.set(inspect, state);
  }
  return state;
}
