/** Ranks as threads of Node. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { RankWorkerApi } from "../ranks/rank-api";
import type { RankCalls, RankHandle, RankHost } from "../ranks/slot";
import { projectRoot } from "./host";
import type { DataOption } from "./run-setup";
import { startWorkerThread } from "./worker-thread";

/** A thread that hangs ends the run, since it cannot be ended by itself: so patience with a busy machine, ms. */
export const THREAD_WATCHDOG = { silentMs: 20_000, allSilentMs: 60_000 } as const;

/** What a thread reads; the same choices as for a run in the main thread. */
export interface RankThreadData {
  readonly data: DataOption;
  /** `openhand`, or the path of MANO_RIGHT.pkl. */
  readonly hand: string;
}

/** The threads of a run, and whether they have all ended. */
export interface RankThreads extends RankHost {
  /** Resolves with the number of threads that still run, after `ms` at the latest. */
  ended(ms: number): Promise<number>;
}

/**
 * Threads of this process; `program` is the built `rank-worker`. `process.env` must name the Vulkan driver before. A thread is
 * never ended by force: one that is inside Dawn would take the process with it.
 */
export function rankThreads(
  read: RankThreadData,
  program = join(projectRoot(), "dist/node/rank-worker.js"),
): RankThreads {
  const running = new Set<object>();
  let tell: () => void = () => undefined;
  return {
    start(number): RankHandle {
      if (!existsSync(program))
        throw new Error(`rank ${number}: the thread's program "${program}" does not exist; run npm run build:node`);
      const thread = startWorkerThread<RankWorkerApi>(program, `rank ${number}`, { ...read });
      running.add(thread);
      thread.onEnd(() => {
        running.delete(thread);
        if (running.size === 0) tell();
      });
      return {
        api: thread.api as RankCalls,
        onEnd: (listener) => thread.onEnd(listener),
        terminate: () => !running.has(thread),
      };
    },
    async ended(ms) {
      if (running.size === 0) return 0;
      await new Promise<void>((resolve) => {
        tell = resolve;
        setTimeout(resolve, ms).unref();
      });
      return running.size;
    },
  };
}
