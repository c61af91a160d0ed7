/** What a check is made of, and what it found. Nothing here knows a page, a terminal or gpu.js. */
import type { Tape } from "../autograd/tape";
import type { Tensor } from "../autograd/tensor";
import type { Gpu } from "../gpu/gpu";
import type { Kernel, KernelStyle } from "../gpu/kernel";

export type Arrays = Readonly<Record<string, Float32Array>>;

/** One call of an oracle kernel; its parameters name the case's arrays and the results of earlier stages. */
export interface Stage {
  /** Function of the op's file in oracles/, and the name of what it makes unless `as` says another. */
  readonly kernel: string;
  readonly as?: string;
  /** Threads [x], [x, y] or [x, y, z]; x runs fastest in the result. */
  readonly output: readonly number[];
  readonly constants?: Readonly<Record<string, number>>;
  /** Arrays that go by another name than the parameter. */
  readonly rename?: Readonly<Record<string, string>>;
}

/** What one tensor must be: stages in order, the last one makes it. */
export interface Expectation {
  readonly stages: readonly Stage[];
  /** Largest norm(difference) / norm(expected) that passes; the case's when undefined. */
  readonly tolerance?: number;
}

/** An op with inputs of fixed shapes, and the oracle of everything that it makes. */
export interface OpCase {
  /** Stem of the shader's and the oracle's file. */
  readonly op: string;
  /** What is special about the shapes: "7 rows of 70, no multiple of 4". */
  readonly name: string;
  /** Variants of the op's kernels that the case is for; undefined where the op has one. */
  readonly styles?: readonly KernelStyle[];
  readonly inputs: Readonly<Record<string, readonly number[]>>;
  /** Values where pseudo-random numbers in [-1, 1) will not do. */
  readonly values?: Readonly<Record<string, ArrayLike<number>>>;
  /** Inputs without a gradient. */
  readonly fixed?: readonly string[];
  /** Arrays that only the oracle reads: a sparse matrix written out, ones where the op has no factor. */
  readonly extra?: Arrays;
  /** Records the op; returns its outputs, which are compared in the order of `outputs`. */
  record(t: Readonly<Record<string, Tensor>>, tape: Tape): Tensor | readonly Tensor[];
  /** By name of the output: "y". The gradient given for it is d_ and that name. */
  readonly outputs: Readonly<Record<string, Expectation>>;
  /** By name of the input, its gradient. Empty for an op that has none. */
  readonly gradients?: Readonly<Record<string, Expectation>>;
  /** By name of the input, what the forward leaves in it: running statistics. */
  readonly after?: Readonly<Record<string, Expectation>>;
  readonly tolerance?: number;
  /** Why the tolerance is wider than `TOLERANCE`. */
  readonly reason?: string;
  /** Timed as well as checked: shapes of a training step, where the others are too small to say anything. */
  readonly isTimed?: boolean;
}

/** Something that is no op of a tape: the optimiser and what adds micro-batches up. */
export interface DeviceCase {
  readonly op: string;
  readonly name: string;
  readonly kernels: readonly Kernel[];
  readonly arrays: Arrays;
  readonly expected: Readonly<Record<string, Expectation & { readonly kernels: readonly string[] }>>;
  /** Runs it on `gpu`; by the names of `expected`. */
  run(gpu: Gpu): Promise<Readonly<Record<string, Float32Array>>>;
  readonly tolerance?: number;
  readonly reason?: string;
}

export type VerifyCase = OpCase | DeviceCase;

/** One number of a tensor. */
export interface Element {
  readonly index: number;
  readonly got: number;
  readonly expected: number;
}

/** How two arrays differ. */
export interface Difference {
  /** norm(difference) / norm(expected); Infinity when a number is not finite or only one of the norms is zero. */
  readonly relative: number;
  readonly maxAbs: number;
  /** Where they are furthest apart; the first number that is not finite, if there is one. */
  readonly worst: Element;
}

/** Milliseconds of wall clock, inputs written and result read back; the median of some runs after the first. */
export interface Times {
  readonly ours?: number;
  readonly gpuJsWebGpu?: number;
  readonly gpuJsCpu?: number;
}

/** One tensor of one case against its oracle. */
export interface Check {
  readonly op: string;
  readonly case: string;
  /** "y", "d_x", ...; in the case's words for what is no op. */
  readonly target: string;
  readonly style: KernelStyle;
  /** The gradient was added to one that was there. */
  readonly isAdded: boolean;
  /** Kernels that took part in it: "layer-norm.backward_input". */
  readonly kernels: readonly string[];
  /** Shapes of the case's inputs, by name. */
  readonly shapes: Readonly<Record<string, readonly number[]>>;
  readonly size: number;
  readonly difference?: Difference;
  /** In place of `difference` where nothing could be compared. */
  readonly failure?: string;
  readonly tolerance: number;
  readonly reason?: string;
  readonly passed: boolean;
  readonly times: Times;
  /** What gpu.js made of the same formula on WebGPU. */
  readonly baseline: Baseline;
}

/** The formula as gpu.js compiles it to WebGPU by itself. */
export interface Baseline {
  /** The formula: the sources of the reference's stages, and the functions that they call. */
  readonly formula: string;
  /** WGSL that gpu.js generated, stage by stage. */
  readonly wgsl: readonly { readonly stage: string; readonly code: string }[];
  readonly difference?: Difference;
  /** "gpu.js cannot: ..." where it failed. */
  readonly failure?: string;
}

/** Our text of one kernel. */
export interface KernelText {
  readonly name: string;
  readonly entryPoint: string;
  readonly code: string;
}

export interface VerifyReport {
  readonly adapter: string;
  readonly limits: Readonly<Record<string, number>>;
  /** Browser or Node, as it names itself. */
  readonly host: string;
  /** ISO 8601. */
  readonly date: string;
  readonly seconds: number;
  /** False when it was cancelled before the last case. */
  readonly isComplete: boolean;
  readonly checks: readonly Check[];
  readonly kernels: readonly KernelText[];
}
