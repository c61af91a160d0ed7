/** Every kernel has a case, and every oracle runs: both without a GPU. */
import { describe, expect, it } from "vitest";
import { allKernels } from "../../src/gpu/kernel";
// Loads every kernel that a training step can dispatch.
import "../../src/train/trainer";
import { allCases } from "../../src/verify/cases";
import { loadGpuJs } from "../../src/verify/gpu-js";
import { Oracle } from "../../src/verify/oracle";
import { readOracles } from "../../src/verify/oracle-texts";
import { recordCase } from "../../src/verify/record";

const coveredBy = (style: "cpu" | "gpu"): Set<string> =>
  new Set(
    allCases().flatMap((verify) => {
      if (!("record" in verify)) return Object.values(verify.expected).flatMap(({ kernels }) => kernels);
      if (verify.styles && !verify.styles.includes(style)) return [];
      return recordCase(verify, style, true).targets.flatMap(({ dispatches }) =>
        [...dispatches].map(({ kernel }) => kernel.name),
      );
    }),
  );

describe("cases", () => {
  it("cover every kernel, and know no other", () => {
    const covered = new Set([...coveredBy("cpu"), ...coveredBy("gpu")]);
    const names = allKernels().map(({ name }) => name);
    expect(names.filter((name) => !covered.has(name))).toEqual([]);
    expect([...covered].filter((name) => !names.includes(name))).toEqual([]);
  });

  it("declare the kernels that the optimiser dispatches", () => {
    for (const verify of allCases()) {
      if ("record" in verify) continue;
      const declared = new Set(Object.values(verify.expected).flatMap(({ kernels }) => kernels));
      expect(new Set(verify.kernels.map(({ name }) => name)), verify.name).toEqual(declared);
    }
  });

  it("have oracles that run in plain JavaScript and give finite numbers that are not all zero", async () => {
    const oracle = new Oracle(await loadGpuJs(), "cpu", () => performance.now());
    for (const verify of allCases()) {
      // Larger shapes of cases that are here too.
      if ("record" in verify && verify.isTimed) continue;
      const targets =
        "record" in verify
          ? recordCase(verify, "cpu", false).targets
          : Object.entries(verify.expected).map(([name, expectation]) => ({ name, expectation }));
      const arrays = "record" in verify ? recordCase(verify, "cpu", false).arrays : verify.arrays;
      for (const { name, expectation } of targets) {
        const what = `${name} of ${verify.op}, ${verify.name}`;
        const { result } = await oracle.run(verify.op, expectation.stages, arrays);
        if (!verify.name.includes("NaN")) expect(result.every(Number.isFinite), what).toBe(true);
        const mayBeZero = name === "numbers that are not finite";
        if (!mayBeZero)
          expect(
            result.some((v) => v !== 0),
            what,
          ).toBe(true);
      }
    }
    await oracle.destroy();
  });

  it("split an oracle file into kernels and the functions that they call", () => {
    const { kernels, functions } = readOracles(
      "x",
      "// About.\n\nfunction y(a, b) {\n  return f(a[this.thread.x]);\n}\n\n// Next.\nfunction f(v) {\n  return v;\n}\n",
    );
    expect([...kernels.entries()]).toEqual([
      ["y", { source: "function y(a, b) {\n  return f(a[this.thread.x]);\n}", parameters: ["a", "b"] }],
    ]);
    expect(functions).toEqual(["function f(v) {\n  return v;\n}"]);
  });
});
