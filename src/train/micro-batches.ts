/** A rank's micro-batches of one step: inputs, forward, backward, and their sums on the GPU. */
import type { Batch } from "../data/batch";
import type { Loader } from "../data/loader";
import type { Gpu } from "../gpu/gpu";
import type { UTNet } from "../model/utnet";
import type { Accumulation } from "../optim/accumulation";
import { dropPathMasks } from "./drop-path";
import type { TrainGroup } from "./ranks";
import type { Recording } from "./record";
import { LOSS_NAMES, writeBatch } from "./recording-io";

/** Numbers that each micro-batch leaves: the losses and the share of vertex samples inside their feature map. */
export const SCALARS = LOSS_NAMES.length + 1;

export interface MicroBatchParts {
  readonly gpu: Gpu;
  readonly model: UTNet;
  readonly train: Loader;
  readonly training: Recording;
  readonly accumulation: Accumulation;
  readonly seed: number;
  /** Micro-batches of a step, over all ranks. */
  readonly microBatches: number;
  readonly stepsPerEpoch: number;
  readonly clock: { now(): number };
}

/** What it took to run a step's micro-batches. */
export interface Ran {
  /** Milliseconds that were spent waiting for samples, of which for the first batch, and in the host's calls of the GPU. */
  readonly dataMs: number;
  readonly firstDataMs: number;
  readonly hostMs: number;
  /** When the first batch was there, as the clock says. */
  readonly started: number;
}

/** Runs micro-batches of one network on one device. */
export class MicroBatchRunner {
  /** No input was written yet. */
  isFresh = true;

  private constructor(
    private readonly parts: MicroBatchParts,
    /** [M, SCALARS] */
    private readonly scalars: GPUBuffer,
  ) {}

  static async create(parts: MicroBatchParts): Promise<MicroBatchRunner> {
    const { gpu, microBatches } = parts;
    const [scalars] = await gpu.allocate("losses", [{ label: "losses", sizeBytes: 4 * SCALARS * microBatches }]);
    return new MicroBatchRunner(parts, scalars);
  }

  /** Writes the inputs and drop-path masks of micro-batch `m` of step `step`. */
  async write(step: number, m: number): Promise<Batch> {
    const { train, training, model, seed, microBatches, stepsPerEpoch } = this.parts;
    const epoch = Math.floor(step / stepsPerEpoch);
    const batch = await train.batch(epoch, (step % stepsPerEpoch) * microBatches + m);
    writeBatch(training, batch);
    const { dropPath = [] } = training.inputs;
    const masks = dropPathMasks(model.shape, dropPath.length, batch, seed, epoch);
    for (const [i, mask] of dropPath.entries()) training.plan.write(mask, masks[i]);
    this.isFresh = false;
    return batch;
  }

  /**
   * Runs micro-batches `first` to `end - 1` and adds each to its sum. `look` is called after the first one, while its outputs
   * can be read; `submitted` after each, before the GPU is done with it. With a group on a software adapter one submission at a time is in flight.
   */
  async run(
    step: number,
    { first, end }: { readonly first: number; readonly end: number },
    look: (batch: Batch) => Promise<void>,
    submitted: (m: number) => void,
    group: TrainGroup | undefined,
  ): Promise<Ran> {
    const { clock, accumulation } = this.parts;
    let dataMs = 0;
    let firstDataMs = 0;
    let hostMs = 0;
    let started = 0;
    accumulation.begin();
    for (let m = first; m < end; m++) {
      const asked = clock.now();
      const batch = await this.write(step, m);
      const arrived = clock.now();
      if (m === first) {
        started = arrived;
        firstDataMs = arrived - asked;
      }
      dataMs += arrived - asked;
      group?.beat();
      await this.#submit(m, submitted, group);
      if (m === first) await look(batch);
      hostMs += this.parts.training.plan.hostMs;
    }
    return { dataMs, firstDataMs, hostMs, started };
  }

  async #submit(m: number, submitted: (m: number) => void, group: TrainGroup | undefined): Promise<void> {
    const { gpu, training, accumulation } = this.parts;
    // SwiftShader runs out of memory mappings when several devices compute at once.
    const isShared = group !== undefined && group.worldSize > 2 && gpu.adapter.software;
    if (isShared) await group.acquireSubmission();
    try {
      accumulation.beforeMicroBatch();
      training.plan.run();
      accumulation.add(m);
      this.#keepScalars(m);
      submitted(m);
      if (isShared) await group.reading(gpu.idle());
    } finally {
      if (isShared) group.releaseSubmission();
    }
  }

  #keepScalars(m: number): void {
    const { gpu, training } = this.parts;
    const { losses, outputs, plan } = training;
    const encoder = gpu.device.createCommandEncoder({ label: "losses" });
    const tensors = [...LOSS_NAMES.map((name) => losses[name]), outputs.inMapShare];
    for (const [i, tensor] of tensors.entries()) {
      const { buffer, offset } = plan.range(tensor);
      encoder.copyBufferToBuffer(buffer, offset, this.scalars, 4 * (SCALARS * m + i), 4);
    }
    gpu.device.queue.submit([encoder.finish()]);
  }

  /** Where the losses of micro-batches `first` to `end - 1` lie, [end - first, SCALARS]. */
  scalarRange(first: number, end: number): { buffer: GPUBuffer; offset: number; sizeBytes: number } {
    return { buffer: this.scalars, offset: 4 * SCALARS * first, sizeBytes: 4 * SCALARS * (end - first) };
  }

  destroy(): void {
    this.parts.gpu.release([this.scalars]);
  }
}

/** [n, SCALARS] as n arrays. */
export const scalarLeaves = (scalars: Float32Array): Float32Array[] =>
  Array.from({ length: scalars.length / SCALARS }, (_, i) => scalars.subarray(SCALARS * i, SCALARS * (i + 1)));
