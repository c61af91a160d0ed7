/**
 * Imported records in shared memory, so that one worker imports and all ranks read.
 *
 * A set that was opened from shards (`OpenedSet`) is not shared: it is read from the store when it is needed, and every rank
 * opens the store itself.
 */
import { type CropOptions, recordBytes } from "./crop";
import { type CropSet, lazyCrops, memoryCrops, ON_DEMAND_BYTES } from "./crop-set";
import { DataError } from "./data-error";
import type { CropRecord, FrameSet, ImportReport } from "./types";

/** Plain data that crosses postMessage without a copy of the pixels. Everybody reads the same bytes: nobody may write them. */
export interface SharedCrops {
  readonly name: string;
  readonly ids: readonly string[];
  readonly report: ImportReport;
  /** Those that are in memory; the others each rank reads from the files itself. */
  readonly records: readonly CropRecord[];
}

/** True where workers can share memory: in Node, and in a page that is isolated from other origins. */
export const canShareCrops = (): boolean => typeof SharedArrayBuffer !== "undefined";

/**
 * Copies the arrays of records into shared memory, a few buffers for all of them; use as `ImportOptions.place`. An array that is
 * shared already stays where it is. Throws DataError when there is no memory, and where there is no sharing.
 */
export function sharedPlace(name: string): (record: CropRecord) => CropRecord {
  if (!canShareCrops()) throw new DataError(`${name}: memory cannot be shared here, expected SharedArrayBuffer`);
  const arena = new Arena(name);
  return (record) => {
    const { mano } = record;
    return {
      ...record,
      rgb: arena.put(record.rgb),
      depth: record.depth && arena.put(record.depth),
      joints3d: arena.put(record.joints3d),
      mano: mano && { pose: arena.put(mano.pose), shape: arena.put(mano.shape), trans: arena.put(mano.trans) },
    };
  };
}

/**
 * The records that `set` has in memory, for other workers; copied once unless they were imported with `sharedPlace`. Undefined
 * where memory cannot be shared and for sets without such records: every worker then reads the data itself. Throws DataError
 * when there is no memory for the copy.
 */
export function shareCrops(set: CropSet): SharedCrops | undefined {
  if (set.records === undefined || !canShareCrops()) return undefined;
  const { name, ids, report } = set;
  return { name, ids, report, records: [...set.records.values()].map(sharedPlace(name)) };
}

/**
 * The set that was shared: the same ids, records and report. Records beyond the memory of the one who shared them are read from
 * `frames`, cut with `options`, which must be those of the import. Throws DataError when they are needed and not given.
 */
export function cropsFromShared(shared: SharedCrops, frames?: FrameSet, options?: CropOptions): CropSet {
  const { name, ids, report } = shared;
  const inMemory = memoryCrops(name, shared.records, report);
  const { records = new Map<string, CropRecord>() } = inMemory;
  const missing = ids.filter((id) => !records.has(id));
  if (missing.length > 0 && (frames === undefined || options === undefined)) {
    throw new DataError(
      `${name}: ${missing.length} of ${ids.length} records are not in shared memory (first: "${missing[0]}"), expected the files to read them from`,
    );
  }
  const onDemand = frames && options && lazyCrops(frames, options, ON_DEMAND_BYTES);
  return {
    ...inMemory,
    ids,
    memory: { records: records.size, bytes: shared.records.reduce((sum, record) => sum + recordBytes(record), 0) },
    read: (id) => (onDemand === undefined || records.has(id) ? inMemory.read(id) : onDemand.read(id)),
  };
}

/** Of the shared buffers: each as large as all before it, within these bounds, so that small sets waste little. */
const SMALLEST_BUFFER = 1 << 20;
const LARGEST_BUFFER = 64 << 20;

/** Room of every array, a multiple of the largest element. */
const ALIGNMENT = 8;

type Stored = Uint8Array | Uint16Array | Float64Array;

class Arena {
  #buffer = new SharedArrayBuffer(0);
  #at = 0;
  #total = 0;

  constructor(private readonly name: string) {}

  put<T extends Stored>(array: T): T {
    if (array.buffer instanceof SharedArrayBuffer) return array;
    const start = this.#take(array.byteLength);
    const Type = array.constructor as new (buffer: SharedArrayBuffer, start: number, length: number) => T;
    const copy = new Type(this.#buffer, start, array.length);
    copy.set(array);
    return copy;
  }

  /** Where `bytes` are free in the buffer at hand. */
  #take(bytes: number): number {
    if (this.#at + bytes > this.#buffer.byteLength) {
      const size = Math.max(bytes, SMALLEST_BUFFER, Math.min(this.#total, LARGEST_BUFFER));
      try {
        this.#buffer = new SharedArrayBuffer(size);
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        const mebibytes = Math.ceil((this.#total + size) / 2 ** 20);
        throw new DataError(
          `${this.name}: no ${mebibytes} MiB of shared memory for the records (${error.message}), lower data.memoryMiB`,
          "no memory",
        );
      }
      this.#total += size;
      this.#at = 0;
    }
    const start = this.#at;
    this.#at += Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
    return start;
  }
}
