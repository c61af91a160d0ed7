import type { VerifyReport } from "../verify/types";
import type { BrowserKind } from "./browser";
import { say } from "./host";
import { buildWebApp, runInBrowser } from "./run-in-browser";

/** What the person asks for, wherever it runs. */
export interface VerifyChoice {
  /** Only ops whose name contains this. */
  readonly only: string;
  readonly hasBaseline: boolean;
  readonly hasAllStyles: boolean;
}

/** Runs verification in a browser without a window; `isBuilt` when dist/web is there. Throws what the page says when it has no report. */
export async function verifyInBrowser(
  kind: BrowserKind,
  { only, hasBaseline, hasAllStyles, isBuilt = false }: VerifyChoice & { readonly isBuilt?: boolean },
): Promise<VerifyReport> {
  if (!isBuilt) {
    say("building the app");
    await buildWebApp();
  }
  let report: VerifyReport | undefined;
  const ended = await runInBrowser({
    kind,
    route: "verify.html",
    params: { run: 1, only, baseline: Number(hasBaseline), styles: hasAllStyles ? "all" : "own" },
    onMessage(message) {
      if (message.type === "log") say(message.line);
      if (message.type === "metrics") report = message.report as VerifyReport;
    },
  });
  if (!report) throw new Error(`verify: ${ended.message}`);
  return report;
}
