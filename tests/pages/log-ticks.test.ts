import { describe, expect, it } from "vitest";
import { logTicks } from "../../src/pages/widgets/log-ticks";

describe("logTicks", () => {
  it("gives 1 to 9 of each decade inside the axis", () => {
    expect(logTicks(0.05, 0.4)).toEqual([0.05, 0.06, 0.07, 0.08, 0.09, 0.1, 0.2, 0.3, 0.4]);
  });

  it("ends for every beginning, just below a power of ten too", () => {
    for (let k = 1; k <= 2000; k++) {
      const low = k / 200_000;
      const ticks = logTicks(low, 1.2);
      expect(ticks.length, `from ${low}`).toBeLessThan(60);
      expect(ticks.every((tick, i) => tick >= low && (i === 0 || tick > ticks[i - 1]))).toBe(true);
    }
  });

  it("has no tick where there is no log axis", () => {
    expect(logTicks(0, 1)).toEqual([]);
    expect(logTicks(Number.NaN, 1)).toEqual([]);
    expect(logTicks(1, Number.POSITIVE_INFINITY)).toEqual([]);
  });
});
