/** A benchmark that the terminal asks this page for: `npm run bench -- --runtime firefox`. */
import * as Comlink from "comlink";
import type { BenchApi, BenchRequest } from "../ranks/bench-api";

declare global {
  /** Set by the terminal: seconds of CPU time of the browser's processes so far, where it can tell. */
  var handloomCpuSeconds: (() => Promise<number | null | undefined>) | undefined;
}

/**
 * Runs the benchmark in a worker; `send` gets a `log` for each line, then `metrics` with `right`, false when the losses
 * are wrong, then `done`. Rejects when the worker fails.
 */
export async function benchForTerminal(request: BenchRequest, send: (message: object) => unknown): Promise<void> {
  const worker = new Worker(new URL("../ranks/bench-worker.ts", import.meta.url), { type: "module", name: "bench" });
  const failed = new Promise<never>((_, reject) => {
    worker.addEventListener("error", ({ message }) =>
      reject(new Error(`The benchmark's worker stopped: ${message || "its script could not be loaded"}.`)),
    );
  });
  const page = Comlink.proxy({
    print: (line: string) => void send({ type: "log", line }),
    cpuSeconds: async () => (await globalThis.handloomCpuSeconds?.()) ?? undefined,
  });
  try {
    const right = await Promise.race([Comlink.wrap<BenchApi>(worker).run(request.options, page), failed]);
    await send({ type: "metrics", right });
    await send({ type: "done", ok: right, message: right ? "" : "losses are wrong" });
  } finally {
    worker.terminate();
  }
}
