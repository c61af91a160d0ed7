import { expect, test } from "vitest";
import { createGroup, type GroupMemory } from "../../src/ranks/group-memory";
import { MeanReduction, meanOfSum, sumLeaves } from "../../src/ranks/mean-reduction";
import { microBatchesOf, reductionTree } from "../../src/ranks/reduction-tree";
import { digest, MEAN_DIGESTS, sumsOf, valuesOf } from "../helpers/group-job";

const flush = (x: number): number => (Math.abs(x) < 2 ** -126 ? 0 : x);

/** The tree as the docstring says it: neighbours, then pairs; denormals and the sign of zero are lost in every addition. */
function naive(leaves: readonly Float32Array[]): Float32Array {
  if (leaves.length === 1) return leaves[0];
  const above: Float32Array[] = [];
  for (let i = 0; i < leaves.length; i += 2)
    above.push(leaves[i].map((x, j) => flush(Math.fround(flush(x) + flush(leaves[i + 1][j])))));
  return naive(above);
}

const naiveMean = (leaves: readonly Float32Array[]): Float32Array =>
  leaves.length === 1
    ? leaves[0]
    : naive(leaves).map((x) => (Math.abs(x) / leaves.length < 2 ** -126 ? 0 : x / leaves.length));

/** The mean of buckets by all ranks in turn, in this thread. */
function meanOf(memory: GroupMemory, step: number): readonly Float32Array[] {
  const ranks = Array.from({ length: memory.worldSize }, (_, rank) => new MeanReduction(rank, memory));
  for (const rank of ranks)
    for (const [i, subtree] of rank.own.entries())
      for (const [bucket, sum] of sumsOf(step, subtree, memory.buckets).entries()) rank.add(bucket, i, sum);
  const published = digest(ranks[0].slots.flat());
  for (const rank of ranks) for (const bucket of memory.buckets.keys()) rank.reduce(bucket);
  expect(digest(ranks[0].slots.flat())).toBe(published);
  return ranks[0].means;
}

const shape = (worldSize: number, microBatches: number) =>
  createGroup({ worldSize, microBatches, buckets: [37, 101], tables: {} });

test("every share is contiguous, all of them make the whole, sizes differ by one at most", () => {
  for (let worldSize = 1; worldSize <= 9; worldSize++) {
    for (let count = worldSize; count <= 20; count++) {
      const shares = Array.from({ length: worldSize }, (_, rank) => microBatchesOf(rank, worldSize, count));
      expect(shares[0].first).toBe(0);
      expect(shares.at(-1)?.end).toBe(count);
      for (let rank = 1; rank < worldSize; rank++) expect(shares[rank].first).toBe(shares[rank - 1].end);
      const sizes = shares.map(({ first, end }) => end - first);
      expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
    }
  }
});

test("1, 2 and 4 ranks of 4 micro-batches need one slot each, three ranks three", () => {
  expect([1, 2, 3, 4].map((ranks) => reductionTree(ranks, 4).subtrees.length)).toEqual([1, 2, 3, 4]);
  expect(reductionTree(4, 4).additions).toEqual([
    [0, 1],
    [2, 3],
    [0, 2],
  ]);
});

test("the bits are those of the naive tree for every number of ranks and micro-batches", () => {
  for (const count of [1, 2, 4, 8, 16]) {
    for (let worldSize = 1; worldSize <= Math.min(count, 9); worldSize++) {
      const memory = shape(worldSize, count);
      for (let step = 0; step < 2; step++) {
        const expected = memory.buckets.map((floats, bucket) => {
          const leaves = Array.from({ length: count }, (_, m) => valuesOf(step, m, bucket, floats));
          expect(digest([meanOfSum(sumLeaves(leaves), count)])).toBe(digest([naiveMean(leaves)]));
          return naiveMean(leaves);
        });
        expect(digest(meanOf(memory, step)), `${worldSize} ranks, ${count} micro-batches`).toBe(digest(expected));
      }
    }
  }
});

test("another order of the additions has other bits, so the equality above says something", () => {
  const leaves = Array.from({ length: 8 }, (_, m) => valuesOf(0, m, 0, 101));
  const running = leaves.reduce((sum, x) => sum.map((s, i) => Math.fround(s + x[i])));
  expect(digest([running])).not.toBe(digest([naive(leaves)]));
});

test("the error stays within the stated bound", () => {
  for (const count of [2, 4, 8, 16]) {
    const [mean] = meanOf(createGroup({ worldSize: 2, microBatches: count, buckets: [500], tables: {} }), 7);
    const leaves = Array.from({ length: count }, (_, m) => valuesOf(7, m, 0, 500));
    const terms = Math.log2(count) * 2 ** -24;
    for (let i = 0; i < 500; i++) {
      const column = leaves.map((leaf) => leaf[i]);
      const exact = column.reduce((sum, x) => sum + x, 0) / count;
      const size = column.reduce((sum, x) => sum + Math.abs(x), 0) / count;
      expect(Math.abs(mean[i] - exact)).toBeLessThanOrEqual((terms / (1 - terms)) * size + 2 ** -125);
    }
  }
});

test("a NaN or an infinity in one micro-batch is in the mean", () => {
  for (const poison of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
    for (const worldSize of [1, 2, 3, 4]) {
      const memory = createGroup({ worldSize, microBatches: 4, buckets: [5], tables: {} });
      const ranks = Array.from({ length: worldSize }, (_, rank) => new MeanReduction(rank, memory));
      const leafOf = (m: number) => Float32Array.of(1, 2, m === 2 ? poison : 3, 4, 5);
      for (const rank of ranks)
        for (const [i, { first, end }] of rank.own.entries())
          rank.add(0, i, sumLeaves(Array.from({ length: end - first }, (_, leaf) => leafOf(first + leaf))));
      for (const rank of ranks) rank.reduce(0);
      expect([...ranks[0].means[0]]).toEqual([1, 2, poison, 4, 5]);
    }
  }
});

test("a mean is cut off where it falls below the smallest normal number, before any rounding", () => {
  const least = 2 ** -126;
  // The last sum below 4 * least would round up to least.
  const sums = Float32Array.of(4 * least, 4 * least * (1 - 2 ** -24), -4 * least, -3 * least, -0, 2 ** -149, 3e38);
  expect(meanOfSum(sums, 4)).toEqual(Float32Array.of(least, 0, -least, 0, 0, 0, Math.fround(3e38) / 4));
  expect(meanOfSum(sums, 1)).toEqual(sums);
  expect(sumLeaves([sums, sums.map((x) => -x)])).toEqual(new Float32Array(7));
  expect(sumLeaves([sums])).toEqual(sums);
  // The operands are normal, their sum is not; and denormals that would add up to a normal number are lost.
  expect(sumLeaves([Float32Array.of(1.5 * least, least / 2), Float32Array.of(-least, least / 2)])).toEqual(
    new Float32Array(2),
  );
  expect(() => sumLeaves([sums, sums, sums])).toThrow("sum of 3 leaves, expected a power of two as in a whole subtree");
  expect(() => sumLeaves([sums, sums.subarray(1)])).toThrow("leaf 1 has 6 numbers, expected 7 as leaf 0");
});

test("what does not fit is refused with a sentence", () => {
  expect(() => shape(4, 3)).toThrow("4 ranks share 3 micro-batches, expected at least one for each");
  expect(() => shape(0, 3)).toThrow("0 ranks, expected 1 or more");
  expect(() => createGroup({ worldSize: 1, microBatches: 1, buckets: [0], tables: {} })).toThrow(
    "a bucket of 0 floats",
  );
  expect(() => shape(3, 6)).toThrow("6 micro-batches a step, expected a power of two (1, 2, 4, 8), so that the mean");
  const rank = new MeanReduction(1, shape(3, 8));
  expect(() => rank.add(0, 1, new Float32Array(37))).toThrow(
    "subtree 1 of bucket 0 was published, expected 0 of 0 to 1 in order",
  );
  expect(() => rank.add(0, 0, new Float32Array(36))).toThrow(
    "bucket 0 of subtree 0 has 36 numbers, expected 37 as laid out",
  );
  expect(() => rank.add(2, 0, new Float32Array(36))).toThrow("bucket 2 was published, expected 0 to 1");
});

test("the bits of three steps, which the browser's test expects too", () => {
  const memory = createGroup({ worldSize: 1, microBatches: 4, buckets: [67, 5, 130], tables: {} });
  expect([0, 1, 2].map((step) => digest(meanOf(memory, step)))).toEqual(MEAN_DIGESTS);
});
