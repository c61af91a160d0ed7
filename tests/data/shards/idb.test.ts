/** Shards in a real Chromium: no room, killed tabs, damaged files, evictions, two tabs. */
import { readdirSync, readFileSync, statSync, truncateSync, unlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { type BrowserContext, chromium, type Page } from "playwright";
import { build, type Rollup } from "vite";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ensureBrowser } from "../../../src/cli/browser";
import { isRoot, temporaryFolder } from "../../../src/cli/host";

const temporary = temporaryFolder("idb-test");
const profile = join(temporary.path, "profile");
let script = "";
const server = createServer((request, response) => {
  const isScript = request.url === "/page.js";
  response.setHeader("content-type", isScript ? "text/javascript" : "text/html");
  response.end(isScript ? script : '<!doctype html><script src="/page.js"></script>');
});
let context: BrowserContext;

async function startBrowser(): Promise<void> {
  context = await chromium.launchPersistentContext(profile, {
    executablePath: await ensureBrowser("chromium"),
    args: [...(isRoot() ? ["--no-sandbox"] : []), "--disable-gpu", "--disable-background-networking"],
  });
}

beforeAll(async () => {
  const bundle = (await build({
    configFile: false,
    logLevel: "error",
    build: {
      write: false,
      minify: false,
      rollupOptions: { input: "tests/browser/shards-page.ts", output: { format: "iife" } },
    },
  })) as Rollup.RollupOutput;
  script = bundle.output[0].code;
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  await startBrowser();
});

afterAll(async () => {
  await context?.close();
  server.close();
  temporary.remove();
});

/** Every name is an origin of its own, with its own storage. */
const originOf = (name: string): string => `http://${name}.localhost:${(server.address() as AddressInfo).port}`;

async function openPage(name: string): Promise<Page> {
  const page = await context.newPage();
  await page.goto(originOf(name));
  return page;
}

const run = (page: Page, action: string, argument?: number): Promise<unknown> =>
  page.evaluate(([name, value]) => Reflect.get(globalThis, "run")(name, value), [action, argument] as const);

/** Polling of what a loaded machine may take its time for. */
const PATIENT = { timeout: 60_000, interval: 5 };

/** Waits until the import in a page has committed so many frames. */
const committed = (page: Page, frames: number): Promise<void> =>
  expect.poll(() => run(page, "committed"), PATIENT).toBeGreaterThanOrEqual(frames);

async function crash(page: Page): Promise<void> {
  const session = await context.newCDPSession(page);
  const crashed = page.waitForEvent("crash");
  session.send("Page.crash").catch(() => undefined);
  await crashed;
  await page.close();
}

test("no room: an error that says so, what is committed stays, and the import goes on", async () => {
  const page = await openPage("quota");
  const session = await context.newCDPSession(page);
  const quota = (quotaSize: number): Promise<unknown> =>
    session.send("Storage.overrideQuotaForOrigin", { origin: originOf("quota"), quotaSize });
  await quota(1_500_000);
  const error = await run(page, "import", 80);
  expect(error).toMatchObject({ kind: "full", neededBytes: expect.any(Number), usedBytes: expect.any(Number) });
  expect((error as Error).message).toMatch(
    /^this browser's storage has no room for shard \d of "ho3d": it needs 0\.\d+ GB, 0\.\d+ GB are in use; \d+ frames of "ho3d" are stored and stay; free space/,
  );
  const [set] = (await run(page, "list")) as { state: string; kept: number; damage: unknown[] }[];
  expect(set).toMatchObject({ state: "importing", damage: [] });
  expect(set.kept).toBeGreaterThanOrEqual(8);
  expect(await run(page, "countEqual")).toBe(`${set.kept}/${set.kept}`);
  await quota(1e9);
  expect(await run(page, "import", 80)).toBe(80 - set.kept);
  expect(await run(page, "countEqual")).toBe("80/80");
  await page.close();
});

test("a tab that is killed in the middle of an import: the next one goes on where it was", async () => {
  let page = await openPage("killed");
  let kept = 0;
  for (const frames of [8, 24]) {
    run(page, "importPart", frames + 12).catch(() => undefined);
    await committed(page, frames);
    await crash(page);
    page = await openPage("killed");
    const [set] = (await run(page, "list")) as { state: string; kept: number; damage: unknown[] }[];
    expect(set).toMatchObject({ state: "importing", damage: [] });
    expect(set.kept).toBeGreaterThanOrEqual(frames);
    kept = set.kept;
  }
  expect(await run(page, "import", 64)).toBe(64 - kept);
  expect(await run(page, "countEqual")).toBe("64/64");
  expect(await run(page, "check")).toEqual([]);
  await page.close();
});

test("two tabs: one imports, the other is told; a worker does the same work", async () => {
  const [one, two] = [await openPage("tabs"), await openPage("tabs")];
  // Kept busy by its worker; the page waits for nothing.
  await one.evaluate(() => {
    const worker = new Worker("/page.js");
    Object.assign(globalThis, { worker });
    worker.postMessage({ action: "import", argument: 20_000 });
  });
  const kept = async (): Promise<number> => ((await run(two, "list")) as { kept: number }[])[0]?.kept ?? 0;
  await expect.poll(kept, PATIENT).toBeGreaterThan(8);
  const refused = {
    kind: "locked",
    message: '"ho3d" is being imported by another tab or program; wait for it or close it',
  };
  expect(await run(two, "import", 40)).toMatchObject(refused);
  expect(await run(one, "import", 40)).toMatchObject(refused);
  await crash(one);
  await expect.poll(() => run(two, "import", 8), PATIENT).not.toMatchObject(refused);
  expect(await run(two, "countEqual")).toMatch(/^(\d+)\/\1$/);
  await two.close();
});

test("an evicted shard is named and repaired alone; an emptied database is remembered", async () => {
  const page = await openPage("evicted");
  expect(await run(page, "import", 32)).toBe(32);
  await run(page, "evict", 2);
  const message = `shard 2 of "ho3d" is gone from this browser's storage; it held 8 frames of S2; import the set again to read just them`;
  expect(await run(page, "list")).toMatchObject([
    { state: "evicted", kept: 24, damage: [{ shard: 2, sequences: ["S2"], message }] },
  ]);
  expect(await run(page, "import", 32)).toBe(8);
  expect(await run(page, "countEqual")).toBe("32/32");
  const session = await context.newCDPSession(page);
  for (const storageTypes of ["indexeddb", "indexeddb,file_systems,cache_storage"]) {
    await session.send("Storage.clearDataForOrigin", { origin: originOf("evicted"), storageTypes });
    await page.reload();
    const [gone] = (await run(page, "list")) as { damage: { message: string }[] }[];
    expect(gone).toMatchObject({ name: "ho3d", state: "evicted", kept: 0 });
    expect(gone.damage[0].message).toContain("(32 frames of SET) was in this browser's storage and is gone");
  }
  expect(await run(page, "import", 32)).toBe(32);
  await page.close();
});

test("files that were changed on the disk are named, and nothing of them is handed out", async () => {
  const page = await openPage("damaged");
  expect(await run(page, "import", 32)).toBe(32);
  await context.close();
  const blobs = readdirSync(profile, { recursive: true, withFileTypes: true })
    .filter((file) => file.isFile() && /http_damaged\..*\.blob/.test(file.parentPath))
    .map((file) => join(file.parentPath, file.name))
    .filter((path) => statSync(path).size > 200_000)
    .sort();
  expect(blobs).toHaveLength(4);
  const flipped = readFileSync(blobs[0]);
  flipped[100_000] ^= 4;
  writeFileSync(blobs[0], flipped);
  truncateSync(blobs[1], 150_000);
  unlinkSync(blobs[2]);
  await startBrowser();
  const again = await openPage("damaged");
  const damage = (await run(again, "check")) as { shard: number; kind: string; message: string }[];
  expect(damage.map(({ shard, kind }) => [shard, kind])).toEqual([0, 1, 2].map((shard) => [shard, "damaged"]));
  expect(damage[0].message).toMatch(
    /^shard 0 of "ho3d" has the SHA-256 \w+\.\.\., expected \w+\.\.\.; it held 8 frames of S0; import/,
  );
  expect(damage[1].message).toMatch(/^shard 1 of "ho3d" (cannot be read|has \d+ bytes)/);
  expect(damage[2].message).toMatch(/^shard 2 of "ho3d" cannot be read/);
  expect(await run(again, "list")).toMatchObject([{ state: "damaged", kept: 8 }]);
  expect(await run(again, "countEqual")).toBe("8/8");
  expect(await run(again, "import", 32)).toBe(24);
  expect(await run(again, "countEqual")).toBe("32/32");
  // A file that is cut once its shard was checked: Chromium never answers a read that begins behind its end.
  expect(await run(again, "readOne", 24)).toBe("S3/24");
  truncateSync(blobs[3], 1000);
  expect(await run(again, "readOne", 31)).toMatchObject({
    kind: "failed",
    message: expect.stringMatching(/frame "S3\/31" of "ho3d" failed \(.*has 0 bytes, expected \d+\)/),
  });
});
