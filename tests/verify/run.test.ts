import { describe, expect, it } from "vitest";
import * as F from "../../src/ops";
import { allCases } from "../../src/verify/cases";
import { compare } from "../../src/verify/compare";
import { loadGpuJs } from "../../src/verify/gpu-js";
import { markdownReport, summarySentence } from "../../src/verify/report";
import { type VerifyOptions, verify } from "../../src/verify/run";
import type { OpCase, VerifyReport } from "../../src/verify/types";
import { testGpu } from "../helpers/gpu";

const run = async (cases: VerifyOptions["cases"], options: Partial<VerifyOptions> = {}): Promise<VerifyReport> =>
  verify(await testGpu(), {
    cases,
    gpuJs: await loadGpuJs(),
    host: "a test",
    clock: { now: () => performance.now(), date: () => new Date(0) },
    ...options,
  });

const casesOf = (...ops: readonly string[]): VerifyOptions["cases"] => allCases().filter(({ op }) => ops.includes(op));

describe("verify", () => {
  it("passes an op, a loss and the statistics of modules, each beside gpu.js on WebGPU", async () => {
    const report = await run(casesOf("scale", "l1-per-sample", "module-stats"));
    expect(report.checks.filter(({ passed }) => !passed)).toEqual([]);
    expect(summarySentence(report)).toMatch(/^All \d+ checks of 7 kernels passed on /);
    for (const { baseline, times, target } of report.checks) {
      expect(baseline.failure ?? baseline.wgsl.length, target).toBeGreaterThan(0);
      expect(times.gpuJsCpu).toBeGreaterThanOrEqual(0);
    }
    expect(report.kernels.map(({ name }) => name)).toContain("l1-per-sample.backward_root");
    expect(markdownReport(report)).toContain("- date: 1970-01-01T00:00:00.000Z");
    expect(markdownReport(report)).not.toContain("Firefox");
    expect(markdownReport({ ...report, host: "Gecko/20100101 Firefox/153.0" })).toContain("100 ms of waiting");
  });

  it("finds a kernel that computes something else, and names the worst number", async () => {
    const [right] = casesOf("scale") as OpCase[];
    const wrong = { ...right, record: ({ x }) => F.scale(x, -2.6) } satisfies OpCase;
    const report = await run([wrong], { hasBaseline: false });
    expect(report.checks.map(({ target, isAdded, passed }) => [target, isAdded, passed])).toEqual([
      ["y", false, false],
      ["d_x", false, false],
      ["d_x", true, false],
    ]);
    expect(report.checks[0].difference?.relative).toBeCloseTo(0.1 / 2.5, 5);
    expect(markdownReport(report)).toMatch(
      /y of scale, 129 numbers: relative error 4\.0e-2, tolerance 1\.0e-5; worst at \d+/,
    );
    expect(summarySentence(report)).toMatch(/^3 of 3 checks of 2 kernels failed on /);
  });

  it("ends between two cases when it is cancelled", async () => {
    const stopped = await run(casesOf("scale"), { signal: AbortSignal.abort() });
    expect(stopped).toMatchObject({ isComplete: false, checks: [] });
    expect(summarySentence(stopped)).toMatch(/^Nothing was checked on .* before it was cancelled\.$/);
  });
});

describe("compare", () => {
  it("is the norm of the difference over the norm, and infinite for a number that is not finite", () => {
    expect(compare(Float32Array.of(3, 4.5), Float32Array.of(3, 4))).toEqual({
      relative: 0.1,
      maxAbs: 0.5,
      worst: { index: 1, got: 4.5, expected: 4 },
    });
    expect(compare(Float32Array.of(0, Number.NaN), Float32Array.of(0, 1)).relative).toBe(Number.POSITIVE_INFINITY);
    expect(compare(Float32Array.of(1), Float32Array.of(0)).relative).toBe(Number.POSITIVE_INFINITY);
    expect(compare(Float32Array.of(0), Float32Array.of(0)).relative).toBe(0);
    expect(() => compare(Float32Array.of(1), Float32Array.of(1, 2))).toThrow("1 numbers, expected 2");
  });
});
