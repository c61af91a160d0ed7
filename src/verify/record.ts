import { type Dispatch, Tape } from "../autograd/tape";
import { sizeOf, type Tensor } from "../autograd/tensor";
import type { KernelStyle } from "../gpu/kernel";
import { dot, weightedSum } from "../ops";
import { seeded } from "./compare";
import type { Arrays, Expectation, OpCase } from "./types";

/** A tensor to compare, and the dispatches that make it. */
export interface Target {
  readonly name: string;
  readonly tensor: Tensor;
  readonly expectation: Expectation;
  readonly dispatches: ReadonlySet<Dispatch>;
  /** What a gradient had before the op's backward added to it. */
  readonly before?: Float32Array;
}

export interface RecordedCase {
  readonly tape: Tape;
  readonly inputs: Readonly<Record<string, Tensor>>;
  /** Inputs, gradients of outputs and what only the oracle reads. */
  readonly arrays: Arrays;
  /** What a kernel is given when it runs by itself: inputs, and gradients of outputs. */
  readonly given: ReadonlyMap<Tensor, Float32Array<ArrayBuffer>>;
  readonly targets: readonly Target[];
}

/** Ops that make a loss of the outputs; their kernels belong to a case of their own. */
const LOSS_OPS = ["dot", "weighted-sum", "fill"];

/** The numbers of a case's inputs. Throws when given values do not fit the shape. */
export function valuesOf({ op, name, inputs, values = {} }: OpCase): Record<string, Float32Array<ArrayBuffer>> {
  return Object.fromEntries(
    Object.entries(inputs).map(([input, shape], i) => {
      const size = sizeOf(shape);
      const numbers = values[input] ? Float32Array.from(values[input]) : seeded(size, i + 1);
      if (numbers.length !== size)
        throw new Error(`verify ${op}, ${name}: ${input} has ${numbers.length} values, expected ${size}`);
      return [input, numbers];
    }),
  );
}

/**
 * Records a case: the op, the loss sum of output * seeded weights, and its backward. `isAdded` lets every gradient be there
 * before the op's own backward, which then has to add.
 */
export function recordCase(verify: OpCase, style: KernelStyle, isAdded: boolean): RecordedCase {
  const { fixed = [], gradients = {}, outputs, after = {} } = verify;
  const values = valuesOf(verify);
  const arrays: Record<string, Float32Array> = { ...values, ...verify.extra };
  const tape = new Tape(`verify ${verify.op}`, { style });
  const hasGradients = Object.keys(gradients).length > 0;
  const inputs: Record<string, Tensor> = {};
  for (const [name, shape] of Object.entries(verify.inputs))
    inputs[name] = tape.input(name, shape, { needsGrad: hasGradients && !fixed.includes(name) });
  const recorded = verify.record(inputs, tape);
  const tensors = Array.isArray(recorded) ? (recorded as readonly Tensor[]) : [recorded as Tensor];
  const forward = new Set(tape.dispatches);
  const before: Record<string, Float32Array<ArrayBuffer>> = {};
  const given = new Map(Object.entries(inputs).map(([name, t]) => [t.storage, values[name]] as const));
  if (hasGradients) {
    const terms = Object.keys(outputs).map((name, i) => {
      const weights = seeded(tensors[i].size, 90 + i);
      arrays[`d_${name}`] = weights;
      return dot(tensors[i], tape.constant(`d_${name}`, [weights.length], weights));
    });
    // Recorded last, so that its backward comes first.
    for (const [i, name] of isAdded ? Object.keys(gradients).entries() : []) {
      before[name] = seeded(inputs[name].size, 50 + i);
      terms.push(dot(inputs[name], tape.constant(`before.${name}`, [before[name].length], before[name])));
    }
    const ones = terms.map(() => 1);
    for (const [i, name] of Object.keys(outputs).entries())
      given.set(tape.grad(tensors[i]).storage, arrays[`d_${name}`] as Float32Array<ArrayBuffer>);
    tape.backward(terms.length === 1 ? terms[0] : weightedSum(terms, ones));
  }
  const own = tape.dispatches.filter(
    ({ kernel, pass }) => pass === "backward" && (kernel.op === verify.op || !LOSS_OPS.includes(kernel.op)),
  );
  // A file may declare as written what a backward kernel only reads.
  const madeBefore = [...forward].flatMap((dispatch) => Object.values(dispatch.tensors).map((t) => t.storage));
  const targets: Target[] = [
    ...Object.entries(outputs).map(([name, expectation], i) => {
      return { name, tensor: tensors[i], expectation, dispatches: makersOf(tensors[i], [...forward], new Set()) };
    }),
    ...Object.entries(after).map(([name, expectation]) => {
      const makers = makersOf(inputs[name], [...forward], new Set());
      return { name: `${name} after`, tensor: inputs[name], expectation, dispatches: makers };
    }),
    ...Object.entries(gradients).map(([name, expectation]) => {
      const tensor = tape.grad(inputs[name]);
      const stop = new Set([...madeBefore, ...tensors.map((t) => tape.grad(t).storage)]);
      const dispatches = makersOf(tensor, own, stop);
      return { name: `d_${name}`, tensor, expectation, dispatches, before: before[name] };
    }),
  ];
  if (targets.some(({ dispatches }) => dispatches.size === 0))
    throw new Error(
      `verify ${verify.op}, ${verify.name}: no kernel makes one of ${targets.map((t) => t.name).join(", ")}`,
    );
  return { tape, inputs, arrays, given, targets };
}

/** The dispatches among `from` that make `tensor`, and those that make what they read; what is in `stop` is given. */
function makersOf(tensor: Tensor, from: readonly Dispatch[], stop: ReadonlySet<Tensor>): Set<Dispatch> {
  const makers = new Set<Dispatch>();
  const open = [tensor.storage];
  const seen = new Set<Tensor>(stop);
  for (let wanted = open.pop(); wanted; wanted = open.pop()) {
    if (seen.has(wanted)) continue;
    seen.add(wanted);
    for (const dispatch of from) {
      const bound = Object.entries(dispatch.tensors);
      const writes = bound.some(([name, t]) => t.storage === wanted && isWritten(dispatch, name));
      if (!writes) continue;
      makers.add(dispatch);
      open.push(...bound.filter(([name]) => isMade(dispatch, name)).map(([, t]) => t.storage));
    }
  }
  return makers;
}

const isWritten = ({ kernel }: Dispatch, name: string): boolean => kernel.bindings.get(name)!.access === "read_write";

/** Everything but another gradient that the same dispatch writes is needed for the one that is wanted. */
const isMade = (dispatch: Dispatch, name: string): boolean => !(isWritten(dispatch, name) && name.startsWith("d_"));
