import { describe, expect, it } from "vitest";
import { Series, Smoothed } from "../../../src/pages/runs/series";

/** The same numbers every time, with gaps and two peaks that no neighbour comes near. */
function noise(count: number): number[] {
  let state = 12345;
  return Array.from({ length: count }, (_, i) => {
    state = (1103515245 * state + 12345) % 2 ** 31;
    if (i === 7001) return 1e6;
    if (i === 7002) return -1e6;
    return i % 97 === 13 ? Number.NaN : state / 2 ** 31;
  });
}

function seriesOf(values: readonly number[]): Series {
  const series = new Series();
  for (const value of values) series.push(value);
  return series;
}

describe("extremes", () => {
  const values = noise(70_000);
  const series = seriesOf(values);

  it("are those of a look at every value, over every kind of stretch", () => {
    const slow = (from: number, to: number): [number, number] | undefined => {
      let found: [number, number] | undefined;
      for (let i = from; i < to; i++) {
        if (Number.isNaN(values[i])) continue;
        found ??= [i, i];
        if (values[i] < values[found[0]]) found[0] = i;
        if (values[i] > values[found[1]]) found[1] = i;
      }
      return found;
    };
    const stretches = [
      ...[
        [0, 70_000],
        [0, 65_536],
        [1, 65_537],
        [4096, 8192],
        [15, 17],
        [16, 32],
        [13, 14],
        [69_999, 70_000],
        [5, 5],
      ],
      ...Array.from({ length: 300 }, (_, i) => [(i * 7919) % 60_000, ((i * 7919) % 60_000) + ((i * i * 31) % 10_000)]),
    ];
    for (const [from, to] of stretches) expect(series.extremes(from, to), `${from} to ${to}`).toEqual(slow(from, to));
  });

  it("hold peaks of one point, which every tenth point would not", () => {
    const isPeakKept = (points: readonly number[]): boolean => points.includes(1e6) && points.includes(-1e6);
    const columns = Array.from({ length: 700 }, (_, i) => series.extremes(100 * i, 100 * i + 100)!);
    expect(isPeakKept(columns.flat().map((i) => values[i]))).toBe(true);
    expect(isPeakKept(values.filter((_, i) => i % 10 === 0))).toBe(false);
  });

  it("of gaps alone are none", () => {
    expect(seriesOf([Number.NaN, Number.NaN]).extremes(0, 2)).toBeUndefined();
  });
});

describe("lowerBound", () => {
  it("is the first number that is not less", () => {
    const series = seriesOf([1, 2, 2, 5]);
    expect([0, 1, 2, 3, 5, 6].map((value) => series.lowerBound(value))).toEqual([0, 0, 1, 3, 3, 4]);
  });
});

describe("Smoothed", () => {
  const smooth = (values: readonly number[], weight: number): number[] => {
    const series = new Smoothed(seriesOf(values), weight).update();
    return values.map((_, i) => series.at(i));
  };

  it("starts at the first value, keeps gaps, and changes nothing with weight 0", () => {
    expect(smooth([3, Number.NaN, 3, 3], 0.9)).toEqual([
      expect.closeTo(3),
      Number.NaN,
      expect.closeTo(3),
      expect.closeTo(3),
    ]);
    expect(smooth([1, 5, 2], 0)).toEqual([1, 5, 2]);
    // (0.5 * 0.5 * 1 + 0.5 * 4) / (1 - 0.25)
    expect(smooth([1, 4], 0.5)[1]).toBeCloseTo(3, 12);
  });

  it("goes on where it was when the raw series grows", () => {
    const raw = seriesOf([1, 4]);
    const smoothed = new Smoothed(raw, 0.5);
    smoothed.update();
    raw.push(9);
    expect(smoothed.update().at(2)).toBe(smooth([1, 4, 9], 0.5)[2]);
  });
});
