import { appendFileSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join, normalize, sep } from "node:path";
import type { TrainEvent } from "../train/events";
import type { BrowserKind, DrivenBrowser } from "./browser";
import { launchBrowser } from "./browser";
import { projectRoot, say } from "./host";
import type { Mounts } from "./mounts";
import { serve } from "./serve";

/** What a page tells the terminal through `globalThis.handloomReport?.(message)`. */
export type PageMessage =
  | { readonly type: "log"; readonly line: string }
  | { readonly type: "progress"; readonly step: number; readonly steps: number; readonly loss?: number }
  | { readonly type: "metrics"; readonly [name: string]: unknown }
  /** All that a run says, instead of the messages above, when the terminal asked for the run. */
  | { readonly type: "event"; readonly event: TrainEvent }
  /** An artefact of the run; a large file comes in pieces: the second and later ones with `append`, all but the last with `more`. */
  | {
      readonly type: "file";
      readonly name: string;
      readonly base64: string;
      readonly append?: boolean;
      readonly more?: boolean;
    }
  | { readonly type: "done"; readonly ok: boolean; readonly message: string };

/** How a run in a browser ended. */
export interface BrowserRun {
  readonly ok: boolean;
  readonly message: string;
}

/** Parameters of `runInBrowser`. */
export interface BrowserRunOptions {
  readonly kind: BrowserKind;
  /** Default true. With a window, closing it ends the run. */
  readonly headless?: boolean;
  /** The page's hash route, `#/train`. */
  readonly route: string;
  /** Parameters behind the route: `{ demo: 1 }` gives `#/train?demo=1`. */
  readonly params?: Readonly<Record<string, string | number | boolean>>;
  /** Port to serve on, or the next free one; 0, the default, takes any. */
  readonly port?: number;
  /** Folders that the page may read, and the run that it may write. */
  readonly mounts?: Mounts;
  /** What the page gets, as JSON, from `globalThis.handloomRequest()`; without it there is no such function. */
  readonly request?: object;
  /** Further functions that the page gets as `globalThis[name]`; theirs resolve to what these return. */
  readonly functions?: Readonly<Record<string, () => unknown>>;
  /** Folder of a browser profile to keep; else a temporary one. */
  readonly profile?: string;
  /** Folder that the page's files are written to; without it a file is refused. */
  readonly outFolder?: string;
  readonly onMessage?: (message: PageMessage) => void;
  /** Called once the page is open. */
  readonly onOpen?: (url: string, browser: DrivenBrowser) => void;
  /** A headless run ends as failed when its page is silent for so long; default 15 minutes. */
  readonly silenceLimitMs?: number;
  readonly signal?: AbortSignal;
}

/** The page's message, checked: it crosses a process boundary. Throws a sentence on anything else. */
export function parsePageMessage(value: unknown): PageMessage {
  const message = typeof value === "string" ? JSON.parse(value) : value;
  const is = (fields: Record<string, string>) =>
    Object.entries(fields).every(([name, type]) => typeof message[name] === type);
  const known =
    typeof message === "object" &&
    message !== null &&
    ((message.type === "log" && is({ line: "string" })) ||
      (message.type === "progress" && is({ step: "number", steps: "number" })) ||
      message.type === "metrics" ||
      (message.type === "event" && typeof message.event?.type === "string") ||
      (message.type === "file" && is({ name: "string", base64: "string" })) ||
      (message.type === "done" && is({ ok: "boolean", message: "string" })));
  if (!known) throw new Error(`the page reported ${JSON.stringify(value).slice(0, 200)}, which is no known message`);
  return message;
}

/**
 * Writes a piece of an artefact under `folder`; the file appears under its name with the last piece, and is NAME.part before.
 * Throws when the name would leave the folder.
 */
export function saveArtefact(folder: string, file: Extract<PageMessage, { type: "file" }>): string {
  const root = normalize(folder + sep);
  const path = normalize(join(root, file.name));
  if (!path.startsWith(root) || path === root) throw new Error(`the page's file "${file.name}" lies outside ${folder}`);
  mkdirSync(dirname(path), { recursive: true });
  const part = `${path}.part`;
  (file.append ? appendFileSync : writeFileSync)(part, Buffer.from(file.base64, "base64"));
  if (!file.more) renameSync(part, path);
  return path;
}

/** Builds the web app into `dist/web`, saying only what went wrong. */
export async function buildWebApp(): Promise<string> {
  const { build } = await import("vite");
  const root = projectRoot();
  await build({
    root,
    configFile: join(root, "vite.config.ts"),
    mode: "production",
    logLevel: "warn",
    // How long plugins took is no news for the person who waits for the page.
    build: { rolldownOptions: { checks: { pluginTimings: false } } },
  });
  return join(root, "dist/web");
}

/**
 * Opens a page of the built app (`dist/web`, see `buildWebApp`) in a browser and waits until it reports `done`.
 * A crash, an uncaught error, long silence and a broken message end the run as failed. The browser and the server are
 * gone when the promise settles. Throws when there is no browser or no WebGPU adapter.
 */
export async function runInBrowser(options: BrowserRunOptions): Promise<BrowserRun> {
  const { kind, headless = true, route, params = {}, port = 0, profile, outFolder, signal } = options;
  const server = await serve(join(projectRoot(), "dist/web"), port, options.mounts);
  let browser: DrivenBrowser | undefined;
  try {
    browser = await launchBrowser({ kind, headless, profile });
    const query = new URLSearchParams(Object.entries(params).map(([name, value]) => [name, String(value)])).toString();
    const url = `${server.url}/${route}${query && `?${query}`}`;
    return await watchPage(browser, url, { ...options, headless, outFolder, signal });
  } finally {
    await browser?.close();
    server.close();
  }
}

async function watchPage(browser: DrivenBrowser, url: string, options: BrowserRunOptions): Promise<BrowserRun> {
  const { headless, outFolder, request, functions = {}, onMessage, onOpen, signal, silenceLimitMs = 900_000 } = options;
  let settle: (run: BrowserRun) => void = () => undefined;
  const ended = new Promise<BrowserRun>((resolve) => {
    settle = resolve;
  });
  const fail = (message: string) => settle({ ok: false, message });
  let silence: NodeJS.Timeout | undefined;
  const heard = () => {
    clearTimeout(silence);
    const minutes = Math.round(silenceLimitMs / 60_000);
    if (headless) silence = setTimeout(() => fail(`the page was silent for ${minutes} minutes`), silenceLimitMs);
  };
  const receive = (value: unknown) => {
    heard();
    try {
      const message = parsePageMessage(value);
      if (message.type === "file") {
        if (outFolder === undefined)
          throw new Error(`the page sent the file "${message.name}", but no folder was given`);
        saveArtefact(outFolder, message);
      }
      onMessage?.(message);
      // With a window the person goes on after the demo; only closing it ends the run.
      if (message.type === "done" && headless) settle({ ok: message.ok, message: message.message });
    } catch (error) {
      fail(error instanceof Error ? error.message : String(error));
    }
  };
  const onAbort = () => fail("interrupted");
  signal?.addEventListener("abort", onAbort);
  try {
    await browser.page.expose("handloomReport", receive);
    if (request !== undefined) await browser.page.expose("handloomRequest", () => JSON.stringify(request));
    for (const [name, call] of Object.entries(functions)) await browser.page.expose(name, call);
    browser.page.onTrouble((trouble, message) => {
      if (trouble === "console" || !headless) say(`page: ${message}`);
      else fail(trouble === "crash" ? message : `uncaught error in the page: ${message}`);
    });
    browser.page.onClose(() =>
      settle(headless ? { ok: false, message: "the page was closed" } : { ok: true, message: "the window was closed" }),
    );
    if (signal?.aborted) onAbort();
    heard();
    await browser.page.goto(url);
    onOpen?.(url, browser);
    return await ended;
  } finally {
    clearTimeout(silence);
    signal?.removeEventListener("abort", onAbort);
  }
}
