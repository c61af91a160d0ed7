import flat from "../../shaders/lib/flat.wgsl?raw";
import wgsl from "../../shaders/rot6d-to-matrix.wgsl?raw";
import { flatGroups } from "../autograd/tape";
import { showShape, type Tensor } from "../autograd/tensor";
import { readKernels } from "../gpu/kernel";

const kernels = readKernels("rot6d-to-matrix", wgsl, flat);

/**
 * 6D rotations x [..., 6], two contiguous 3-vectors, to matrices [..., 3, 3] whose columns are their Gram-Schmidt basis.
 * Zhou et al. 2019. Throws when the last axis of x is not 6.
 */
export function rot6dToMatrix(x: Tensor): Tensor {
  if (x.shape[x.shape.length - 1] !== 6)
    throw new Error(`rot6dToMatrix: x has shape ${showShape(x.shape)}, expected [..., 6] (tensor "${x.name}")`);
  const { tape } = x;
  const count = x.size / 6;
  const y = tape.output("rot6d-to-matrix", [...x.shape.slice(0, -1), 3, 3], [x]);
  tape.dispatch(kernels.forward, { x, y }, { count }, flatGroups(count));
  tape.onBackward(y, () => {
    tape.dispatch(kernels.backward, { x, d_y: tape.grad(y), d_x: tape.grad(x) }, { count }, flatGroups(count));
  });
  return y;
}
