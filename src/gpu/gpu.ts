import { DeviceLostError, GpuOutOfMemoryError, GpuValidationError } from "./errors";
import type { Kernel, KernelStyle } from "./kernel";

/** What people read about the adapter; goes into logs, results and run manifests. */
export interface AdapterDescription {
  readonly vendor: string;
  readonly architecture: string;
  readonly device: string;
  readonly description: string;
  /** True for an adapter that runs on the CPU (SwiftShader, lavapipe, WARP). */
  readonly software: boolean;
}

export interface BufferRequest {
  readonly label: string;
  readonly sizeBytes: number;
}

const STORAGE_USAGE = 0x80 | 0x4 | 0x8; // STORAGE | COPY_SRC | COPY_DST
const UNIFORM_USAGE = 0x40 | 0x8; // UNIFORM | COPY_DST
const READBACK_USAGE = 0x1 | 0x8; // MAP_READ | COPY_DST

/** Most bytes of a staging buffer of `readInPieces`. */
const PIECE_BYTES = 64 * 2 ** 20;

/** Dawn in Node crashes when it is given a view of shared memory; browsers take it. */
const IS_NODE =
  (globalThis as { readonly process?: { readonly versions?: { readonly node?: string } } }).process?.versions?.node !==
  undefined;

/**
 * The one door to WebGPU: every call that can fail goes through here, has an error scope and ends in a sentence.
 * The same class serves a page's worker (Chromium, Firefox) and Node on Dawn.
 */
export class Gpu {
  readonly #pipelines = new Map<string, Promise<GPUComputePipeline>>();
  readonly #modules = new Map<string, Promise<GPUShaderModule>>();
  readonly #constants = new WeakMap<ArrayBufferView, GPUBuffer>();
  readonly #layouts = new Map<string, GPUBindGroupLayout>();
  #lost: GPUDeviceLostInfo | undefined;
  #uncaptured: string | undefined;
  #allocatedBytes = 0;
  #peakBytes = 0;

  private constructor(
    readonly device: GPUDevice,
    readonly adapter: AdapterDescription,
    readonly hasTimestamps: boolean,
    private readonly needsNudge: boolean,
  ) {
    void device.lost.then((info) => {
      this.#lost = info;
    });
    device.addEventListener("uncapturederror", (event) => {
      this.#uncaptured ??= (event as GPUUncapturedErrorEvent).error.message;
    });
  }

  /**
   * Requests the adapter and a device with the limits that training needs.
   * Throws a sentence when WebGPU or an adapter is missing, or when a limit is below what Handloom needs.
   */
  static async request(gpu: GPU | undefined, options: { powerPreference?: GPUPowerPreference } = {}): Promise<Gpu> {
    if (!gpu)
      throw new Error(
        "WebGPU is not available here: this browser has no navigator.gpu; use a recent Chrome, Edge or Firefox over https or localhost",
      );
    const adapter = await gpu.requestAdapter({ powerPreference: options.powerPreference ?? "high-performance" });
    if (!adapter)
      throw new Error(
        "no WebGPU adapter was found: check that the GPU driver works, that hardware acceleration is on, and chrome://gpu or about:support",
      );
    const wanted = ["maxBufferSize", "maxStorageBufferBindingSize"] as const;
    const requiredLimits: Record<string, number> = {};
    for (const name of wanted) requiredLimits[name] = adapter.limits[name];
    if (adapter.limits.maxStorageBuffersPerShaderStage < 8) {
      throw new Error(
        `the WebGPU adapter offers ${adapter.limits.maxStorageBuffersPerShaderStage} storage buffers per kernel, expected at least 8, which WebGPU promises: update the browser or the graphics driver, or choose another adapter`,
      );
    }
    const hasTimestamps = adapter.features.has("timestamp-query");
    const device = await adapter.requestDevice({
      requiredLimits,
      requiredFeatures: hasTimestamps ? ["timestamp-query"] : [],
    });
    const { vendor, architecture, device: name, description } = adapter.info;
    const text = `${vendor} ${architecture} ${name} ${description}`;
    const software =
      /swiftshader|llvmpipe|lavapipe|warp|basic render/i.test(text) || adapter.info.isFallbackAdapter === true;
    const needsNudge = /firefox/i.test(globalThis.navigator?.userAgent ?? "");
    return new Gpu(device, { vendor, architecture, device: name, description, software }, hasTimestamps, needsNudge);
  }

  get limits(): GPUSupportedLimits {
    return this.device.limits;
  }

  /** The style that tapes for this adapter are recorded with. */
  get kernelStyle(): KernelStyle {
    return this.adapter.software ? "cpu" : "gpu";
  }

  /** Bytes of storage and staging buffers alive, and the highest that number has been. */
  get memory(): { readonly allocatedBytes: number; readonly peakBytes: number } {
    return { allocatedBytes: this.#allocatedBytes, peakBytes: this.#peakBytes };
  }

  /** One line for logs: "google swiftshader SwiftShader Device (Subzero), software". */
  get label(): string {
    const { vendor, architecture, device, description, software } = this.adapter;
    const text = [...new Set([vendor, architecture, device, description].filter((part) => part !== ""))].join(" ");
    return `${text === "" ? "unnamed adapter" : text}${software ? ", on the CPU" : ""}`;
  }

  /** Throws when the device is lost or an earlier call failed without an error scope; call it before trusting a result. */
  check(what: string): void {
    if (this.#lost)
      throw new DeviceLostError(`${what}: the GPU device was lost (${this.#lost.reason}): ${this.#lost.message}`);
    if (this.#uncaptured) throw new GpuValidationError(`${what}: ${this.#uncaptured}`);
  }

  async #scoped<T>(what: string, action: () => T | Promise<T>): Promise<T> {
    this.check(what);
    this.device.pushErrorScope("out-of-memory");
    this.device.pushErrorScope("validation");
    let result: T | undefined;
    let thrown: unknown;
    try {
      result = await action();
    } catch (error) {
      thrown = error;
    }
    const [invalid, exhausted] = await Promise.all([this.device.popErrorScope(), this.device.popErrorScope()]).catch(
      (error: unknown) => {
        this.check(what);
        throw error;
      },
    );
    this.check(what);
    if (invalid) throw new GpuValidationError(`${what}: ${invalid.message}`);
    if (exhausted) throw new GpuOutOfMemoryError(`${what}: the GPU is out of memory: ${exhausted.message}`);
    if (thrown !== undefined) throw thrown;
    return result as T;
  }

  /** Allocates storage buffers, all or none. Throws GpuOutOfMemoryError naming the total when they do not fit. */
  allocate(what: string, requests: readonly BufferRequest[]): Promise<GPUBuffer[]> {
    return this.#create(what, requests, STORAGE_USAGE);
  }

  /** As `allocate`, for buffers that are only copied to and mapped. */
  allocateStaging(what: string, requests: readonly BufferRequest[]): Promise<GPUBuffer[]> {
    return this.#create(what, requests, READBACK_USAGE);
  }

  async #create(what: string, requests: readonly BufferRequest[], usage: number): Promise<GPUBuffer[]> {
    const largest = this.limits.maxBufferSize;
    for (const { label, sizeBytes } of requests) {
      if (sizeBytes > largest) {
        throw new GpuOutOfMemoryError(
          `${what}: buffer "${label}" needs ${mebibytes(sizeBytes)}, this adapter allows ${mebibytes(largest)} per buffer; use a smaller batch or preset`,
        );
      }
    }
    const total = requests.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    const created: GPUBuffer[] = [];
    try {
      await this.#scoped(`${what} (${requests.length} buffers, ${mebibytes(total)})`, () => {
        for (const { label, sizeBytes } of requests) {
          created.push(this.device.createBuffer({ label, size: align4(sizeBytes), usage }));
        }
      });
    } catch (error) {
      for (const buffer of created) buffer.destroy();
      throw error;
    }
    for (const buffer of created) this.#track(buffer);
    return created;
  }

  #track(buffer: GPUBuffer): void {
    this.#allocatedBytes += buffer.size;
    this.#peakBytes = Math.max(this.#peakBytes, this.#allocatedBytes);
  }

  /**
   * Writes to a buffer before all later submissions; `offset` in bytes. Values may lie in shared memory, which nobody may
   * write to meanwhile.
   */
  write(buffer: GPUBuffer, offset: number, values: Float32Array | Uint32Array): void {
    const isShared = !(values.buffer instanceof ArrayBuffer);
    const own = isShared && IS_NODE ? values.slice() : values;
    this.device.queue.writeBuffer(buffer, offset, own as Float32Array<ArrayBuffer>);
  }

  /**
   * `read` of more than should lie in one staging buffer: at most `pieceBytes` at a time, a multiple of 4. Work that is submitted
   * before it resolves is in later pieces and not in earlier ones.
   */
  async readInPieces(
    ranges: readonly { readonly buffer: GPUBuffer; readonly offset: number; readonly sizeBytes: number }[],
    pieceBytes = PIECE_BYTES,
  ): Promise<ArrayBuffer[]> {
    const results = ranges.map(({ sizeBytes }) => new ArrayBuffer(sizeBytes));
    let piece: { readonly result: number; readonly at: number; readonly sizeBytes: number }[] = [];
    let free = pieceBytes;
    const flush = async (): Promise<void> => {
      const read = await this.read(
        piece.map(({ result, at, sizeBytes }) => {
          const { buffer, offset } = ranges[result];
          return { buffer, offset: offset + at, sizeBytes };
        }),
      );
      for (const [i, { result, at }] of piece.entries())
        new Uint8Array(results[result], at).set(new Uint8Array(read[i]));
      piece = [];
      free = pieceBytes;
    };
    for (const [result, range] of ranges.entries()) {
      for (let at = 0; at < range.sizeBytes; ) {
        const sizeBytes = Math.min(free, range.sizeBytes - at);
        piece.push({ result, at, sizeBytes });
        at += sizeBytes;
        free -= sizeBytes;
        if (free === 0) await flush();
      }
    }
    if (piece.length > 0) await flush();
    return results;
  }

  /** The bytes of a staging buffer whose copies were submitted, until its `unmap`. Throws DeviceLostError first. */
  async map(staging: GPUBuffer): Promise<ArrayBuffer> {
    this.check("read-back");
    await this.#nudged(staging.mapAsync(0x1)).catch((error: unknown) => {
      this.check("read-back");
      throw error;
    });
    this.check("read-back");
    return staging.getMappedRange();
  }

  /** Destroys buffers that `allocate`, `allocateStaging` or `uniform` returned. */
  release(buffers: Iterable<GPUBuffer>): void {
    for (const buffer of buffers) {
      this.#allocatedBytes -= buffer.size;
      buffer.destroy();
    }
  }

  /** A uniform buffer holding `bytes`. */
  async uniform(label: string, bytes: Uint8Array<ArrayBuffer>): Promise<GPUBuffer> {
    return this.#scoped(label, () => {
      const buffer = this.device.createBuffer({ label, size: Math.max(16, bytes.byteLength), usage: UNIFORM_USAGE });
      this.device.queue.writeBuffer(buffer, 0, bytes);
      this.#track(buffer);
      return buffer;
    });
  }

  /** The buffer holding a constant array; uploaded once per device however many plans use it. */
  async constant(label: string, data: Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>): Promise<GPUBuffer> {
    const known = this.#constants.get(data);
    if (known) return known;
    const [buffer] = await this.allocate(label, [{ label, sizeBytes: Math.max(4, data.byteLength) }]);
    this.device.queue.writeBuffer(buffer, 0, data);
    this.#constants.set(data, buffer);
    return buffer;
  }

  /** Explicit layout for these bindings, shared between kernels that bind alike. */
  layout(entries: readonly { readonly index: number; readonly access: string }[]): GPUBindGroupLayout {
    const sorted = [...entries].sort((a, b) => a.index - b.index);
    const key = sorted.map((entry) => `${entry.index}:${entry.access}`).join();
    let layout = this.#layouts.get(key);
    if (!layout) {
      layout = this.device.createBindGroupLayout({
        label: key,
        entries: sorted.map(({ index, access }) => ({
          binding: index,
          visibility: 0x4, // COMPUTE
          buffer: { type: access === "uniform" ? "uniform" : access === "read" ? "read-only-storage" : "storage" },
        })),
      });
      this.#layouts.set(key, layout);
    }
    return layout;
  }

  /** Compiles a kernel, once per device for each source, constants and layout; a WGSL error names kernel, line and text. */
  pipeline(
    kernel: Kernel,
    constants: Readonly<Record<string, number>>,
    layout: GPUBindGroupLayout,
  ): Promise<GPUComputePipeline> {
    const key = `${kernel.name}|${JSON.stringify(constants)}|${layout.label}|${kernel.code}`;
    let pipeline = this.#pipelines.get(key);
    if (!pipeline) {
      pipeline = this.#compile(kernel, constants, layout);
      this.#pipelines.set(key, pipeline);
    }
    return pipeline;
  }

  async #compile(
    kernel: Kernel,
    constants: Readonly<Record<string, number>>,
    layout: GPUBindGroupLayout,
  ): Promise<GPUComputePipeline> {
    let parsed = this.#modules.get(kernel.code);
    if (!parsed) {
      parsed = this.#parse(kernel);
      this.#modules.set(kernel.code, parsed);
    }
    const module = await parsed;
    try {
      return await this.device.createComputePipelineAsync({
        label: kernel.name,
        layout: this.device.createPipelineLayout({ bindGroupLayouts: [layout] }),
        compute: { module, entryPoint: kernel.entryPoint, constants: { ...constants } },
      });
    } catch (error) {
      this.check(kernel.name);
      throw new GpuValidationError(`${kernel.name}: no pipeline: ${(error as Error).message}`);
    }
  }

  /** The module of a kernel's file, parsed once for all its entry points. */
  async #parse(kernel: Kernel): Promise<GPUShaderModule> {
    this.device.pushErrorScope("validation");
    const module = this.device.createShaderModule({ label: `${kernel.op}.wgsl`, code: kernel.code });
    const scope = this.device.popErrorScope();
    const { messages } = await module.getCompilationInfo();
    await scope;
    const errors = messages.filter((message) => message.type === "error");
    if (errors.length > 0) {
      const lines = kernel.code.split("\n");
      const where = errors.map((e) => `  line ${e.lineNum}: ${e.message}\n    ${lines[e.lineNum - 1]?.trim()}`);
      throw new GpuValidationError(`${kernel.op}.wgsl does not compile:\n${where.join("\n")}`);
    }
    return module;
  }

  /** Copies ranges of buffers to the host in one staging buffer and one map. Offsets and sizes in bytes, multiples of 4. */
  async read(
    ranges: readonly { readonly buffer: GPUBuffer; readonly offset: number; readonly sizeBytes: number }[],
  ): Promise<ArrayBuffer[]> {
    const total = ranges.reduce((sum, range) => sum + range.sizeBytes, 0);
    this.check("read-back");
    const staging = this.device.createBuffer({ label: "read-back", size: Math.max(4, total), usage: READBACK_USAGE });
    this.#track(staging);
    try {
      const encoder = this.device.createCommandEncoder({ label: "read-back" });
      let at = 0;
      for (const { buffer, offset, sizeBytes } of ranges) {
        encoder.copyBufferToBuffer(buffer, offset, staging, at, sizeBytes);
        at += sizeBytes;
      }
      this.device.queue.submit([encoder.finish()]);
      const bytes = await this.map(staging);
      at = 0;
      const results = ranges.map(({ sizeBytes }) => {
        at += sizeBytes;
        return bytes.slice(at - sizeBytes, at);
      });
      staging.unmap();
      return results;
    } finally {
      this.release([staging]);
    }
  }

  /** Resolves when the queue is empty. Not a proof of success after a device loss: read something back for that. */
  async idle(): Promise<void> {
    await this.#nudged(this.device.queue.onSubmittedWorkDone());
  }

  /** Firefox settles WebGPU promises about every 100 ms unless something is submitted: submit nothing, often. */
  async #nudged<T>(pending: Promise<T>): Promise<T> {
    if (!this.needsNudge) return pending;
    let done = false;
    const settled = pending.finally(() => {
      done = true;
    });
    settled.catch(() => {});
    // Messages first, as timers cannot be shorter than 4 ms; then timers that grow to a tenth of what has passed, so that a
    // long step on a slow adapter does not leave thousands of empty submissions behind.
    const { port1, port2 } = new MessageChannel();
    const start = performance.now();
    while (!done) {
      this.device.queue.submit([this.device.createCommandEncoder().finish()]);
      const elapsedMs = performance.now() - start;
      await new Promise<void>((resolve) => {
        if (elapsedMs > 8) setTimeout(resolve, Math.min(20, elapsedMs / 10));
        else {
          port1.onmessage = () => resolve();
          port2.postMessage(0);
        }
      });
    }
    port1.close();
    return settled;
  }

  destroy(): void {
    this.device.destroy();
  }
}

export const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

const align4 = (bytes: number): number => Math.max(4, Math.ceil(bytes / 4) * 4);
