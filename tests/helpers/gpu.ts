import { Gpu } from "../../src/gpu/gpu";

let shared: Promise<Gpu> | undefined;

/** The adapter at hand: navigator.gpu in a browser, Dawn in Node. One device for a test file. */
export function testGpu(): Promise<Gpu> {
  shared ??= (async () => {
    if (globalThis.navigator?.gpu) return Gpu.request(navigator.gpu);
    const { requestNodeGpu } = await import("../../src/cli/dawn");
    return Gpu.request(await requestNodeGpu());
  })();
  return shared;
}
