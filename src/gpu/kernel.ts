/** WGSL as the single source of truth: bindings, their access and the fields of `struct Dims` are read from the shader text. */

/**
 * Which variant of a kernel is recorded where an op has two. cpu: without barriers, for adapters that run on the CPU, where
 * a barrier costs more than all that it saves; gpu: rows and tiles shared by a workgroup.
 */
export type KernelStyle = "cpu" | "gpu";

export type Access = "uniform" | "read" | "read_write";

export interface Binding {
  readonly name: string;
  readonly index: number;
  readonly access: Access;
}

/** One WGSL entry point, described by its source alone; a GPUDevice is needed only to compile it. */
export interface Kernel {
  /** "layer-norm.forward": what the profile page, labels and errors show. */
  readonly name: string;
  readonly op: string;
  readonly entryPoint: string;
  readonly code: string;
  /** Bindings of the whole file by WGSL variable name. */
  readonly bindings: ReadonlyMap<string, Binding>;
  /** Fields of `struct Dims` in order. */
  readonly dims: readonly { readonly name: string; readonly type: "u32" | "f32" }[];
  /** Names of the file's `override` constants. */
  readonly overrides: readonly string[];
}

export type Dims = Readonly<Record<string, number>>;

const ENTRY = /@compute[^{]*?fn\s+(\w+)\s*\(/g;
const BINDING = /@group\(0\)\s*@binding\((\d+)\)\s*var<(uniform|storage)(?:,\s*(read_write|read))?>\s*(\w+)/g;
const DIMS = /struct\s+Dims\s*\{([^}]*)\}/;
const OVERRIDE = /^\s*override\s+(\w+)/gm;
const COMMENT = /\/\/[^\n]*/g;

const registry = new Map<string, Kernel>();

/** Every kernel that an imported op has read, in the order of reading. */
export const allKernels = (): readonly Kernel[] => [...registry.values()];

/**
 * Reads the kernels of one WGSL file; `libs` are appended as they are.
 * Throws when a field of `struct Dims` is neither u32 nor f32, or when the file has no entry point.
 */
export function readKernels(op: string, wgsl: string, ...libs: string[]): Record<string, Kernel> {
  const code = [wgsl, ...libs].join("\n");
  const plain = code.replace(COMMENT, "");
  const bindings = new Map<string, Binding>();
  for (const [, index, space, access, name] of plain.matchAll(BINDING)) {
    bindings.set(name, {
      name,
      index: Number(index),
      access: space === "uniform" ? "uniform" : ((access ?? "read") as Access),
    });
  }
  const dims = (DIMS.exec(plain)?.[1] ?? "")
    .split(",")
    .map((field) => field.trim())
    .filter((field) => field !== "")
    .map((field) => {
      const [name, type] = field.split(":").map((part) => part.trim());
      if (type !== "u32" && type !== "f32") throw new Error(`${op}.wgsl: Dims.${name} is ${type}; use u32 or f32`);
      return { name, type } as const;
    });
  const overrides = [...plain.matchAll(OVERRIDE)].map((match) => match[1]);
  const entries = [...plain.matchAll(ENTRY)].map((match) => match[1]);
  if (entries.length === 0) throw new Error(`${op}.wgsl: no @compute entry point found`);
  const kernels: Record<string, Kernel> = {};
  for (const entryPoint of entries) {
    const kernel: Kernel = { name: `${op}.${entryPoint}`, op, entryPoint, code, bindings, dims, overrides };
    kernels[entryPoint] = kernel;
    registry.set(kernel.name, kernel);
  }
  return kernels;
}

/** Packs `values` in the order of `struct Dims`, padded to 16 bytes. Throws for a missing or unknown field. */
export function packDims(kernel: Kernel, values: Dims): ArrayBuffer {
  const bytes = new DataView(new ArrayBuffer(Math.max(1, Math.ceil(kernel.dims.length / 4)) * 16));
  const known = new Set(kernel.dims.map((field) => field.name));
  for (const name of Object.keys(values)) {
    if (!known.has(name))
      throw new Error(`${kernel.name}: Dims has no field "${name}"; it has ${[...known].join(", ")}`);
  }
  kernel.dims.forEach(({ name, type }, i) => {
    const value = values[name];
    if (value === undefined) throw new Error(`${kernel.name}: Dims.${name} was not given`);
    if (type === "u32") {
      if (!Number.isInteger(value) || value < 0)
        throw new Error(`${kernel.name}: Dims.${name} is ${value}, expected a u32`);
      bytes.setUint32(4 * i, value, true);
    } else bytes.setFloat32(4 * i, value, true);
  });
  return bytes.buffer;
}
