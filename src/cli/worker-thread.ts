/** A thread of Node that is spoken to over Comlink. */
import { MessageChannel, Worker } from "node:worker_threads";
import { type Endpoint, type Remote, wrap } from "comlink";

/** A started thread: what it offers, how it ends. */
export interface WorkerThread<Api> {
  readonly api: Remote<Api>;
  /** Called with what it died of, or its exit code. */
  onEnd(listener: (reason: string) => void): void;
  terminate(): void;
}

/** Starts `program`; its `workerData` is `data` and the `port` that it answers on. */
export function startWorkerThread<Api>(program: string, name: string, data: object = {}): WorkerThread<Api> {
  // A port of its own: Node's has the listeners of a page's, its Worker has not.
  const { port1, port2 } = new MessageChannel();
  const worker = new Worker(program, { name, workerData: { ...data, port: port2 }, transferList: [port2] });
  return {
    api: wrap<Api>(port1 as unknown as Endpoint),
    onEnd(listener) {
      worker.on("error", (error) => listener(error.message));
      port1.on("messageerror", (error) => listener(`an answer could not be read: ${error.message}`));
      worker.on("exit", (code) => listener(`exit code ${code}`));
    },
    terminate() {
      port1.close();
      void worker.terminate();
    },
  };
}
