import wgsl from "../../shaders/weighted-sum.wgsl?raw";
import { expectShape, type Tensor } from "../autograd/tensor";
import { readKernels } from "../gpu/kernel";

const kernels = readKernels("weighted-sum", wgsl);

/** Sum of weights[k] * terms[k], each term [1]: the total loss. Throws when there is no term or the counts differ. */
export function weightedSum(terms: readonly Tensor[], weights: readonly number[]): Tensor {
  if (terms.length === 0 || terms.length !== weights.length) {
    throw new Error(
      `weightedSum: ${terms.length} terms and ${weights.length} weights, expected the same number, at least one`,
    );
  }
  const { tape } = terms[0];
  const weight = tape.constant("weights", [weights.length], Float32Array.from(weights));
  const y = tape.output("weighted-sum", [1], terms);
  for (const [index, x] of terms.entries()) {
    expectShape("weightedSum", `term ${index}`, x, 1);
    tape.dispatch(kernels.forward, { weight, x, y }, { count: terms.length, index }, [1]);
  }
  tape.onBackward(y, () => {
    for (const [index, x] of terms.entries()) {
      if (!x.needsGrad) continue;
      tape.dispatch(
        kernels.backward,
        { weight, d_y: tape.grad(y), d_x: tape.grad(x) },
        { count: terms.length, index },
        [1],
      );
    }
  });
  return y;
}
