import { join } from "node:path";
import { failureSentence, summarySentence } from "../verify/report";
import { findBrowser, launchBrowser } from "./browser";
import { isRoot, projectRoot, temporaryFolder } from "./host";
import { buildWebApp, runInBrowser } from "./run-in-browser";
import { verifyInBrowser } from "./verify-in-browser";

/** One thing that was checked outside vitest; `error` is undefined when it passed. */
export interface Check {
  readonly name: string;
  readonly error?: string;
}

/** The verdicts that `tests/browser/compile.html` leaves in its page. */
interface Verdict {
  readonly name: string;
  readonly lacks?: string;
  readonly errors: readonly string[];
}

/**
 * Checks in a real Firefox, whose WGSL compiler (naga) is another than Chromium's: every shader compiles, the demo
 * trains two steps, and every kernel equals its reference. When there is no Firefox and none can be installed, that is a failure under CI and a note elsewhere.
 */
export async function checkFirefox(note: (line: string) => void): Promise<Check[]> {
  const installable = process.platform === "linux" && isRoot();
  if (!(await findBrowser("firefox")) && !installable) {
    const sentence = "Firefox was not checked: none was found; install it or set HANDLOOM_FIREFOX to its path";
    note(sentence);
    return process.env.CI ? [{ name: "Firefox is there", error: sentence }] : [];
  }
  const shaders = await attempt("every shader compiles", () => compileInFirefox(note));
  const demo = await attempt("the demo trains two steps", async () => [await trainInFirefox()]);
  const kernels = await attempt("every kernel equals its reference", async () => [await verifyInFirefox(note)]);
  return [...shaders, ...demo, ...kernels].map((check) => ({ ...check, name: `Firefox: ${check.name}` }));
}

async function attempt(name: string, run: () => Promise<Check[]>): Promise<Check[]> {
  try {
    return await run();
  } catch (error) {
    return [{ name, error: error instanceof Error ? error.message : String(error) }];
  }
}

async function compileInFirefox(note: (line: string) => void): Promise<Check[]> {
  const { createServer } = await import("vite");
  const root = projectRoot();
  const configFile = join(root, "vite.config.ts");
  const server = await createServer({ root, configFile, logLevel: "error", server: { port: 5300, hmr: false } });
  const browser = await launchBrowser({ kind: "firefox", headless: true }).catch(async (error: Error) => {
    await server.close();
    throw error;
  });
  try {
    await server.listen();
    const trouble: string[] = [];
    browser.page.onTrouble((_kind, message) => trouble.push(message));
    await browser.page.goto(`${server.resolvedUrls?.local[0]}tests/browser/compile.html`);
    const json = await browser.page.evaluate("globalThis.compiled?.then(JSON.stringify)");
    if (typeof json !== "string") throw new Error(`the shader page did not run: ${trouble.join("; ")}`);
    const verdicts: Verdict[] = JSON.parse(json);
    for (const { name, lacks } of verdicts)
      if (lacks) note(`Firefox: ${name} was not compiled, its adapter lacks ${lacks}`);
    return verdicts
      .filter(({ lacks }) => lacks === undefined)
      .map(({ name, errors }) => ({ name: `${name} compiles`, error: errors.length ? errors.join("; ") : undefined }));
  } finally {
    await browser.close();
    await server.close();
  }
}

async function trainInFirefox(): Promise<Check> {
  await buildWebApp();
  const temporary = temporaryFolder("firefox-check");
  let log = "";
  const { ok, message } = await runInBrowser({
    kind: "firefox",
    route: "#/train",
    params: { demo: 1, steps: 2 },
    outFolder: temporary.path,
    silenceLimitMs: 300_000,
    onMessage: (report) => {
      if (report.type === "log") log = report.line;
    },
  });
  return {
    name: "the demo trains two steps",
    error: ok ? undefined : `${message}${log && ` (last log line: ${log})`}`,
  };
}

/** All that this adapter is given, in the app that the demo's check has built; gpu.js on WebGPU and times, which take most of the time, are left out. */
async function verifyInFirefox(note: (line: string) => void): Promise<Check> {
  const choice = { only: "", hasBaseline: false, hasAllStyles: false, isBuilt: true };
  const report = await verifyInBrowser("firefox", choice);
  note(`Firefox: ${summarySentence(report)}`);
  const failed = report.checks.filter(({ passed }) => !passed).map(failureSentence);
  if (!report.isComplete) failed.push(summarySentence(report));
  return { name: "every kernel equals its reference", error: failed.join("; ") || undefined };
}
