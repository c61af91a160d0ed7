import type { BenchOptions } from "../bench/run";
import type { BenchRequest } from "../ranks/bench-api";
import type { BrowserKind } from "./browser";
import { say } from "./host";
import { descendantsCpuSeconds } from "./process-cpu";
import { buildWebApp, runInBrowser } from "./run-in-browser";

/**
 * Runs the benchmark in a worker of the app's page in a browser without a window. CPU time is that of the browser's
 * processes. Resolves to false when the losses are wrong; throws what else the page says.
 */
export async function benchInBrowser(
  kind: BrowserKind,
  options: BenchOptions,
  print: (line: string) => void,
): Promise<boolean> {
  say("building the app");
  await buildWebApp();
  const request: BenchRequest = { kind: "bench", options };
  let right: boolean | undefined;
  const ended = await runInBrowser({
    kind,
    route: "#/train",
    request,
    functions: { handloomCpuSeconds: () => descendantsCpuSeconds(process.pid) },
    onOpen: (_url, { version }) => print(`${kind} ${version}`),
    onMessage(message) {
      if (message.type === "log") print(message.line);
      if (message.type === "metrics") right = message.right === true;
    },
  });
  if (right === undefined) throw new Error(ended.message);
  return right;
}
