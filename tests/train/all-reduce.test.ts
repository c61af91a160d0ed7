import { expect, it, vi } from "vitest";
import type { ReadRange } from "../../src/gpu/staging";
import { ProcessGroup } from "../../src/ranks/group";
import { createGroup } from "../../src/ranks/group-memory";
import { AllReduce, bucketsOf } from "../../src/train/all-reduce";
import { testGpu } from "../helpers/gpu";

const BUCKETS = [24, 8];
const [FIRST, SECOND, SCALARS] = bucketsOf({ buckets: BUCKETS });

/** One all-reduce of zeros by a group of one rank, whose `reduceReady` says that as many are done, call by call; undefined: what is true. */
async function overlap(ready?: readonly number[]): Promise<number> {
  const gpu = await testGpu();
  const group = new ProcessGroup(
    0,
    createGroup({ worldSize: 1, microBatches: 2, buckets: bucketsOf({ buckets: BUCKETS }), tables: {} }),
  );
  const says = vi.spyOn(group, "reduceReady");
  for (const count of ready ?? []) says.mockReturnValueOnce(count);
  const range = (floats: number): ReadRange => ({
    buffer: gpu.device.createBuffer({ size: 4 * floats, usage: GPUBufferUsage.COPY_SRC }),
    ...{ offset: 0, sizeBytes: 4 * floats },
  });
  const accumulation = { sums: () => BUCKETS.map(range), writeMean: () => undefined };
  const runner = { scalarRange: (first: number, end: number) => range(SCALARS * (end - first)) };
  const reduce = await AllReduce.create(gpu, group, accumulation, runner, performance);
  reduce.submitted(1);
  const reduced = await reduce.run();
  reduce.destroy();
  expect(says).toHaveBeenCalledTimes(3);
  return reduced.overlap;
}

it("counts the floats that are reduced before the last bucket is read back", async () => {
  const all = FIRST + SECOND + SCALARS;
  expect(await overlap()).toBeCloseTo((FIRST + SECOND) / all, 12);
  expect(await overlap([1, 1, 3])).toBeCloseTo(FIRST / all, 12);
  expect(await overlap([0, 1, 3])).toBeCloseTo(FIRST / all, 12);
});

it("is 0 where other ranks were so late that all is reduced at the end", async () => {
  expect(await overlap([0, 0, 3])).toBe(0);
  expect(await overlap([0, 0, 0])).toBe(0);
});
