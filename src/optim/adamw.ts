import adamwWgsl from "../../shaders/adamw.wgsl?raw";
import globalNormWgsl from "../../shaders/global-norm.wgsl?raw";
import flat from "../../shaders/lib/flat.wgsl?raw";
import optimizer from "../../shaders/lib/optimizer.wgsl?raw";
import reduce from "../../shaders/lib/reduce.wgsl?raw";
import { type BufferRange, Plan } from "../autograd/plan";
import { flatGroups, Tape } from "../autograd/tape";
import type { Tensor } from "../autograd/tensor";
import type { Gpu } from "../gpu/gpu";
import { readKernels } from "../gpu/kernel";
import { BLOCK, type Bucket, type Entry } from "../nn/parameter-store";

const globalNorm = readKernels("global-norm", globalNormWgsl, optimizer, reduce);
const adamw = readKernels("adamw", adamwWgsl, optimizer, flat);

// As in the WGSL.
const SPAN_QUADS = 4096;
const DECAY = 0x80;
const HEAD = 0x100;
const FROZEN = 0x200;
const HYPER_FLOATS = 12;
const PIECE_BYTES = 64 * 2 ** 20;
/** All of these bits are set in NaN and infinities alone. */
const EXPONENT = 0x7f800000;
const LARGEST_F32 = 3.4028234663852886e38;

export interface AdamWOptions {
  /** torch.optim.AdamW's defaults: 0.9, 0.999, 1e-8. */
  readonly beta1?: number;
  readonly beta2?: number;
  readonly eps?: number;
  /** Decoupled weight decay of the parameters that have `decay`. */
  readonly weightDecay: number;
  /** Largest global norm of the gradient; undefined does not clip. */
  readonly clip?: number;
  /** Scales every gradient to the norm `clip`, small ones too (the quirk clip-hard). */
  readonly alwaysClip?: boolean;
  /** Parameters that the optimiser leaves alone; their gradients still count in the norm. */
  readonly frozen?: (name: string) => boolean;
}

/** Learning rates of the two groups in one step. */
export interface Rates {
  readonly backbone: number;
  readonly head: number;
}

/** What the last step did, as read from the GPU. */
export interface StepReport {
  /** Global norm of the finite gradients before clipping. */
  readonly norm: number;
  /** Factor that clipping gave every gradient. */
  readonly scale: number;
  /** NaN or infinite gradients, values, moments and states before the update; above 0 the step changed nothing. */
  readonly nonFinite: number;
  readonly clipped: boolean;
}

/** Adam's state for a checkpoint, by parameter name. */
export interface Moments {
  readonly m: ReadonlyMap<string, Float32Array<ArrayBuffer>>;
  readonly v: ReadonlyMap<string, Float32Array<ArrayBuffer>>;
}

/** Where numbers are NaN or infinite; moments are named as in torch's state_dict. */
export interface NonFinite {
  readonly name: string;
  readonly what: "gradient" | "value" | "exp_avg" | "exp_avg_sq";
  readonly count: number;
}

/** What AdamW needs of a parameter store. */
export interface ParameterBuckets {
  readonly gpu: Gpu;
  readonly buckets: readonly Bucket[];
}

/**
 * AdamW with clipping by the global norm, wholly on the GPU: for each bucket one dispatch sums squares, one dispatch makes
 * the norm, for each bucket one updates. Equals torch.nn.utils.clip_grad_norm_ and torch.optim.AdamW. A step that finds a
 * NaN or an infinity in a gradient, a weight, a moment or a running statistic changes no weight and no moment; nothing is
 * read back for that, and `findNonFinite` says where it is.
 */
export class AdamW {
  /** Steps taken, t of the bias correction. A step that the GPU refused counts too, unless the caller sets it back. */
  stepCount = 0;

  private constructor(
    readonly gpu: Gpu,
    readonly options: AdamWOptions,
    /** Printed by the profile page; run by `step`. */
    readonly plan: Plan,
    /** Norm, scale, non-finite count and clipped flag: 4 floats, readable in one map with the losses. */
    readonly report: BufferRange,
    private readonly buckets: readonly Bucket[],
    private readonly hyper: Tensor,
    private readonly moments: ReadonlyMap<
      string,
      { readonly entry: Entry; readonly m: GPUBuffer; readonly v: GPUBuffer }
    >,
    private readonly owned: readonly GPUBuffer[],
  ) {}

  /** Allocates zero moments for every trainable bucket. Throws GpuOutOfMemoryError when they do not fit. */
  static async create(store: ParameterBuckets, options: AdamWOptions): Promise<AdamW> {
    const { gpu } = store;
    const buckets = store.buckets.filter((bucket) => bucket.trainable);
    const owned = await gpu.allocate("optimiser", [
      { label: "optimiser.state", sizeBytes: 16 },
      ...buckets.flatMap(({ floats }, i) => [
        { label: `moment1.${i}`, sizeBytes: 4 * floats },
        { label: `moment2.${i}`, sizeBytes: 4 * floats },
      ]),
    ]);
    const [state, ...buffers] = owned;
    const moments = buckets.map((_, i) => ({ m: buffers[2 * i], v: buffers[2 * i + 1] }));
    try {
      const states = store.buckets.filter((bucket) => !bucket.trainable);
      const { tape, hyper } = record(buckets, states, moments, state, options.frozen ?? (() => false));
      const plan = await Plan.compile(gpu, tape);
      const byName = buckets.flatMap((bucket, i) =>
        bucket.entries.map((entry) => [entry.parameter.name, { entry, ...moments[i] }] as const),
      );
      return new AdamW(gpu, options, plan, { buffer: state, offset: 0 }, store.buckets, hyper, new Map(byName), owned);
    } catch (error) {
      gpu.release(owned);
      throw error;
    }
  }

  /** One step on the gradients that the store holds, submitted at once. */
  step(rates: Rates): void {
    this.prepare(rates);
    this.plan.run();
  }

  /** Writes the numbers of the next step and counts it; for a caller that encodes `plan` into its own submission. */
  prepare(rates: Rates): void {
    this.stepCount++;
    this.plan.write(this.hyper, hyperOf(this.options, rates, this.stepCount));
  }

  /** What the last step did. Waits for the GPU. */
  async readReport(): Promise<StepReport> {
    const [bytes] = await this.gpu.read([{ ...this.report, sizeBytes: 16 }]);
    return stepReport(new Float32Array(bytes));
  }

  /**
   * Every parameter with numbers that are NaN or infinite. Reads everything back, 64 MiB at a time: for the time after a
   * step that was refused. Empty when only the sum of squares overflowed.
   */
  async findNonFinite(): Promise<NonFinite[]> {
    const found: NonFinite[] = [];
    for (const { entries, floats, values, gradients } of this.buckets) {
      const moments = this.moments.get(entries[0].parameter.name);
      const buffers = { gradient: gradients, value: values, exp_avg: moments?.m, exp_avg_sq: moments?.v };
      for (const [what, buffer] of Object.entries(buffers) as [NonFinite["what"], GPUBuffer | undefined][]) {
        if (!buffer) continue;
        for (const [name, count] of await countNonFinite(this.gpu, buffer, floats, entries))
          found.push({ name, what, count });
      }
    }
    return found;
  }

  /** Copies of the moments, read in pieces, so that a large model needs no staging buffer of its size. */
  async readMoments(): Promise<Moments> {
    const all = [...this.moments.entries()];
    const ranges = all.flatMap(([, { entry, ...buffers }]) =>
      [buffers.m, buffers.v].map((buffer) => ({
        buffer,
        offset: 4 * entry.offset,
        sizeBytes: 4 * entry.parameter.size,
      })),
    );
    const read = await this.gpu.readInPieces(ranges);
    const moment = (which: 0 | 1): Map<string, Float32Array<ArrayBuffer>> =>
      new Map(all.map(([name], i) => [name, new Float32Array(read[2 * i + which])]));
    return { m: moment(0), v: moment(1) };
  }

  /** Restores moments and the step count. Throws, writing nothing, when a parameter is missing, unknown or of another size. */
  writeMoments({ m, v }: Moments, stepCount: number): void {
    for (const [what, given] of [
      ["m", m],
      ["v", v],
    ] as const) {
      for (const name of given.keys())
        if (!this.moments.has(name))
          throw new Error(`optimiser state: ${what} of "${name}", which the model does not have`);
      for (const [name, { entry }] of this.moments) {
        const found = given.get(name)?.length;
        if (found !== entry.parameter.size)
          throw new Error(
            `optimiser state: ${what} of "${name}" has ${found ?? "no"} numbers, expected ${entry.parameter.size}`,
          );
      }
    }
    for (const [name, { entry, ...buffers }] of this.moments) {
      this.gpu.write(buffers.m, 4 * entry.offset, m.get(name)!);
      this.gpu.write(buffers.v, 4 * entry.offset, v.get(name)!);
    }
    this.stepCount = stepCount;
  }

  destroy(): void {
    this.plan.destroy();
    this.gpu.release(this.owned);
  }
}

/** The four floats of `AdamW.report`. */
export const stepReport = ([norm, scale, nonFinite, clipped]: Float32Array): StepReport => ({
  norm,
  scale,
  nonFinite,
  clipped: clipped !== 0,
});

/** By name of the entries of one buffer that have such numbers. */
async function countNonFinite(
  gpu: Gpu,
  buffer: GPUBuffer,
  floats: number,
  entries: readonly Entry[],
): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for (let first = 0; first < floats; first += PIECE_BYTES / 4) {
    const end = Math.min(floats, first + PIECE_BYTES / 4);
    const [bytes] = await gpu.read([{ buffer, offset: 4 * first, sizeBytes: 4 * (end - first) }]);
    const bits = new Uint32Array(bytes);
    for (const { offset, parameter } of entries) {
      let count = 0;
      const stop = Math.min(end, offset + parameter.size);
      for (let i = Math.max(first, offset); i < stop; i++) if ((bits[i - first] & EXPONENT) === EXPONENT) count++;
      if (count > 0) counts.set(parameter.name, (counts.get(parameter.name) ?? 0) + count);
    }
  }
  return counts;
}

function record(
  buckets: readonly Bucket[],
  states: readonly Bucket[],
  moments: readonly { readonly m: GPUBuffer; readonly v: GPUBuffer }[],
  stateBuffer: GPUBuffer,
  frozen: (name: string) => boolean,
): { tape: Tape; hyper: Tensor } {
  const tape = new Tape("optimiser", { pass: "update" });
  const hyper = tape.input("hyper", [HYPER_FLOATS]);
  const state = tape.external("state", [4], stateBuffer);
  const spansOf = ({ floats }: Bucket): number => Math.ceil(floats / 4 / SPAN_QUADS);
  const spans = [...buckets, ...states].reduce((sum, bucket) => sum + spansOf(bucket), 0);
  const part = tape.scratch("global-norm.part", [spans, 2]);
  const tensors = buckets.map((bucket, i) => ({
    quads: bucket.floats / 4,
    gradients: tape.external(`gradients.${i}`, [bucket.floats], bucket.gradients!),
    blocks: tape.constant(`blocks.${i}`, [bucket.floats / BLOCK], blockTable(bucket, frozen)),
    values: tape.external(`values.${i}`, [bucket.floats], bucket.values),
    moment1: tape.external(`moment1.${i}`, [bucket.floats], moments[i].m),
    moment2: tape.external(`moment2.${i}`, [bucket.floats], moments[i].v),
  }));
  let first_span = 0;
  for (const [i, { quads, ...bound }] of tensors.entries()) {
    tape.dispatch(globalNorm.sum_spans, { ...bound, part }, { quads, first_span, spans }, [spansOf(buckets[i])]);
    first_span += spansOf(buckets[i]);
  }
  for (const [i, bucket] of states.entries()) {
    const values = tape.external(`state.${i}`, [bucket.floats], bucket.values);
    const blocks = tape.constant(`state-blocks.${i}`, [bucket.floats / BLOCK], blockTable(bucket, frozen));
    const dims = { quads: bucket.floats / 4, first_span, spans };
    tape.dispatch(globalNorm.test_state, { values, blocks, part }, dims, [spansOf(bucket)]);
    first_span += spansOf(bucket);
  }
  tape.dispatch(globalNorm.finish, { part, hyper, state }, { quads: 0, first_span: 0, spans }, [1]);
  for (const { quads, ...bound } of tensors)
    tape.dispatch(adamw.update, { ...bound, hyper, state }, { quads }, flatGroups(quads));
  return { tape, hyper };
}

function blockTable(bucket: Bucket, frozen: (name: string) => boolean): Uint32Array<ArrayBuffer> {
  const table = new Uint32Array(bucket.floats / BLOCK);
  for (const { parameter, group, offset } of bucket.entries) {
    const flags = (parameter.decay ? DECAY : 0) | (group === "head" ? HEAD : 0) | (frozen(parameter.name) ? FROZEN : 0);
    for (let at = 0; at < parameter.size; at += BLOCK)
      table[(offset + at) / BLOCK] = Math.min(BLOCK, parameter.size - at) | flags;
  }
  return table;
}

/** The struct Hyper of lib/optimizer.wgsl; powers of beta are taken here, in float64. */
function hyperOf(options: AdamWOptions, { backbone, head }: Rates, t: number): Float32Array<ArrayBuffer> {
  const { beta1 = 0.9, beta2 = 0.999, eps = 1e-8, weightDecay, clip = LARGEST_F32, alwaysClip = false } = options;
  const correction1 = 1 - beta1 ** t;
  return Float32Array.of(
    1 - backbone * weightDecay,
    1 - head * weightDecay,
    backbone / correction1,
    head / correction1,
    beta1,
    1 - beta1,
    beta2,
    1 - beta2,
    Math.sqrt(1 - beta2 ** t),
    eps,
    clip,
    alwaysClip ? 1 : 0,
  );
}
