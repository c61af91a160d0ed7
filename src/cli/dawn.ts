import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { ensureBrowser, findBrowser, swiftShaderBeside } from "./browser";
import { findExecutable, hasGpuDevice } from "./host";

/** dlopen's RTLD_NODELETE on Linux, which node:os does not name. */
const RTLD_NODELETE = 0x1000;

/** A Vulkan driver of a real GPU: any description that is not Mesa's CPU driver, on a machine that shows a GPU. */
function hasGpuDriver(): boolean {
  if (!hasGpuDevice()) return false;
  return ["/usr/share/vulkan/icd.d", "/etc/vulkan/icd.d", "/usr/local/share/vulkan/icd.d"]
    .filter((folder) => existsSync(folder))
    .some((folder) => readdirSync(folder).some((name) => name.endsWith(".json") && !name.startsWith("lvp_")));
}

/**
 * Points Vulkan at Chromium's SwiftShader; false when no Chromium is there. To be done before Dawn creates its instance.
 * Dawn refuses the older Mesa CPU driver of Debian 12, so SwiftShader it is. VK_ICD_FILENAMES set by the person stays.
 */
async function useSwiftShader(install: boolean): Promise<boolean> {
  if (process.env.VK_ICD_FILENAMES) return true;
  const places = [await findBrowser("chromium"), findExecutable(["chromium", "google-chrome-stable"])];
  if (install && !places.some((path) => path && swiftShaderBeside(path))) places.push(await ensureBrowser("chromium"));
  const description = places.map((path) => path && swiftShaderBeside(path)).find((path) => path !== undefined);
  if (!description) return false;
  process.env.VK_ICD_FILENAMES = description;
  keepVulkanLoader(join(dirname(description), "libvulkan.so.1"));
  return true;
}

/**
 * Loads the Vulkan loader that lies beside Chromium, for machines without libvulkan1. Node refuses it as an add-on, but
 * RTLD_NODELETE keeps it in the process, and Dawn's own dlopen then finds it by its name.
 */
function keepVulkanLoader(path: string): void {
  const systemFolders = ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib"];
  if (!existsSync(path) || systemFolders.some((folder) => existsSync(join(folder, "libvulkan.so.1")))) return;
  try {
    process.dlopen({ exports: {} }, path, constants.dlopen.RTLD_NOW | constants.dlopen.RTLD_GLOBAL | RTLD_NODELETE);
  } catch {
    // Always thrown: the library is no Node add-on. It stays loaded.
  }
}

let pollsGently = false;

/**
 * While anything is pending, Dawn looks for its end with one `setImmediate` after the other: a thread that waits takes a
 * whole processor. SwiftShader and the other ranks compute on the same ones, so here it looks once in a millisecond.
 * Dawn's functions are told from all others by being native, without a name and without parameters.
 */
function pollEveryMillisecond(): void {
  if (pollsGently) return;
  pollsGently = true;
  const original = globalThis.setImmediate;
  const gentle = (callback: (...given: unknown[]) => void, ...given: unknown[]): unknown => {
    const isDawns =
      callback.name === "" && callback.length === 0 && /native code/.test(Function.prototype.toString.call(callback));
    return isDawns ? setTimeout(callback, 1) : original(callback, ...given);
  };
  globalThis.setImmediate = Object.assign(gentle, original) as typeof setImmediate;
}

/** Vulkan warns about a missing XDG_RUNTIME_DIR, which a bare root shell has not. */
function giveRuntimeFolder(): void {
  const given = process.env.XDG_RUNTIME_DIR;
  if (process.platform !== "linux" || (given && existsSync(given))) return;
  const folder = join(tmpdir(), `handloom-runtime-${process.getuid?.() ?? 0}`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  process.env.XDG_RUNTIME_DIR = folder;
}

/**
 * Prepares this process for WebGPU in Node (Dawn, the `webgpu` package): chooses a Vulkan driver and sets the WebGPU
 * globals (GPUBufferUsage and so on) and `navigator.gpu`. `install` allows to install Chromium for its SwiftShader.
 */
export async function prepareNodeGpu({ install = false }: { install?: boolean } = {}): Promise<GPU> {
  giveRuntimeFolder();
  if (process.platform === "linux" && !hasGpuDriver() && (await useSwiftShader(install))) pollEveryMillisecond();
  const { create, globals } = await import("webgpu");
  Object.assign(globalThis, globals);
  // Blurred to 65,536 ns, as pages get them, timestamps could not time a kernel; here nobody is to be kept from them.
  const gpu: GPU = create(["disable-dawn-features=timestamp_quantization"]);
  const navigator = globalThis.navigator ?? {};
  Object.defineProperty(navigator, "gpu", { value: gpu, configurable: true });
  Object.defineProperty(globalThis, "navigator", { value: navigator, configurable: true });
  return gpu;
}

/**
 * WebGPU for Node: the GPU where there is one, else SwiftShader, installing Chromium for it when need be.
 * Throws one sentence when neither gives an adapter.
 */
export async function requestNodeGpu(): Promise<GPU> {
  let gpu = await prepareNodeGpu({ install: true });
  if (await gpu.requestAdapter()) return gpu;
  if (process.platform === "linux" && (await useSwiftShader(true))) {
    pollEveryMillisecond();
    gpu = await prepareNodeGpu();
    if (await gpu.requestAdapter()) return gpu;
  }
  const driver = process.env.VK_ICD_FILENAMES ? ` with the Vulkan driver ${process.env.VK_ICD_FILENAMES}` : "";
  throw new Error(
    `WebGPU in Node found no adapter${driver}; install a GPU driver or Chromium (its SwiftShader serves machines without a GPU), or use --runtime chromium`,
  );
}
