import { expect, test } from "vitest";
import { testGpu } from "../helpers/gpu";

test("ranges are read in pieces of a few bytes as in one", async () => {
  const gpu = await testGpu();
  const sizes = [16, 40];
  const [a, b] = await gpu.allocate(
    "test",
    sizes.map((sizeBytes) => ({ label: "x", sizeBytes })),
  );
  gpu.write(a, 0, Float32Array.of(1, 2, 3, 4));
  gpu.write(
    b,
    0,
    Float32Array.from({ length: 10 }, (_, i) => 10 + i),
  );
  const ranges = [
    { buffer: a, offset: 4, sizeBytes: 8 },
    { buffer: b, offset: 0, sizeBytes: 40 },
    { buffer: a, offset: 0, sizeBytes: 4 },
  ];
  const whole = await gpu.read(ranges);
  const before = gpu.memory.allocatedBytes;
  for (const pieceBytes of [4, 12, 16, 52, 1000]) {
    expect(await gpu.readInPieces(ranges, pieceBytes)).toEqual(whole);
  }
  expect(await gpu.readInPieces([])).toEqual([]);
  expect(gpu.memory.allocatedBytes).toBe(before);
  gpu.release([a, b]);
});
