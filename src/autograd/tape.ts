import fillWgsl from "../../shaders/fill.wgsl?raw";
import { type Dims, type Kernel, type KernelStyle, readKernels } from "../gpu/kernel";
import { type DType, type ParameterLike, showShape, sizeOf, type Tensor } from "./tensor";

const fill = readKernels("fill", fillWgsl);

export type Workgroups = readonly [x: number, y?: number, z?: number];

export interface Dispatch {
  readonly kernel: Kernel;
  readonly tensors: Readonly<Record<string, Tensor>>;
  readonly dims: Dims;
  readonly constants: Readonly<Record<string, number>>;
  readonly workgroups: readonly [number, number, number];
  /** Module path in which it was recorded, "vit_backbone.blocks.0.attn". */
  readonly scope: string;
  readonly pass: "forward" | "backward" | "update";
  /** Floating-point operations, a multiply-add counting two; 0 where the op does not say. */
  readonly flops: number;
}

/** Threads per workgroup of element-wise kernels, and workgroups per row of their folded grid. */
export const FLAT_WORKGROUP = 64;
const MAX_GROUPS = 65_535;

/** Workgroups for one thread per element; beyond 65,535 groups the grid folds into y (`flat_index` in lib/flat.wgsl). */
export function flatGroups(elements: number): Workgroups {
  const groups = Math.max(1, Math.ceil(elements / FLAT_WORKGROUP));
  return groups <= MAX_GROUPS ? [groups, 1, 1] : [MAX_GROUPS, Math.ceil(groups / MAX_GROUPS), 1];
}

/**
 * Records what a model does. Ops append dispatches and, for each, the rule that appends its backward; nothing is computed.
 * Gradients: the first kernel that writes a gradient overwrites, every later one adds. A kernel says that it can do both
 * by a u32 field `add_<binding>` in its Dims (`add_d_x` for `d_x`), which the tape fills.
 */
export class Tape {
  readonly tensors: Tensor[] = [];
  readonly dispatches: Dispatch[] = [];
  readonly #grads = new Map<Tensor, Tensor>();
  readonly #written = new Set<Tensor>();
  readonly #kept = new Set<Tensor>();
  readonly #rules: { scope: string; outputs: readonly Tensor[]; rule: () => void }[] = [];
  readonly #names = new Map<string, number>();
  #scope = "";
  #pass: Dispatch["pass"];
  /** Ops that have two variants of a kernel record this one: `gpu.kernelStyle` of the adapter that will run the tape. */
  readonly style: KernelStyle;

  constructor(
    readonly name: string,
    options: { readonly style?: KernelStyle; readonly pass?: Dispatch["pass"] } = {},
  ) {
    this.style = options.style ?? "cpu";
    this.#pass = options.pass ?? "forward";
  }

  #add(fields: Omit<Tensor, "tape" | "size" | "storage">, storage?: Tensor): Tensor {
    const t: Omit<Tensor, "storage"> & { storage?: Tensor } = { ...fields, size: sizeOf(fields.shape), tape: this };
    t.storage = storage ?? (t as Tensor);
    this.tensors.push(t as Tensor);
    return t as Tensor;
  }

  #fullName(name: string): string {
    const base = this.#scope === "" ? name : `${this.#scope}.${name}`;
    const count = this.#names.get(base) ?? 0;
    this.#names.set(base, count + 1);
    return count === 0 ? base : `${base}#${count + 1}`;
  }

  /** A tensor that the host writes before a run. `needsGrad` is for tests and the inspector. */
  input(name: string, shape: readonly number[], options: { dtype?: DType; needsGrad?: boolean } = {}): Tensor {
    return this.#add({
      name,
      shape,
      dtype: options.dtype ?? "f32",
      kind: "input",
      needsGrad: options.needsGrad ?? false,
    });
  }

  /** Numbers that never change; the same array is uploaded once per device. */
  constant(name: string, shape: readonly number[], data: Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>): Tensor {
    if (data.length !== sizeOf(shape)) {
      throw new Error(
        `constant "${name}": ${data.length} numbers for shape ${showShape(shape)}, expected ${sizeOf(shape)}`,
      );
    }
    const dtype: DType = data instanceof Uint32Array ? "u32" : "f32";
    return this.#add({ name, shape, dtype, kind: "constant", needsGrad: false, data });
  }

  /** Called by `Parameter.on`. */
  parameter(p: ParameterLike): Tensor {
    if (p.name === "")
      throw new Error(
        `a parameter of shape ${showShape(p.shape)} has no name; put its model in a ParameterStore first`,
      );
    return this.#add({
      name: p.name,
      shape: p.shape,
      dtype: "f32",
      kind: "parameter",
      needsGrad: p.trainable,
      parameter: p,
    });
  }

  /** A range of a buffer that somebody else owns; `offset` in bytes, a multiple of 256. */
  external(name: string, shape: readonly number[], buffer: GPUBuffer, offset = 0, dtype: DType = "f32"): Tensor {
    return this.#add({ name, shape, dtype, kind: "external", needsGrad: false, external: { buffer, offset } });
  }

  /** The result of an op: needs a gradient when one of the tensors that it is computed `from` does. */
  output(name: string, shape: readonly number[], from: readonly Tensor[], dtype: DType = "f32"): Tensor {
    const needsGrad = from.some((t) => t.needsGrad);
    return this.#add({ name: this.#fullName(name), shape, dtype, kind: "temp", needsGrad });
  }

  /** Scratch of an op, or what its forward keeps for its backward; never has a gradient. */
  scratch(name: string, shape: readonly number[], dtype: DType = "f32"): Tensor {
    return this.#add({ name: this.#fullName(name), shape, dtype, kind: "temp", needsGrad: false });
  }

  /** The same memory under another shape; its gradient is the same gradient under that shape. */
  reshape(t: Tensor, shape: readonly number[]): Tensor {
    if (sizeOf(shape) !== t.size) {
      throw new Error(
        `reshape: ${showShape(t.shape)} holds ${t.size} numbers, ${showShape(shape)} ${sizeOf(shape)} (tensor "${t.name}")`,
      );
    }
    const { kind, dtype, needsGrad, parameter, data, external } = t;
    return this.#add({ name: t.name, shape, dtype, kind, needsGrad, parameter, data, external }, t.storage);
  }

  /** Runs `record` with `name` appended to the module path. */
  scoped<T>(name: string, record: () => T): T {
    const outer = this.#scope;
    this.#scope = outer === "" ? name : `${outer}.${name}`;
    try {
      return record();
    } finally {
      this.#scope = outer;
    }
  }

  /** Keeps a temp readable after the run: its memory is not given to another tensor. */
  keep(...tensors: Tensor[]): void {
    for (const t of tensors) this.#kept.add(t.storage);
  }

  isKept(t: Tensor): boolean {
    return this.#kept.has(t.storage);
  }

  /**
   * Appends one dispatch. Bindings are named as in the WGSL; `dims` fields `add_*` are filled here.
   * Throws for an unknown binding, a wrong Dims field, or a kernel that would overwrite a gradient already written.
   */
  dispatch(
    kernel: Kernel,
    tensors: Readonly<Record<string, Tensor>>,
    dims: Dims,
    workgroups: Workgroups,
    options: { readonly constants?: Readonly<Record<string, number>>; readonly flops?: number } = {},
  ): void {
    const filled: Record<string, number> = { ...dims };
    const fields = new Set(kernel.dims.map((field) => field.name));
    for (const [name, t] of Object.entries(tensors)) {
      const binding = kernel.bindings.get(name);
      if (!binding)
        throw new Error(`${kernel.name}: no binding "${name}"; its file has ${[...kernel.bindings.keys()].join(", ")}`);
      if (t.tape !== this)
        throw new Error(`${kernel.name}: "${t.name}" belongs to tape "${t.tape.name}", not to "${this.name}"`);
      if (binding.access !== "read_write" || !this.#isGradient.has(t.storage)) continue;
      const first = !this.#written.has(t.storage);
      if (fields.has(`add_${name}`)) filled[`add_${name}`] = first ? 0 : 1;
      else if (!first)
        throw new Error(`${kernel.name}: would overwrite the gradient "${t.name}"; give its Dims a field add_${name}`);
      this.#written.add(t.storage);
    }
    for (const { name } of kernel.dims) if (name.startsWith("add_") && filled[name] === undefined) filled[name] = 0;
    const [x, y = 1, z = 1] = workgroups;
    if (Math.max(x, y, z) > MAX_GROUPS) {
      throw new Error(`${kernel.name}: ${x} x ${y} x ${z} workgroups, at most ${MAX_GROUPS} along one axis`);
    }
    const { constants = {}, flops = 0 } = options;
    for (const name of Object.keys(constants)) {
      if (!kernel.overrides.includes(name)) throw new Error(`${kernel.name}: no override constant "${name}"`);
    }
    this.dispatches.push({
      kernel,
      tensors,
      dims: filled,
      constants,
      workgroups: [x, y, z],
      scope: this.#scope,
      pass: this.#pass,
      flops,
    });
  }

  /**
   * Registers the backward of what was just recorded. The rule runs when the gradient of at least one of `outputs` is
   * written; the gradients of the others are zero then. Rules check `needsGrad` of each input.
   */
  onBackward(outputs: Tensor | readonly Tensor[], rule: () => void): void {
    const list = Array.isArray(outputs) ? (outputs as readonly Tensor[]) : [outputs as Tensor];
    if (list.some((t) => t.needsGrad)) this.#rules.push({ scope: this.#scope, outputs: list, rule });
  }

  readonly #isGradient = new Set<Tensor>();

  /** d(loss)/d(t), with t's shape. */
  grad(t: Tensor): Tensor {
    const root = t.storage;
    let g = this.#grads.get(root);
    if (!g) {
      const kind = root.kind === "parameter" ? "gradient" : "temp";
      g = this.#add({
        name: `d_${root.name}`,
        shape: root.shape,
        dtype: "f32",
        kind,
        needsGrad: false,
        parameter: root.parameter,
      });
      this.#grads.set(root, g);
      this.#isGradient.add(g);
    }
    return t === root ? g : this.reshape(g, t.shape);
  }

  /** Gradients by the tensor that they belong to. */
  get grads(): ReadonlyMap<Tensor, Tensor> {
    return this.#grads;
  }

  /** True once a backward kernel has written d(loss)/d(t). */
  hasGrad(t: Tensor): boolean {
    const g = this.#grads.get(t.storage);
    return g !== undefined && this.#written.has(g);
  }

  /** Appends the backward pass of everything recorded so far, from d(loss) = 1. Throws unless `loss` holds one number. */
  backward(loss: Tensor): void {
    if (loss.size !== 1)
      throw new Error(`backward: the loss must hold one number, "${loss.name}" has shape ${showShape(loss.shape)}`);
    if (!loss.needsGrad) throw new Error(`backward: the loss "${loss.name}" does not depend on any parameter`);
    const outerScope = this.#scope;
    this.#pass = "backward";
    this.#scope = "loss";
    this.fill(this.grad(loss), 1);
    for (const { scope, outputs, rule } of this.#rules.splice(0).reverse()) {
      if (!outputs.some((t) => this.hasGrad(t))) continue;
      this.#scope = scope;
      for (const t of outputs) if (t.needsGrad && !this.hasGrad(t)) this.fill(this.grad(t), 0);
      rule();
    }
    this.#scope = outerScope;
    this.#pass = "forward";
  }

  /** Sets every element of `t` to `value`. */
  fill(t: Tensor, value: number): void {
    this.dispatch(fill.forward, { y: t }, { size: t.size, value }, flatGroups(t.size));
  }
}
