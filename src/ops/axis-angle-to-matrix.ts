import wgsl from "../../shaders/axis-angle-to-matrix.wgsl?raw";
import flat from "../../shaders/lib/flat.wgsl?raw";
import { flatGroups } from "../autograd/tape";
import { showShape, type Tensor } from "../autograd/tensor";
import { readKernels } from "../gpu/kernel";

const kernels = readKernels("axis-angle-to-matrix", wgsl, flat);

/**
 * Axis-angle x [..., 3], radians, to matrices [..., 3, 3] (Rodrigues); value and gradient are exact at 0 and at pi.
 * Throws when the last axis of x is not 3.
 */
export function axisAngleToMatrix(x: Tensor): Tensor {
  if (x.shape[x.shape.length - 1] !== 3)
    throw new Error(`axisAngleToMatrix: x has shape ${showShape(x.shape)}, expected [..., 3] (tensor "${x.name}")`);
  const { tape } = x;
  const count = x.size / 3;
  const y = tape.output("axis-angle-to-matrix", [...x.shape, 3], [x]);
  tape.dispatch(kernels.forward, { x, y }, { count }, flatGroups(count));
  tape.onBackward(y, () => {
    tape.dispatch(kernels.backward, { x, d_y: tape.grad(y), d_x: tape.grad(x) }, { count }, flatGroups(count));
  });
  return y;
}
