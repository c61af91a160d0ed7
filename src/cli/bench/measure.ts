import { Plan, type Step } from "../../autograd/plan";
import type { Tape } from "../../autograd/tape";
import type { Gpu } from "../../gpu/gpu";

/** Where time and lines come from and go to: a process, or a page. */
export interface BenchHost {
  /** Seconds of CPU time that this process has used so far; undefined where nobody tells (a page). */
  cpuSeconds(): number | undefined;
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

const ROUNDS = 3;
const ROUND_MS = 150;

/**
 * Compiles `tape` and times the dispatches that `counts` accepts: the best of three rounds of at least 150 ms, per call.
 * On an adapter that runs on the CPU, CPU time is the figure to compare: it does not depend on the machine's other work.
 */
export async function timeTape(
  gpu: Gpu,
  tape: Tape,
  host: BenchHost,
  counts: (step: Step) => boolean = () => true,
): Promise<Timing> {
  const plan = await Plan.compile(gpu, tape, undefined, { reuse: false });
  const steps = plan.steps.filter(counts);
  plan.run();
  await gpu.idle();
  const run = async (calls: number): Promise<Timing> => {
    const cpu = host.cpuSeconds();
    const start = performance.now();
    for (let i = 0; i < calls; i++) submit(gpu, steps);
    await gpu.idle();
    const wallMs = (performance.now() - start) / calls;
    const after = host.cpuSeconds();
    return { wallMs, cpuMs: cpu === undefined || after === undefined ? undefined : (1e3 * (after - cpu)) / calls };
  };
  const first = await run(1);
  const calls = Math.max(1, Math.ceil(ROUND_MS / Math.max(0.05, first.wallMs)));
  const rounds: Timing[] = [];
  for (let i = 0; i < ROUNDS; i++) rounds.push(await run(calls));
  plan.destroy();
  const cpu = rounds.map((round) => round.cpuMs).filter((ms) => ms !== undefined);
  return {
    wallMs: Math.min(...rounds.map((round) => round.wallMs)),
    cpuMs: cpu.length > 0 ? Math.min(...cpu) : undefined,
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
