import flat from "../../shaders/lib/flat.wgsl?raw";
import wgsl from "../../shaders/scale.wgsl?raw";
import { flatGroups } from "../autograd/tape";
import type { Tensor } from "../autograd/tensor";
import { readKernels } from "../gpu/kernel";

const kernels = readKernels("scale", wgsl, flat);

/** factor * x, for a factor known when the model is recorded. */
export function scale(x: Tensor, factor: number): Tensor {
  const { tape, size } = x;
  const dims = { size, factor };
  const y = tape.output("scale", x.shape, [x]);
  tape.dispatch(kernels.forward, { x, y }, dims, flatGroups(size));
  tape.onBackward(y, () => {
    tape.dispatch(kernels.backward, { d_y: tape.grad(y), d_x: tape.grad(x) }, dims, flatGroups(size));
  });
  return y;
}
