import type { Expectation, Stage } from "../types";

/** One stage: kernel, threads, constants. */
export const stage = (
  kernel: string,
  output: readonly number[],
  constants: Readonly<Record<string, number>> = {},
  rest: Pick<Stage, "as" | "rename"> = {},
): Stage => ({ kernel, output, constants, ...rest });

/** Stages in order, of which the last makes the tensor. */
export const made = (...stages: readonly Stage[]): Expectation => ({ stages });

export const filled = (count: number, value: number): Float32Array => new Float32Array(count).fill(value);
