import wgsl from "../../shaders/batch-mean.wgsl?raw";
import flat from "../../shaders/lib/flat.wgsl?raw";
import { flatGroups } from "../autograd/tape";
import { expectShape, type Tensor } from "../autograd/tensor";
import { readKernels } from "../gpu/kernel";

const kernels = readKernels("batch-mean", wgsl, flat);
const MOST_SAMPLES = 60_000;

/**
 * Mean of x [B] over the batch, [1]; with `sum`, the sum (the quirk loss-sum-mm). Must equal torch's x.mean().
 * Throws when x is not [B] or holds more than 60,000 samples.
 */
export function batchMean(x: Tensor, options: { readonly sum?: boolean } = {}): Tensor {
  const [size] = expectShape("batchMean", "x", x, -1);
  if (size > MOST_SAMPLES)
    throw new Error(`batchMean: x holds ${size} samples, at most ${MOST_SAMPLES} (tensor "${x.name}")`);
  const { tape } = x;
  const dims = { size, factor: options.sum ? 1 : 1 / size };
  const y = tape.output("batch-mean", [1], [x]);
  tape.dispatch(kernels.forward, { x, y }, dims, [1]);
  tape.onBackward(y, () => {
    tape.dispatch(kernels.backward, { d_y: tape.grad(y), d_x: tape.grad(x) }, dims, flatGroups(size));
  });
  return y;
}
