/**
 * A rank in a thread of Node that serves one run after the other with one device, whose kernels it compiles once. What it does
 * in a run is what a rank of `train` does.
 */
import { type MessagePort, workerData } from "node:worker_threads";
import { type Endpoint, expose } from "comlink";
import { openGpu, openHand } from "../../src/cli/run-setup";
import { nodeThreads } from "../../src/cli/sample-threads";
import type { Gpu } from "../../src/gpu/gpu";
import { type RankPlatform, RankWorker } from "../../src/ranks/rank-worker";
import { openCaseFrames, type RankThreadData } from "./rank-data";

const { folder, port } = workerData as RankThreadData & { readonly port: MessagePort };

let gpu: Promise<Gpu> | undefined;

const platform: RankPlatform = {
  threads: nodeThreads(),
  openHand: () => openHand("openhand"),
  openData: ({ name, config }, hand) => openCaseFrames(folder, name, hand, config),
  openGpu() {
    gpu ??= openGpu().then((opened) => Object.assign(opened, { destroy: () => undefined }));
    return gpu;
  },
  end: () => undefined,
};

let worker = new RankWorker(platform);
/** Resolves when the run before is closed. */
let ready: Promise<void> = Promise.resolve();

/** Closes the rank of a run and makes room for that of the next. */
function close(): Promise<void> {
  const closeOne = async (): Promise<void> => {
    await worker.close();
    worker = new RankWorker(platform);
  };
  ready = ready.then(closeOne);
  return ready;
}

type Call = (...values: unknown[]) => unknown;

const calls = new Proxy<Record<string, Call>>(
  {},
  {
    get(_, key: string): Call {
      if (key === "close") return close;
      if (key === "finish") return () => void setTimeout(() => process.exit(0), 0);
      return async (...values) => {
        await ready;
        return (Reflect.get(worker, key) as Call).apply(worker, values);
      };
    },
  },
);

expose(calls, port as unknown as Endpoint);
