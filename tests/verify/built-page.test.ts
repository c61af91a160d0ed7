/** verify.html as it is built, in Chromium: a few cases pass, a kernel made wrong on the way is found. */

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { type Browser, chromium, type Page } from "playwright";
import { build } from "vite";
import { afterAll, beforeAll, expect, test } from "vitest";
import { chromiumFlags, ensureBrowser } from "../../src/cli/browser";
import { temporaryFolder } from "../../src/cli/host";
import { type StaticServer, serve } from "../../src/cli/serve";

const temporary = temporaryFolder("built-verify");
let server: StaticServer;
let browser: Browser;

beforeAll(async () => {
  const outDir = join(temporary.path, "app");
  await build({
    logLevel: "error",
    build: { outDir, copyPublicDir: false, rollupOptions: { input: { verify: resolve("verify.html") } } },
  });
  server = await serve(outDir, 0);
  const software = process.env.HANDLOOM_GPU !== "hardware";
  browser = await chromium.launch({
    executablePath: await ensureBrowser("chromium"),
    args: chromiumFlags({ software, headless: true }),
  });
});

afterAll(async () => {
  await browser?.close();
  server?.close();
  temporary.remove();
});

/** verify.html with cases of the ops whose name contains `only`; `spoil` changes the scripts on their way. */
async function open(only: string, spoil?: (text: string) => string): Promise<Page> {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 800 },
    reducedMotion: "reduce",
    permissions: ["clipboard-write", "clipboard-read"],
  });
  const page = await context.newPage();
  page.setDefaultTimeout(100_000);
  if (spoil) {
    await page.route("**/*.js", async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, body: spoil(await response.text()) });
    });
  }
  // Lies in the public folder, which this build leaves out.
  await page.route("**/icons/*", (route) => route.fulfill({ contentType: "image/svg+xml", body: "<svg/>" }));
  await page.goto(`${server.url}/verify.html?only=${only}`);
  return page;
}

const verify = async (page: Page): Promise<void> => {
  await page.getByRole("button", { name: "Verify", exact: true }).first().click();
  await page.getByRole("button", { name: "Verify again" }).waitFor();
};

async function violationsOf(page: Page): Promise<string[]> {
  // Evaluated, not loaded by a tag: the page's policy allows no script from elsewhere.
  await page.evaluate(readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8"));
  return page.evaluate(async () => {
    const axe = Reflect.get(globalThis, "axe") as {
      run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }>;
    };
    const { violations } = await axe.run();
    return violations.map(({ id, nodes }) => `${id}: ${nodes[0].html}`);
  });
}

test("the built page checks kernels, shows both texts, and gives a report", async () => {
  const page = await open("add");
  const lines: string[] = [];
  page.on("console", (message) => message.type() === "error" && lines.push(message.text()));
  await verify(page);
  await page.getByText(/^All \d+ checks of 3 kernels passed on /).waitFor();
  await page.getByRole("button", { name: "add.backward_b" }).click();
  const ours = page.getByRole("region", { name: "Ours, entry backward_b" });
  expect(await ours.locator("mark").textContent()).toMatch(/^@compute[\s\S]*fn backward_b\(/);
  // Three bars: ours, gpu.js on WebGPU, plain JavaScript.
  expect(await page.locator(".check-times .time-bar").count()).toBe(3);
  expect(await page.getByRole("region", { name: "gpu.js, d_b" }).textContent()).toContain("@compute");
  await page.getByRole("button", { name: "Copy report" }).click();
  await page.getByText("Copied.").waitFor();
  const report = await page.evaluate(() => navigator.clipboard.readText());
  expect(report).toContain("## Failures (0)");
  expect(report).toContain("maxBufferSize");
  expect(await violationsOf(page)).toEqual([]);
  await page.getByRole("button", { name: /theme/ }).click();
  expect(await violationsOf(page)).toEqual([]);
  expect(lines).toEqual([]);
  await page.context().close();
});

test("a kernel that was made wrong is shown as failed, with its worst number", async () => {
  const page = await open("scale", (text) =>
    text.replace("y[i] = dims.factor * x[i]", "y[i] = dims.factor * x[i] + 0.001"),
  );
  await verify(page);
  const summary = page.getByRole("status").filter({ hasText: "failed on" });
  expect(await summary.textContent()).toMatch(/^1 of 3 checks of 2 kernels failed on /);
  await page.getByRole("button", { name: "Failed only" }).click();
  await page.getByRole("button", { name: "scale.forward" }).click();
  await page.getByText(/^\[\d+\] of 129: got .*, expected /).waitFor();
  expect(await page.getByRole("button", { name: "scale.backward" }).count()).toBe(0);
  await page.context().close();
});

test("without WebGPU the page says so", async () => {
  const page = await open("scale");
  await page.evaluate(() => Object.defineProperty(navigator, "gpu", { value: undefined }));
  await page.getByRole("button", { name: "Verify", exact: true }).first().click();
  await page
    .getByRole("alert")
    .getByText(/WebGPU is not available here/)
    .waitFor();
  await page.context().close();
});
