import type { Check, VerifyReport } from "../verify/types";
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
  return { ...report, checks: report.checks.map(withInfinities) };
}

/** JSON, in which some browsers' messages come, writes null for what is not finite. */
function withInfinities(check: Check): Check {
  const { difference } = check;
  if (!difference || difference.relative !== null) return check;
  const { index, got, expected } = difference.worst;
  const worst = { index, got: got ?? Number.NaN, expected: expected ?? Number.NaN };
  const [relative, maxAbs] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  return { ...check, difference: { relative, maxAbs, worst } };
}
