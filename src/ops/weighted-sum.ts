import wgsl from "../../shaders/weighted-sum.wgsl?raw";
import { expectShape, type Tensor } from "../autograd/tensor";
import { readKernels } from "../gpu/kernel";

const kernels = readKernels("weighted-sum", wgsl);
/** Terms of one dispatch, which with y make the 8 storage buffers that every adapter has. */
const TERMS = 7;

interface Term {
  readonly x: Tensor;
  readonly weight: number;
}

/** Sum of weights[k] * terms[k], each term [1]: the total loss. Throws when there is no term or the counts differ. */
export function weightedSum(terms: readonly Tensor[], weights: readonly number[]): Tensor {
  if (terms.length === 0 || terms.length !== weights.length) {
    throw new Error(
      `weightedSum: ${terms.length} terms and ${weights.length} weights, expected the same number, at least one`,
    );
  }
  const { tape } = terms[0];
  for (const [index, x] of terms.entries()) expectShape("weightedSum", `term ${index}`, x, 1);
  const y = tape.output("weighted-sum", [1], terms);
  const all = terms.map((x, k): Term => ({ x, weight: weights[k] }));
  for (let k = 0; k < all.length; k += TERMS) {
    const some = all.slice(k, k + TERMS);
    const bound = slots("x", (i) => (some[i] ?? some[0]).x);
    tape.dispatch(kernels.forward, { ...bound, y }, { ...dimsOf(some), first: Number(k === 0) }, [1]);
  }
  tape.onBackward(y, () => {
    for (const some of withoutRepeats(all.filter(({ x }) => x.needsGrad))) {
      const bound = slots("d_x", (i) => (some[i] ? tape.grad(some[i].x) : tape.scratch("weighted-sum.unused", [1])));
      tape.dispatch(kernels.backward, { d_y: tape.grad(y), ...bound }, { ...dimsOf(some), first: 0 }, [1]);
    }
  });
  return y;
}

/** Up to TERMS terms a dispatch, and no tensor twice: a dispatch cannot write one gradient through two bindings. */
function withoutRepeats(terms: readonly Term[]): Term[][] {
  const groups: Term[][] = [];
  for (const term of terms) {
    const group = groups.find((g) => g.length < TERMS && g.every(({ x }) => x.storage !== term.x.storage));
    if (group) group.push(term);
    else groups.push([term]);
  }
  return groups;
}

const slots = (name: string, of: (i: number) => Tensor): Record<string, Tensor> =>
  Object.fromEntries(Array.from({ length: TERMS }, (_, i) => [`${name}${i}`, of(i)]));

const dimsOf = (terms: readonly Term[]): Record<string, number> => ({
  count: terms.length,
  ...Object.fromEntries(Array.from({ length: TERMS }, (_, i) => [`weight${i}`, terms[i]?.weight ?? 0])),
});
