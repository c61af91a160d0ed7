import { describe, expect, it } from "vitest";
import { columnOf, edgesOf, gridOf, type Range, valueAt } from "../../../src/pages/runs/plot";
import { Numbers, Series } from "../../../src/pages/runs/series";

function curveOf(points: readonly (readonly [number, number])[], scale = 1) {
  const [x, series] = [new Numbers(), new Series()];
  for (const [at, value] of points) {
    x.push(at);
    series.push(value);
  }
  return { along: { x, scale }, series };
}

function draw(points: readonly (readonly [number, number])[], range: Range, columns: number, scale = 1) {
  const { along, series } = curveOf(points, scale);
  return columnOf(series, along, range, edgesOf(along, range, columns));
}

describe("a column", () => {
  it("has at most two points for each column of pixels and keeps a peak of one point", () => {
    const points = Array.from({ length: 100_000 }, (_, i) => [i + 1, i === 61_234 ? 9 : Math.sin(i / 500)] as const);
    const column = draw(points, [0, 100_000], 700);
    expect(column).toHaveLength(1402);
    expect(gridOf([0, 100_000], 700)).toHaveLength(1402);
    expect(Math.max(...column.map((value) => value ?? 0))).toBe(9);
    expect(gridOf([0, 100_000], 700)[column.indexOf(9)]).toBeGreaterThan(61_235 - 143);
    // A line of every 143rd point, as many as there are columns, misses it.
    expect(Math.max(...points.filter((_, i) => i % 143 === 0).map(([, value]) => value))).toBeLessThan(1.01);
  });

  it("has the extremes in the order in which they occur", () => {
    expect(
      draw(
        [
          [1, 5],
          [2, 1],
          [3, 3],
        ],
        [0, 10],
        1,
      ).slice(1, 3),
    ).toEqual([5, 1]);
    expect(
      draw(
        [
          [1, 1],
          [2, 5],
          [3, 3],
        ],
        [0, 10],
        1,
      ).slice(1, 3),
    ).toEqual([1, 5]);
  });

  it("is passed over where there is no point, and broken where there is a gap", () => {
    expect(
      draw(
        [
          [1, 5],
          [15, Number.NaN],
          [25, 7],
        ],
        [0, 40],
        4,
      ),
    ).toEqual([...[undefined, 5, undefined, null, undefined, 7, undefined, undefined, undefined, undefined]]);
  });

  it("meets the edges of a range where the line crosses them", () => {
    const points = [
      [0, 0],
      [10, 10],
      [20, 20],
      [30, 0],
    ] as const;
    const column = draw(points, [5, 25], 2);
    expect([column[0], column.at(-1)]).toEqual([5, 10]);
    expect(draw(points, [5, 40], 2).at(-1)).toBeUndefined();
  });

  it("takes in the point on its right edge, also of a scaled axis", () => {
    expect(
      draw(
        [
          [3, 1],
          [9, 2],
        ],
        [0, 3],
        3,
        1 / 3,
      ),
    ).toEqual([...[undefined, undefined, undefined, 1, undefined, 2, undefined, undefined]]);
  });
});

describe("valueAt", () => {
  it("is that of the last point at or before x", () => {
    const { series, along } = curveOf(
      [
        [3, 1],
        [6, Number.NaN],
        [9, 2],
      ],
      1 / 3,
    );
    expect([0.9, 1, 1.5, 2.5, 3, 99].map((x) => valueAt(series, along, x))).toEqual([
      ...[undefined, 1, 1, undefined, 2, 2],
    ]);
  });
});
