import flat from "../../shaders/lib/flat.wgsl?raw";
import wgsl from "../../shaders/relu.wgsl?raw";
import { flatGroups } from "../autograd/tape";
import type { Tensor } from "../autograd/tensor";
import { readKernels } from "../gpu/kernel";

const kernels = readKernels("relu", wgsl, flat);

/** max(x, 0); NaN stays NaN, and the gradient at 0 is 0, as in torch.nn.functional.relu. */
export function relu(x: Tensor): Tensor {
  const { tape, size } = x;
  const y = tape.output("relu", x.shape, [x]);
  tape.dispatch(kernels.forward, { x, y }, { size }, flatGroups(size));
  tape.onBackward(y, () => {
    tape.dispatch(kernels.backward, { x, d_y: tape.grad(y), d_x: tape.grad(x) }, { size }, flatGroups(size));
  });
  return y;
}
