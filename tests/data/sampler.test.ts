import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { numpyShuffle } from "../../src/data/numpy-random";
import { epochOrder } from "../../src/data/sampler";

interface Row {
  readonly n: number;
  readonly seed: number;
  readonly epoch: number;
  readonly order?: number[];
  readonly first?: number[];
  readonly last?: number[];
  readonly digest: number;
}

// Written by make-sampler.py; public/torch/tests/test_sampler.py holds the Python twin to the same file.
const golden = JSON.parse(readFileSync("tests/data/fixtures/sampler.json", "utf8")) as Record<
  "permutation" | "numpyShuffle",
  Row[]
>;

/** Sum of (place + 1) * value modulo 2^32. */
const digest = (order: Uint32Array): number =>
  order.reduce((sum, value, place) => (sum + Math.imul(place + 1, value)) >>> 0, 0);

function expectRow(order: Uint32Array, { n, order: whole, first, last, digest: sum }: Row): void {
  expect(order).toHaveLength(n);
  expect([...order.subarray(0, 12)]).toEqual((whole ?? first)!.slice(0, 12));
  expect([...order.subarray(Math.max(0, n - 12))]).toEqual((whole ?? last)!.slice(-12));
  expect(digest(order)).toBe(sum);
}

describe("the golden file of both languages", () => {
  test.each(golden.permutation)("an epoch's order: $n samples, seed $seed, epoch $epoch", (row) => {
    expectRow(epochOrder(row.n, row.seed, row.epoch), row);
  });

  test.each(golden.numpyShuffle)("NumPy's shuffle: $n places, seed $seed", (row) => {
    expectRow(numpyShuffle(row.n, row.seed), row);
  });
});

test("refusals", () => {
  expect(() => numpyShuffle(2.5, 0)).toThrow("the number of indices is 2.5");
  expect(() => numpyShuffle(2, -1)).toThrow("the seed is -1");
});
