import { expect, it } from "vitest";
import { random } from "../../src/data/random";
import { bestAssignment } from "../../src/train/probes/assignment";

const permutations = (n: number): number[][] =>
  n === 0
    ? [[]]
    : permutations(n - 1).flatMap((rest) =>
        Array.from({ length: n }, (_, at) => [...rest.slice(0, at), n - 1, ...rest.slice(at)]),
      );

const total = (cost: readonly number[], order: readonly number[]): number =>
  order.reduce((sum, column, row) => sum + cost[row * order.length + column], 0);

it("the best assignment costs as little as the best of all permutations", () => {
  const generator = random(7, "assignment", 0, "");
  for (let trial = 0; trial < 40; trial++) {
    const n = 1 + (trial % 6);
    const cost = Array.from({ length: n * n }, () => generator.uniform() * (trial % 3 === 0 ? 0.01 : 50));
    const best = Math.min(...permutations(n).map((order) => total(cost, order)));
    const found = bestAssignment(cost, n);
    expect([...found].sort((a, b) => a - b)).toEqual(Array.from({ length: n }, (_, i) => i));
    expect(total(cost, found)).toBeCloseTo(best, 9);
  }
});

it("a permutation of 21 points is found again", () => {
  const order = Array.from({ length: 21 }, (_, i) => (8 * i + 5) % 21);
  const points = Array.from({ length: 21 }, (_, i) => [Math.sin(i), Math.cos(3 * i), 0.1 * i]);
  const cost = points.flatMap((p) => points.map((_, j) => Math.hypot(...p.map((x, c) => x - points[order[j]][c]))));
  expect(bestAssignment(cost, 21).map((j) => order[j])).toEqual(points.map((_, i) => i));
});

it("a cost that is not finite, or no square, is an error", () => {
  expect(() => bestAssignment([Number.NaN], 1)).toThrow("not finite");
  expect(() => bestAssignment([1, 2], 2)).toThrow("expected 2 x 2");
});
