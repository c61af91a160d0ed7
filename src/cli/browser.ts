import { existsSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import {
  aptInstall,
  findExecutable,
  hasGpuDevice,
  isRoot,
  projectRoot,
  runProgram,
  say,
  temporaryFolder,
} from "./host";

/** The browsers that Handloom can drive: Chromium covers Chrome and Edge as well. */
export type BrowserKind = "chromium" | "firefox";

/** A page under our control. */
export interface DrivenPage {
  /** Makes `callback` callable in the page as `globalThis[name]`, which resolves to its value; to be called before `goto`. */
  expose(name: string, callback: (message: unknown) => unknown): Promise<void>;
  goto(url: string): Promise<void>;
  /** Value of a JavaScript expression in the page; promises are awaited. */
  evaluate(expression: string): Promise<unknown>;
  /** Calls back with a sentence on an uncaught error, on a crash and on console errors of the page. */
  onTrouble(callback: (kind: "error" | "crash" | "console", message: string) => void): void;
  onClose(callback: () => void): void;
}

/** A running browser with a WebGPU adapter. */
export interface DrivenBrowser {
  readonly kind: BrowserKind;
  readonly executable: string;
  readonly version: string;
  /** Flags that the browser was started with, so that a test runner can start another one alike. */
  readonly args: readonly string[];
  /** The adapter that its pages get, for people: vendor, architecture, description. */
  readonly adapter: string;
  /** The page that the browser opened at its start. */
  readonly page: DrivenPage;
  /** Ends the browser and removes its temporary profile. */
  close(): Promise<void>;
}

/** What a `launch` needs; `profile` is a folder to keep between launches, else a temporary one is used. */
export interface LaunchOptions {
  readonly kind: BrowserKind;
  readonly headless: boolean;
  readonly profile?: string;
}

const NAMES: Record<BrowserKind, string> = { chromium: "Chromium, Chrome or Edge", firefox: "Firefox" };
const VARIABLES: Record<BrowserKind, string> = { chromium: "HANDLOOM_BROWSER", firefox: "HANDLOOM_FIREFOX" };

/** Names in PATH and usual places of the browsers, the most usual first. */
function usualPlaces(kind: BrowserKind): string[] {
  const { PROGRAMFILES, "PROGRAMFILES(X86)": programFilesX86, LOCALAPPDATA } = process.env;
  const windows = (path: string) =>
    [PROGRAMFILES, programFilesX86, LOCALAPPDATA].filter((base) => base !== undefined).map((base) => join(base, path));
  const mac = (app: string) =>
    ["/Applications", join(homedir(), "Applications")].map((base) => `${base}/${app}.app/Contents/MacOS`);
  if (process.platform === "darwin") {
    return kind === "firefox"
      ? mac("Firefox").map((folder) => `${folder}/firefox`)
      : ["Google Chrome", "Chromium", "Microsoft Edge"].flatMap((app) => mac(app).map((folder) => `${folder}/${app}`));
  }
  if (process.platform === "win32") {
    return kind === "firefox"
      ? windows("Mozilla Firefox\\firefox.exe")
      : ["Google\\Chrome\\Application\\chrome.exe", "Microsoft\\Edge\\Application\\msedge.exe"].flatMap(windows);
  }
  return kind === "firefox"
    ? ["firefox", "firefox-esr", "/opt/firefox/firefox"]
    : ["google-chrome-stable", "google-chrome", "chromium", "chromium-browser", "microsoft-edge-stable"];
}

/**
 * Path of an installed browser, or undefined: HANDLOOM_BROWSER or HANDLOOM_FIREFOX, then the usual places, then
 * Playwright's own Chromium. Throws when the variable names a file that is not there.
 */
export async function findBrowser(kind: BrowserKind): Promise<string | undefined> {
  const named = process.env[VARIABLES[kind]];
  if (named) {
    if (existsSync(named)) return named;
    throw new Error(
      `${VARIABLES[kind]} names "${named}", which is not there; give the path of ${NAMES[kind]} or unset it`,
    );
  }
  const installed = findExecutable(usualPlaces(kind));
  if (installed || kind === "firefox") return installed;
  const { chromium } = await import("playwright");
  return [chromium.executablePath()].find((path) => path !== "" && existsSync(path));
}

/**
 * Path of a browser, installed first when there is none: Chromium by Playwright's download, else by apt-get, Firefox by
 * apt-get. Throws one sentence that says what to install when neither is possible.
 */
export async function ensureBrowser(kind: BrowserKind): Promise<string> {
  const found = (await findBrowser(kind)) ?? (kind === "chromium" ? await installChromium() : await installFirefox());
  if (found === undefined) {
    const packages = kind === "chromium" ? "chromium" : "firefox-esr mesa-vulkan-drivers";
    const hint = process.platform === "linux" ? ` (on Debian as root: apt-get install ${packages})` : "";
    throw new Error(
      `no ${NAMES[kind]} was found and none could be installed; install one${hint} or set ${VARIABLES[kind]} to its path`,
    );
  }
  if (kind === "firefox" && process.platform === "linux" && !hasGpuDevice() && !hasVulkanDriver()) {
    await aptInstall("mesa-vulkan-drivers");
  }
  return found;
}

async function installChromium(): Promise<string | undefined> {
  say("no Chromium, Chrome or Edge found; installing Chromium");
  const playwright = join(projectRoot(), "node_modules/playwright/cli.js");
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  const limitMs = 600_000;
  const downloaded = await runProgram(process.execPath, [playwright, "install", "--no-shell", "chromium"], {
    env,
    limitMs,
  });
  if (downloaded !== 0) {
    say("Playwright could not download its Chromium");
    await aptInstall("chromium", "libvulkan1");
  } else if (process.platform === "linux" && isRoot()) {
    await runProgram(process.execPath, [playwright, "install-deps", "chromium"], { env, limitMs });
  }
  return findBrowser("chromium");
}

async function installFirefox(): Promise<string | undefined> {
  await aptInstall("firefox-esr", "mesa-vulkan-drivers");
  return findBrowser("firefox");
}

function hasVulkanDriver(): boolean {
  return ["/usr/share/vulkan/icd.d", "/etc/vulkan/icd.d"].some((folder) => existsSync(folder));
}

/**
 * Flags for a Chromium that serves WebGPU. On Linux the API is behind flags even with a GPU; `software` asks for
 * SwiftShader, Chromium's Vulkan driver for the CPU.
 */
export function chromiumFlags({ software, headless }: { software: boolean; headless: boolean }): string[] {
  const flags = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--no-first-run",
    "--no-default-browser-check",
  ];
  if (isRoot()) flags.push("--no-sandbox");
  // Compositing on SwiftShader's Vulkan too: on its GL, drawing a WebGPU canvas takes the GPU process down.
  if (software) {
    flags.push("--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader", "--enable-features=Vulkan");
    return [...flags, "--use-angle=vulkan", "--use-vulkan=swiftshader", "--disable-vulkan-surface"];
  }
  if (process.platform !== "linux") return flags;
  flags.push("--enable-unsafe-webgpu", "--enable-features=Vulkan", "--ignore-gpu-blocklist");
  if (headless) flags.push("--use-angle=vulkan", "--disable-vulkan-surface");
  return flags;
}

/**
 * Starts a browser and makes sure that its pages get a WebGPU adapter: the GPU's, or the software one where there is no
 * GPU. Throws one sentence when there is no browser or no adapter.
 */
export async function launchBrowser(options: LaunchOptions): Promise<DrivenBrowser> {
  const executable = await ensureBrowser(options.kind);
  // More than once: a browser whose GPU process starts for the first time, or crashes as it starts, may have no adapter yet.
  const attempts = options.kind === "firefox" || !hasGpuDevice() ? [true, true, true] : [false, false, true, true];
  let version = "";
  for (const software of attempts) {
    const browser = await start(executable, software, options);
    version = browser.version;
    const adapter = await probeAdapter(browser.page).catch(async (error: Error) => {
      await browser.close();
      throw error;
    });
    if (adapter !== undefined) return { ...browser, adapter };
    await browser.close();
  }
  const remedy =
    options.kind === "firefox" && process.platform === "linux"
      ? "install a Vulkan driver (on Debian: apt-get install mesa-vulkan-drivers)"
      : "update the browser or the GPU's driver";
  throw new Error(
    `${executable} (${version}) offers no WebGPU adapter; ${remedy}, or set ${VARIABLES[options.kind]} to another browser`,
  );
}

type StartedBrowser = Omit<DrivenBrowser, "adapter">;
type Session = Omit<StartedBrowser, "executable">;

/** Environment of a browser: a home that can be written to, and not the Vulkan driver that was chosen for Node. */
function browserEnvironment(home: string): Record<string, string> {
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(process.env)) if (value !== undefined) env[name] = value;
  if (!env.HOME || !existsSync(env.HOME)) env.HOME = home;
  if (env.VK_ICD_FILENAMES?.endsWith("vk_swiftshader_icd.json")) delete env.VK_ICD_FILENAMES;
  return env;
}

async function start(executable: string, software: boolean, options: LaunchOptions): Promise<StartedBrowser> {
  const temporary = temporaryFolder(options.kind);
  try {
    const browser =
      options.kind === "chromium"
        ? await startChromium(executable, software, options, temporary.path)
        : await startFirefox(executable, options, temporary.path);
    const close = async () => {
      await browser.close().catch(() => undefined);
      temporary.remove();
    };
    return { ...browser, executable, close };
  } catch (error) {
    temporary.remove();
    const lines = (error instanceof Error ? error.message : String(error)).split("\n");
    // Behind the first line come the command line and, marked [err], what the browser itself said.
    const said = lines.filter((line) => line.includes("[err]")).slice(0, 2);
    const reason = [lines[0], ...said.map((line) => line.replace(/^.*\[err\]\s*/, ""))].join("; ");
    throw new Error(`${executable} did not start: ${reason}`);
  }
}

async function startChromium(
  executable: string,
  software: boolean,
  { headless, profile }: LaunchOptions,
  temporary: string,
): Promise<Session> {
  const { chromium } = await import("playwright");
  const args = chromiumFlags({ software, headless });
  // A persistent context, because an incognito one keeps IndexedDB in memory.
  const context = await chromium.launchPersistentContext(profile ?? join(temporary, "profile"), {
    executablePath: executable,
    headless,
    args,
    chromiumSandbox: !headless && !isRoot(),
    viewport: headless ? { width: 1440, height: 900 } : null,
    ignoreDefaultArgs: headless ? [] : ["--enable-automation"],
    env: browserEnvironment(temporary),
    handleSIGINT: false,
    timeout: 120_000,
  });
  const page = context.pages()[0] ?? (await context.newPage());
  page.setDefaultTimeout(120_000);
  return {
    kind: "chromium",
    version: context.browser()?.version() ?? "unknown version",
    args,
    page: {
      expose: async (name, callback) => void (await page.exposeFunction(name, callback)),
      goto: async (url) => void (await page.goto(url)),
      evaluate: (expression) => page.evaluate(expression),
      onTrouble(callback) {
        page.on("pageerror", (error) => callback("error", error.message));
        page.on("crash", () => callback("crash", "the page crashed"));
        page.on("console", (message) => message.type() === "error" && callback("console", message.text()));
      },
      onClose: (callback) => void page.on("close", callback),
    },
    close: () => context.close(),
  };
}

async function startFirefox(
  executable: string,
  { headless, profile }: LaunchOptions,
  temporary: string,
): Promise<Session> {
  const { default: puppeteer } = await import("puppeteer-core");
  const browser = await puppeteer.launch({
    browser: "firefox",
    executablePath: executable,
    headless,
    userDataDir: profile,
    extraPrefsFirefox: {
      "dom.webgpu.enabled": true,
      "dom.webgpu.workers.enabled": true,
      "gfx.webgpu.ignore-blocklist": true,
      "network.connectivity-service.enabled": false,
      "network.captive-portal-service.enabled": false,
    },
    env: { ...browserEnvironment(temporary), TMPDIR: temporary },
    handleSIGINT: false,
    timeout: 120_000,
    protocolTimeout: 1_800_000,
  });
  const page = (await browser.pages())[0] ?? (await browser.newPage());
  return {
    kind: "firefox",
    version: await browser.version(),
    args: [],
    page: {
      expose: async (name, callback) => void (await page.exposeFunction(name, callback)),
      goto: async (url) => void (await page.goto(url, { timeout: 120_000 })),
      evaluate: (expression) => page.evaluate(expression),
      onTrouble(callback) {
        page.on("pageerror", (error) => callback("error", error instanceof Error ? error.message : String(error)));
        page.on("error", (error) => callback("crash", error.message));
        page.on("console", (message) => message.type() === "error" && callback("console", message.text()));
      },
      onClose: (callback) => void page.on("close", callback),
    },
    close: () => browser.close(),
  };
}

/** Names the adapter that a page gets; undefined when it gets none. WebGPU needs a secure context, so an own page on localhost. */
async function probeAdapter(page: DrivenPage): Promise<string | undefined> {
  const server = createServer((_request, response) =>
    response.setHeader("content-type", "text/html").end("<!doctype html>"),
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    const name = await page.evaluate(`(async () => {
      let info;
      for (let tries = 0; info === undefined && tries < 3; tries++) {
        if (tries > 0) await new Promise((resolve) => setTimeout(resolve, 500));
        info = (await navigator.gpu?.requestAdapter())?.info;
      }
      return info && ([info.vendor, info.architecture, info.description].filter(Boolean).join(" ") || "unnamed adapter");
    })()`);
    return typeof name === "string" ? name : undefined;
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

/** Vulkan driver description of the SwiftShader that lies beside a Chromium, or undefined. */
export function swiftShaderBeside(executable: string): string | undefined {
  const folders = [
    dirname(executable),
    "/usr/lib/chromium",
    "/usr/lib/chromium-browser",
    "/opt/google/chrome",
    "/opt/microsoft/msedge",
  ];
  return folders.map((folder) => join(folder, "vk_swiftshader_icd.json")).find((path) => existsSync(path));
}
