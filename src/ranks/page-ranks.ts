/** Ranks as workers of a page or of its worker: each holds a Web Lock while it lives, so that its death is seen at once. */
import { wrap } from "comlink";
import { acceptNursery, startWorker } from "./nursery";
import type { RankWorkerApi } from "./rank-api";
import type { RankCalls, RankHandle, RankHost } from "./slot";

acceptNursery();

/** Starts the workers of the run `run`. */
export function pageRanks(run: string): RankHost {
  return {
    start(number): RankHandle {
      const worker = startWorker(
        "rank",
        `rank ${number}`,
        (name) => new Worker(new URL("./worker.ts", import.meta.url), { type: "module", name }),
      );
      const lock = `handloom-rank:${run}:${crypto.randomUUID()}:${number}`;
      const watch = new AbortController();
      let isWatched = false;
      let end: (why: string) => void = () => undefined;
      worker.onFail((why) => end(why));
      return {
        api: wrap<RankWorkerApi>(worker.endpoint) as RankCalls,
        lock,
        onEnd(listener) {
          let isOver = false;
          end = (why) => {
            if (isOver) return;
            isOver = true;
            watch.abort();
            // One that the page has made may have left threads behind.
            worker.terminate();
            listener(why);
          };
        },
        heard() {
          if (isWatched) return;
          isWatched = true;
          // It holds the lock: whoever gets it next survived it.
          navigator.locks.request(lock, { signal: watch.signal }, () => end("it is gone")).catch(() => undefined);
        },
        terminate() {
          worker.terminate();
          return true;
        },
      };
    },
  };
}
