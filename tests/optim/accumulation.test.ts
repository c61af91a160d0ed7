import { describe, expect, it } from "vitest";
import { Staging } from "../../src/gpu/staging";
import { Module } from "../../src/nn/module";
import { Parameter } from "../../src/nn/parameter";
import { ParameterStore } from "../../src/nn/parameter-store";
import { Accumulation } from "../../src/optim/accumulation";
import { meanOfSum, sumLeaves } from "../../src/ranks/mean-reduction";
import { reductionTree } from "../../src/ranks/reduction-tree";
import { pseudoRandom } from "../helpers/check-op";
import { testGpu } from "../helpers/gpu";

class Small extends Module {
  readonly weight = new Parameter([700], { kind: "zeros" });
  readonly running = new Parameter([130], { kind: "zeros" }, { trainable: false });
}

const LEAST = 2 ** -126;
/** Numbers at which adapters differ from each other and from a host. */
const EDGES = [
  ...[0, -0, 2 ** -149, -(2 ** -149), 2 ** -127, LEAST, -LEAST, 1.5 * LEAST, 3 * LEAST, 4 * LEAST * (1 - 2 ** -24)],
  ...[2 ** -124, 2 ** -120, 1, -1, 1 + 2 ** -23, 2 ** 24, 3e38, -3e38, Number.MAX_VALUE, -Number.MAX_VALUE, Number.NaN],
];

/** Any pair of edges meets somewhere; the rest are ordinary numbers of many sizes. */
function leafOf(m: number, floats: number): Float32Array<ArrayBuffer> {
  const random = pseudoRandom(2 * floats, 31 * m + floats);
  return Float32Array.from({ length: floats }, (_, i) => {
    if (i % 4 === 3) return random[i] * 2 ** Math.floor(40 * random[floats + i]);
    const pick = Math.floor(((random[i] + 1) / 2) * EDGES.length);
    return i % 4 === 0 ? EDGES[(i / 4 + m * pick) % EDGES.length] : EDGES[Math.min(pick, EDGES.length - 1)];
  });
}

/** The bits, all NaNs as one. */
const bitsOf = (x: Float32Array): number[] =>
  Array.from(new Uint32Array(x.slice().buffer), (bits, i) => (Number.isNaN(x[i]) ? 0x7fc00000 : bits));

const makeStore = async (): Promise<ParameterStore> => ParameterStore.create(await testGpu(), new Small());

const sizesOf = (store: ParameterStore): number[] => store.buckets.map(({ floats }) => floats);

/** What a plan of micro-batch m leaves: gradients, and a state that follows from the one it found. */
function runMicroBatch({ gpu, buckets }: ParameterStore, m: number): void {
  for (const { gradients, values, floats } of buckets) gpu.write(gradients ?? values, 0, leafOf(m, floats));
}

const readFlats = async ({ gpu, buckets }: ParameterStore): Promise<Float32Array[]> =>
  (await gpu.read(buckets.map((b) => ({ buffer: b.gradients ?? b.values, offset: 0, sizeBytes: 4 * b.floats })))).map(
    (bytes) => new Float32Array(bytes),
  );

const leavesOf = (first: number, end: number, floats: number): Float32Array[] =>
  Array.from({ length: end - first }, (_, i) => leafOf(first + i, floats));

describe("Accumulation", () => {
  it.each([1, 2, 4, 8])("%i micro-batches of one rank: the host's mean, bit for bit", async (microBatches) => {
    const store = await makeStore();
    const accumulation = await Accumulation.create(store.gpu, store, microBatches, [{ first: 0, end: microBatches }]);
    expect(accumulation.levels).toBe(Math.log2(microBatches));
    for (let step = 0; step < 2; step++) {
      accumulation.begin();
      for (let m = 0; m < microBatches; m++) {
        accumulation.beforeMicroBatch();
        runMicroBatch(store, m);
        accumulation.add(m);
      }
      accumulation.finish();
      for (const [i, mean] of (await readFlats(store)).entries()) {
        const expected = meanOfSum(sumLeaves(leavesOf(0, microBatches, mean.length)), microBatches);
        expect(bitsOf(mean)).toEqual(bitsOf(expected));
        expect(mean.length).toBe(accumulation.buckets[i]);
      }
    }
    accumulation.destroy();
    store.destroy();
  });

  it("every share of 2, 4 and 8 micro-batches on 1 to 4 ranks: the host's sums, read at the end", async () => {
    const store = await makeStore();
    const before = store.gpu.memory.allocatedBytes;
    const accumulation = await Accumulation.create(store.gpu, store, 8, [{ first: 0, end: 8 }]);
    const levels: number[] = [];
    for (const ranks of [2, 3, 4]) {
      for (let rank = 0; rank < ranks; rank++) {
        const subtrees = reductionTree(ranks, 8).subtrees.filter((each) => each.rank === rank);
        await accumulation.rebuild(subtrees);
        levels.push(accumulation.levels);
        await expectSums(accumulation, store, subtrees);
      }
    }
    expect(levels).toEqual([2, 2, 1, 1, 2, 1, 1, 1, 1]);
    accumulation.destroy();
    expect(store.gpu.memory.allocatedBytes).toBe(before);
    const shapes = { 2: [2], 4: [2, 3, 4] };
    for (const [microBatches, ranks] of [2, 4].flatMap((m) => shapes[m as 2 | 4].map((n) => [m, n]))) {
      for (let rank = 0; rank < ranks; rank++) {
        const subtrees = reductionTree(ranks, microBatches).subtrees.filter((each) => each.rank === rank);
        const share = await Accumulation.create(store.gpu, store, microBatches, subtrees);
        await expectSums(share, store, subtrees);
        share.destroy();
      }
    }
    store.destroy();
  });

  it("every micro-batch begins from the step's state, and means come back in pieces", async () => {
    const store = await makeStore();
    const { gpu } = store;
    const [, state] = store.buckets;
    const readState = async () =>
      new Float32Array((await gpu.read([{ buffer: state.values, offset: 0, sizeBytes: 8 }]))[0]);
    const accumulation = await Accumulation.create(gpu, store, 2, [{ first: 1, end: 2 }]);
    gpu.write(state.values, 0, Float32Array.of(5, 6));
    accumulation.begin();
    runMicroBatch(store, 1);
    accumulation.add(1);
    accumulation.beforeMicroBatch();
    expect([...(await readState())]).toEqual([5, 6]);
    const shared = new Float32Array(new SharedArrayBuffer(4 * state.floats)).fill(7);
    accumulation.writeMean(1, shared);
    expect([...(await readState())]).toEqual([7, 7]);
    expect(() => accumulation.writeMean(0, shared)).toThrow("accumulation: bucket 0 of 192 floats, expected 704");
    expect(() => accumulation.writeMean(2, shared)).toThrow("bucket 2 of 192 floats, expected none such");
    accumulation.destroy();
    store.destroy();
  });

  it.each([1, 2])("%i micro-batches: the state of a refused step is taken back", async (microBatches) => {
    const store = await makeStore();
    const [, { values }] = store.buckets;
    const accumulation = await Accumulation.create(store.gpu, store, microBatches, [{ first: 0, end: microBatches }]);
    store.gpu.write(values, 0, Float32Array.of(5, 6));
    accumulation.begin();
    for (let m = 0; m < microBatches; m++) {
      accumulation.beforeMicroBatch();
      store.gpu.write(values, 0, Float32Array.of(Number.NaN, 7));
      accumulation.add(m);
    }
    accumulation.finish();
    accumulation.beforeMicroBatch();
    const [bytes] = await store.gpu.read([{ buffer: values, offset: 0, sizeBytes: 8 }]);
    expect([...new Float32Array(bytes)]).toEqual([5, 6]);
    accumulation.destroy();
    store.destroy();
  });

  it("large buckets are cut into pieces of about 4 MiB", async () => {
    class Large extends Module {
      readonly weight = new Parameter([2_200_000], { kind: "zeros" });
    }
    const store = await ParameterStore.create(await testGpu(), new Large());
    const accumulation = await Accumulation.create(store.gpu, store, 1, [{ first: 0, end: 1 }]);
    expect(accumulation.buckets).toEqual([733_376, 733_376, 733_248]);
    expect(accumulation.sums(0).map(({ offset }) => offset)).toEqual([0, 4 * 733_376, 8 * 733_376]);
    accumulation.destroy();
    store.destroy();
  });

  it("refuses what is no whole subtree, and micro-batches out of order", async () => {
    const store = await makeStore();
    const create = (microBatches: number, ...shares: [number, number][]) =>
      Accumulation.create(
        store.gpu,
        store,
        microBatches,
        shares.map(([first, end]) => ({ first, end })),
      );
    await expect(create(3, [0, 3])).rejects.toThrow("accumulation: 3 micro-batches, expected a power of two");
    await expect(create(4, [1, 3])).rejects.toThrow("micro-batches 1 to 2 of 4 are no next whole subtree");
    await expect(create(4, [0, 2], [3, 4])).rejects.toThrow("micro-batches 3 to 3 of 4 are no next whole subtree");
    await expect(create(4)).rejects.toThrow("accumulation: a rank without micro-batches");
    const accumulation = await create(4, [2, 4]);
    expect(() => accumulation.add(3)).toThrow("micro-batch 3 was added, expected 2 of 2 to 3");
    expect(() => accumulation.finish()).toThrow("accumulation: micro-batches 2 to 3 were not added yet");
    for (const m of [2, 3]) accumulation.add(m);
    expect(() => accumulation.finish()).toThrow("the mean over 4 micro-batches of a rank that has 2 to 3");
    const whole = await create(4, [0, 4]);
    expect(() => whole.sums(0)).toThrow("accumulation: one rank has no sums but means");
    for (const each of [accumulation, whole, store]) each.destroy();
  });
});

async function expectSums(
  accumulation: Accumulation,
  store: ParameterStore,
  subtrees: readonly { first: number; end: number }[],
): Promise<void> {
  expect(accumulation.buckets).toEqual(sizesOf(store));
  const stagings = await Promise.all(subtrees.map((_, i) => Staging.create(store.gpu, accumulation.sums(i))));
  accumulation.begin();
  for (let m = subtrees[0].first; m < subtrees.at(-1)!.end; m++) {
    accumulation.beforeMicroBatch();
    runMicroBatch(store, m);
    accumulation.add(m);
  }
  for (const [i, staging] of stagings.entries()) {
    staging.copy();
    for (const [bucket, floats] of accumulation.buckets.entries()) {
      const { first, end } = subtrees[i];
      expect(bitsOf(await staging.map(bucket))).toEqual(bitsOf(sumLeaves(leavesOf(first, end, floats))));
      staging.unmap(bucket);
    }
    staging.destroy();
  }
}
