import { type Gpu, mebibytes } from "../../gpu/gpu";
import { benchKernels } from "./kernels";
import { type BenchHost, median } from "./measure";
import { EXPECTED_LOSSES, LOSS_TOLERANCE, prepareReferenceStep, REFERENCE_FLOPS } from "./reference-step";

export interface BenchOptions {
  /** Steps of the reference ViT, the first three untimed; 0 leaves it out. */
  readonly steps: number;
  readonly kernels: boolean;
  /** Only kernels whose label contains this. */
  readonly only?: string;
}

/**
 * The benchmark, in Node or in a page: the reference ViT's training step, then every class of kernels.
 * Returns false when a loss differs from PyTorch's by more than 3e-6.
 */
export async function runBench(gpu: Gpu, host: BenchHost, options: BenchOptions): Promise<boolean> {
  host.print(`adapter: ${gpu.label}`);
  const right = options.steps === 0 || (await benchReferenceStep(gpu, host, options.steps));
  if (options.kernels) await benchKernels(gpu, host, options.only);
  return right;
}

const UNTIMED = 3;

async function benchReferenceStep(gpu: Gpu, host: BenchHost, steps: number): Promise<boolean> {
  const start = performance.now();
  const cpuStart = host.cpuSeconds() ?? 0;
  const reference = await prepareReferenceStep(gpu);
  const losses = [await reference.step()];
  const firstMs = performance.now() - start;
  const firstCpuMs = 1e3 * ((host.cpuSeconds() ?? 0) - cpuStart);
  const wall: number[] = [];
  const hostTimes: number[] = [];
  let cpu = 0;
  for (let i = 1; i < steps; i++) {
    const before = performance.now();
    const cpuBefore = host.cpuSeconds() ?? 0;
    losses.push(await reference.step());
    if (i < UNTIMED) continue;
    wall.push(performance.now() - before);
    hostTimes.push(reference.hostMs());
    cpu += (host.cpuSeconds() ?? 0) - cpuBefore;
  }
  host.print(
    `reference ViT: ${reference.parameters} parameters, ${reference.dispatches} dispatches, 2 passes and 1 submit a step, ${reference.pipelines} pipelines`,
  );
  host.print(
    `buffers: ${mebibytes(gpu.memory.peakBytes)} at most, of which activations ${mebibytes(reference.activationBytes)}`,
  );
  host.print(`first step with recording and compilation: ${firstMs.toFixed(0)} ms, ${firstCpuMs.toFixed(0)} ms of CPU`);
  if (wall.length > 0) {
    const ms = median(wall);
    const cpuText = host.cpuSeconds() === undefined ? "" : `, ${((1e3 * cpu) / wall.length).toFixed(0)} ms of CPU`;
    host.print(
      `step: median ${ms.toFixed(1)} ms, min ${Math.min(...wall).toFixed(1)} ms of ${wall.length}, ${(REFERENCE_FLOPS / ms / 1e6).toFixed(2)} GFLOP/s${cpuText}; host ${median(hostTimes).toFixed(2)} ms, min ${Math.min(...hostTimes).toFixed(2)} ms`,
    );
  }
  let right = true;
  for (const [step, expected] of EXPECTED_LOSSES) {
    if (step > losses.length) continue;
    const isRight = Math.abs(losses[step - 1] - expected) <= LOSS_TOLERANCE;
    right &&= isRight;
    host.print(
      `loss at step ${step}: ${losses[step - 1].toFixed(6)}, PyTorch ${expected.toFixed(6)}${isRight ? "" : `, further apart than ${LOSS_TOLERANCE}`}`,
    );
  }
  reference.destroy();
  return right;
}
