import { expect } from "vitest";
import { Plan } from "../../src/autograd/plan";
import { Tape } from "../../src/autograd/tape";
import { sizeOf, type Tensor } from "../../src/autograd/tensor";
import type { KernelStyle } from "../../src/gpu/kernel";
import * as F from "../../src/ops";
import { testGpu } from "./gpu";

export type Arrays = Record<string, Float64Array>;

export interface CheckOptions {
  /** Shape of each differentiable input. */
  readonly inputs: Readonly<Record<string, readonly number[]>>;
  /** Values of inputs where pseudo-random numbers in [-1, 1) will not do. */
  readonly values?: Readonly<Record<string, ArrayLike<number>>>;
  /** Inputs that are not differentiated (flags, indices, masks): checked for the forward only. */
  readonly fixed?: readonly string[];
  /** Records the op and returns its differentiable outputs. */
  readonly op: (t: Record<string, Tensor>, tape: Tape) => Tensor | readonly Tensor[];
  /** The same outputs in float64, written from the formula. */
  readonly reference: (a: Arrays) => Float64Array | number[] | readonly (Float64Array | number[])[];
  /** Variants of the op's kernels to check; only "cpu" where the op has one. */
  readonly styles?: readonly KernelStyle[];
  /** Largest allowed norm(difference) / norm(expected), for the outputs and for each gradient. */
  readonly tolerance?: number;
  readonly gradientTolerance?: number;
  /** Step of the central differences. */
  readonly h?: number;
  /** At most this many elements of each input are differentiated, spread evenly; all by default up to 200. */
  readonly maxElements?: number;
}

/**
 * Checks an op on the GPU against its float64 reference: every output, and d(loss)/d(input) of every input against
 * central differences of the reference, for the loss sum(output * random weights). Memory starts as NaN, so that a
 * kernel that reads what nobody wrote, or leaves an element unwritten, is caught. The gradient is checked twice: written
 * first, and added to one already there.
 */
export async function checkOp(options: CheckOptions): Promise<void> {
  for (const style of options.styles ?? ["cpu" as const]) {
    await checkOnce(options, style, false);
    await checkOnce(options, style, true);
  }
}

async function checkOnce(options: CheckOptions, style: KernelStyle, gradientIsThere: boolean): Promise<void> {
  const { inputs, fixed = [], tolerance = 1e-5, gradientTolerance = 1e-4, h = 1e-5, maxElements = 200 } = options;
  const values: Arrays = {};
  for (const [i, [name, shape]] of Object.entries(inputs).entries()) {
    const given = options.values?.[name];
    // Rounded to f32, so that both sides see the same numbers.
    values[name] = Float64Array.from(given ?? pseudoRandom(sizeOf(shape), i + 1), Math.fround);
    if (values[name].length !== sizeOf(shape))
      throw new Error(`checkOp: ${name} has ${values[name].length} values for [${shape}]`);
  }
  const gpu = await testGpu();
  const tape = new Tape("check", { style });
  const tensors: Record<string, Tensor> = {};
  for (const [name, shape] of Object.entries(inputs)) {
    tensors[name] = tape.input(name, shape, { needsGrad: !fixed.includes(name) });
  }
  const outputs = list(options.op(tensors, tape));
  const weights = outputs.map((y, k) => Float32Array.from(pseudoRandom(y.size, 90 + k)));
  const terms = outputs.map((y, k) => F.dot(y, tape.constant(`weights${k}`, [y.size], weights[k])));
  const differentiated = Object.keys(inputs).filter((name) => !fixed.includes(name));
  // Recorded last, so its backward comes first and the op's own backward has to add.
  const before: Arrays = {};
  for (const [i, name] of gradientIsThere ? differentiated.entries() : []) {
    before[name] = Float64Array.from(pseudoRandom(values[name].length, 50 + i), Math.fround);
    terms.push(F.dot(tensors[name], tape.constant(`before.${name}`, inputs[name], Float32Array.from(before[name]))));
  }
  const ones = terms.map(() => 1);
  const loss = terms.length === 1 ? terms[0] : F.weightedSum(terms, ones);
  tape.backward(loss);
  const plan = await Plan.compile(gpu, tape, undefined, { reuse: false });
  for (const t of tape.tensors) if (t.kind === "temp" && t.storage === t) poison(plan, t);
  for (const name of Object.keys(inputs)) plan.write(tensors[name], Float32Array.from(values[name]));
  plan.run();

  const expected = listOf(options.reference(values));
  for (const [k, y] of outputs.entries()) {
    const [got] = await plan.read(y);
    expectClose(`output ${k} of ${y.name}`, got, expected[k], tolerance);
  }
  const lossOf = (a: Arrays): number =>
    listOf(options.reference(a)).reduce(
      (sum, y, k) => sum + Array.from(y).reduce((s, v, i) => s + v * weights[k][i], 0),
      0,
    );
  for (const name of differentiated) {
    expect(tape.hasGrad(tensors[name]), `d_${name} was never written`).toBe(true);
    const [all] = await plan.read(tape.grad(tensors[name]));
    const picked = spread(values[name].length, maxElements);
    const want = picked.map((i) => centralDifference(lossOf, values, name, i, h) + (before[name]?.[i] ?? 0));
    expectClose(
      `d_${name}`,
      Float32Array.from(picked, (i) => all[i]),
      want,
      gradientTolerance,
    );
  }
  plan.destroy();
}

const list = (y: Tensor | readonly Tensor[]): readonly Tensor[] => (Array.isArray(y) ? y : [y as Tensor]);

function listOf(y: ReturnType<CheckOptions["reference"]>): readonly (Float64Array | number[])[] {
  return y instanceof Float64Array || typeof y[0] === "number" ? [y as Float64Array] : (y as readonly Float64Array[]);
}

function poison(plan: Plan, t: Tensor): void {
  try {
    plan.range(t);
  } catch {
    return;
  }
  plan.write(t, new Uint32Array(t.size).fill(t.dtype === "f32" ? 0x7fc00000 : 0));
}

function spread(count: number, most: number): number[] {
  if (count <= most) return Array.from({ length: count }, (_, i) => i);
  return Array.from({ length: most }, (_, i) => Math.floor((i * count) / most));
}

function centralDifference(f: (a: Arrays) => number, values: Arrays, name: string, i: number, h: number): number {
  const at = (delta: number): number => {
    const moved = values[name].slice();
    moved[i] += delta;
    return f({ ...values, [name]: moved });
  };
  return (at(h) - at(-h)) / (2 * h);
}

/** Fails unless norm(got - want) <= tolerance * norm(want), every number is finite, and no element is far off. */
export function expectClose(what: string, got: ArrayLike<number>, want: ArrayLike<number>, tolerance: number): void {
  expect(got.length, `${what}: number of elements`).toBe(want.length);
  let error = 0;
  let norm = 0;
  let worst = 0;
  for (let i = 0; i < want.length; i++) {
    if (!Number.isFinite(got[i])) expect.fail(`${what}[${i}] is ${got[i]}, expected ${want[i]}`);
    error += (got[i] - want[i]) ** 2;
    norm += want[i] ** 2;
    if (Math.abs(got[i] - want[i]) > Math.abs(got[worst] - want[worst])) worst = i;
  }
  const relative = Math.sqrt(error / Math.max(norm, 1e-20));
  expect(
    relative,
    `${what}: relative error; worst at [${worst}]: got ${got[worst]}, expected ${want[worst]}`,
  ).toBeLessThanOrEqual(Math.max(tolerance, norm < 1e-20 ? 1 : 0));
}

/** Numbers in [-1, 1), the same in every run. */
export function pseudoRandom(count: number, seed: number): number[] {
  let state = (seed * 0x9e3779b9) >>> 0;
  return Array.from({ length: count }, () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t ^= t + Math.imul(t ^ (t >>> 7), 61 | t);
    return (((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * 2 - 1;
  });
}
