import type { Tape } from "./tape";

export type DType = "f32" | "u32";

/** What the tape must know of a parameter; `nn` brings the class. */
export interface ParameterLike {
  readonly name: string;
  readonly shape: readonly number[];
  readonly size: number;
  readonly trainable: boolean;
}

/**
 * Where a tensor's numbers live.
 * input: written by the host before a run; constant: uploaded once; parameter: a view of the parameter store;
 * gradient: a view of the store's gradients; external: a buffer that somebody else owns; temp: rewritten in every run.
 */
export type TensorKind = "input" | "constant" | "parameter" | "gradient" | "external" | "temp";

/** A place in GPU memory with a shape. It holds no numbers: those exist once the plan has run. */
export interface Tensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly size: number;
  readonly dtype: DType;
  readonly kind: TensorKind;
  readonly tape: Tape;
  /** True when the loss's gradient with respect to this tensor is wanted. */
  readonly needsGrad: boolean;
  /** The tensor whose memory this one shares under another shape; itself when it has its own. */
  readonly storage: Tensor;
  readonly parameter?: ParameterLike;
  readonly data?: Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>;
  readonly external?: { readonly buffer: GPUBuffer; readonly offset: number };
}

export const sizeOf = (shape: readonly number[]): number => shape.reduce((product, n) => product * n, 1);

export const showShape = (shape: readonly number[]): string => `[${shape.join(", ")}]`;

/** Throws unless `t` has this shape; -1 matches any size. Returns the actual sizes. */
export function expectShape(op: string, name: string, t: Tensor, ...shape: number[]): readonly number[] {
  const same = t.shape.length === shape.length && shape.every((n, i) => n === -1 || n === t.shape[i]);
  if (same) return t.shape;
  const wanted = shape.map((n) => (n === -1 ? "any" : n)).join(", ");
  throw new Error(`${op}: ${name} has shape ${showShape(t.shape)}, expected [${wanted}] (tensor "${t.name}")`);
}
