/** The profile of a training step: its kernels, the host beside them, and where its memory goes. Leaves weights and moments as they were. */
import type { Plan } from "../autograd/plan";
import type { Gpu } from "../gpu/gpu";
import type { HostTimes, KernelRow, MemoryReport, ProfileReport } from "./events";
import { chooseClock, median, type ProfileOptions, rowsOf, timePlan } from "./profile";
import type { Recording } from "./record";
import { snapshotBytes } from "./snapshot";
import { captureSnapshot, restoreSnapshot } from "./snapshot-io";
import type { Stepper } from "./step";
import type { Trainer } from "./trainer";

export type { ProfileOptions } from "./profile";

/**
 * Times every kernel of a micro-batch, on the inputs that were written last, of adding micro-batches up, and of the update,
 * `active` times. Throws the reason of `signal` once that is aborted.
 */
export async function profileStep(
  trainer: Trainer,
  { accumulationPlans, ownMicroBatches: { first, end } }: Pick<Stepper, "accumulationPlans" | "ownMicroBatches">,
  active: number,
  options: ProfileOptions,
): Promise<ProfileReport> {
  const { parts, training, optimizer, layout } = trainer;
  const { gpu, emit } = parts;
  const before = new ArrayBuffer(snapshotBytes(layout));
  await captureSnapshot(trainer, { step: trainer.step, best: null, bestStep: null }, before);
  const plans = [training.plan, ...accumulationPlans, optimizer.plan];
  const shaders: string[] = [];
  const byPlan: KernelRow[][] = [];
  const warmUp = options.warmUp ?? 1;
  let host: HostTimes;
  let endMs = 0;
  const clock = await chooseClock(gpu, training.plan.steps);
  try {
    const tell = (done: number, total: number): unknown =>
      emit({ type: "status", text: "timing kernels, repeat", done, total });
    for (const plan of plans) {
      const progress = plan === training.plan ? tell : undefined;
      const times = await timePlan(gpu, plan.steps, clock, active, { warmUp, signal: options.signal, progress });
      byPlan.push(rowsOf(plan, times, shaders, endMs));
      endMs += times.spans.reduce((most, span) => Math.max(most, span.endMs), 0);
    }
    host = await hostTimes(gpu, training, active, options.signal);
  } finally {
    restoreSnapshot(trainer, before);
  }
  const [forwardBackward, ...others] = byPlan;
  const once = others.flat();
  const microBatches = end - first;
  return {
    adapter: gpu.label,
    clock: clock.name,
    ...(clock.note !== undefined && { clockNote: clock.note }),
    active,
    warmUp,
    microBatches,
    stepMs: microBatches * milliseconds(forwardBackward) + milliseconds(once),
    rows: [...forwardBackward, ...once].map((row, index) => ({ ...row, index })),
    host,
    memory: memoryOf(trainer),
    shaders,
  };
}

/** A kernel whose every timing was refused has none. */
const milliseconds = (rows: readonly KernelRow[]): number =>
  rows.reduce((sum, { ms }) => sum + (Number.isFinite(ms) ? ms : 0), 0);

/** One micro-batch as it is trained, in one pass without timestamps. */
async function hostTimes(
  gpu: Gpu,
  { plan, losses }: Recording,
  repeats: number,
  signal: AbortSignal | undefined,
): Promise<HostTimes> {
  const times: [number, number, number][] = [];
  for (let i = 0; i < repeats; i++) {
    signal?.throwIfAborted();
    const start = performance.now();
    const encoder = gpu.device.createCommandEncoder({ label: "profile" });
    plan.encode(encoder);
    const commands = encoder.finish();
    const recorded = performance.now();
    gpu.device.queue.submit([commands]);
    const submitted = performance.now();
    await plan.read(losses.total_loss);
    times.push([recorded - start, submitted - recorded, performance.now() - submitted]);
  }
  const [recordMs, submitMs, readMs] = [0, 1, 2].map((part) => median(times.map((each) => each[part])));
  return { recordMs, submitMs, readMs };
}

/** Where the GPU memory of a rank goes. */
export function memoryOf({ parts: { gpu }, store, training, evaluation }: Trainer): MemoryReport {
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
  const trainable = sum(store.buckets.map(({ trainable: isMoved, floats }) => (isMoved ? 4 * floats : 0)));
  const parameters = sum(store.buckets.map(({ floats }) => 4 * floats));
  const activations = training.plan.stats.activationBytes;
  const evaluated = evaluation.plan.stats.activationBytes;
  const constants = constantBytes([training.plan, evaluation.plan]);
  const { allocatedBytes, peakBytes } = gpu.memory;
  const known = parameters + 3 * trainable + activations + evaluated + constants;
  return {
    totals: {
      parameters,
      gradients: trainable,
      moments: 2 * trainable,
      activations,
      evaluation: evaluated,
      constants,
      rest: Math.max(0, allocatedBytes - known),
      allocated: allocatedBytes,
      peak: peakBytes,
    },
    slots: training.plan.memory.slots,
    unshared: training.plan.stats.activationBytesUnshared,
    tensors: training.plan.memory.placements.map(({ tensor, ...placement }) => {
      return { name: tensor.name, bytes: Math.max(4, 4 * tensor.size), ...placement };
    }),
  };
}

/** A device holds an array once, whatever plans use it. */
function constantBytes(plans: readonly Plan[]): number {
  const arrays = new Set(plans.flatMap(({ tape }) => tape.tensors.flatMap(({ data }) => data ?? [])));
  return [...arrays].reduce((total, data) => total + data.byteLength, 0);
}
