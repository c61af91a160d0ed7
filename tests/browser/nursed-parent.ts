/** A worker that starts another one and hands on what it is asked. */
import { expose, wrap } from "comlink";
import { acceptNursery, startWorker } from "../../src/ranks/nursery";
import type { NursedChild } from "./nursed-child";

acceptNursery();
let started: ReturnType<typeof startWorker> | undefined;
let failed = new Promise<string>(() => undefined);

const parent = {
  /** Doubles a number in a worker of the kind; shared memory is written to in place. */
  async start(kind: string, shared: Int32Array): Promise<string> {
    started = startWorker(kind, "child", () => {
      throw new Error("made by the worker itself");
    });
    const { onFail, endpoint } = started;
    failed = new Promise((resolve) => onFail(resolve));
    const { double } = wrap<NursedChild>(endpoint);
    return Promise.race([double(shared), failed]);
  },
  /** What is said when a worker fails. */
  async fail(): Promise<string> {
    void wrap<NursedChild>(started!.endpoint).fail();
    return failed;
  },
  end: () => started?.terminate(),
};

export type NursedParent = typeof parent;
expose(parent);
