import type { Finding } from "../finding";
import type { LogRun } from "../log/types";

/** One check over one run of a log; `earlier` are the runs before it in the same book. Pure; an empty list where there is nothing to say. */
export type LogCheck = (run: LogRun, earlier: readonly LogRun[]) => readonly Finding[];
