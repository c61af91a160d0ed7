/** The page's side of workers that start workers; see nursery.ts. */
import { nurse } from "./nursery";

const makers = {
  rank: (name: string): Worker => nursed(new Worker(new URL("./worker.ts", import.meta.url), { type: "module", name })),
  sample: (name: string): Worker =>
    new Worker(new URL("./sample-worker.ts", import.meta.url), { type: "module", name }),
  decode: (name: string): Worker =>
    new Worker(new URL("./decode-worker.ts", import.meta.url), { type: "module", name }),
};

/** In a page, for a worker that starts others: has this page start them in Firefox. Returns it. */
export function nursed(worker: Worker): Worker {
  return /firefox/i.test(navigator.userAgent) ? nurse(worker, makers) : worker;
}
