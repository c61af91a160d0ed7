/** What an adapter reaches at best, as the lines of a roofline (Williams, Waterman, Patterson 2009). */
import bandwidthWgsl from "../../shaders/probe-bandwidth.wgsl?raw";
import fmaWgsl from "../../shaders/probe-fma.wgsl?raw";
import { Plan } from "../autograd/plan";
import { FLAT_WORKGROUP, Tape } from "../autograd/tape";
import type { Tensor } from "../autograd/tensor";
import type { Gpu } from "../gpu/gpu";
import { readKernels } from "../gpu/kernel";
import type { Peaks } from "../train/events";
import { timeSteps } from "./measure";

const fma = readKernels("probe-fma", fmaWgsl);
const bandwidth = readKernels("probe-bandwidth", bandwidthWgsl);

/** Operations of one thread in one round of probe-fma.wgsl: 16 multiply-adds on 4 numbers, each counting two. */
export const FLOPS_PER_ROUND = 16 * 4 * 2;
/** As in probe-bandwidth.wgsl. */
const NUMBERS_PER_THREAD = 8;
/** Bytes of each of the triad's three buffers, on a GPU and on a CPU: together more than the caches on the way. */
const BUFFER_BYTES = { gpu: 64 * 2 ** 20, cpu: 16 * 2 ** 20 };
/** Workgroups and rounds of the multiply-adds, about 70 GFLOP and 0.03: some milliseconds to some tenths of a second. */
const FMA_SIZE = { gpu: [16_384, 512], cpu: [64, 64] } as const;
/** Rounds of `timeSteps`. */
const ROUNDS = 3;

/** Host clock alone: CPU time says nothing about a roofline. */
const HOST = { cpuSeconds: async () => undefined, print: () => undefined };

/** Records the multiply-adds of `workgroups` of 64 threads over `rounds`; its result is `y`, [threads]. */
export function recordFma(tape: Tape, workgroups: number, rounds: number): Tensor {
  const threads = FLAT_WORKGROUP * workgroups;
  const y = tape.scratch("y", [threads]);
  // Each chain runs towards 1 / (1 - factor) = 2, so that it never meets infinities or denormals.
  tape.dispatch(fma.forward, { y }, { rounds, factor: 0.5 }, [workgroups], {
    flops: threads * rounds * FLOPS_PER_ROUND,
  });
  return y;
}

/** Records y = a + 3 b over `size` numbers. */
export function recordTriad(tape: Tape, size: number): { readonly a: Tensor; readonly b: Tensor; readonly y: Tensor } {
  const a = tape.input("a", [size]);
  const b = tape.input("b", [size]);
  const y = tape.scratch("y", [size]);
  const workgroups = Math.ceil(size / (FLAT_WORKGROUP * NUMBERS_PER_THREAD));
  const dims = { size, threads: FLAT_WORKGROUP * workgroups, factor: 3 };
  tape.dispatch(bandwidth.forward, { a, b, y }, dims, [workgroups], { flops: 2 * size });
  return { a, b, y };
}

export interface PeakOptions {
  /** Ends the measuring after the round at hand. */
  readonly signal?: AbortSignal;
  /** Told before each probe. */
  readonly progress?: (what: string, done: number, total: number) => unknown;
}

/**
 * Measures both probes on the adapter at hand: the best of three rounds of at least 150 ms of wall time each. The triad counts
 * two reads and one write of each number, as STREAM does. Throws GpuOutOfMemoryError where 192 MiB do not fit, and the reason
 * of `signal` once that is aborted.
 */
export async function measurePeaks(gpu: Gpu, { signal, progress }: PeakOptions = {}): Promise<Peaks> {
  const flops = new Tape("probe-fma", { style: gpu.kernelStyle });
  const [workgroups, rounds] = FMA_SIZE[gpu.kernelStyle];
  recordFma(flops, workgroups, rounds);
  const triad = new Tape("probe-bandwidth", { style: gpu.kernelStyle });
  const largest = Math.min(
    BUFFER_BYTES[gpu.kernelStyle],
    gpu.limits.maxStorageBufferBindingSize,
    gpu.limits.maxBufferSize,
  );
  const size = Math.floor(largest / 4);
  recordTriad(triad, size);
  progress?.("multiply-adds", 1, 2);
  const flopsMs = await bestMs(gpu, flops, signal);
  progress?.("triad", 2, 2);
  const triadMs = await bestMs(gpu, triad, signal);
  const bandwidthBytes = 3 * 4 * size;
  return {
    adapter: gpu.label,
    gflops: flops.dispatches[0].flops / flopsMs / 1e6,
    gbps: bandwidthBytes / triadMs / 1e6,
    bandwidthBytes,
    n: ROUNDS,
    clock: "wall clock, best of 3 rounds of at least 150 ms",
  };
}

async function bestMs(gpu: Gpu, tape: Tape, signal: AbortSignal | undefined): Promise<number> {
  signal?.throwIfAborted();
  const plan = await Plan.compile(gpu, tape, undefined, { reuse: false });
  try {
    return (await timeSteps(gpu, plan.steps, HOST, signal)).wallMs;
  } finally {
    plan.destroy();
  }
}
