/** Entry of the app. */
import "../security/own-scripts";
import { render } from "preact";
import "uplot/dist/uPlot.min.css";
import "./styles/index.css";
import type { TerminalRequest } from "../ranks/api";
import type { BenchRequest } from "../ranks/bench-api";
import { App, partsOf } from "./app";
import { benchForTerminal } from "./bench";
import { isolate } from "./isolation";
import { connectRank } from "./rank-client";
import { messagesOf } from "./report";
import { messageOf, Store } from "./store";
import { eventMessages, startOptions } from "./terminal";
import { Setup } from "./train/setup";

const root = document.querySelector("#app");
if (root === null) throw new Error('index.html has no element with the id "app"');

const send = globalThis.handloomReport;
const store = new Store(
  connectRank(),
  send === undefined ? undefined : (message) => globalThis.handloomReport?.(message),
  globalThis.handloomRequest === undefined ? messagesOf : eventMessages,
);
globalThis.handloomStop = () => store.stop();
const setup = new Setup();
const parts = partsOf(store, setup);
store.followAddress();
store.followTab();
render(<App {...parts} />, root);

/** The demo and what the terminal asks for start by themselves; whatever keeps them from starting is told to the terminal too. */
async function begin(): Promise<void> {
  if (await isolate()) return;
  const { demo, problems } = store.route.value;
  const [, configText] = await Promise.all([store.findAdapter(), setup.load()]);
  const adapter = store.adapter.value;
  // The banner shows them already.
  if (problems.length > 0) send?.({ type: "done", ok: false, message: problems.join(" ") });
  const text = await globalThis.handloomRequest?.();
  const request = text === undefined ? undefined : (JSON.parse(text) as TerminalRequest | BenchRequest);
  if (demo === undefined && request === undefined) return;
  if (adapter.kind === "missing") throw new Error(adapter.message);
  if (request !== undefined && "kind" in request) return benchForTerminal(request, (message) => send?.(message));
  if (request !== undefined) return store.start(startOptions(request, configText));
  await setup.useDemo(demo!);
  await store.start(setup.options(new Date()));
}

begin().then(
  () => store.refreshRuns(),
  (error) => {
    const message = messageOf(error);
    store.addProblem(message);
    send?.({ type: "done", ok: false, message });
  },
);
