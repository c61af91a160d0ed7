import type { Plan, Step } from "../autograd/plan";
import type { Gpu } from "../gpu/gpu";
import type { KernelRow } from "./events";

const QUERY_LIMIT = 4096;

/**
 * Times every kernel of a plan: one pass for each dispatch with timestamps, or wall clock for each dispatch where the
 * adapter has none. Medians over `repeats` runs; the first run warms up and does not count.
 */
export async function profilePlan(
  gpu: Gpu,
  plan: Plan,
  repeats: number,
): Promise<{ clock: string; rows: KernelRow[] }> {
  const times: number[][] = plan.steps.map(() => []);
  const timed = gpu.hasTimestamps && plan.steps.length * 2 <= QUERY_LIMIT;
  for (let i = 0; i <= repeats; i++) {
    const run = timed ? await timestamps(gpu, plan.steps) : await wallClock(gpu, plan.steps);
    if (i > 0) for (const [k, ms] of run.entries()) if (ms >= 0) times[k].push(ms);
  }
  return {
    clock: timed ? "timestamp-query" : "wall clock",
    rows: plan.steps.map(({ dispatch }, index) => ({
      index,
      plan: plan.tape.name,
      kernel: dispatch.kernel.name,
      scope: dispatch.scope,
      pass: dispatch.pass,
      workgroups: dispatch.workgroups,
      constants: Object.entries(dispatch.constants)
        .map(([name, value]) => `${name}=${value}`)
        .join(" "),
      ms: median(times[index]),
      flops: dispatch.flops,
      bytes: Object.values(dispatch.tensors).reduce((sum, t) => sum + 4 * t.size, 0),
    })),
  };
}

export function median(values: readonly number[]): number {
  if (values.length === 0) return Number.NaN;
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

function encode(
  encoder: GPUCommandEncoder,
  { pipeline, bindGroup, dispatch }: Step,
  timestampWrites?: GPUComputePassTimestampWrites,
): void {
  const pass = encoder.beginComputePass({ label: dispatch.kernel.name, timestampWrites });
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, bindGroup);
  pass.dispatchWorkgroups(...dispatch.workgroups);
  pass.end();
}

async function timestamps(gpu: Gpu, steps: readonly Step[]): Promise<number[]> {
  const { device } = gpu;
  const querySet = device.createQuerySet({ type: "timestamp", count: 2 * steps.length });
  const sizeBytes = 16 * steps.length;
  const resolved = device.createBuffer({ label: "timestamps", size: sizeBytes, usage: 0x200 | 0x4 }); // QUERY_RESOLVE | COPY_SRC
  try {
    const encoder = device.createCommandEncoder({ label: "profile" });
    for (const [i, step] of steps.entries()) {
      encode(encoder, step, { querySet, beginningOfPassWriteIndex: 2 * i, endOfPassWriteIndex: 2 * i + 1 });
    }
    encoder.resolveQuerySet(querySet, 0, 2 * steps.length, resolved, 0);
    device.queue.submit([encoder.finish()]);
    const [bytes] = await gpu.read([{ buffer: resolved, offset: 0, sizeBytes }]);
    const ticks = new BigUint64Array(bytes);
    return steps.map((_, i) => Number(ticks[2 * i + 1] - ticks[2 * i]) / 1e6);
  } finally {
    querySet.destroy();
    resolved.destroy();
  }
}

async function wallClock(gpu: Gpu, steps: readonly Step[]): Promise<number[]> {
  const times: number[] = [];
  for (const step of steps) {
    const start = performance.now();
    const encoder = gpu.device.createCommandEncoder();
    encode(encoder, step);
    gpu.device.queue.submit([encoder.finish()]);
    await gpu.idle();
    times.push(performance.now() - start);
  }
  return times;
}
