/** An importer without files or database: it holds the sets it is given and imports what a test says, step by step. */
import { cropRecord, recordSide } from "../../src/data/crop";
import { type CropSet, memoryCrops } from "../../src/data/crop-set";
import type { ImportProgress } from "../../src/data/import-job";
import type { ImportResult } from "../../src/data/import-result";
import type { Damage, StoredSet, StoreUsage } from "../../src/data/shards/types";
import { type DataSummary, summarise } from "../../src/data/summary";
import { syntheticFrameSet } from "../../src/data/synthetic/frames";
import type { HandModel } from "../../src/data/types";
import type { Found, ImportApi, ImportEnd, ImportRequest, SampleSet } from "../../src/ranks/import-api";
import { type SetTile, setTiles } from "../../src/ranks/set-tiles";

/** Crops of rendered frames. */
export async function renderedCrops(hand: HandModel, frames: number, size = 96): Promise<CropSet> {
  const set = syntheticFrameSet(hand, { frames, seed: 4 });
  const records = [];
  for (const id of set.ids) records.push(cropRecord(await set.read(id), { size }));
  return memoryCrops(`${frames} rendered frames`, records);
}

/** A stored set as the list shows it. */
export function storedSet(name: string, change: Partial<StoredSet> = {}): StoredSet {
  return {
    name,
    state: "complete",
    description: {
      source: name,
      format: "ho3d",
      split: "train",
      size: 256,
      side: recordSide(256),
      boxScale: 1.5,
      margin: 1.5,
      recordBytes: 516_096,
      expected: 66_034,
      idsDigest: "0",
    },
    kept: 66_034,
    dropped: 0,
    shards: 512,
    bytes: 34.1e9,
    sequences: new Map([["ABF10", 66_034]]),
    damage: [],
    savedAt: 0,
    ...change,
  };
}

/** A folder as `look` describes it: sixty sequences of HO-3D's size, two reasons for drops. */
export function foundSet(change: Partial<Found> = {}): Found {
  const names = ["ABF1", "BB1", "GPMF1", "GSF1", "MDF1", "SB1", "ShSu1", "SiBF1", "SMu4", "MPM1", "AP1"];
  const sequences = names.flatMap((recording, r) =>
    Array.from({ length: 5 }, (_, camera) => {
      const frames = 1200 + ((137 * r + 411 * camera) % 900);
      return { sequence: `${recording}${camera}`, recording, frames, bytes: frames * 516_096 };
    }),
  );
  const frames = sequences.reduce((sum, each) => sum + each.frames, 0);
  return {
    name: "HO3D_v3",
    title: "HO-3D v3",
    split: "train",
    splits: ["train", "evaluation"],
    frames,
    dropped: [
      { reason: "rgb file missing", count: 41, first: "ABF10/0017" },
      { reason: "meta file missing", count: 3, first: "SMu41/0003" },
    ],
    notes: [{ reason: "without depth image", count: 12, first: "MDF12/0200" }],
    known: { frames: frames + 44, what: "HO-3D v3 train" },
    totals: `The files name ${frames + 44} frames, exactly the ${frames + 44} of HO-3D v3 train.`,
    sequences,
    ...change,
  };
}

/** Answers like the worker; `finish` ends the import under way. */
export class ScriptedImporter implements ImportApi {
  stored: StoredSet[] = [];
  room: StoreUsage = { usedBytes: 34.4e9, quotaBytes: 120e9, persisted: true };
  found: Found = foundSet();
  damage: Damage[] = [];
  readonly calls: string[] = [];
  /** What a test does to `look` to make it fail. */
  fail: string | undefined;
  private tell: ((progress: ImportProgress) => void) | undefined;
  private end: ((end: ImportEnd) => void) | undefined;
  private request: ImportRequest | undefined;

  constructor(
    private readonly crops: CropSet,
    private readonly hand: HandModel,
  ) {}

  async look(): Promise<Found> {
    this.calls.push("look");
    if (this.fail !== undefined) throw new Error(this.fail);
    return this.found;
  }

  start(request: ImportRequest, onProgress: (progress: ImportProgress) => void): Promise<ImportEnd> {
    this.calls.push(`start ${request.name} ${request.sequences?.join(",") ?? "all"}`);
    this.request = request;
    this.tell = onProgress;
    return new Promise((resolve) => {
      this.end = resolve;
    });
  }

  /** Says how far the import is. */
  progress(change: Partial<ImportProgress> = {}): void {
    this.tell?.({
      state: "reading",
      done: 21_480,
      total: 83_281,
      before: 0,
      committed: 21_300,
      kept: 21_462,
      dropped: 18,
      bytes: 21_462 * 516_096,
      totalBytes: 83_281 * 516_096,
      framesPerSecond: 46.2,
      secondsLeft: 1338,
      sequence: "GSF11",
      message: undefined,
      ...change,
    });
  }

  /** Ends the import. */
  finish(change: Partial<ImportResult> = {}): void {
    const { found, request } = this;
    const result: ImportResult = {
      schema: 1,
      name: request?.name ?? "set",
      source: found.name,
      split: found.split,
      state: "complete",
      sequences: request?.sequences,
      named: found.frames + 44,
      known: found.known?.frames,
      totals: found.totals,
      chosen: found.frames,
      done: found.frames,
      kept: found.frames - 3,
      dropped: [
        ...found.dropped,
        {
          reason: "image damaged",
          count: 3,
          first: "SB13/0911",
          message: "HO3D_v3/train/SB13/rgb/0911.jpg: the JPEG is cut off",
        },
      ],
      notes: found.notes,
      before: 0,
      recordBytes: 516_096,
      bytes: found.frames * 516_096,
      seconds: 1803,
      framesPerSecond: 46.2,
      ...change,
    };
    this.stored = [storedSet(result.name, { kept: result.kept, dropped: 47 }), ...this.stored];
    this.end?.({ result, text: "Import of HO3D_v3\n" });
  }

  async pause(): Promise<void> {
    this.calls.push("pause");
    this.progress({ state: "paused", secondsLeft: undefined });
  }

  async resume(): Promise<void> {
    this.calls.push("resume");
    this.progress();
  }

  async cancel(): Promise<void> {
    this.calls.push("cancel");
    this.finish({ state: "cancelled" });
  }

  async sets(): Promise<StoredSet[]> {
    return this.stored;
  }

  async usage(): Promise<StoreUsage> {
    return this.room;
  }

  async remove(name: string): Promise<void> {
    this.calls.push(`remove ${name}`);
    this.stored = this.stored.filter((each) => each.name !== name);
  }

  async check(name: string): Promise<Damage[]> {
    this.calls.push(`check ${name}`);
    return this.damage;
  }

  summary(_set: SampleSet, _hand: unknown, onProgress: (done: number, total: number) => void): Promise<DataSummary> {
    return summarise(this.crops, {
      hand: this.hand,
      known: { frames: this.crops.ids.length, what: "this set" },
      onProgress,
    });
  }

  async ids(_set: SampleSet): Promise<readonly string[]> {
    return this.crops.ids;
  }

  tiles(_set: SampleSet, places: readonly number[], side: number): Promise<SetTile[]> {
    return setTiles(this.crops, places, side);
  }

  async stopReading(what: string): Promise<void> {
    this.calls.push(`stop ${what}`);
  }
}
