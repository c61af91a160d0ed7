import { describe, expect, it } from "vitest";
import { formatDuration, Progress } from "../../src/cli/progress";

/** A progress on a stand-in for stderr, with a clock that the test moves. */
function setUp(isTTY: boolean, initial = 0) {
  const clock = { ms: 0 };
  const written: string[] = [];
  const stream = { isTTY, columns: 200, write: (text: string) => written.push(text) };
  const progress = new Progress({ label: "train", total: 100, unit: "steps", initial, stream, now: () => clock.ms });
  return { clock, written, progress };
}

describe("Progress", () => {
  it("writes a line every five seconds when it is no terminal, and the last one in any case", () => {
    const { clock, written, progress } = setUp(false);
    for (let step = 1; step <= 100; step++) {
      clock.ms = step * 100;
      progress.update(step);
    }
    progress.finish();
    expect(written).toEqual([
      "train 1/100 steps, 10 steps/s, 10 s left\n",
      "train 51/100 steps, 10 steps/s, 5 s left\n",
      "train 100/100 steps, 10 steps/s\n",
    ]);
  });

  it("leaves what an earlier run did out of the rate", () => {
    const { clock, written, progress } = setUp(false, 50);
    clock.ms = 10_000;
    progress.update(60, "loss 0.5");
    expect(written).toEqual(["train 60/100 steps, 1.0 steps/s, 40 s left, loss 0.5\n"]);
  });

  it("redraws one bar on a terminal", () => {
    const { clock, written, progress } = setUp(true);
    clock.ms = 1000;
    progress.update(50);
    expect(written[0]).toContain(`\r\x1b[K${"█".repeat(12)}${"░".repeat(12)} train 50/100 steps`);
    clock.ms = 1050;
    progress.update(51);
    expect(written).toHaveLength(1);
  });
});

it.each([
  [0.4, "0 s"],
  [59.4, "59 s"],
  [185, "3 min 05 s"],
  [7620, "2 h 07 min"],
])("formats %d s", (seconds, text) => {
  expect(formatDuration(seconds)).toBe(text);
});
