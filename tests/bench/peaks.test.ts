import { expect, it } from "vitest";
import shader from "../../shaders/probe-fma.wgsl?raw";
import { Plan } from "../../src/autograd/plan";
import { Tape } from "../../src/autograd/tape";
import { FLOPS_PER_ROUND, measurePeaks, recordFma, recordTriad } from "../../src/bench/peaks";
import { testGpu } from "../helpers/gpu";

it("counts the operations that the shader's round has, and each thread does", async () => {
  expect(FLOPS_PER_ROUND).toBe([...shader.matchAll(/= fma\(/g)].length * 4 * 2);
  const gpu = await testGpu();
  const tape = new Tape("probe");
  const y = recordFma(tape, 2, 3);
  expect(tape.dispatches[0].flops).toBe(128 * 3 * FLOPS_PER_ROUND);
  const plan = await Plan.compile(gpu, tape, undefined, { reuse: false });
  plan.run();
  const [values] = await plan.read(y);
  // Three rounds of two steps each: x / 64 + 2 (1 - 1 / 64), over 4 x 8 chains that begin at t, t + 1, ...
  for (const t of [0, 1, 63, 127]) {
    const start = t % 64;
    let expected = 0;
    for (let chain = 0; chain < 8; chain++) expected += 4 * ((start + chain) / 64 + 2 * (1 - 1 / 64));
    expect(values[t]).toBeCloseTo(expected, 3);
  }
  plan.destroy();
});

it("writes every number of the triad once", async () => {
  const gpu = await testGpu();
  const tape = new Tape("probe");
  const size = 4005;
  const { a, b, y } = recordTriad(tape, size);
  const plan = await Plan.compile(gpu, tape, undefined, { reuse: false });
  plan.write(
    a,
    Float32Array.from({ length: size }, (_, i) => i),
  );
  plan.write(
    b,
    Float32Array.from({ length: size }, (_, i) => 2 * i),
  );
  plan.run();
  const [values] = await plan.read(y);
  expect(values.every((value, i) => value === 7 * i)).toBe(true);
  plan.destroy();
});

it("measures peaks that are finite and positive", async () => {
  const { gflops, gbps, bandwidthBytes, n } = await measurePeaks(await testGpu());
  for (const peak of [gflops, gbps]) expect(peak > 0 && Number.isFinite(peak)).toBe(true);
  expect(bandwidthBytes).toBeGreaterThanOrEqual(48 * 2 ** 20);
  expect(n).toBe(3);
});

it("tells which probe it is at, and ends when it is cancelled", async () => {
  const gpu = await testGpu();
  const cancel = new AbortController();
  const told: string[] = [];
  const progress = (what: string, done: number, total: number): void => {
    told.push(`${what} ${done} of ${total}`);
    cancel.abort(new Error("enough"));
  };
  await expect(measurePeaks(gpu, { signal: cancel.signal, progress })).rejects.toThrow("enough");
  expect(told).toEqual(["multiply-adds 1 of 2"]);
});
