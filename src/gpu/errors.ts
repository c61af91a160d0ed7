/** The classes of GPU failure, tested for in this order: device lost, validation, out of memory, other. */

export class DeviceLostError extends Error {
  override readonly name = "DeviceLostError";
}

export class GpuValidationError extends Error {
  override readonly name = "GpuValidationError";
}

export class GpuOutOfMemoryError extends Error {
  override readonly name = "GpuOutOfMemoryError";
}
