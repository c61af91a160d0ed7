/** Imported records as plain data in shared memory, so that one worker imports and all ranks read. */
import type { CropRecord, ImportReport } from "./types";

/** Crosses postMessage without a copy of the pixels where memory can be shared. */
export interface SharedCrops {
  readonly name: string;
  readonly ids: readonly string[];
  readonly report: ImportReport;
  /** Those that are in memory; the others each rank reads from the files itself. */
  readonly records: readonly CropRecord[];
}
