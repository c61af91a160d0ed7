/** A real Chromium with a profile that outlives it, and the ways to kill a part of it. */
import { rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import puppeteer, { type Browser, type Page } from "puppeteer-core";
import { build, type Rollup } from "vite";
import { ensureBrowser } from "../../../src/cli/browser";
import { isRoot, temporaryFolder } from "../../../src/cli/host";

export const KILLS = ["tab", "renderer", "browser"] as const;

/** What is killed: a tab by the browser's own crash, all its renderer processes, or the browser with all processes. */
export type KillKind = (typeof KILLS)[number];

/** A browser, and the server of the page that it runs. */
export class TestChromium {
  readonly #temporary = temporaryFolder("faults");
  readonly profile = join(this.#temporary.path, "profile");
  #browser: Browser | undefined;
  /** Hears of the requests "/tell?WHAT=NUMBER". */
  onTell: (what: string, value: number) => void = () => undefined;

  private constructor(
    private readonly server: Server,
    private readonly executable: string,
  ) {}

  /** Bundles `entry`, the page's script and its workers', and serves it. */
  static async start(entry: string): Promise<TestChromium> {
    const script = await bundle(entry);
    let chromium: TestChromium | undefined;
    const server = createServer((request, response) => {
      const url = new URL(request.url ?? "/", "http://localhost");
      response.setHeader("cross-origin-opener-policy", "same-origin");
      response.setHeader("cross-origin-embedder-policy", "require-corp");
      response.setHeader("content-type", url.pathname === "/page.js" ? "text/javascript" : "text/html");
      for (const [what, value] of url.pathname === "/tell" ? url.searchParams : [])
        chromium?.onTell(what, Number(value));
      response.end(url.pathname === "/page.js" ? script : '<!doctype html><script src="/page.js"></script>');
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    chromium = new TestChromium(server, await ensureBrowser("chromium"));
    return chromium;
  }

  /** Every name is an origin of its own, with its own storage. */
  originOf(name: string): string {
    return `http://${name}.localhost:${(this.server.address() as AddressInfo).port}`;
  }

  /** A new page; starts the browser when there is none. */
  async open(name: string): Promise<Page> {
    if (!this.#browser) {
      // Left by a browser that was killed; it names a process that is gone.
      for (const file of ["SingletonLock", "SingletonSocket", "SingletonCookie"])
        rmSync(join(this.profile, file), { force: true });
      this.#browser = await puppeteer.launch({
        browser: "chrome",
        executablePath: this.executable,
        headless: true,
        userDataDir: this.profile,
        args: [...(isRoot() ? ["--no-sandbox"] : []), "--disable-gpu", "--disable-background-networking"],
        env: { ...process.env, HOME: process.env.HOME ?? this.#temporary.path },
        timeout: 120_000,
      });
    }
    const page = await this.#browser.newPage();
    await page.goto(this.originOf(name), { timeout: 120_000 });
    return page;
  }

  /** Calls `run(action, argument)` in a page. */
  run<T>(page: Page, action: string, argument?: unknown): Promise<T> {
    return page.evaluate((name, value) => Reflect.get(globalThis, "run")(name, value), action, argument) as Promise<T>;
  }

  /** Asks the browser itself over CDP. */
  async ask(method: "SystemInfo.getProcessInfo" | "Browser.getVersion"): Promise<unknown> {
    const session = await this.#browser!.target().createCDPSession();
    try {
      return await session.send(method);
    } finally {
      await session.detach();
    }
  }

  /** All processes of the browser, by what they do. */
  async processes(): Promise<readonly { readonly type: string; readonly id: number }[]> {
    const { processInfo } = (await this.ask("SystemInfo.getProcessInfo")) as {
      processInfo: { type: string; id: number }[];
    };
    return processInfo;
  }

  /** Prepares a kill, so that nothing but the kill itself remains to be done at its moment. Resolves when the page is gone. */
  async armed(kind: KillKind, page: Page): Promise<() => Promise<void>> {
    const processes = await this.processes();
    const renderers = processes.filter(({ type }) => type === "renderer").map(({ id }) => id);
    const session = await page.createCDPSession();
    return async () => {
      const browser = this.#browser!;
      if (kind === "browser") {
        const gone = new Promise((resolve) => browser.once("disconnected", resolve));
        this.#browser = undefined;
        for (const pid of [browser.process()!.pid!, ...processes.map(({ id }) => id)]) kill(pid);
        await gone;
        return;
      }
      const crashed = new Promise((resolve) => page.once("error", resolve));
      if (kind === "tab") session.send("Page.crash").catch(() => undefined);
      else for (const id of renderers) kill(id);
      await crashed;
      // A spare one among them must be known to be dead, or the next page is given to it.
      while (kind === "renderer" && (await this.processes()).some(({ id }) => renderers.includes(id)));
      await page.close().catch(() => undefined);
    };
  }

  /** Ends the browser in good order; the profile stays. */
  async closeBrowser(): Promise<void> {
    await this.#browser?.close();
    this.#browser = undefined;
  }

  async close(): Promise<void> {
    await this.closeBrowser().catch(() => undefined);
    this.server.closeAllConnections();
    this.server.close();
    this.#temporary.remove();
  }
}

/** Of a process that may have ended by itself. */
function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

async function bundle(entry: string): Promise<string> {
  const { output } = (await build({
    configFile: false,
    logLevel: "error",
    build: { write: false, minify: false, rollupOptions: { input: entry, output: { format: "iife" } } },
  })) as Rollup.RollupOutput;
  return output[0].code;
}
