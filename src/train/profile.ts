/** Time of every dispatch of a plan. What it computes does not matter; what it leaves behind is for the caller to undo. */
import type { Plan, Step } from "../autograd/plan";
import type { Dispatch } from "../autograd/tape";
import type { Gpu } from "../gpu/gpu";
import type { KernelRow } from "./events";

/** Dispatches whose two timestamps fit into one query set. */
const QUERIED_AT_ONCE = 2048;
/** Ticks of a clock are never this far apart where it can time kernels, ns: browsers that blur it make them 65,536 or 100,000. */
const COARSE_NS = 10_000;
/** Ticks without which nothing can be said about their distances. */
const LEAST_TICKS = 4;
/** Wall time that the calls of one timing take together at least, ms, and the most of them. */
const REPETITION_MS = 2;
const MOST_CALLS = 256;

export interface ProfileOptions {
  /** Repeats before those that count. Default 1. */
  readonly warmUp?: number;
  /** Ends it after the repeat at hand; by repetition after the kernel at hand. */
  readonly signal?: AbortSignal;
  /** Told after every repeat of all plans. */
  readonly progress?: (done: number, total: number) => void;
}

/** Where a dispatch stood in time, ms from the beginning of its plan's first. */
export interface KernelSpan {
  readonly startMs: number;
  readonly endMs: number;
}

/** What `timePlan` found of every step of a plan. */
export interface PlanTimes {
  /** Milliseconds, [steps][at most active]. */
  readonly times: readonly (readonly number[])[];
  /** [steps], of the active repeat that took the middle time from its first tick to its last; empty by repetition. */
  readonly spans: readonly KernelSpan[];
}

/** How dispatches are timed, and a sentence where it is not by timestamps. */
export interface KernelClock {
  readonly name: "timestamp-query" | "repetition";
  readonly note?: string;
}

/**
 * The greatest number of nanoseconds that all distances between `ticks` are multiples of, where that is 10 us or more: then the
 * clock is too coarse to time kernels. Undefined for a fine clock, and where fewer than four distances differ from 0; infinite
 * where a clock of that many ticks never moves.
 */
export function quantumNs(ticks: readonly number[]): number | undefined {
  const distances = ticks.map((tick) => Math.abs(tick - ticks[0])).filter((distance) => distance > 0);
  if (distances.length === 0 && ticks.length > LEAST_TICKS) return Number.POSITIVE_INFINITY;
  if (distances.length < LEAST_TICKS) return undefined;
  const common = distances.reduce(greatestDivisor);
  return common >= COARSE_NS ? common : undefined;
}

function greatestDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestDivisor(b, a % b);
}

/** Timestamps, unless the adapter has none or blurs them; finds that out by timing `steps` once. */
export async function chooseClock(gpu: Gpu, steps: readonly Step[]): Promise<KernelClock> {
  if (!gpu.hasTimestamps) {
    return {
      name: "repetition",
      note: "This adapter or browser offers no timestamp-query: each kernel is timed by repeating it, in wall time.",
    };
  }
  const quantum = quantumNs(await ticksOf(gpu, steps));
  if (quantum === undefined) return { name: "timestamp-query" };
  const found = Number.isFinite(quantum) ? `come in steps of ${quantum / 1000} us` : "never move";
  return {
    name: "repetition",
    note: `The timestamps of this adapter ${found}, which is too coarse for a kernel: each kernel is timed by repeating it, in wall time.`,
  };
}

/**
 * Times every step of a plan `active` times after `warmUp` repeats that do not count; a timing that the clock refused (its end
 * before its beginning) is left out. With timestamps each dispatch has a pass of its own. By repetition it is called until 2 ms
 * have passed, and the wall time of an empty submission is taken off. Throws the reason of `signal` once that is aborted.
 */
export async function timePlan(
  gpu: Gpu,
  steps: readonly Step[],
  clock: KernelClock,
  active: number,
  { warmUp = 1, signal, progress }: ProfileOptions = {},
): Promise<PlanTimes> {
  const times: number[][] = steps.map(() => []);
  const calls: number[] = steps.map(() => 1);
  const repeats: KernelSpan[][] = [];
  for (let i = 0; i < warmUp + active; i++) {
    signal?.throwIfAborted();
    const isCounted = i >= warmUp;
    if (clock.name === "repetition") {
      const run = await repetition(gpu, steps, calls, signal);
      if (isCounted) for (const [k, ms] of run.entries()) times[k].push(ms);
    } else {
      const spans = spansOf(await ticksOf(gpu, steps));
      if (isCounted) {
        for (const [k, { startMs, endMs }] of spans.entries()) if (endMs >= startMs) times[k].push(endMs - startMs);
        repeats.push(spans);
      }
    }
    progress?.(i + 1, warmUp + active);
  }
  return { times, spans: middleRepeat(repeats) };
}

/** Nanoseconds since the first tick, beginning and end of each step, as spans. */
function spansOf(ticks: readonly number[]): KernelSpan[] {
  const first = ticks.reduce((least, tick) => Math.min(least, tick), Number.POSITIVE_INFINITY);
  return Array.from({ length: ticks.length / 2 }, (_, i) => {
    return { startMs: (ticks[2 * i] - first) / 1e6, endMs: (ticks[2 * i + 1] - first) / 1e6 };
  });
}

/** The repeat of middle length; of an even number the shorter of the two. Empty for none. */
export function middleRepeat(repeats: readonly (readonly KernelSpan[])[]): readonly KernelSpan[] {
  const length = (spans: readonly KernelSpan[]): number => spans.reduce((most, { endMs }) => Math.max(most, endMs), 0);
  const sorted = [...repeats].sort((a, b) => length(a) - length(b));
  return sorted[(sorted.length - 1) >> 1] ?? [];
}

/**
 * Rows of the steps of `plan`, in order; `shaders` grows by the texts that it did not have. Spans begin at `fromMs`; one that the
 * clock refused is left out.
 */
export function rowsOf(plan: Plan, { times, spans }: PlanTimes, shaders: string[], fromMs = 0): KernelRow[] {
  return plan.steps.map(({ dispatch }, index) => {
    const { kernel } = dispatch;
    if (!shaders.includes(kernel.code)) shaders.push(kernel.code);
    const bindings = bindingsOf(dispatch);
    const span = spans[index];
    const isTold = span !== undefined && span.endMs >= span.startMs;
    return {
      index,
      plan: plan.tape.name,
      kernel: kernel.name,
      scope: dispatch.scope,
      pass: dispatch.pass,
      workgroups: dispatch.workgroups,
      constants: Object.entries(dispatch.constants)
        .map(([name, value]) => `${name}=${value}`)
        .join(" "),
      ms: median(times[index]),
      minMs: times[index].length > 0 ? Math.min(...times[index]) : Number.NaN,
      maxMs: times[index].length > 0 ? Math.max(...times[index]) : Number.NaN,
      timings: times[index].length,
      ...(isTold && { span: { startMs: fromMs + span.startMs, endMs: fromMs + span.endMs } }),
      flops: dispatch.flops,
      bytes: bindings.reduce((sum, { bytes }) => sum + bytes, 0),
      bindings,
      dims: dispatch.dims,
      shader: shaders.indexOf(kernel.code),
      entryPoint: kernel.entryPoint,
    };
  });
}

function bindingsOf({ kernel, tensors }: Dispatch): KernelRow["bindings"] {
  return Object.entries(tensors).map(([name, { name: tensor, shape, size, dtype, kind }]) => {
    return { name, tensor, shape, dtype, access: kernel.bindings.get(name)!.access, kind, bytes: 4 * size };
  });
}

/** Of an even number the mean of the two in the middle; NaN of none. */
export function median(values: readonly number[]): number {
  if (values.length === 0) return Number.NaN;
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

function encode(
  encoder: GPUCommandEncoder,
  { pipeline, bindGroup, dispatch }: Step,
  calls = 1,
  timestampWrites?: GPUComputePassTimestampWrites,
): void {
  const pass = encoder.beginComputePass({ label: dispatch.kernel.name, timestampWrites });
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, bindGroup);
  for (let i = 0; i < calls; i++) pass.dispatchWorkgroups(...dispatch.workgroups);
  pass.end();
}

/** Nanoseconds since the first tick: beginning and end of each step. */
async function ticksOf(gpu: Gpu, steps: readonly Step[]): Promise<number[]> {
  const ticks: bigint[] = [];
  for (let i = 0; i < steps.length; i += QUERIED_AT_ONCE)
    ticks.push(...(await query(gpu, steps.slice(i, i + QUERIED_AT_ONCE))));
  return ticks.map((tick) => Number(tick - ticks[0]));
}

async function query(gpu: Gpu, steps: readonly Step[]): Promise<BigUint64Array> {
  const { device } = gpu;
  const querySet = device.createQuerySet({ type: "timestamp", count: 2 * steps.length });
  const sizeBytes = 16 * steps.length;
  const resolved = device.createBuffer({ label: "timestamps", size: sizeBytes, usage: 0x200 | 0x4 }); // QUERY_RESOLVE | COPY_SRC
  try {
    const encoder = device.createCommandEncoder({ label: "profile" });
    for (const [i, step] of steps.entries())
      encode(encoder, step, 1, { querySet, beginningOfPassWriteIndex: 2 * i, endOfPassWriteIndex: 2 * i + 1 });
    encoder.resolveQuerySet(querySet, 0, 2 * steps.length, resolved, 0);
    device.queue.submit([encoder.finish()]);
    const [bytes] = await gpu.read([{ buffer: resolved, offset: 0, sizeBytes }]);
    return new BigUint64Array(bytes);
  } finally {
    querySet.destroy();
    resolved.destroy();
  }
}

/** Wall time per call; `calls` of each step grows until they take long enough together. */
async function repetition(
  gpu: Gpu,
  steps: readonly Step[],
  calls: number[],
  signal: AbortSignal | undefined,
): Promise<number[]> {
  const wall = async (encodeInto: (encoder: GPUCommandEncoder) => void): Promise<number> => {
    const start = performance.now();
    const encoder = gpu.device.createCommandEncoder();
    encodeInto(encoder);
    gpu.device.queue.submit([encoder.finish()]);
    await gpu.idle();
    return performance.now() - start;
  };
  const empty: number[] = [];
  for (let i = 0; i < 5; i++) empty.push(await wall(() => undefined));
  const overheadMs = median(empty);
  const times: number[] = [];
  for (const [i, step] of steps.entries()) {
    signal?.throwIfAborted();
    let ms = await wall((encoder) => encode(encoder, step, calls[i]));
    while (ms - overheadMs < REPETITION_MS && calls[i] < MOST_CALLS) {
      calls[i] = Math.min(MOST_CALLS, calls[i] * 4);
      ms = await wall((encoder) => encode(encoder, step, calls[i]));
    }
    times.push(Math.max(0, ms - overheadMs) / calls[i]);
  }
  gpu.check("profile");
  return times;
}
