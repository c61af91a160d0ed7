/** A small share of `npm run faults -- checkpoints`. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { contests, type KillCount, killPages, killProcesses, startChromium } from "./campaign";
import { KILLS, type TestChromium } from "./chromium";

const SEED = 7;
const CLEAN: Partial<KillCount> = { torn: 0, lost: 0, unreadable: 0, sentences: [] };

let chromium: TestChromium;
beforeAll(async () => {
  chromium = await startChromium();
});
afterAll(() => chromium.close());

test.each(KILLS)(
  "killing the %s during checkpoint writes tears none and loses none that was acknowledged",
  async (kind) => {
    const count = await killPages(chromium, { scheme: "safe", kind, kills: 2, seed: SEED });
    expect(count).toMatchObject({ ...CLEAN, kills: 2 });
    expect(count.acknowledged).toBeGreaterThan(0);
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
  expect(await killProcesses(3, SEED)).toMatchObject({ ...CLEAN, duringWrite: 3 });
});
