/** Runs in a real Chromium's storage: no room, cleared data, newer and older pages, files that were changed on the disk. */
import { readdirSync, readFileSync, statSync, truncateSync, unlinkSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import type { Page } from "puppeteer-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { TestChromium } from "../faults/checkpoints/chromium";

let chromium: TestChromium;
beforeAll(async () => {
  chromium = await TestChromium.start("tests/browser/runs-page.ts");
});
afterAll(() => chromium.close());

interface Seen {
  readonly files: Readonly<Record<string, string>>;
  readonly lost: readonly { readonly run: string; readonly message: string }[];
  readonly names: readonly string[];
}

const look = (page: Page): Promise<Seen> => chromium.run(page, "look");
const commit = (page: Page, step: number, megabytes: number): Promise<unknown> =>
  chromium.run(page, "commit", { step, megabytes });

test("a commit replaces a folder whole and changes the files beside it", async () => {
  const page = await chromium.open("plain");
  await commit(page, 4, 1);
  expect(await chromium.run(page, "replace", 4)).toBe("done");
  expect((await look(page)).files).toEqual({
    "checkpoints/last.json": "replaced",
    "checkpoints/step-000004/state.json": "replaced",
  });
  expect(await chromium.run(page, "facts")).toMatchObject({ sizeBytes: 16 });
  await chromium.run(page, "remove");
  expect(await look(page)).toEqual({ files: {}, lost: [], names: [] });
  await page.close();
});

test("a commit is one strict transaction, and what was written is looked at before it is acknowledged", async () => {
  const page = await chromium.open("verified");
  expect(await chromium.run(page, "durabilities", 4)).toEqual(["strict"]);
  expect(await chromium.run(page, "commitChanged", 8)).toBe(
    'Error: run "demo": checkpoints/step-000008/model.safetensors was written to this browser\'s storage and reads as something else (1000000 bytes, expected 1000000); the checkpoint before it is still there; is the disk sound?',
  );
  await page.close();
});

test("no room, at five quotas and for three kinds of write: a sentence, and what was stored is whole", async () => {
  for (const quotaSize of [6e6, 7e6, 8e6, 9e6, 10e6]) {
    const name = `quota-${quotaSize / 1e6}`;
    // The quota is set once in a fresh origin: set again, it was not always kept to.
    const page = await chromium.open(name);
    const session = await page.createCDPSession();
    await session.send("Storage.overrideQuotaForOrigin", { origin: chromium.originOf(name), quotaSize });
    expect(await commit(page, 4, 2)).toBe("done");
    const before = (await look(page)).files;
    expect(await commit(page, 8, 12)).toMatch(
      /^StorageFull: this browser has no room for checkpoints\/step-000008 of the run "demo": it needs 12\.0 MB, \d+\.\d MB are in use; what is stored stays; delete old runs or data sets in this page or free space on the disk, and download this run/,
    );
    expect(await commit(page, 4, 12)).toContain("StorageFull: this browser has no room for checkpoints/step-000004");
    expect(await chromium.run(page, "write", 12)).toContain("StorageFull: this browser has no room for log.txt");
    expect((await look(page)).files).toEqual(before);
    expect(await commit(page, 8, 1)).toBe("done");
    await page.close();
  }
});

test("a cleared database is not taken for that of a new user; a deleted run is forgotten", async () => {
  const page = await chromium.open("cleared");
  const origin = chromium.originOf("cleared");
  expect(await look(page)).toMatchObject({ lost: [] });
  await commit(page, 4, 1);
  const session = await page.createCDPSession();
  await session.send("Storage.clearDataForOrigin", { origin, storageTypes: "indexeddb" });
  await page.reload();
  const { lost, names } = await look(page);
  expect(names).toEqual([]);
  expect(lost).toEqual([
    {
      run: "demo",
      savedAt: expect.any(Number),
      message: expect.stringMatching(
        /^the run "demo" \(checkpoints\/step-000004, saved \d{4}-\d\d-\d\d \d\d:\d\d UTC\) was in this browser's storage and is gone: the browser or a person has cleared it; a download of it can be unpacked and gone on with in a terminal \(train --resume FOLDER\); delete it here/,
      ),
    },
  ]);
  await chromium.run(page, "remove");
  expect((await look(page)).lost).toEqual([]);
  expect(await commit(page, 8, 1)).toBe("done");
  await page.close();
});

test("a page of a newer version gets the database from an older one, which then says so", async () => {
  const old = await chromium.open("versions");
  await commit(old, 4, 1);
  const newer = await chromium.open("versions");
  expect(await chromium.run(newer, "upgrade")).toBe("upgraded");
  expect(await commit(old, 8, 1)).toBe(
    "Error: the runs in this browser were written by a newer version of this page; reload this tab",
  );
  await Promise.all([old.close(), newer.close()]);
});

test("files that were changed on the disk: the checkpoint is named and the older one is used", async () => {
  const page = await chromium.open("damaged");
  for (const step of [1, 2, 3, 4]) expect(await chromium.run(page, "checkpoint", step)).toBe("done");
  expect(await chromium.run(page, "resume")).toMatchObject({ step: 4, notes: [] });
  await chromium.closeBrowser();
  const blobs = readdirSync(chromium.profile, { recursive: true, withFileTypes: true })
    .filter((file) => file.isFile() && /http_damaged\..*\.blob/.test(file.parentPath))
    .map((file) => join(file.parentPath, file.name))
    .filter((path) => statSync(path).size > 2_000_000)
    .sort((a, b) => Number.parseInt(basename(a), 16) - Number.parseInt(basename(b), 16));
  // Their names count up: model and optimizer of four checkpoints, in the order of writing.
  expect(blobs).toHaveLength(8);
  const flipped = readFileSync(blobs[7]);
  flipped[1_000_000] ^= 4;
  writeFileSync(blobs[7], flipped);
  truncateSync(blobs[5], 1_500_000);
  unlinkSync(blobs[3]);
  const again = await chromium.open("damaged");
  const { step, notes } = await chromium.run<{ step: number; notes: string[] }>(again, "resume");
  expect(step).toBe(1);
  expect(notes).toHaveLength(4);
  expect(notes[0]).toMatch(
    /^damaged checkpoint, not used: checkpoints\/step-000004\/\w+\.safetensors: has the SHA-256/,
  );
  expect(notes[1]).toMatch(/^damaged checkpoint, not used: checkpoints\/step-000003\/\w+\.safetensors: /);
  expect(notes[2]).toMatch(
    /^damaged checkpoint, not used: checkpoints\/step-000002\/\w+\.safetensors: .*cannot be read/,
  );
  expect(notes[3]).toBe("the run goes on from the older checkpoint of step 1");
  await again.close();
});
