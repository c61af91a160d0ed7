import type { BufferRange, ParameterBuffers } from "../autograd/plan";
import type { ParameterLike } from "../autograd/tensor";
import { showShape } from "../autograd/tensor";
import { type Gpu, mebibytes } from "../gpu/gpu";
import { initialValues } from "./init";
import type { Module } from "./module";
import type { Group, Parameter } from "./parameter";

/** Floats per block: views start on 256 bytes, so a block of 64 floats belongs to one parameter only. */
export const BLOCK = 64;

export interface Entry {
  readonly parameter: Parameter;
  readonly group: Group;
  readonly bucket: number;
  /** Offset in floats inside the bucket, a multiple of BLOCK. */
  readonly offset: number;
}

/** Flat buffers of one bucket; all have the same layout. State buckets (running statistics) have no gradient. */
export interface Bucket {
  readonly trainable: boolean;
  readonly floats: number;
  readonly entries: readonly Entry[];
  readonly values: GPUBuffer;
  readonly gradients: GPUBuffer | undefined;
}

/**
 * All parameters of a model in a few flat buffers. Parameters lie in the model's order, each on a 256-byte boundary;
 * a new bucket begins where one buffer would exceed what the adapter can bind.
 */
export class ParameterStore implements ParameterBuffers {
  readonly #byName: ReadonlyMap<string, Entry>;

  private constructor(
    readonly gpu: Gpu,
    readonly buckets: readonly Bucket[],
  ) {
    this.#byName = new Map(buckets.flatMap((bucket) => bucket.entries.map((e) => [e.parameter.name, e])));
  }

  /**
   * Names the model's parameters and allocates them. Throws when two parameters share a name or one is larger than a
   * binding may be.
   */
  static async create(gpu: Gpu, model: Module): Promise<ParameterStore> {
    const limit = Math.min(gpu.limits.maxStorageBufferBindingSize, gpu.limits.maxBufferSize, 2 ** 30);
    const layouts = layOut(model, limit);
    const requests = layouts.flatMap(({ trainable, floats }, i) => [
      { label: `values.${i}`, sizeBytes: 4 * floats },
      ...(trainable ? [{ label: `gradients.${i}`, sizeBytes: 4 * floats }] : []),
    ]);
    const buffers = await gpu.allocate("parameters", requests);
    const buckets = layouts.map((layout): Bucket => {
      const values = buffers.shift()!;
      return { ...layout, values, gradients: layout.trainable ? buffers.shift() : undefined };
    });
    return new ParameterStore(gpu, buckets);
  }

  get names(): readonly string[] {
    return [...this.#byName.keys()];
  }

  get parameters(): readonly Parameter[] {
    return this.buckets.flatMap((bucket) => bucket.entries.map((e) => e.parameter));
  }

  /** Numbers that the optimiser moves. */
  get trainableCount(): number {
    return this.parameters.reduce((sum, p) => sum + (p.trainable ? p.size : 0), 0);
  }

  entry(name: string): Entry {
    const entry = this.#byName.get(name);
    if (!entry) throw new Error(`parameter store: no parameter "${name}"`);
    return entry;
  }

  value(p: ParameterLike): BufferRange {
    const { bucket, offset } = this.entry(p.name);
    return { buffer: this.buckets[bucket].values, offset: 4 * offset };
  }

  gradient(p: ParameterLike): BufferRange {
    const { bucket, offset } = this.entry(p.name);
    const { gradients } = this.buckets[bucket];
    if (!gradients) throw new Error(`parameter store: "${p.name}" is state and has no gradient`);
    return { buffer: gradients, offset: 4 * offset };
  }

  /** Writes every parameter's initial values, a pure function of (seed, name). */
  initialize(seed: number): void {
    for (const p of this.parameters) this.write(p.name, initialValues(p, seed));
  }

  /** Values may lie in shared memory. Throws when the count differs. */
  write(name: string, values: Float32Array): void {
    const { parameter } = this.entry(name);
    if (values.length !== parameter.size) {
      throw new Error(
        `parameter "${name}" has shape ${showShape(parameter.shape)}, ${parameter.size} numbers, got ${values.length}`,
      );
    }
    const { buffer, offset } = this.value(parameter);
    this.gpu.write(buffer, offset, values);
  }

  /** Copies of all values (or gradients) by name, read in pieces, so that a large model needs no staging buffer of its size. */
  async read(what: "values" | "gradients" = "values"): Promise<Map<string, Float32Array<ArrayBuffer>>> {
    const parameters = this.parameters.filter((p) => what === "values" || p.trainable);
    const ranges = parameters.map((p) => ({
      ...(what === "values" ? this.value(p) : this.gradient(p)),
      sizeBytes: 4 * p.size,
    }));
    const bytes = await this.gpu.readInPieces(ranges);
    return new Map(parameters.map((p, i) => [p.name, new Float32Array(bytes[i])]));
  }

  destroy(): void {
    this.gpu.release(
      this.buckets.flatMap((bucket) => (bucket.gradients ? [bucket.values, bucket.gradients] : [bucket.values])),
    );
  }
}

interface Layout {
  readonly trainable: boolean;
  readonly floats: number;
  readonly entries: readonly Entry[];
}

function layOut(model: Module, limitBytes: number): Layout[] {
  const seen = new Set<string>();
  const layouts: { trainable: boolean; floats: number; entries: Entry[] }[] = [];
  const open = new Map<boolean, number>();
  for (const [name, parameter] of model.parameters()) {
    if (seen.has(name)) throw new Error(`two parameters are named "${name}"`);
    seen.add(name);
    parameter.name = name;
    const padded = Math.ceil(parameter.size / BLOCK) * BLOCK;
    if (4 * padded > limitBytes) {
      throw new Error(
        `parameter "${name}" needs ${mebibytes(4 * padded)}, this adapter binds at most ${mebibytes(limitBytes)}`,
      );
    }
    let index = open.get(parameter.trainable);
    if (index === undefined || 4 * (layouts[index].floats + padded) > limitBytes) {
      index = layouts.push({ trainable: parameter.trainable, floats: 0, entries: [] }) - 1;
      open.set(parameter.trainable, index);
    }
    const layout = layouts[index];
    layout.entries.push({ parameter, group: model.groupOf(name), bucket: index, offset: layout.floats });
    layout.floats += padded;
  }
  return layouts;
}
