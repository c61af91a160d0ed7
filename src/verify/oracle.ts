import type { GpuJs, GpuJsClass, GpuJsKernel, GpuJsMode } from "./gpu-js";
import { oraclesOf } from "./oracle-texts";
import type { Arrays, Stage } from "./types";

/** What the stages of an expectation made. */
export interface OracleRun {
  readonly result: Float32Array;
  readonly arrays: Arrays;
  readonly wgsl: readonly { readonly stage: string; readonly code: string }[];
  /** Sources of the stages, and of the functions that they call. */
  readonly formula: string;
  /** Median of the runs after the first, inputs up and results down, all stages. */
  readonly milliseconds: number | undefined;
}

/** A slow oracle is not timed again for the sake of a median. */
const ENOUGH_MS = 300;

/** Runs oracle kernels by gpu.js in one mode, each stage read back before the next. */
export class Oracle {
  readonly #gpu: GpuJs;

  constructor(
    GpuJsClass: GpuJsClass,
    readonly mode: GpuJsMode,
    private readonly now: () => number,
  ) {
    this.#gpu = new GpuJsClass({ mode });
  }

  /**
   * Runs `stages` of an op on `arrays`, `repeats` more times for the clock. Throws what gpu.js says, and a sentence when a
   * kernel or an array is missing.
   */
  async run(op: string, stages: readonly Stage[], given: Arrays, repeats = 0): Promise<OracleRun> {
    const { kernels, functions } = oraclesOf(op);
    const compiled: { readonly stage: Stage; readonly call: GpuJsKernel; readonly parameters: readonly string[] }[] =
      [];
    const sources = new Set<string>();
    try {
      for (const stage of stages) {
        const found = kernels.get(stage.kernel);
        if (!found) throw new Error(`oracles/${op}.gpujs.js has no kernel "${stage.kernel}"`);
        const used = reachable(found.source, functions);
        for (const source of [found.source, ...used]) sources.add(source);
        const settings = { output: stage.output, constants: stage.constants ?? {}, functions: used };
        compiled.push({
          stage,
          call: this.#gpu.createKernel(found.source, settings),
          parameters: found.parameters,
        });
      }
      const pass = async (): Promise<Record<string, Float32Array>> => {
        const arrays: Record<string, Float32Array> = { ...given };
        for (const { stage, call, parameters } of compiled) {
          const inputs = parameters.map((name) => {
            const array = arrays[stage.rename?.[name] ?? name];
            if (!array) throw new Error(`oracle ${op}.${stage.kernel}: there is no array "${name}"`);
            return array;
          });
          arrays[stage.as ?? stage.kernel] = flatten(await call(...inputs), sizeOf(stage.output));
        }
        return arrays;
      };
      const arrays = await pass();
      const times: number[] = [];
      let spent = 0;
      for (let i = 0; i < repeats && spent < ENOUGH_MS; i++) {
        const start = this.now();
        await pass();
        times.push(this.now() - start);
        spent += times[i];
      }
      const last = stages[stages.length - 1];
      const wgsl = compiled.map(({ stage, call }) => ({
        stage: stage.kernel,
        code: call.kernel?.compiledSource ?? "",
      }));
      return {
        result: arrays[last.as ?? last.kernel],
        arrays,
        wgsl,
        formula: [...sources].join("\n\n"),
        milliseconds: median(times),
      };
    } finally {
      for (const { call } of compiled) call.destroy();
    }
  }

  async destroy(): Promise<void> {
    await this.#gpu.destroy();
  }
}

/** The functions that a source calls, and those that they call. */
function reachable(source: string, functions: readonly string[]): string[] {
  const used: string[] = [];
  let open = [source];
  while (open.length > 0) {
    const next = functions.filter((f) => {
      const name = /^function (\w+)/.exec(f)![1];
      return !used.includes(f) && open.some((text) => text !== f && new RegExp(`\\b${name}\\(`).test(text));
    });
    used.push(...next);
    open = next;
  }
  return used;
}

const sizeOf = (output: readonly number[]): number => output.reduce((product, n) => product * n, 1);

/** Rows of rows as one array. */
function flatten(value: unknown, size: number): Float32Array {
  const flat = new Float32Array(size);
  let at = 0;
  const add = (part: unknown): void => {
    if (part instanceof Float32Array) {
      flat.set(part, at);
      at += part.length;
    } else if (Array.isArray(part)) for (const row of part) add(row);
    else throw new Error(`gpu.js returned ${typeof part}, expected arrays of numbers`);
  };
  add(value);
  if (at !== size) throw new Error(`gpu.js returned ${at} numbers, expected ${size}`);
  return flat;
}

/** The middle one, or the mean of the two; undefined of none. */
export function median(values: readonly number[]): number | undefined {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length / 2;
  return sorted.length === 0 ? undefined : (sorted[Math.floor(half)] + sorted[Math.ceil(half) - 1]) / 2;
}
