/** Reads training logs beside the page: 100,000 lines take a second. */
import "../../security/own-scripts";
import { expose } from "comlink";
import { type NamedFile, readFiles } from "./read-logs";
import type { LogResult } from "./state";

/** What the page asks of it, over Comlink. */
export interface LogWorker {
  /** Throws what reading throws. */
  read(files: readonly NamedFile[], onProgress: (bytes: number) => void): Promise<LogResult>;
}

expose({ read: readFiles } satisfies LogWorker);
