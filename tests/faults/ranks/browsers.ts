/** Real browsers with WebGPU on the CPU, the built page of the campaign in them, and ways to harm them. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import puppeteer, { type Browser, type CDPSession, type Page } from "puppeteer-core";
import { build } from "vite";
import { type BrowserKind, chromiumFlags, ensureBrowser } from "../../../src/cli/browser";
import { hasGpuDevice, projectRoot, temporaryFolder } from "../../../src/cli/host";
import { type StaticServer, serve } from "../../../src/cli/serve";
import type { Order, Outcome } from "./run";

/** With these a GPU process may crash as often as it likes. */
export const ENDLESS_CRASHES = ["--disable-gpu-process-crash-limit", "--disable-domain-blocking-for-3d-apis"];

/** A run that does nothing for so long stands still, ms: longer than the longest wait of a supervisor. */
const STILL_MS = 180_000;
/** Time between two looks at a run, ms. */
const LOOK_MS = 2000;

const FIREFOX_PREFERENCES = {
  "dom.webgpu.enabled": true,
  "dom.webgpu.workers.enabled": true,
  "gfx.webgpu.ignore-blocklist": true,
  "network.connectivity-service.enabled": false,
  "network.captive-portal-service.enabled": false,
};

/** The page of the campaign, built and served with the app's headers. */
export class PageServer {
  readonly #folder = temporaryFolder("faults-page");
  #server: StaticServer | undefined;

  static async start(): Promise<PageServer> {
    const made = new PageServer();
    const root = join(projectRoot(), "tests/faults/ranks");
    await build({
      configFile: false,
      logLevel: "error",
      root,
      publicDir: join(projectRoot(), "public"),
      worker: { format: "es" },
      build: {
        outDir: made.#folder.path,
        target: "esnext",
        minify: false,
        rollupOptions: { input: join(root, "page.html") },
      },
    });
    made.#server = await serve(made.#folder.path, 0);
    return made;
  }

  get url(): string {
    return `${this.#server!.url}/page.html`;
  }

  close(): void {
    this.#server?.close();
    this.#folder.remove();
  }
}

/** A browser that trains. */
export class Patient {
  readonly #temporary = temporaryFolder("faults-browser");
  #browser: Browser | undefined;
  #page: Page | undefined;
  #session: CDPSession | undefined;

  private constructor(
    readonly kind: BrowserKind,
    private readonly url: string,
  ) {}

  static async start(kind: BrowserKind, server: PageServer, flags: readonly string[] = []): Promise<Patient> {
    const patient = new Patient(kind, server.url);
    const env: NodeJS.ProcessEnv = { ...process.env, HOME: process.env.HOME ?? patient.#temporary.path };
    delete env.VK_ICD_FILENAMES;
    const shared = {
      executablePath: await ensureBrowser(kind),
      headless: true,
      timeout: 120_000,
      protocolTimeout: 1_800_000,
    };
    patient.#browser =
      kind === "chromium"
        ? await puppeteer.launch({
            ...shared,
            browser: "chrome",
            userDataDir: join(patient.#temporary.path, "profile"),
            args: [...chromiumFlags({ software: !hasGpuDevice(), headless: true }), ...flags],
            env,
          })
        : await puppeteer.launch({
            ...shared,
            browser: "firefox",
            extraPrefsFirefox: FIREFOX_PREFERENCES,
            env: { ...env, TMPDIR: patient.#temporary.path },
          });
    await patient.reopen();
    return patient;
  }

  /** A new page instead of the old one. */
  async reopen(): Promise<void> {
    await this.#page?.close();
    this.#page = await this.#browser!.newPage();
    await this.#page.goto(this.url, { timeout: 120_000 });
  }

  get version(): Promise<string> {
    return this.#browser!.version();
  }

  ask<T>(what: "train" | "place" | "saved" | "lately", argument?: unknown): Promise<T> {
    return this.#page!.evaluate(
      (name, value) => Reflect.get(globalThis, "run")(name, value),
      what,
      argument,
    ) as Promise<T>;
  }

  /** Rejects with what the run said last when it stands still. */
  async train(order: Order): Promise<Outcome> {
    const watch = new AbortController();
    try {
      return await Promise.race([this.ask<Outcome>("train", order), this.#standsStill(watch.signal)]);
    } finally {
      watch.abort();
    }
  }

  /** Rejects once a run has said nothing and made no step for STILL_MS, or its page does not answer. */
  async #standsStill(signal: AbortSignal): Promise<never> {
    let seen = "";
    let seenAt = performance.now();
    for (;;) {
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
      if (signal.aborted) return new Promise<never>(() => undefined);
      const none = { lines: ["the page did not answer"], ranks: [] };
      const late = new Promise<typeof none>((resolve) => setTimeout(() => resolve(none), STILL_MS));
      const place = JSON.stringify(await Promise.race([this.ask<object>("place"), late]));
      const { lines, ranks } = await Promise.race([
        this.ask<{ lines: readonly string[]; ranks: readonly string[] }>("lately"),
        late,
      ]);
      const now = `${place} ${lines.length}`;
      if (now !== seen) seenAt = performance.now();
      seen = now;
      if (performance.now() - seenAt < STILL_MS) continue;
      const told = [place, ...lines.slice(-30), ...ranks].map((line) => `\n  | ${line}`).join("");
      throw new Error(`the run stood still for ${STILL_MS / 1000} s:${told}`);
    }
  }

  /** Resolves when the run at hand has come so far. */
  async until(
    isThere: (place: { step: number; faults: number; begun: number }) => boolean,
    lookMs = 50,
  ): Promise<void> {
    while (!isThere(await this.ask("place"))) await new Promise((resolve) => setTimeout(resolve, lookMs));
  }

  /** Chromium alone: the GPU process of the whole browser is gone. */
  async crashGpu(): Promise<void> {
    this.#session ??= await this.#browser!.target().createCDPSession();
    // The command of the protocol's own list; it is answered by nobody.
    await (this.#session as unknown as { send(method: string): Promise<unknown> })
      .send("Browser.crashGpuProcess")
      .catch(() => undefined);
  }

  /** Another tab in front of the page; resolves with what closes it. */
  async cover(): Promise<() => Promise<void>> {
    const page = await this.#browser!.newPage();
    await page.bringToFront();
    return async () => {
      await page.close();
      await this.#page!.bringToFront();
    };
  }

  /** The document's word on whether it is seen. */
  visibility(): Promise<string> {
    return this.#page!.evaluate(() => Reflect.get(globalThis, "document").visibilityState) as Promise<string>;
  }

  /** Stops all processes of the browser for `ms`, as a machine that sleeps. */
  async sleep(ms: number): Promise<void> {
    const pids = processTree(this.#browser!.process()!.pid!);
    for (const pid of pids) signal(pid, "SIGSTOP");
    await new Promise((resolve) => setTimeout(resolve, ms));
    for (const pid of pids.toReversed()) signal(pid, "SIGCONT");
  }

  async close(): Promise<void> {
    await this.#browser?.close().catch(() => undefined);
    this.#temporary.remove();
  }
}

function signal(pid: number, name: "SIGSTOP" | "SIGCONT"): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** A process and all that it started, parents first. Linux. */
function processTree(root: number): number[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, "utf8");
      // Behind the name in parentheses, which may hold anything: state, parent.
      const parent = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
      children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
    } catch {
      // It has ended meanwhile.
    }
  }
  const tree = [root];
  for (let i = 0; i < tree.length; i++) tree.push(...(children.get(tree[i]) ?? []));
  return tree;
}
