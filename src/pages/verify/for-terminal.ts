/** `handloom verify --runtime firefox`: what the page tells the terminal that opened it. */
import { effect } from "@preact/signals";
import "../report";
import type { VerifyState } from "./state";

/** Runs verification; sends a line for each op, then the report as `metrics`, then `done`. */
export async function tellTerminal(state: VerifyState): Promise<void> {
  const send = globalThis.handloomReport;
  let op = "";
  const stop = effect(() => {
    const { done, total, what } = state.progress.value;
    const [name] = what.split(":", 1);
    if (name === op || name === "") return;
    op = name;
    void send?.({ type: "log", line: `${done} of ${total}, ${name}` });
  });
  await state.start();
  stop();
  const report = state.report.value;
  // A copy as JSON has no array twice: of one that several checks share, Firefox's driver would pass the first alone.
  if (report !== undefined) await send?.({ type: "metrics", report: JSON.parse(JSON.stringify(report)) as object });
  await send?.({ type: "done", ok: report !== undefined, message: state.problem.value ?? "" });
}
