import { describe, expect, it } from "vitest";
import { type Column, readHistory, smooth, thin } from "../../src/pages/history";
import { evaluationRecord, stepRecord } from "../helpers/scripted-rank";

describe("thin", () => {
  it("leaves short lines alone", () => {
    expect(
      thin(
        [
          [1, 2, 3],
          [4, null, 6],
        ],
        2,
      ),
    ).toEqual([
      [1, 2, 3],
      [4, null, 6],
    ]);
  });

  it("keeps both extremes of every bucket, in their order, and at most two points per column", () => {
    const x = Array.from({ length: 10_000 }, (_, i) => i);
    const y: Column = x.map((i) => Math.sin(i));
    y[5_003] = 100;
    y[5_004] = -100;
    const [thinX, thinY] = thin([x, y], 50);
    expect(thinX).toHaveLength(100);
    expect(thinY).toHaveLength(100);
    expect([...thinX].sort((a, b) => a - b)).toEqual(thinX);
    expect(thinY.indexOf(100)).toBe(thinY.indexOf(-100) - 1);
    const empty = thin([x, x.map(() => null)], 50);
    expect(empty[1]).toEqual(new Array(100).fill(null));
  });
});

describe("smooth", () => {
  it("starts at the first value, keeps gaps, and changes nothing with weight 0", () => {
    expect(smooth([3, null, 3, 3], 0.9)).toEqual([expect.closeTo(3), null, expect.closeTo(3), expect.closeTo(3)]);
    expect(smooth([1, 5, 2], 0)).toEqual([1, 5, 2]);
    // (0.5 * 0.5 * 1 + 0.5 * 4) / (1 - 0.25)
    expect(smooth([1, 4], 0.5)[1]).toBeCloseTo(3, 12);
  });
});

describe("readHistory", () => {
  const lines = [stepRecord(1), stepRecord(2), evaluationRecord(2), stepRecord(3)].map((record) =>
    JSON.stringify(record),
  );

  it("takes the records up to the checkpoint", () => {
    const history = readHistory(`${lines.join("\n")}\n`, 2);
    expect(history.steps.map(({ step }) => step)).toEqual([1, 2]);
    expect(history.evaluations).toHaveLength(1);
    expect(history.throughput()?.samplesPerSecond).toBeCloseTo(16_000 / (stepRecord(1).ms + stepRecord(2).ms), 9);
  });

  it("names the broken line", () => {
    expect(() => readHistory(`${lines[0]}\n{"step":`, 9)).toThrow(/line 2/);
  });
});
