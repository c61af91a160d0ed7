import type { Step } from "../autograd/plan";
import type { Gpu } from "../gpu/gpu";

/** Where CPU time comes from and lines go to: a process, or a page's worker. */
export interface BenchHost {
  /** Seconds of CPU time of all threads that serve this adapter so far; undefined where nobody knows. */
  cpuSeconds(): Promise<number | undefined>;
  print(line: string): void;
}

export interface Timing {
  readonly wallMs: number;
  readonly cpuMs: number | undefined;
}

export const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};

/** Work in operations or bytes over milliseconds, in units of 10^9 a second: three digits, as a GPU's and a CPU's differ by 10^5. */
export function rate(work: number, ms: number): string {
  const value = work / ms / 1e6;
  return value < 100 ? value.toPrecision(3) : value.toFixed(0);
}

const ROUNDS = 3;
const ROUND_MS = 150;
/** Calls that are shorter are guessed from several, ms. */
const GUESS_MS = 20;

/**
 * Times `steps` of a compiled plan, per call: wall time of the best of three rounds of at least 150 ms, CPU time over all
 * rounds, as its clock may be coarse. On an adapter that runs on the CPU, CPU time is the figure to compare: it hardly
 * depends on the machine's other work. Throws the reason of `signal` once that is aborted, after the round at hand.
 */
export async function timeSteps(
  gpu: Gpu,
  steps: readonly Step[],
  host: BenchHost,
  signal?: AbortSignal,
): Promise<Timing> {
  const run = async (calls: number): Promise<number> => {
    signal?.throwIfAborted();
    const start = performance.now();
    for (let i = 0; i < calls; i++) submit(gpu, steps);
    await gpu.idle();
    return (performance.now() - start) / calls;
  };
  await run(1);
  // The wait for one call has a resolution of a millisecond in Node: the time of short ones is taken of several.
  const once = await run(1);
  const each = once < GUESS_MS ? await run(Math.ceil(GUESS_MS / once)) : once;
  const calls = Math.max(1, Math.ceil(ROUND_MS / Math.max(0.05, each)));
  const before = await host.cpuSeconds();
  const rounds: number[] = [];
  for (let i = 0; i < ROUNDS; i++) rounds.push(await run(calls));
  const after = await host.cpuSeconds();
  gpu.check("benchmark");
  const isKnown = before !== undefined && after !== undefined;
  return {
    wallMs: Math.min(...rounds),
    cpuMs: isKnown ? (1e3 * (after - before)) / (ROUNDS * calls) : undefined,
  };
}

function submit(gpu: Gpu, steps: readonly Step[]): void {
  const encoder = gpu.device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  for (const { pipeline, bindGroup, dispatch } of steps) {
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, bindGroup);
    pass.dispatchWorkgroups(...dispatch.workgroups);
  }
  pass.end();
  gpu.device.queue.submit([encoder.finish()]);
}
