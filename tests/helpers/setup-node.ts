/** Gives the tests that run in Node the WebGPU globals of Dawn, `navigator.gpu`, and a Vulkan driver when there is no GPU. */
import { prepareNodeGpu } from "../../src/cli/dawn";

await prepareNodeGpu();
