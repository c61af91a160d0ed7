/** Frames of a data set as crop records: decoded when asked for and kept in a cache of bounded size, or all imported at once. */
import { type CropOptions, cropRecord, recordBytes } from "./crop";
import { DataError } from "./data-error";
import { count, newReport } from "./import-report";
import type { CropRecord, FrameSet, ImportReport } from "./types";

/** Crop records by id. */
export interface CropSet {
  readonly name: string;
  readonly ids: readonly string[];
  readonly report: ImportReport;
  /** Records that stay in memory, where there are such. */
  readonly memory?: { readonly records: number; readonly bytes: number };
  /** Those records by id, of a set whose files cannot be opened by several workers for nothing; `shareCrops` reads them. */
  readonly records?: ReadonlyMap<string, CropRecord>;
  /** Throws DataError naming the frame when it cannot be used. */
  read(id: string): Promise<CropRecord>;
}

/**
 * Records cut from frames when they are asked for. The most recently used ones are kept, up to `cacheBytes`; a record that is
 * being read is never read twice at the same time. A frame that cannot be used is an error at `read`: nothing is skipped.
 */
export function lazyCrops(frames: FrameSet, options: CropOptions, cacheBytes = 512 << 20): CropSet {
  const cache = new Map<string, CropRecord>();
  const reading = new Map<string, Promise<CropRecord>>();
  let bytes = 0;
  const keep = (record: CropRecord): void => {
    cache.set(record.id, record);
    bytes += recordBytes(record);
    for (const [id, oldest] of cache) {
      if (bytes <= cacheBytes || cache.size === 1) break;
      cache.delete(id);
      bytes -= recordBytes(oldest);
    }
  };
  const load = async (id: string): Promise<CropRecord> => {
    const record = cropRecord(await frames.read(id), options);
    keep(record);
    return record;
  };
  return {
    name: frames.name,
    ids: frames.ids,
    report: frames.report,
    read: (id) => {
      const known = cache.get(id);
      if (known !== undefined) {
        // Last place in the map's order = most recently used.
        cache.delete(id);
        cache.set(id, known);
        return Promise.resolve(known);
      }
      let pending = reading.get(id);
      if (pending === undefined) {
        pending = load(id).finally(() => reading.delete(id));
        reading.set(id, pending);
      }
      return pending;
    },
  };
}

/** An epoch comes back to a record after all others, so that many of them would be kept for nothing. */
export const ON_DEMAND_BYTES = 16 << 20;

export interface ImportOptions extends CropOptions {
  /** Which frames; all when undefined. */
  readonly ids?: readonly string[];
  /**
   * Memory for the records, 1 GiB by default: about 8,000 for crops of 128 pixels, 2,000 for 256. Frames beyond it are checked now
   * and read again from their files when they are needed; 16 MiB of them stay for a while.
   */
  readonly cacheBytes?: number;
  /** Puts a record where it is to stay, before it is kept: into shared memory, so that `shareCrops` need not copy it. */
  readonly place?: (record: CropRecord) => CropRecord;
  /** Called after each frame. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Stops the import between two frames: it rejects, and nothing of it is handed out. */
  readonly signal?: AbortSignal;
}

/**
 * Reads every frame once. Frames that cannot be used are dropped and counted with the first example, beside the drops of the
 * data set itself. Throws DataError when nothing is left, and passes any other error on.
 */
export async function importCrops(frames: FrameSet, options: ImportOptions): Promise<CropSet> {
  const ids = options.ids ?? frames.ids;
  const { cacheBytes = 1 << 30, place = (record: CropRecord) => record } = options;
  const records = new Map<string, CropRecord>();
  const usable: string[] = [];
  let bytes = 0;
  let isFull = false;
  const copy = (counts: ImportReport["dropped"]): ImportReport["dropped"] =>
    new Map([...counts].map(([reason, each]) => [reason, { ...each }]));
  const report: ImportReport = {
    ...newReport(),
    dropped: copy(frames.report.dropped),
    notes: copy(frames.report.notes),
  };
  let first: DataError | undefined;
  for (const [done, id] of ids.entries()) {
    options.signal?.throwIfAborted();
    try {
      const record = cropRecord(await frames.read(id), options);
      usable.push(id);
      // The first ones, not the small ones: what is read again is then a matter of the order alone.
      isFull ||= bytes + recordBytes(record) > cacheBytes;
      if (!isFull) {
        records.set(id, place(record));
        bytes += recordBytes(record);
      } else count(report.notes, "read from its files again in every epoch, for lack of memory", id);
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      first ??= error;
      count(report.dropped, error.reason, id);
    }
    options.onProgress?.(done + 1, ids.length);
  }
  if (usable.length === 0) {
    throw new DataError(
      `${frames.name}: none of ${ids.length} frames can be used${first ? `; first: ${first.message}` : ""}`,
    );
  }
  report.kept = usable.length;
  const inMemory = memoryCrops(frames.name, records.values(), report);
  const onDemand = lazyCrops(frames, options, ON_DEMAND_BYTES);
  return {
    ...inMemory,
    ids: usable,
    memory: { records: records.size, bytes },
    read: (id) => (records.has(id) ? inMemory.read(id) : onDemand.read(id)),
  };
}

/** Records that are all in memory. */
export function memoryCrops(name: string, records: Iterable<CropRecord>, report?: ImportReport): CropSet {
  const byId = new Map([...records].map((record) => [record.id, record]));
  return {
    name,
    records: byId,
    ids: [...byId.keys()],
    report: report ?? { ...newReport(), kept: byId.size },
    read: async (id) => {
      const record = byId.get(id);
      if (record === undefined)
        throw new DataError(`${name}: frame "${id}" is not among the ${byId.size} imported frames`);
      return record;
    },
  };
}
