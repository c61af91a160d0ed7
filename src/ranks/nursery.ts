/**
 * Workers that a page makes for a worker of it, where a worker should not make its own.
 *
 * In Firefox (153) `new Worker` blocks the worker that calls it for good about once in 20 times: its thread waits for a word of
 * the page's thread, on a condition that the new worker's thread waits on too, and the one wake-up may go to that one. A page
 * never waits there. (200 of 200 made by a page; made one after the other by a worker, the 12th, 16th and 28th were the last.)
 */
import { expose } from "comlink";

/** What a worker asks for: another one that speaks at the other end of `port`, or the end of one. */
type Ask =
  | { readonly make: number; readonly kind: string; readonly name: string; readonly port: MessagePort }
  | { readonly end: number };

/** What the page answers when a worker failed. */
interface Failed {
  readonly worker: number;
  readonly why: string;
}

/** What a nursed worker is told first: where its starter speaks, and where it may ask for workers itself. */
interface Gift {
  readonly port?: MessagePort;
  readonly nursery?: MessagePort;
}

/** A worker that this thread has made, or the page for it. */
export interface StartedWorker {
  /** Where it speaks Comlink. */
  readonly endpoint: MessagePort | Worker;
  /** `listener` is called with the end of a sentence when the worker fails. */
  onFail(listener: (why: string) => void): void;
  terminate(): void;
}

/** In a page: makes for `worker` what it asks for, by kind; returns it. All of them end when it is terminated. */
export function nurse(worker: Worker, makers: Readonly<Record<string, (name: string) => Worker>>): Worker {
  const { port1, port2 } = new MessageChannel();
  const made = new Map<number, Worker>();
  port1.onmessage = ({ data }: MessageEvent<Ask>) => {
    if ("end" in data) {
      made.get(data.end)?.terminate();
      made.delete(data.end);
      return;
    }
    const { make: number, kind, name, port } = data;
    const child = makers[kind](name);
    made.set(number, child);
    ownWorker(child).onFail((why) => port1.postMessage({ worker: number, why } satisfies Failed));
    child.postMessage({ port } satisfies Gift, [port]);
  };
  worker.postMessage({ nursery: port2 } satisfies Gift, [port2]);
  const terminate = worker.terminate.bind(worker);
  // They do not end with it, as its own workers would.
  worker.terminate = () => {
    terminate();
    for (const child of made.values()) child.terminate();
  };
  return worker;
}

let nursery: MessagePort | undefined;
const listeners = new Map<number, (why: string) => void>();
let asked = 0;

/** In a worker, before it answers anybody: takes what `nurse` gives. */
export function acceptNursery(): void {
  addEventListener("message", ({ data }: MessageEvent<Gift | undefined>) => {
    if (!(data?.nursery instanceof MessagePort)) return;
    nursery = data.nursery;
    nursery.onmessage = ({ data: { worker, why } }: MessageEvent<Failed>) => listeners.get(worker)?.(why);
  });
}

/** As Comlink's `expose`, in a worker that another one or a page made for it has started. */
export function exposeToStarter(api: object): void {
  acceptNursery();
  expose(api);
  addEventListener("message", ({ data }: MessageEvent<Gift | undefined>) => {
    if (data?.port instanceof MessagePort) expose(api, data.port);
  });
}

/** Starts a worker: the page does where it nurses this thread, else `make`, for the maker of that kind. */
export function startWorker(kind: string, name: string, make: (name: string) => Worker): StartedWorker {
  if (!nursery) return ownWorker(make(name));
  const page = nursery;
  const number = asked++;
  const { port1, port2 } = new MessageChannel();
  page.postMessage({ make: number, kind, name, port: port2 } satisfies Ask, [port2]);
  return {
    endpoint: port1,
    onFail: (listener) => void listeners.set(number, listener),
    terminate: () => {
      listeners.delete(number);
      page.postMessage({ end: number } satisfies Ask);
    },
  };
}

/** A worker of this thread. */
export function ownWorker(worker: Worker): StartedWorker {
  return {
    endpoint: worker,
    onFail(listener) {
      worker.addEventListener("error", (event) => {
        // Handled here, or it would reach the page as well.
        event.preventDefault();
        listener(event.message || "its program could not be loaded");
      });
      worker.addEventListener("messageerror", () => listener("an answer could not be read"));
    },
    terminate: () => worker.terminate(),
  };
}
