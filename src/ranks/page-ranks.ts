/** Ranks as workers of a page's worker: each holds a Web Lock while it lives, so that its death is seen at once. */
import { wrap } from "comlink";
import type { RankWorkerApi } from "./rank-api";
import type { RankCalls, RankHandle, RankHost } from "./slot";

/** Starts the workers of the run `run`. */
export function pageRanks(run: string): RankHost {
  return {
    start(number): RankHandle {
      const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module", name: `rank ${number}` });
      const lock = `handloom-rank:${run}:${crypto.randomUUID()}:${number}`;
      const watch = new AbortController();
      let isWatched = false;
      let end: (why: string) => void = () => undefined;
      // Handled here, or it would reach the page as well.
      worker.addEventListener("error", (event) => {
        event.preventDefault();
        end(event.message || "its program could not be loaded");
      });
      worker.addEventListener("messageerror", () => end("an answer could not be read"));
      return {
        api: wrap<RankWorkerApi>(worker) as RankCalls,
        lock,
        onEnd(listener) {
          let isOver = false;
          end = (why) => {
            if (isOver) return;
            isOver = true;
            watch.abort();
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
