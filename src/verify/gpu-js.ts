/** The face of gpu.js that verification uses. It is loaded on demand, as it is large and its cpu back end compiles at run time. */

/** Back ends: plain JavaScript, or WGSL that gpu.js writes, on a device of its own. */
export type GpuJsMode = "cpu" | "webgpu";

/** A compiled kernel; `kernel.compiledSource` is there after the first call of the mode webgpu. */
export interface GpuJsKernel {
  (...inputs: readonly Float32Array[]): unknown;
  readonly kernel?: { readonly compiledSource?: string };
  destroy(): unknown;
}

export interface GpuJs {
  createKernel(
    source: string,
    settings: {
      readonly output: readonly number[];
      readonly constants: Readonly<Record<string, number>>;
      readonly functions: readonly string[];
    },
  ): GpuJsKernel;
  destroy(): unknown;
}

export type GpuJsClass = new (options: { readonly mode: GpuJsMode }) => GpuJs;

/** Loads gpu.js. Throws when the module has no class GPU. */
export async function loadGpuJs(): Promise<GpuJsClass> {
  const loaded = (await import("gpu.js")) as { readonly GPU?: unknown; readonly default?: unknown };
  const whole = loaded.default as { readonly GPU?: unknown } | undefined;
  const found = loaded.GPU ?? whole?.GPU ?? whole;
  if (typeof found !== "function") throw new Error("gpu.js: the module has no class GPU, expected version 2.24");
  return found as GpuJsClass;
}
