import { describe, expect, it } from "vitest";
import { Plan } from "../../src/autograd/plan";
import { Tape } from "../../src/autograd/tape";
import * as F from "../../src/ops";
import { chooseClock, median, middleRepeat, quantumNs, rowsOf, timePlan } from "../../src/train/profile";
import { testGpu } from "../helpers/gpu";

describe("quantumNs", () => {
  it("finds the quantum that a browser blurs its timestamps to", () => {
    const ticks = [0, 3, 3, 7, 8, 20, 21];
    for (const quantum of [65_536, 100_000]) expect(quantumNs(ticks.map((tick) => tick * quantum))).toBe(quantum);
    expect(quantumNs(ticks.map((tick) => 12_345_678 + tick * 100_000))).toBe(100_000);
  });

  it("takes a fine clock as it is, also one of 80 ns or a few ticks alone", () => {
    expect(quantumNs([0, 1_041, 5_208, 9_375, 31_250])).toBeUndefined();
    expect(quantumNs([0, 65_536, 131_072, 200_000, 262_144])).toBeUndefined();
    expect(quantumNs([0, 80, 240, 400, 8_000])).toBeUndefined();
    expect(quantumNs([0, 100_000])).toBeUndefined();
  });

  it("refuses a clock that never moves", () => {
    expect(quantumNs([5, 5, 5, 5, 5, 5])).toBe(Number.POSITIVE_INFINITY);
  });
});

it("takes the middle, or the mean of the two in the middle", () => {
  expect([median([3, 1, 2]), median([4, 1, 2, 3]), median([])]).toEqual([2, 2.5, Number.NaN]);
});

it("draws the repeat of middle length", () => {
  const repeats = [5, 1, 3].map((endMs) => [{ startMs: 0, endMs }]);
  expect(middleRepeat(repeats)).toBe(repeats[2]);
  expect(middleRepeat(repeats.slice(0, 2))).toBe(repeats[1]);
  expect(middleRepeat([])).toEqual([]);
});

describe("timePlan", () => {
  it("times every dispatch by repetition as well, counts only active repeats, and says what each dispatch binds", async () => {
    const gpu = await testGpu();
    const tape = new Tape("profiled");
    const y = tape.scoped("block", () => F.gelu(F.scale(tape.input("x", [4, 100]), 2)));
    const plan = await Plan.compile(gpu, tape);
    const clock = await chooseClock(gpu, plan.steps);
    expect(clock.note === undefined).toBe(clock.name === "timestamp-query");
    for (const each of [clock, { name: "repetition" } as const]) {
      const done: number[] = [];
      const progress = (count: number): number => done.push(count);
      const { times, spans } = await timePlan(gpu, plan.steps, each, 3, { warmUp: 2, progress });
      expect(times.map((row) => row.length)).toEqual([3, 3]);
      expect(times.flat().every((ms) => ms >= 0 && ms < 1000)).toBe(true);
      expect(done).toEqual([1, 2, 3, 4, 5]);
      if (each.name === "repetition") expect(spans).toEqual([]);
      else {
        // One of the repeats that were timed, as it ran.
        for (const [k, { startMs, endMs }] of spans.entries())
          expect(times[k].some((ms) => Math.abs(ms - (endMs - startMs)) < 1e-9)).toBe(true);
        expect(spans[0].startMs).toBe(0);
        expect(spans[1].startMs).toBeGreaterThan(0);
      }
    }
    const shaders: string[] = [];
    const [scale, gelu] = rowsOf(
      plan,
      {
        times: [[3, 1, 2], []],
        spans: [
          { startMs: 0, endMs: 2 },
          { startMs: 4, endMs: 3 },
        ],
      },
      shaders,
      10,
    );
    // The end of the second was told before its beginning.
    expect([scale.span, gelu.span]).toEqual([{ startMs: 10, endMs: 12 }, undefined]);
    expect([scale.ms, scale.minMs, scale.maxMs, scale.timings]).toEqual([2, 1, 3, 3]);
    expect([gelu.ms, gelu.timings]).toEqual([Number.NaN, 0]);
    expect(scale.bytes).toBe(2 * 4 * 400);
    expect(scale.bindings.map(({ name, tensor, access }) => [name, tensor, access])).toEqual([
      ["x", "x", "read"],
      ["y", "block.scale", "read_write"],
    ]);
    expect(shaders[gelu.shader]).toContain(`fn ${gelu.entryPoint}(`);
    expect(y.name).toBe(gelu.bindings.find(({ access }) => access === "read_write")?.tensor);
    const { slots, placements } = plan.memory;
    expect(placements.map(({ tensor, first, last, isKept }) => [tensor.name, first, last, isKept])).toEqual([
      ["x", 0, 0, true],
      ["block.scale", 0, 1, false],
      [y.name, 1, 1, false],
    ]);
    expect(slots.reduce((sum, bytes) => sum + bytes, 0)).toBe(plan.stats.activationBytes);
    plan.destroy();
  });

  it("ends after the repeat at hand when it is cancelled", async () => {
    const gpu = await testGpu();
    const tape = new Tape("cancelled");
    F.scale(tape.input("x", [64]), 2);
    const plan = await Plan.compile(gpu, tape);
    const cancel = new AbortController();
    const progress = (done: number): void => void (done === 2 && cancel.abort(new Error("enough")));
    const timed = timePlan(gpu, plan.steps, { name: "repetition" }, 50, { signal: cancel.signal, progress });
    await expect(timed).rejects.toThrow("enough");
    plan.destroy();
  });
});
