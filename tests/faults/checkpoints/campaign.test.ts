/** A small share of `npm run faults -- checkpoints`. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { contests, type KillCount, killPages, killProcesses, startChromium } from "./campaign";
import type { TestChromium } from "./chromium";

const SEED = 7;
const CLEAN: Partial<KillCount> = { torn: 0, lost: 0, unreadable: 0, sentences: [] };

let chromium: TestChromium;
beforeAll(async () => {
  chromium = await startChromium();
});
afterAll(() => chromium.close());

test.each([
  ["tab", 2],
  ["renderer", 2],
  ["browser", 1],
] as const)(
  "killing the %s during checkpoint writes tears none and loses none that was acknowledged",
  async (kind, kills) => {
    const count = await killPages(chromium, { scheme: "safe", kind, kills, seed: SEED });
    expect(count).toMatchObject(CLEAN);
    expect(count.kills).toBeGreaterThanOrEqual(kills);
  },
);

test("one set for each file tears, so these kills would find a torn checkpoint", async () => {
  const { torn } = await killPages(chromium, { scheme: "unsafe", kind: "tab", kills: 3, seed: SEED });
  expect(torn).toBeGreaterThan(0);
});

test("two tabs: one writer each time, and the other takes over after a crash", async () => {
  const { oneWriter, takeoverMs } = await contests(chromium, 3);
  expect([oneWriter, takeoverMs.length]).toEqual([3, 3]);
});

test("killing a process during checkpoint writes tears none and loses none that was acknowledged", async () => {
  expect(await killProcesses(3, SEED)).toMatchObject(CLEAN);
});
