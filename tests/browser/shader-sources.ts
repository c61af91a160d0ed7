import { allKernels } from "../../src/gpu/kernel";

/** A shader as a browser's compiler gets it. */
export interface ShaderSource {
  readonly name: string;
  readonly code: string;
}

/** What a browser's compiler said about one shader. */
export interface ShaderVerdict {
  readonly name: string;
  /** Feature that the shader enables and this adapter lacks; it was not compiled then. */
  readonly lacks?: string;
  /** Errors with line and text; empty when it compiled. */
  readonly errors: readonly string[];
}

const shaders = import.meta.glob<string>("/shaders/*.wgsl", { query: "?raw", import: "default", eager: true });
const pageShaders = import.meta.glob<string>("/src/pages/**/*.wgsl", { query: "?raw", import: "default", eager: true });
const kernelReaders = import.meta.glob(["/src/ops/*.ts", "/src/optim/*.ts", "/src/bench/peaks.ts"]);

/**
 * Every shader as its op compiles it, lib texts included: an op's module registers its kernels when it is imported. And those
 * that pages draw with.
 */
export async function shaderSources(): Promise<ShaderSource[]> {
  await Promise.all(Object.values(kernelReaders).map((load) => load()));
  // One op may compile several texts, as gemm its two styles: a text is named after its last entry point.
  const names = new Map(allKernels().map(({ name, code }) => [code, name]));
  const drawing = Object.entries(pageShaders).map(([path, code]) => ({ name: path.replace("/src/pages/", ""), code }));
  return [...Array.from(names, ([code, name]) => ({ name, code })), ...drawing];
}

/** Shader files whose text is in none of the sources; an op may give its file to several kernels, under other names. */
export function forgottenShaders(sources: readonly ShaderSource[]): string[] {
  return Object.keys(shaders).filter((path) => !sources.some(({ code }) => code.includes(shaders[path])));
}

/** Compiles every source on this browser's device. */
export async function compileShaders(sources: readonly ShaderSource[]): Promise<ShaderVerdict[]> {
  const adapter = await navigator.gpu.requestAdapter();
  if (!adapter) throw new Error("compileShaders: this browser offers no WebGPU adapter");
  const optional: GPUFeatureName[] = ["shader-f16", "subgroups"];
  const device = await adapter.requestDevice({
    requiredFeatures: optional.filter((name) => adapter.features.has(name)),
  });
  const verdicts: ShaderVerdict[] = [];
  for (const { name, code } of sources) verdicts.push(await compileShader(device, name, code));
  device.destroy();
  return verdicts;
}

async function compileShader(device: GPUDevice, name: string, code: string): Promise<ShaderVerdict> {
  const needs: Record<string, GPUFeatureName> = { f16: "shader-f16", subgroups: "subgroups" };
  const enabled = Array.from(code.matchAll(/^\s*enable\s+(\w+)\s*;/gm), (match) => needs[match[1]]);
  const lacks = enabled.find((feature) => feature !== undefined && !device.features.has(feature));
  if (lacks !== undefined) return { name, lacks, errors: [] };
  device.pushErrorScope("validation");
  const module = device.createShaderModule({ label: name, code });
  const { messages } = await module.getCompilationInfo();
  const error = await device.popErrorScope();
  const errors = messages
    .filter(({ type }) => type === "error")
    .map(({ lineNum, message }) => `line ${lineNum}: ${message}`);
  return { name, errors: errors.length === 0 && error ? [error.message] : errors };
}
