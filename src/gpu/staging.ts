import type { Gpu } from "./gpu";

/** Bytes of a buffer; offset and size are multiples of 4. */
export interface ReadRange {
  readonly buffer: GPUBuffer;
  readonly offset: number;
  readonly sizeBytes: number;
}

/**
 * Staging buffers that are kept: the same ranges are read back again and again, each as soon as its copy is there, without
 * a second copy on the host as in `Gpu.read`. They take as many bytes as the ranges.
 */
export class Staging {
  readonly #mapped = new Set<number>();

  private constructor(
    readonly gpu: Gpu,
    readonly ranges: readonly ReadRange[],
    private readonly buffers: readonly GPUBuffer[],
  ) {}

  /** One buffer for each range. Throws GpuOutOfMemoryError when they do not fit. */
  static async create(gpu: Gpu, ranges: readonly ReadRange[]): Promise<Staging> {
    const requests = ranges.map(({ sizeBytes }, i) => ({ label: `staging.${i}`, sizeBytes }));
    return new Staging(gpu, ranges, await gpu.allocateStaging("staging buffers", requests));
  }

  /** Submits the copies of all ranges at once: work that was submitted before is in them, later work is not. Throws a sentence while one is mapped. */
  copy(): void {
    this.gpu.check("read-back");
    const [mapped] = this.#mapped;
    if (mapped !== undefined) {
      throw new Error(
        `read-back: range ${mapped} of ${this.ranges.length} is still mapped, expected none; unmap it first`,
      );
    }
    const encoder = this.gpu.device.createCommandEncoder({ label: "read-back" });
    for (const [i, { buffer, offset, sizeBytes }] of this.ranges.entries())
      encoder.copyBufferToBuffer(buffer, offset, this.buffers[i], 0, sizeBytes);
    this.gpu.device.queue.submit([encoder.finish()]);
  }

  /**
   * What the last `copy` took of range `i`, [sizeBytes / 4], as a view that is valid until `unmap(i)`. Waits for the GPU.
   * Throws DeviceLostError when the device was lost, and a sentence when the range is mapped already.
   */
  async map(i: number): Promise<Float32Array<ArrayBuffer>> {
    if (this.#mapped.has(i) || !this.ranges[i]) {
      const why = this.ranges[i] ? "is mapped already" : `expected 0 to ${this.ranges.length - 1}`;
      throw new Error(`read-back: range ${i} of ${this.ranges.length}: ${why}`);
    }
    this.#mapped.add(i);
    try {
      return new Float32Array(await this.gpu.map(this.buffers[i]), 0, this.ranges[i].sizeBytes / 4);
    } catch (error) {
      this.#mapped.delete(i);
      throw error;
    }
  }

  /** Ends the view of range `i`; nothing where it is not mapped. */
  unmap(i: number): void {
    if (this.#mapped.delete(i)) this.buffers[i].unmap();
  }

  destroy(): void {
    this.#mapped.clear();
    this.gpu.release(this.buffers);
  }
}
