/** A small share of `npm run faults -- ranks`. Ranks that throw, hang, end and are slow stand in tests/ranks/run.browser.test.ts. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { testGpu } from "../../helpers/gpu";
import { openHand } from "../../helpers/open-hand";
import { PageServer } from "./browsers";
import { gpuCrashes, sleeps } from "./gpu-faults";
import { poisonAll } from "./non-finite";
import { stopsHere } from "./stops";

const SEED = 7;
/** A browser builds each rank again after a fault: seconds on an idle machine, minutes on one that is shared. */
const PATIENCE_MS = 300_000;

let server: PageServer;
beforeAll(async () => {
  server = await PageServer.start();
});
afterAll(() => server.close());

test(
  "a run goes on after a crash of the GPU process",
  async () => {
    expect(await gpuCrashes(server, { seed: SEED, count: 1, ranks: 1 })).toMatchObject({
      ...{ made: 1, resumed: 1, runs: 1, same: 1, sentences: [] },
    });
  },
  PATIENCE_MS,
);

test(
  "a machine that slept is no fault of a rank",
  async () => {
    expect(await sleeps("chromium", server, { seed: SEED, count: 1, ranks: 2 })).toMatchObject({
      ...{ made: 1, resumed: 1, same: 1, sentences: [] },
    });
  },
  PATIENCE_MS,
);

test(
  "NaN and infinities in any tensor are found in the same step, named, and spread nowhere",
  async () => {
    const count = await poisonAll(await testGpu(), openHand(), { seed: SEED, most: 20 });
    expect(count.sentences).toEqual([]);
    expect(count).toMatchObject({ poisoned: 0, rolledBack: count.rollBacks, tried: count.found + count.unread });
    expect(count.tried).toBeGreaterThanOrEqual(20);
  },
  PATIENCE_MS,
);

test(
  "a run that is stopped at any step goes on to the same bytes",
  async () => {
    const { exact, sentences } = await stopsHere(await testGpu(), openHand(), { seed: SEED, count: 3 });
    expect([exact, sentences]).toEqual([3, []]);
  },
  PATIENCE_MS,
);
