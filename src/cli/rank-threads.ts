/** Ranks as threads of Node. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Remote } from "comlink";
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

/** Threads of the built `rank-worker`; as `startThreads`. */
export function rankThreads(
  read: RankThreadData,
  program = join(projectRoot(), "dist/node/rank-worker.js"),
): RankThreads {
  const threads = startThreads<RankWorkerApi>(program, read);
  return {
    start(number): RankHandle {
      const { api, onEnd, isRunning } = threads.start(number);
      return { api: api as RankCalls, onEnd, terminate: () => !isRunning() };
    },
    ended: threads.ended,
  };
}

/** A thread that is a rank. */
export interface RankThread<Api> {
  readonly api: Remote<Api>;
  /** `listener` is called with the end of a sentence once the thread cannot answer any more. */
  onEnd(listener: (why: string) => void): void;
  isRunning(): boolean;
}

/** Starts threads of one program. */
export interface ThreadStarter<Api> extends Pick<RankThreads, "ended"> {
  /** Throws a sentence when the program is not there. */
  start(number: number): RankThread<Api>;
}

/**
 * Threads of this process that run `program` with `data`. `process.env` must name the Vulkan driver before. A thread is never
 * ended by force: one that is inside Dawn would take the process with it.
 */
export function startThreads<Api>(program: string, data: object): ThreadStarter<Api> {
  const running = new Set<object>();
  let tell: () => void = () => undefined;
  return {
    start(number) {
      if (!existsSync(program))
        throw new Error(`rank ${number}: the thread's program "${program}" does not exist; run npm run build:node`);
      const thread = startWorkerThread<Api>(program, `rank ${number}`, data);
      running.add(thread);
      thread.onEnd(() => {
        running.delete(thread);
        if (running.size === 0) tell();
      });
      return { api: thread.api, onEnd: (listener) => thread.onEnd(listener), isRunning: () => running.has(thread) };
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

/**
 * Ends this process with all its threads. Node would end a thread that is inside Dawn in a way that aborts the process; a
 * signal that cannot be caught asks nobody.
 */
export function endProcess(): never {
  process.kill(process.pid, "SIGKILL");
  throw new Error("unreachable");
}
