import { describe, expect, it, vi } from "vitest";
import { requestNodeGpu } from "../../src/cli/dawn";
import { Gpu } from "../../src/gpu/gpu";

describe("Dawn in Node", () => {
  it("looks for what is pending once in a millisecond where it computes on the CPU, and leaves setImmediate to others", async () => {
    const gpu = await Gpu.request(await requestNodeGpu());
    const timers = vi.spyOn(globalThis, "setTimeout");
    const [buffer] = await gpu.allocate("test", [{ label: "test", sizeBytes: 16 }]);
    await gpu.read([{ buffer, offset: 0, sizeBytes: 16 }]);
    const waits = timers.mock.calls.length;
    if (gpu.adapter.software) expect(waits).toBeGreaterThan(0);
    else expect(waits).toBe(0);
    for (const [, ms] of timers.mock.calls) expect(ms).toBe(1);
    const given = await new Promise((resolve) => setImmediate((...values: unknown[]) => resolve(values), 1, "two"));
    expect(given).toEqual([1, "two"]);
    await new Promise<void>((resolve) => setImmediate(resolve));
    expect(timers.mock.calls).toHaveLength(waits);
    timers.mockRestore();
    gpu.destroy();
  });
});
