import { describe, expect, it } from "vitest";
import { applyScheduleQuirks, clipping, frozenBy, learningRates, type Schedule } from "../../src/optim/schedule";

const SCHEDULE: Schedule = { lrBackbone: 1e-4, lrHead: 1e-3, minLr: 1e-5, warmupSteps: 4, totalSteps: 15 };

describe("learningRates", () => {
  it("rises linearly, is at its peak after the warm-up, half way in the middle, at the minimum at the end", () => {
    const head = (step: number): number => learningRates(SCHEDULE, step).head;
    expect([0, 1, 2, 3, 4].map(head)).toEqual([0.00025, 0.0005, 0.00075, 0.001, 0.001]);
    expect(head(9)).toBeCloseTo((1e-3 + 1e-5) / 2, 12);
    expect(head(14)).toBe(1e-5);
    expect(head(1000)).toBe(1e-5);
    expect(learningRates(SCHEDULE, 9).backbone).toBeCloseTo((1e-4 + 1e-5) / 2, 12);
  });

  it("never falls below the minimum, nor rises above a peak below it", () => {
    const low = { ...SCHEDULE, lrBackbone: 1e-6 };
    expect(learningRates(low, 14).backbone).toBe(1e-6);
  });

  it("the quirks", () => {
    expect(learningRates(applyScheduleQuirks(SCHEDULE, new Set(["no-warmup"])), 0)).toEqual({
      backbone: 1e-4,
      head: 1e-3,
    });
    expect(learningRates(applyScheduleQuirks(SCHEDULE, new Set(["one-learning-rate"])), 4).head).toBe(1e-4);
    expect(learningRates(applyScheduleQuirks(SCHEDULE, new Set(["frozen-backbone-lr0"])), 4)).toEqual({
      backbone: 0,
      head: 1e-3,
    });
    expect(applyScheduleQuirks(SCHEDULE, new Set(["bgr"]))).toEqual(SCHEDULE);
    expect(clipping(5, new Set())).toEqual({ clip: 5, alwaysClip: false });
    expect(clipping(5, new Set(["clip-hard"]))).toEqual({ clip: 1, alwaysClip: true });
    expect(frozenBy(new Set(["refiner-not-optimised"]))("gcn_refinement.gcn.layers.0.linear.weight")).toBe(true);
    expect(frozenBy(new Set())("gcn_refinement.gcn.layers.0.linear.weight")).toBe(false);
  });
});
