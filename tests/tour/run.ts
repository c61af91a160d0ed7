/**
 * Takes the pictures of docs/tour.md from the running app: `npm run tour [-- --steps N] [--port N]`. Builds the app, serves it, trains the
 * demo in Chromium, goes through the pages as a person would, in light and dark at 1280 x 800, and says how long each way took.
 */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type BrowserContext, chromium, type Page } from "playwright";
import { chromiumFlags, ensureBrowser } from "../../src/cli/browser";
import { buildWebApp } from "../../src/cli/run-in-browser";
import { serve } from "../../src/cli/serve";
import { STATIONS, type Tourist } from "./stations";

const FOLDER = "docs/images/tour";
const PATIENCE_MS = 600_000;
const THEMES = ["light", "dark"] as const;

const { values } = parseArgs({ options: { steps: { type: "string", default: "60" }, only: { type: "string" } } });

async function main(): Promise<void> {
  await mkdir(FOLDER, { recursive: true });
  const server = await serve(await buildWebApp(), 0);
  // With this flag a WebGPU canvas draws but is not shown.
  const args = chromiumFlags({ software: true, headless: true }).filter((flag) => flag !== "--disable-vulkan-surface");
  const browser = await chromium.launch({ executablePath: await ensureBrowser("chromium"), args });
  try {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, reducedMotion: "reduce" });
    await tour(context, server.url);
  } finally {
    await browser.close();
    await server.close();
  }
}

async function tour(context: BrowserContext, url: string): Promise<void> {
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  page.on("pageerror", (error) => process.stderr.write(`page: ${error.message}\n`));
  const tourist: Tourist = { page, url, steps: Number(values.steps) };
  let began = performance.now();
  for (const { name, go } of STATIONS) {
    await go(tourist);
    const seconds = (performance.now() - began) / 1000;
    if (values.only === undefined || values.only.split(",").includes(name)) await takePictures(page, name);
    process.stdout.write(`${name}: ${seconds.toFixed(1)} s\n`);
    began = performance.now();
  }
}

async function takePictures(page: Page, name: string): Promise<void> {
  for (const colorScheme of THEMES) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    // Canvases are drawn anew in the other colours with the next frames.
    for (let i = 0; i < 3; i++) await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(resolve)));
    await page.screenshot({ path: join(FOLDER, `${name}-${colorScheme}.jpg`), type: "jpeg", quality: 85 });
  }
}

main().catch((error) => {
  process.stderr.write(`tour: ${(error as Error).message}\n`);
  process.exitCode = 1;
});
