import { Gpu } from "../gpu/gpu";
import { allCases } from "./cases";
import { loadGpuJs } from "./gpu-js";
import { type VerifyOptions, verify } from "./run";
import type { VerifyReport } from "./types";

/** The cases of ops whose name contains `only`; all for "". Throws a sentence when there are none. */
export function casesOf(only: string): ReturnType<typeof allCases> {
  const cases = allCases().filter(({ op }) => op.includes(only));
  if (cases.length > 0) return cases;
  const ops = [...new Set(allCases().map(({ op }) => op))];
  throw new Error(`verify: no op has a name with "${only}"; there are ${ops.join(", ")}`);
}

/** What `verifyOnDevice` is asked for. */
export type OnDevice = Omit<VerifyOptions, "cases" | "gpuJs" | "clock"> & {
  /** Only ops whose name contains this. */
  readonly only?: string;
  /** Called with the adapter's name once there is a device. */
  readonly onDevice?: (adapter: string) => void;
};

/**
 * Requests a device of its own of `platform`, loads gpu.js and runs `verify`. Throws a sentence when there is no WebGPU, no
 * adapter, no case, or when the device is lost.
 */
export async function verifyOnDevice(platform: GPU | undefined, options: OnDevice): Promise<VerifyReport> {
  const cases = casesOf(options.only ?? "");
  const gpu = await Gpu.request(platform);
  options.onDevice?.(gpu.label);
  try {
    const clock = { now: () => performance.now(), date: () => new Date() };
    return await verify(gpu, { ...options, cases, gpuJs: await loadGpuJs(), clock });
  } finally {
    gpu.destroy();
  }
}
