import { expect, test } from "vitest";
import { createGroup, WORD, wordOf } from "../../src/ranks/group-memory";
import { Watchdog, type WatchdogOptions } from "../../src/ranks/watchdog";

/** Ranks at work whose words the test moves; `pass` lets time go by in looks, returns the first finding. */
function watched(worldSize: number, options: WatchdogOptions = {}) {
  const memory = createGroup({ worldSize, microBatches: 4, buckets: [1], tables: {} });
  const words = new Int32Array(memory.control);
  let now = 5000;
  const watchdog = new Watchdog(memory, now, options);
  const set = (rank: number, word: number, value: number): void => {
    words[wordOf(rank, word)] = value;
  };
  for (let rank = 0; rank < worldSize; rank++) set(rank, WORD.state, 1);
  return {
    set,
    pass(ms: number, living: readonly number[], working: readonly number[] = [], stepMs = 100) {
      for (let passed = 0; passed < ms; passed += stepMs) {
        now += stepMs;
        for (const rank of living) words[wordOf(rank, WORD.alive)]++;
        for (const rank of working) words[wordOf(rank, WORD.progress)]++;
        const abort = watchdog.look(now);
        if (abort) return abort;
      }
      return undefined;
    },
  };
}

test("a rank without a sign of life, while another one lives, is stuck after a second", () => {
  const { pass } = watched(3, { silentMs: 1000 });
  expect(pass(3000, [0, 1, 2])).toBeUndefined();
  expect(pass(900, [0, 2])).toBeUndefined();
  expect(pass(200, [0, 2])).toEqual({
    reason: "stuck",
    rank: 1,
    text: "rank 1 showed no sign of life for 1.0 s; it has called no collective yet",
  });
});

test("a rank that prepares its first collective has ten seconds, one that has called it one second", () => {
  const { pass } = watched(2);
  expect(pass(9900, [0])).toBeUndefined();
  expect(pass(200, [0])).toMatchObject({ rank: 1 });
  const joined = watched(2);
  joined.set(1, WORD.call, 1);
  expect(joined.pass(900, [0])).toBeUndefined();
  expect(joined.pass(200, [0])).toMatchObject({ rank: 1 });
});

test("time that the watchdog slept through is nobody's fault", () => {
  const { pass } = watched(3, { silentMs: 1000 });
  pass(1000, [0, 1, 2]);
  // One look an hour late, and then again and again.
  for (let i = 0; i < 20; i++) {
    expect(pass(3_600_000, [], [], 3_600_000)).toBeUndefined();
    expect(pass(300, [0, 1, 2])).toBeUndefined();
  }
  expect(pass(1100, [0, 1])).toMatchObject({ rank: 2 });
});

test("nobody is suspected while nobody lives; after ten seconds that is said", () => {
  const { pass } = watched(2);
  pass(1000, [0, 1]);
  expect(pass(9900, [])).toBeUndefined();
  expect(pass(200, [])).toMatchObject({ rank: -1, text: expect.stringContaining("no rank showed a sign of life") });
});

test("the only rank of a group has a patience of its own, and is named; a sleep of the machine is no silence", () => {
  const { pass, set } = watched(1, { aloneMs: 1300 });
  expect(pass(9900, [])).toBeUndefined();
  expect(pass(100, [0])).toBeUndefined();
  set(0, WORD.call, 1);
  for (let i = 0; i < 5; i++) expect(pass(3_600_000, [], [], 3_600_000)).toBeUndefined();
  expect(pass(100, [0])).toBeUndefined();
  expect(pass(1200, [])).toBeUndefined();
  expect(pass(100, [])).toMatchObject({
    rank: 0,
    text: expect.stringContaining("rank 0 showed no sign of life for 1.3 s"),
  });
});

test("a rank that wakes first after a common pause does not blame the others", () => {
  const { pass } = watched(3);
  pass(1000, [0, 1, 2]);
  expect(pass(5000, [])).toBeUndefined();
  expect(pass(100, [1])).toBeUndefined();
  expect(pass(3000, [0, 1, 2])).toBeUndefined();
});

test("a rank that lives but does no work hangs; one that waits for others does not", () => {
  const { pass, set } = watched(2, { idleMs: 4000 });
  set(0, WORD.isWaiting, 1);
  expect(pass(3900, [0, 1])).toBeUndefined();
  expect(pass(200, [0, 1])).toMatchObject({ rank: 1, text: expect.stringContaining("as when its GPU hangs") });
  const slow = watched(2, { idleMs: 4000 });
  for (let i = 0; i < 5; i++) expect(slow.pass(3000, [0, 1]) ?? slow.pass(100, [0, 1], [0, 1])).toBeUndefined();
});

test("ranks that have not started or have left are not watched", () => {
  const { pass, set } = watched(3);
  set(0, WORD.state, 0);
  set(1, WORD.state, 2);
  expect(pass(30_000, [2], [2])).toBeUndefined();
});
