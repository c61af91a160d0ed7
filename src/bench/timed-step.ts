import type { Gpu } from "../gpu/gpu";
import { mebibytes } from "../gpu/gpu";
import { type BenchHost, median, rate } from "./measure";

/** A training step, compiled and with its inputs written. */
export interface TimedStep {
  readonly parameters: number;
  readonly dispatches: number;
  readonly pipelines: number;
  readonly activationBytes: number;
  /** Floating-point operations of the matrix products of a step. */
  readonly flops: number;
  /** Forward, backward and update in one submission, then the read-back; resolves to the loss of before the update. */
  step(): Promise<number>;
  /** Milliseconds that the last step spent encoding and submitting. */
  hostMs(): number;
  /** What a step that is measured does besides: norms of every parameter before and after the update, and their read-back. */
  measure?(): Promise<void>;
  destroy(): void;
}

/** One step in so many is measured, see train/step-evidence.ts. */
const MEASURED_EVERY = 20;

/** Steps that are run but not timed: the first compiles, the next ones warm up. */
const UNTIMED = 3;

/** Prepares a step, runs it `steps` times and prints what it took; resolves to the loss of every step. */
export async function benchStep(
  gpu: Gpu,
  host: BenchHost,
  name: string,
  prepare: () => Promise<TimedStep>,
  steps: number,
): Promise<number[]> {
  const bytesBefore = gpu.memory.allocatedBytes;
  const cpuStart = await host.cpuSeconds();
  const start = performance.now();
  const timed = await prepare();
  const losses = [await timed.step()];
  const firstMs = performance.now() - start;
  const firstCpu = cpuText(cpuStart, await host.cpuSeconds(), 1);
  const wall: number[] = [];
  const hostTimes: number[] = [];
  let cpuBefore: number | undefined;
  for (let i = 1; i < steps; i++) {
    if (i === UNTIMED) cpuBefore = await host.cpuSeconds();
    const before = performance.now();
    losses.push(await timed.step());
    if (i < UNTIMED) continue;
    wall.push(performance.now() - before);
    hostTimes.push(timed.hostMs());
  }
  const cpu = cpuText(cpuBefore, await host.cpuSeconds(), wall.length, timed.flops);
  const { parameters, dispatches, pipelines, activationBytes, flops } = timed;
  host.print(
    `${name}: ${parameters} parameters, ${dispatches} dispatches, ${pipelines} pipelines, 2 submits a step (the step, the loss's read-back)`,
  );
  host.print(
    `  buffers: ${mebibytes(gpu.memory.allocatedBytes - bytesBefore)}, of which activations ${mebibytes(activationBytes)}`,
  );
  host.print(`  first step with recording and compilation: ${firstMs.toFixed(0)} ms${firstCpu}`);
  if (wall.length > 0) {
    const ms = median(wall);
    host.print(
      `  step: median ${ms.toFixed(1)} ms, min ${Math.min(...wall).toFixed(1)} ms of ${wall.length}, ${rate(flops, ms)} GFLOP/s${cpu}`,
    );
    if (timed.measure) await benchMeasure(host, timed.measure, ms, wall.length);
    host.print(`  host: median ${median(hostTimes).toFixed(2)} ms, min ${Math.min(...hostTimes).toFixed(2)} ms a step`);
  }
  timed.destroy();
  return losses;
}

/** Norms alone, submitted and waited for, beside a step: more than they cost inside of one. */
async function benchMeasure(
  host: BenchHost,
  measure: () => Promise<void>,
  stepMs: number,
  times: number,
): Promise<void> {
  const wall: number[] = [];
  for (let i = -UNTIMED; i < times; i++) {
    const before = performance.now();
    await measure();
    if (i >= 0) wall.push(performance.now() - before);
  }
  const ms = median(wall);
  const percent = (part: number): string => `${((100 * part) / stepMs).toFixed(2)} %`;
  host.print(
    `  norms of all parameters: median ${ms.toFixed(2)} ms, min ${Math.min(...wall).toFixed(2)} ms, ${percent(ms)} of a step; in one step of ${MEASURED_EVERY}: ${percent(ms / MEASURED_EVERY)}`,
  );
}

/** Median milliseconds of `steps` steps after `untimed` ones. */
export async function medianStepMs(prepare: () => Promise<TimedStep>, untimed: number, steps: number): Promise<number> {
  const timed = await prepare();
  for (let i = 0; i < untimed; i++) await timed.step();
  const wall: number[] = [];
  for (let i = 0; i < steps; i++) {
    const before = performance.now();
    await timed.step();
    wall.push(performance.now() - before);
  }
  timed.destroy();
  return median(wall);
}

/** ", 97 ms of CPU, 11.2 GFLOP/s per core" a step; empty where the host does not know CPU time. */
function cpuText(before: number | undefined, after: number | undefined, steps: number, flops?: number): string {
  if (before === undefined || after === undefined || steps === 0) return "";
  const ms = (1e3 * (after - before)) / steps;
  const perCore = flops === undefined ? "" : `, ${rate(flops, ms)} GFLOP/s per core`;
  return `, ${ms.toFixed(0)} ms of CPU${perCore}`;
}
