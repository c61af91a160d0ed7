/** The importing worker of a page: files to shards in this browser's storage, and summaries of what is stored. */
import "../security/own-scripts";
import { expose } from "comlink";
import { ADAPTERS, type AdapterName, handFor } from "../data/adapter";
import { recordSide } from "../data/crop";
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
import { type FrameSplit, type OpenedFrames, openFrames } from "../data/open";
import { recordStride } from "../data/shards/format";
import { idbShardStore } from "../data/shards/idb-browser";
import type { Damage, OpenedSet, StoredSet, StoreUsage } from "../data/shards/types";
import { type DataSummary, type SheetTile, sheetTile, summarise } from "../data/summary";
import type { HandModel, ImportReport } from "../data/types";
import { openHand, openSource } from "./choices";
import { pageDecoders } from "./decode-threads";
import type {
  Found,
  ImportApi,
  ImportEnd,
  ImportOptions,
  ImportRequest,
  ImportSource,
  SummaryRequest,
} from "./import-api";
import { acceptNursery } from "./nursery";

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
  const { version } = frames;
  const title = `${ADAPTERS[frames.adapter].title}${version === undefined ? "" : ` v${version}`}`;
  return { frames, hand, known: knownTotal(version, split), title };
}

class Importer implements ImportApi {
  #job: ImportJob | undefined;
  #isStarting = false;
  readonly #opened = new Map<string, Promise<OpenedSet>>();

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
    return store.check(name, onProgress);
  }

  async summary(
    name: string,
    { hand: choice, by, fraction, seed, quirks }: SummaryRequest,
    onProgress: (done: number, total: number) => void,
  ): Promise<DataSummary> {
    const [set, chosen] = await Promise.all([this.#open(name), openHand(choice)]);
    const { description, kept, dropped } = set.info;
    const adapter = (Object.keys(ADAPTERS) as AdapterName[]).find((each) => each === description?.format);
    const opening = description?.opening?.dropped ?? [];
    const expected = opening.reduce((sum, [, { count }]) => sum + count, description?.expected ?? kept + dropped);
    return summarise(set, {
      hand: adapter === undefined ? chosen : handFor(chosen, adapter),
      known: { frames: expected, what: `the import of ${description?.source ?? name}` },
      split: { by, fraction, seed, quirks: new Set(quirks) },
      onProgress,
    });
  }

  async tiles(name: string, ids: readonly string[], side: number): Promise<SheetTile[]> {
    const set = await this.#open(name);
    const tiles: SheetTile[] = [];
    for (const id of ids) tiles.push(sheetTile(await set.read(id), side));
    return tiles;
  }
}

acceptNursery();
expose(new Importer());
