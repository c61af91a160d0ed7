import { expect, test } from "vitest";
import { DeviceLostError } from "../../src/gpu/errors";
import { Gpu } from "../../src/gpu/gpu";
import { Staging } from "../../src/gpu/staging";
import { testGpu } from "../helpers/gpu";

test("ranges as they were when the copy was submitted, again and again", async () => {
  const gpu = await testGpu();
  const before = gpu.memory.allocatedBytes;
  const [a, b] = await gpu.allocate(
    "test",
    [16, 8].map((sizeBytes) => ({ label: "x", sizeBytes })),
  );
  const staging = await Staging.create(gpu, [
    { buffer: a, offset: 4, sizeBytes: 8 },
    { buffer: b, offset: 0, sizeBytes: 8 },
  ]);
  for (let round = 0; round < 2; round++) {
    gpu.write(a, 0, Float32Array.of(1, 2 + round, 3, 4));
    gpu.write(b, 0, Float32Array.of(5, 6));
    staging.copy();
    gpu.write(a, 0, Float32Array.of(9, 9, 9, 9));
    expect([...(await staging.map(1))]).toEqual([5, 6]);
    expect([...(await staging.map(0))]).toEqual([2 + round, 3]);
    await expect(staging.map(0)).rejects.toThrow("read-back: range 0 of 2: is mapped already");
    expect(() => staging.copy()).toThrow("range 1 of 2 is still mapped, expected none; unmap it first");
    for (const i of [0, 1, 1]) staging.unmap(i);
  }
  await expect(staging.map(2)).rejects.toThrow("read-back: range 2 of 2: expected 0 to 1");
  staging.destroy();
  gpu.release([a, b]);
  expect(gpu.memory.allocatedBytes).toBe(before);
});

test("numbers in shared memory are written as any others", async () => {
  const gpu = await testGpu();
  const [buffer] = await gpu.allocate("test", [{ label: "x", sizeBytes: 16 }]);
  const shared = new Float32Array(new SharedArrayBuffer(32), 8, 3);
  shared.set([1, 2, 3]);
  gpu.write(buffer, 4, shared);
  const [bytes] = await gpu.read([{ buffer, offset: 0, sizeBytes: 16 }]);
  expect([...new Float32Array(bytes)]).toEqual([0, 1, 2, 3]);
  gpu.release([buffer]);
});

test("a lost device is what is said, before and during a read-back", async () => {
  await testGpu();
  const gpu = await Gpu.request(navigator.gpu);
  const [buffer] = await gpu.allocate("test", [{ label: "x", sizeBytes: 16 }]);
  const staging = await Staging.create(gpu, [{ buffer, offset: 0, sizeBytes: 16 }]);
  staging.copy();
  const pending = staging.map(0);
  gpu.destroy();
  await expect(pending).rejects.toThrow(DeviceLostError);
  expect(() => staging.copy()).toThrow("read-back: the GPU device was lost");
  await expect(staging.map(0)).rejects.toThrow(DeviceLostError);
});
