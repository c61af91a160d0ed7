/** The built app in Chromium: its policy with and without a server's headers, its size, and a run on a static host. */
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { type Browser, chromium, type Page } from "playwright";
import { build } from "vite";
import { afterAll, beforeAll, expect, test } from "vitest";
import { chromiumFlags, ensureBrowser } from "../../src/cli/browser";
import { temporaryFolder } from "../../src/cli/host";
import { headersFor, resolveFile, type StaticServer, serve } from "../../src/cli/serve";

const temporary = temporaryFolder("built-app");
const app = join(temporary.path, "app");
const KIB = 1024;
/** A host that serves the app from a folder and sets nothing but the type of a file. */
const staticHost = createServer((request, response) => {
  const path = resolveFile(temporary.path, (request.url ?? "/").split(/[?#]/, 1)[0]);
  if (path === undefined) return response.writeHead(404).end();
  response.writeHead(200, { "content-type": headersFor(path)["content-type"] }).end(readFileSync(path));
});
let server: StaticServer;
let browser: Browser;

beforeAll(async () => {
  await build({ logLevel: "error", build: { outDir: app } });
  const index = readFileSync(join(app, "index.html"), "utf8");
  const attacked = index.replace("</body>", '<script type="module" src="./attack.js"></script></body>');
  writeFileSync(join(app, "attacked.html"), attacked);
  writeFileSync(join(app, "bare.html"), '<!doctype html><body><script type="module" src="./attack.js"></script>');
  for (const name of ["attack.js", "attack-worker.js"]) copyFileSync(`tests/security/${name}`, join(app, name));
  server = await serve(app, 0);
  await new Promise<void>((resolve) => staticHost.listen(0, "localhost", resolve));
  const software = process.env.HANDLOOM_GPU !== "hardware";
  browser = await chromium.launch({
    executablePath: await ensureBrowser("chromium"),
    args: chromiumFlags({ software, headless: true }),
  });
});

afterAll(async () => {
  await browser?.close();
  await server?.close();
  staticHost.close();
  temporary.remove();
});

const hostUrl = (): string => `http://localhost:${(staticHost.address() as AddressInfo).port}/app/`;

/** A page of a profile of its own, and what its console says of policies. */
async function openPage(url: string): Promise<{ page: Page; violations: string[] }> {
  const page = await (await browser.newContext()).newPage();
  const violations: string[] = [];
  page.on("console", (message) => {
    if (/content security policy|trusted/i.test(message.text())) violations.push(message.text());
  });
  await page.goto(url);
  return { page, violations };
}

interface Attacks {
  readonly tried: number;
  readonly through: readonly string[];
}

async function attacksOf(page: Page): Promise<Attacks> {
  const found = await page.waitForFunction(() => Reflect.get(globalThis, "attacks"));
  return (await found.jsonValue()) as Attacks;
}

test("a served script gets nothing past the policy, in a page and in a worker; without one it does", async () => {
  const { page } = await openPage(`${server.url}/attacked.html`);
  expect(await attacksOf(page)).toEqual({ tried: 15, through: [] });
  const bare = await openPage(`${hostUrl()}bare.html`);
  const { through } = await attacksOf(bare.page);
  expect(through).toEqual(
    expect.arrayContaining(["eval", "innerHTML", "inline script", "inline style", "eval in a worker"]),
  );
});

test("the page's own policy holds where the host sends no headers", async () => {
  const { page } = await openPage(`${hostUrl()}attacked.html`);
  const { through } = await attacksOf(page);
  // A worker has the policy of its own answer: before the service worker is there, none.
  expect(through.filter((name) => name !== "eval in a worker")).toEqual([]);
});

test("on a static host a service worker isolates the page, which then trains and breaks no rule", async () => {
  const { page, violations } = await openPage(`${hostUrl()}#/train?demo=1&frames=8&batch=4&steps=1`);
  await page.waitForFunction(() => crossOriginIsolated && typeof SharedArrayBuffer === "function");
  await page.getByText("Finished", { exact: true }).first().waitFor({ timeout: 280_000 });
  expect(violations).toEqual([]);
  const policy = await page.evaluate(async () => {
    const response = await fetch(document.querySelector("script")!.src);
    return response.headers.get("content-security-policy");
  });
  expect(policy).toContain("require-trusted-types-for 'script'");
});

test("first paint needs less than 150 KiB of JavaScript, and no gpu.js", () => {
  const waiting = [
    ...readFileSync(join(app, "index.html"), "utf8").matchAll(/(?:src|href)="\.\/(assets\/[^"]+\.js)"/g),
  ];
  const files = new Set(waiting.map(([, path]) => path));
  for (const file of files) {
    const text = readFileSync(join(app, file), "utf8");
    for (const [, path] of text.matchAll(/(?:from|import)\s*["'`]\.\/([^"'`]+\.js)["'`]/g)) files.add(`assets/${path}`);
  }
  const bytes = [...files].map((file) => gzipSync(readFileSync(join(app, file))).length);
  const total = bytes.reduce((sum, each) => sum + each, 0);
  process.stdout.write(`initial JavaScript: ${(total / KIB).toFixed(1)} KiB gzip in ${files.size} files\n`);
  expect(files.size).toBeGreaterThan(0);
  expect(total).toBeLessThan(150 * KIB);
});
