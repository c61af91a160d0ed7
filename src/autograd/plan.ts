import { type BufferRequest, type Gpu, mebibytes } from "../gpu/gpu";
import { packDims } from "../gpu/kernel";
import type { Dispatch, Tape } from "./tape";
import { type ParameterLike, showShape, type Tensor } from "./tensor";

export interface BufferRange {
  readonly buffer: GPUBuffer;
  readonly offset: number;
}

/** Where parameters and their gradients live; `nn` brings the store. */
export interface ParameterBuffers {
  value(p: ParameterLike): BufferRange;
  gradient(p: ParameterLike): BufferRange;
}

export interface Step {
  readonly dispatch: Dispatch;
  readonly pipeline: GPUComputePipeline;
  readonly bindGroup: GPUBindGroup;
}

export interface PlanStats {
  readonly dispatches: number;
  readonly pipelines: number;
  /** Inputs, outputs and scratch, after sharing memory between tensors that are never alive together. */
  readonly activationBytes: number;
  /** What they would take without sharing. */
  readonly activationBytesUnshared: number;
  readonly constantBytes: number;
  readonly flops: number;
}

/** A tensor in the memory of a plan. */
export interface Placement {
  readonly tensor: Tensor;
  /** Index of its buffer, and the first and last dispatch that touch it. */
  readonly slot: number;
  readonly first: number;
  readonly last: number;
  /** No other tensor takes its memory over. */
  readonly isKept: boolean;
}

/** Which tensor lies where and when. */
export interface PlanMemory {
  /** Bytes of each buffer. */
  readonly slots: readonly number[];
  readonly placements: readonly Placement[];
}

const UNIFORM_STRIDE = 256;

/** A tape made runnable: every buffer, pipeline and bind group exists, and a step only replays them. */
export class Plan {
  /** Host milliseconds spent encoding and submitting the last run. */
  hostMs = 0;

  private constructor(
    readonly gpu: Gpu,
    readonly tape: Tape,
    readonly steps: readonly Step[],
    readonly stats: PlanStats,
    /** Parameters whose gradient no kernel of this tape writes; their gradient is zero. */
    readonly untouched: readonly ParameterLike[],
    readonly memory: PlanMemory,
    private readonly ranges: ReadonlyMap<Tensor, BufferRange>,
    private readonly owned: readonly GPUBuffer[],
  ) {}

  /**
   * Allocates and compiles everything that `tape` needs on `gpu`.
   * `reuse` false gives every tensor its own memory, so that all of them can be read after a run.
   */
  static async compile(
    gpu: Gpu,
    tape: Tape,
    parameters?: ParameterBuffers,
    options: { reuse?: boolean } = {},
  ): Promise<Plan> {
    const what = `plan "${tape.name}"`;
    const { slots, slotOf, unshared, placements } = assignSlots(tape, options.reuse ?? true);
    const buffers = await gpu.allocate(what, slots);
    const owned = [...buffers];
    const ranges = new Map<Tensor, BufferRange>();
    let constantBytes = 0;
    for (const t of new Set(tape.tensors.map((tensor) => tensor.storage))) {
      const slot = slotOf.get(t);
      if (slot !== undefined) ranges.set(t, { buffer: buffers[slot], offset: 0 });
      else if (t.data) {
        ranges.set(t, { buffer: await gpu.constant(t.name, t.data), offset: 0 });
        constantBytes += t.data.byteLength;
      } else if (t.external) ranges.set(t, t.external);
      else if (t.parameter) {
        if (!parameters) throw new Error(`${what}: parameter "${t.name}" is used, but no parameter store was given`);
        ranges.set(t, t.kind === "gradient" ? parameters.gradient(t.parameter) : parameters.value(t.parameter));
      }
    }
    try {
      const steps = await makeSteps(gpu, tape, ranges, owned);
      const pipelines = new Set(steps.map((step) => step.pipeline)).size;
      const activationBytes = slots.reduce((sum, slot) => sum + slot.sizeBytes, 0);
      const flops = tape.dispatches.reduce((sum, dispatch) => sum + dispatch.flops, 0);
      const stats = {
        dispatches: steps.length,
        pipelines,
        activationBytes,
        activationBytesUnshared: unshared,
        constantBytes,
        flops,
      };
      const untouched = clearUntouched(gpu, tape, parameters);
      const memory = { slots: slots.map(({ sizeBytes }) => sizeBytes), placements };
      return new Plan(gpu, tape, steps, stats, untouched, memory, ranges, owned);
    } catch (error) {
      gpu.release(owned);
      throw error;
    }
  }

  /** Where `t` lives. Throws when the tape never used it. */
  range(t: Tensor): BufferRange {
    const range = this.ranges.get(t.storage);
    if (!range) throw new Error(`plan "${this.tape.name}": no kernel uses the tensor "${t.name}"`);
    return range;
  }

  /** Writes an input (or any tensor) from the host. Throws when the count differs from the shape. */
  write(t: Tensor, values: Float32Array | Uint32Array): void {
    if (values.length !== t.size) {
      throw new Error(`write: "${t.name}" has shape ${showShape(t.shape)}, ${t.size} numbers, got ${values.length}`);
    }
    const range = this.ranges.get(t.storage);
    if (!range) return; // an input that no kernel reads, as the placeholder's depth flag of an RGB-only model
    this.gpu.write(range.buffer, range.offset, values);
  }

  /** Replays all dispatches in one pass and one submit. */
  run(): void {
    const start = performance.now();
    this.gpu.check(`plan "${this.tape.name}"`);
    const encoder = this.gpu.device.createCommandEncoder({ label: this.tape.name });
    this.encode(encoder);
    this.gpu.device.queue.submit([encoder.finish()]);
    this.hostMs = performance.now() - start;
  }

  /** Appends all dispatches to `encoder` as one compute pass. */
  encode(encoder: GPUCommandEncoder): void {
    const pass = encoder.beginComputePass({ label: this.tape.name });
    let last: GPUComputePipeline | undefined;
    for (const { pipeline, bindGroup, dispatch } of this.steps) {
      if (pipeline !== last) pass.setPipeline(pipeline);
      last = pipeline;
      pass.setBindGroup(0, bindGroup);
      const [x, y, z] = dispatch.workgroups;
      pass.dispatchWorkgroups(x, y, z);
    }
    pass.end();
  }

  /** Reads tensors back in one map. A temp must have been kept (`tape.keep`), or the plan compiled without reuse. */
  async read(...tensors: readonly Tensor[]): Promise<Float32Array<ArrayBuffer>[]> {
    const bytes = await this.gpu.read(tensors.map((t) => ({ ...this.range(t), sizeBytes: 4 * t.size })));
    return bytes.map((b) => new Float32Array(b));
  }

  /** "212 dispatches, 31 pipelines, 48.1 MiB of activations (96.0 MiB unshared), 3.1 MiB of constants". */
  get summary(): string {
    const { dispatches, pipelines, activationBytes, activationBytesUnshared, constantBytes } = this.stats;
    return `${dispatches} dispatches, ${pipelines} pipelines, ${mebibytes(activationBytes)} of activations (${mebibytes(activationBytesUnshared)} unshared), ${mebibytes(constantBytes)} of constants`;
  }

  destroy(): void {
    this.gpu.release(this.owned);
  }
}

/**
 * Gives every input and temp a slot (one GPU buffer). Two temps share a slot when the last dispatch that touches one
 * comes before the first that touches the other. Slots are separate buffers, so no dispatch reads and writes one buffer.
 */
function assignSlots(
  tape: Tape,
  reuse: boolean,
): { slots: BufferRequest[]; slotOf: Map<Tensor, number>; unshared: number; placements: Placement[] } {
  const first = new Map<Tensor, number>();
  const last = new Map<Tensor, number>();
  for (const [i, { tensors }] of tape.dispatches.entries()) {
    for (const { storage } of Object.values(tensors)) {
      if (storage.kind !== "temp" && storage.kind !== "input") continue;
      if (!first.has(storage)) first.set(storage, i);
      last.set(storage, i);
    }
  }
  const slots: { label: string; sizeBytes: number }[] = [];
  const slotOf = new Map<Tensor, number>();
  let unshared = 0;
  const free: number[] = [];
  const begin = new Map<number, Tensor[]>();
  const end = new Map<number, Tensor[]>();
  for (const [t, i] of first) push(begin, i, t);
  for (const [t, i] of last) push(end, i, t);
  const take = (t: Tensor): void => {
    const bytes = Math.max(4, 4 * t.size);
    unshared += bytes;
    const shareable = reuse && t.kind === "temp" && !tape.isKept(t);
    let best = -1;
    if (shareable) {
      for (const candidate of free) {
        if (best === -1 || better(slots[candidate].sizeBytes, slots[best].sizeBytes, bytes)) best = candidate;
      }
    }
    if (best === -1) {
      best = slots.length;
      slots.push({ label: t.name, sizeBytes: bytes });
    } else {
      free.splice(free.indexOf(best), 1);
      slots[best].sizeBytes = Math.max(slots[best].sizeBytes, bytes);
    }
    slotOf.set(t, best);
  };
  for (let i = 0; i < tape.dispatches.length; i++) {
    for (const t of begin.get(i) ?? []) take(t);
    for (const t of end.get(i) ?? []) if (reuse && t.kind === "temp" && !tape.isKept(t)) free.push(slotOf.get(t)!);
  }
  const placements = Array.from(first, ([tensor, start]): Placement => {
    const isKept = !reuse || tensor.kind !== "temp" || tape.isKept(tensor);
    return { tensor, slot: slotOf.get(tensor)!, first: start, last: last.get(tensor)!, isKept };
  });
  return { slots, slotOf, unshared, placements };
}

/** A slot that fits beats one that must grow; of those that fit the smallest wins, of those that grow the largest. */
function better(candidate: number, best: number, bytes: number): boolean {
  const fits = candidate >= bytes;
  const bestFits = best >= bytes;
  if (fits !== bestFits) return fits;
  return fits ? candidate < best : candidate > best;
}

function push(lists: Map<number, Tensor[]>, key: number, t: Tensor): void {
  const list = lists.get(key);
  if (list) list.push(t);
  else lists.set(key, [t]);
}

async function makeSteps(
  gpu: Gpu,
  tape: Tape,
  ranges: ReadonlyMap<Tensor, BufferRange>,
  owned: GPUBuffer[],
): Promise<Step[]> {
  const packed = tape.dispatches.map(({ kernel, dims }) => new Uint8Array(packDims(kernel, dims)));
  const offsets: number[] = [];
  const known = new Map<string, number>();
  let size = 0;
  for (const bytes of packed) {
    const key = bytes.join();
    let at = known.get(key);
    if (at === undefined) {
      at = size;
      known.set(key, at);
      size += Math.ceil(bytes.byteLength / UNIFORM_STRIDE) * UNIFORM_STRIDE;
    }
    offsets.push(at);
  }
  const all = new Uint8Array(Math.max(UNIFORM_STRIDE, size));
  for (const [i, bytes] of packed.entries()) all.set(bytes, offsets[i]);
  const uniforms = await gpu.uniform(`${tape.name}.dims`, all);
  owned.push(uniforms);

  return Promise.all(
    tape.dispatches.map(async (dispatch, i): Promise<Step> => {
      const { kernel, tensors, constants } = dispatch;
      const bound = Object.entries(tensors).map(([name, t]) => ({ binding: kernel.bindings.get(name)!, t }));
      const dims = kernel.bindings.get("dims");
      const layout = gpu.layout([...(dims ? [dims] : []), ...bound.map(({ binding }) => binding)]);
      if (bound.length > 8)
        throw new Error(`${kernel.name}: binds ${bound.length} storage buffers, at most 8 are portable`);
      const pipeline = await gpu.pipeline(kernel, constants, layout);
      const entries: GPUBindGroupEntry[] = bound.map(({ binding, t }) => {
        const { buffer, offset } = ranges.get(t.storage)!;
        return { binding: binding.index, resource: { buffer, offset, size: Math.max(4, 4 * t.size) } };
      });
      if (dims) {
        const sizeBytes = packed[i].byteLength;
        entries.push({ binding: dims.index, resource: { buffer: uniforms, offset: offsets[i], size: sizeBytes } });
      }
      const bindGroup = gpu.device.createBindGroup({ label: `${dispatch.scope} ${kernel.name}`, layout, entries });
      return { dispatch, pipeline, bindGroup };
    }),
  ).then((steps) => {
    gpu.check(`plan "${tape.name}"`);
    return steps;
  });
}

function clearUntouched(gpu: Gpu, tape: Tape, parameters: ParameterBuffers | undefined): ParameterLike[] {
  const used = tape.tensors.filter((t) => t.kind === "parameter" && t.storage === t && t.needsGrad);
  const hasBackward = tape.dispatches.some((dispatch) => dispatch.pass === "backward");
  if (!parameters || !hasBackward) return [];
  const untouched = used.filter((t) => !tape.hasGrad(t)).map((t) => t.parameter!);
  const encoder = gpu.device.createCommandEncoder();
  for (const p of untouched) {
    const { buffer, offset } = parameters.gradient(p);
    encoder.clearBuffer(buffer, offset, 4 * p.size);
  }
  gpu.device.queue.submit([encoder.finish()]);
  return untouched;
}
