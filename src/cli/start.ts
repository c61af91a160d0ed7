/** Entry of `npm start`: builds the app, serves it, and shows the training demo in a window, or runs it headless. */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type BrowserKind, ensureBrowser } from "./browser";
import { hasDisplay, projectRoot, say } from "./host";
import { Progress } from "./progress";
import { buildWebApp, type PageMessage, runInBrowser } from "./run-in-browser";

const HELP = `npm start [-- options]: train the demo, in a window or, without a display, headless

  --headless          no window; ends when the demo is trained, artefacts in runs/
  --browser KIND      chromium (also Chrome and Edge; default) or firefox
  --port N            port to serve on, or the next free one (default 5173)
  --param NAME=VALUE  further parameter for the page, for example steps=20; may be repeated
  --help              this text
`;

/** Prints what the page tells; the progress bar appears with the page's first progress message. */
class Reporter {
  private progress: Progress | undefined;

  show(message: PageMessage): void {
    if (message.type === "log") this.print(message.line);
    else if (message.type === "metrics") {
      const fields = Object.entries(message).filter(([name]) => name !== "type");
      this.print(fields.map(([name, value]) => `${name} ${format(value)}`).join("  "));
    } else if (message.type === "progress") {
      this.progress ??= new Progress({ label: "train", total: message.steps, unit: "steps", initial: message.step });
      this.progress.update(message.step, message.loss === undefined ? "" : `loss ${message.loss.toPrecision(4)}`);
      if (message.step >= message.steps) this.end();
    } else if (message.type === "done") {
      this.end();
      this.print(message.message);
    }
  }

  private print(line: string): void {
    this.progress?.clear();
    process.stdout.write(`${line}\n`);
  }

  private end(): void {
    this.progress?.finish();
    this.progress = undefined;
  }
}

function format(value: unknown): string {
  if (typeof value === "number") return Number.isInteger(value) ? String(value) : value.toPrecision(5);
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** `demo-20260131-235959`, local time. */
function runName(date: Date): string {
  const pad = (value: number) => String(value).padStart(2, "0");
  const day = [date.getFullYear(), date.getMonth() + 1, date.getDate()].map(pad).join("");
  return `demo-${day}-${[date.getHours(), date.getMinutes(), date.getSeconds()].map(pad).join("")}`;
}

function readOptions() {
  const { values } = parseArgs({
    options: {
      headless: { type: "boolean", default: false },
      browser: { type: "string", default: "chromium" },
      port: { type: "string", default: "5173" },
      param: { type: "string", multiple: true, default: [] },
      help: { type: "boolean", default: false },
    },
  });
  const { browser, port } = values;
  if (browser !== "chromium" && browser !== "firefox") {
    throw new Error(`--browser is "${browser}", expected chromium or firefox`);
  }
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65535) throw new Error(`--port is "${port}", expected 0 to 65535`);
  const params: Record<string, string> = { demo: "1" };
  for (const text of values.param) {
    const at = text.indexOf("=");
    if (at < 1) throw new Error(`--param is "${text}", expected NAME=VALUE`);
    params[text.slice(0, at)] = text.slice(at + 1);
  }
  const kind: BrowserKind = browser;
  return { kind, port: Number(port), params, help: values.help, headless: values.headless || !hasDisplay() };
}

async function main(): Promise<number> {
  const { kind, port, params, help, headless } = readOptions();
  if (help) {
    process.stdout.write(HELP);
    return 0;
  }
  const interrupt = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => {
      // A second Ctrl-C does not wait for the browser.
      if (interrupt.signal.aborted) process.exit(130);
      interrupt.abort();
    });
  }
  await ensureBrowser(kind);
  say("building the app");
  await buildWebApp();
  const root = projectRoot();
  const outFolder = join(root, "runs", runName(new Date()));
  const reporter = new Reporter();
  const saved = new Set<string>();
  const run = await runInBrowser({
    kind,
    headless,
    route: "#/train",
    params,
    port,
    // A window keeps its profile, so that runs in its IndexedDB are there at the next start.
    profile: headless ? undefined : join(root, "runs", ".profile", kind),
    outFolder,
    signal: interrupt.signal,
    onOpen(url, browser) {
      say(`${browser.kind} ${browser.version}, adapter: ${browser.adapter}`);
      say(headless ? `running ${url} without a window` : `open at ${url}; close the window or press Ctrl-C to end`);
    },
    onMessage(message) {
      if (message.type === "file") saved.add(message.name);
      else reporter.show(message);
    },
  });
  if (saved.size > 0) process.stdout.write(`saved ${saved.size} files in ${outFolder}\n`);
  if (interrupt.signal.aborted) return 130;
  if (!run.ok) say(run.message);
  return run.ok ? 0 : 1;
}

main().then(
  (code) => process.exit(code),
  (error: Error) => {
    say(error.message);
    process.exit(1);
  },
);
