import { describe, expect, it } from "vitest";
import { checkReferenceLosses, runBench } from "../../src/bench/run";
import { testGpu } from "../helpers/gpu";
import { openHand } from "../helpers/open-hand";

/** A host that keeps its lines; each look at its CPU clock is 0.25 s later. */
function keepingHost() {
  const lines: string[] = [];
  let seconds = 0;
  return {
    lines,
    print: (line: string) => void lines.push(line),
    async cpuSeconds(): Promise<number | undefined> {
      seconds += 0.25;
      return seconds;
    },
    readHand: async () => openHand(),
  };
}

describe("the benchmark", () => {
  it("prints the rows that are asked for, with rates of wall and CPU time", async () => {
    const host = keepingHost();
    const right = await runBench(await testGpu(), host, { steps: 0, kernels: true, only: "column sums" });
    expect(right).toBe(true);
    expect(host.lines).toHaveLength(2);
    expect(host.lines[0]).toMatch(/^adapter: ./);
    expect(host.lines[1]).toMatch(/^column sums of 528 x 768: [\d.]+ ms, [\d.]+ GB\/s, [\d.]+ ms of CPU, .* per core$/);
  });

  it("leaves CPU time out where nobody knows it", async () => {
    const host = { ...keepingHost(), cpuSeconds: async () => undefined };
    await runBench(await testGpu(), host, { steps: 0, kernels: true, only: "rotations" });
    expect(host.lines[1]).toMatch(/^loss: squaredErrorPerSample [^:]*: [\d.]+ ms, [\d.]+ GB\/s$/);
  });

  it("runs the step of tiny", async () => {
    const host = keepingHost();
    expect(await runBench(await testGpu(), host, { steps: 1, kernels: false, only: "tiny" })).toBe(true);
    const text = host.lines.join("\n");
    expect(text).toMatch(/^tiny, training step at batch 8: \d{6,7} parameters, \d+ dispatches, \d+ pipelines/m);
    expect(text).toMatch(/^ {2}buffers: [\d.]+ MiB, of which activations [\d.]+ MiB/m);
    expect(text).toMatch(/^ {2}loss: \d/m);
    expect(text).not.toContain("reference");
  });

  it("gives the reference's losses of PyTorch", async () => {
    const host = keepingHost();
    expect(await runBench(await testGpu(), host, { steps: 2, kernels: false, only: "reference" })).toBe(true);
    expect(host.lines.filter((line) => line.includes("PyTorch"))).toHaveLength(2);
  });
});

describe("the check of the reference's losses", () => {
  const right = [1.348704, 1.629754, ...new Array<number>(7).fill(1), 0.180935];
  const check = (step: number, loss: number): { right: boolean; lines: string[] } => {
    const { lines, print } = keepingHost();
    return { right: checkReferenceLosses(right.with(step - 1, loss), { print }), lines };
  };

  it.each([1, 2, 10])("fails for a loss at step %i further off than 3e-6, or NaN", (step) => {
    const loss = right[step - 1];
    expect(check(step, loss + 2e-6).right).toBe(true);
    expect(check(step, loss - 4e-6).right).toBe(false);
    expect(check(step, Number.NaN).right).toBe(false);
    expect(check(step, loss + 4e-6).lines.filter((line) => line.includes("further apart"))).toHaveLength(1);
  });

  it("does not ask for steps that were not run", () => {
    expect(checkReferenceLosses([right[0]], keepingHost())).toBe(true);
  });
});
