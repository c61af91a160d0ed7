/** Gives the tests that run in Node the WebGPU globals of Dawn. */
import { globals } from "webgpu";

Object.assign(globalThis, globals);
