/** The importing worker of a page: files to shards in this browser's storage, and summaries of what is stored. */
import "../security/own-scripts";
import { expose } from "comlink";
import { ADAPTERS, type AdapterName, handFor } from "../data/adapter";
import { recordSide } from "../data/crop";
import { type CropSet, lazyCrops } from "../data/crop-set";
import type { Decoders } from "../data/import-decode";
import { importDescription } from "../data/import-description";
import { ImportJob, type ImportProgress } from "../data/import-job";
import {
  chosenIds,
  type KnownTotal,
  knownTotal,
  namedFrames,
  sequenceChoices,
  totalSentence,
} from "../data/import-plan";
import { importResult, type ReportRow, resultText } from "../data/import-result";
import { type FrameSplit, formatTitle, type OpenedFrames, openFrames } from "../data/open";
import { recordStride } from "../data/shards/format";
import { idbShardStore } from "../data/shards/idb-browser";
import type { Damage, OpenedSet, StoredSet, StoreUsage } from "../data/shards/types";
import { type DataSummary, type SummaryOptions, summarise } from "../data/summary";
import type { HandModel, ImportReport } from "../data/types";
import { interruptible, openHand, openSource, renderedFrames } from "./choices";
import { pageDecoders } from "./decode-threads";
import type {
  Found,
  ImportApi,
  ImportEnd,
  ImportOptions,
  ImportRequest,
  ImportSource,
  SampleSet,
  SummaryRequest,
} from "./import-api";
import { acceptNursery } from "./nursery";
import { type SetTile, setTiles } from "./set-tiles";

const store = idbShardStore();

/** Published parts of each kind of files. DexYCB keeps a validation part of its own. */
function splitsOf(adapter: AdapterName): readonly FrameSplit[] {
  return adapter === "dexycb" ? ["train", "val", "evaluation"] : ["train", "evaluation"];
}

const rows = (counts: ImportReport["dropped"]): ReportRow[] =>
  [...counts]
    .map(([reason, { count, example }]) => ({ reason, count, first: example }))
    .sort((a, b) => b.count - a.count);

interface Opened {
  readonly frames: OpenedFrames;
  readonly hand: HandModel;
  readonly known: KnownTotal | undefined;
  readonly title: string;
}

async function open(source: ImportSource, split: FrameSplit, { hand: choice, quirks }: ImportOptions): Promise<Opened> {
  const hand = await openHand(choice);
  const frames = await openFrames(await openSource(source), {
    split,
    quirks: new Set(quirks),
    hand,
  });
  return { frames, hand, known: knownTotal(frames.version, split), title: formatTitle(frames) };
}

class Importer implements ImportApi {
  #job: ImportJob | undefined;
  #isStarting = false;
  readonly #opened = new Map<string, Promise<OpenedSet>>();
  #rendered: { readonly key: string; readonly set: Promise<CropSet> } | undefined;
  readonly #reading = { check: new AbortController(), summary: new AbortController() };

  async look(source: ImportSource, split: FrameSplit, options: ImportOptions): Promise<Found> {
    const { frames, known, title } = await open(source, split, options);
    return {
      name: frames.name,
      title,
      split,
      splits: splitsOf(frames.adapter),
      frames: frames.ids.length,
      dropped: rows(frames.report.dropped),
      notes: rows(frames.report.notes),
      known,
      totals: totalSentence(namedFrames(frames), known),
      sequences: sequenceChoices(frames.ids, recordStride(recordSide(options.size))),
    };
  }

  async start(request: ImportRequest, onProgress: (progress: ImportProgress) => void): Promise<ImportEnd> {
    if (this.#isStarting) throw new Error("an import is going on; stop it first");
    this.#isStarting = true;
    let decoders: Decoders | undefined;
    try {
      const { name, split, sequences, options } = request;
      const { frames, hand, known } = await open(request.source, split, options);
      const ids = chosenIds(frames, sequences);
      const description = await importDescription({ ...options, frames, ids, split, hand });
      const { recordBytes } = description;
      this.#forget(name);
      const writer = await store.writer(name, description);
      decoders = pageDecoders(request.source, split, options, frames.recipe);
      this.#job = new ImportJob({
        name: frames.name,
        ids,
        writer,
        recordBytes,
        decode: decoders.decode,
        parallel: decoders.parallel,
        now: () => performance.now(),
        onProgress,
      });
      const outcome = await this.#job.run();
      const stored = await this.#report(name);
      const result = importResult({
        frames,
        name,
        split,
        sequences,
        known,
        recordBytes,
        outcome,
        ...(stored && { stored }),
      });
      return { result, text: resultText(result) };
    } finally {
      decoders?.end();
      this.#job = undefined;
      this.#isStarting = false;
    }
  }

  /** The report of everything that is stored under a name; undefined where nothing is. */
  async #report(name: string): Promise<ImportReport | undefined> {
    const set = (await store.list()).find((each) => each.name === name);
    if (set === undefined || set.kept === 0) return undefined;
    return (await this.#open(name)).report;
  }

  #open(name: string): Promise<OpenedSet> {
    let opened = this.#opened.get(name);
    if (opened === undefined) {
      opened = store.open(name, { partial: true });
      this.#opened.set(name, opened);
      opened.catch(() => this.#opened.delete(name));
    }
    return opened;
  }

  #forget(name: string): void {
    this.#opened.get(name)?.then(
      (opened) => opened.close(),
      () => undefined,
    );
    this.#opened.delete(name);
  }

  async pause(): Promise<void> {
    this.#job?.pause();
  }

  async resume(): Promise<void> {
    this.#job?.resume();
  }

  async cancel(): Promise<void> {
    this.#job?.cancel();
  }

  sets(): Promise<StoredSet[]> {
    return store.list();
  }

  usage(): Promise<StoreUsage> {
    return store.usage();
  }

  async remove(name: string): Promise<void> {
    this.#forget(name);
    await store.remove(name);
  }

  check(name: string, onProgress: (done: number, total: number) => void): Promise<Damage[]> {
    this.#forget(name);
    return store.check(name, onProgress, this.#reading.check.signal);
  }

  async stopReading(what: "check" | "summary"): Promise<void> {
    this.#reading[what].abort(new Error(`the ${what} was stopped`));
    this.#reading[what] = new AbortController();
  }

  async summary(
    choice: SampleSet,
    { hand, by, fraction, seed, quirks }: SummaryRequest,
    onProgress: (done: number, total: number) => void,
  ): Promise<DataSummary> {
    const { signal } = this.#reading.summary;
    const [set, chosen] = await Promise.all([this.#samples(choice), openHand(hand)]);
    const split = { by, fraction, seed, quirks: new Set(quirks) };
    const about = choice.kind === "stored" ? await this.#origin(choice.name, chosen) : renderedOrigin(set, chosen);
    return summarise(interruptible(set), { ...about, split, onProgress, signal });
  }

  /** The hand that a stored set's parameters belong to, and how many frames it should have. */
  async #origin(name: string, chosen: HandModel): Promise<Origin> {
    const { info } = await this.#open(name);
    const { description, kept, dropped } = info;
    const adapter = (Object.keys(ADAPTERS) as AdapterName[]).find((each) => each === description?.format);
    const opening = description?.opening?.dropped ?? [];
    const frames = opening.reduce((sum, [, { count }]) => sum + count, description?.expected ?? kept + dropped);
    return {
      hand: adapter === undefined ? chosen : handFor(chosen, adapter),
      known: { frames, what: `the import of ${description?.source ?? name}` },
    };
  }

  #samples(choice: SampleSet): Promise<CropSet> {
    if (choice.kind === "stored") return this.#open(choice.name);
    const { frames, seed, options } = choice;
    const { hand, size, boxScale, quirks } = options;
    const nameOf = hand.kind === "openhand" ? hand.kind : `${hand.kind} ${hand.name}`;
    const key = JSON.stringify([frames, seed, nameOf, size, boxScale, quirks]);
    if (this.#rendered?.key !== key) {
      const render = async (): Promise<CropSet> =>
        lazyCrops(renderedFrames(await openHand(hand), choice), { size, boxScale, quirks: new Set(quirks) }, 128 << 20);
      this.#rendered = { key, set: render() };
    }
    return this.#rendered.set;
  }

  async ids(choice: SampleSet): Promise<readonly string[]> {
    return (await this.#samples(choice)).ids;
  }

  async tiles(choice: SampleSet, places: readonly number[], side: number): Promise<SetTile[]> {
    return setTiles(interruptible(await this.#samples(choice)), places, side);
  }
}

type Origin = Pick<SummaryOptions, "hand" | "known">;

const renderedOrigin = ({ ids }: CropSet, hand: HandModel): Origin => ({
  hand,
  known: { frames: ids.length, what: "this choice" },
});

acceptNursery();
expose(new Importer());
