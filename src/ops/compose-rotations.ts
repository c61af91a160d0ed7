import wgsl from "../../shaders/compose-rotations.wgsl?raw";
import flat from "../../shaders/lib/flat.wgsl?raw";
import { flatGroups } from "../autograd/tape";
import { expectShape, showShape, type Tensor } from "../autograd/tensor";
import { readKernels } from "../gpu/kernel";

const kernels = readKernels("compose-rotations", wgsl, flat);

/** a b for matrices a, b [..., 3, 3]: rotate by b first, then by a. Throws when the shapes differ or do not end in 3, 3. */
export function composeRotations(a: Tensor, b: Tensor): Tensor {
  if (a.shape[a.shape.length - 1] !== 3 || a.shape[a.shape.length - 2] !== 3)
    throw new Error(`composeRotations: a has shape ${showShape(a.shape)}, expected [..., 3, 3] (tensor "${a.name}")`);
  expectShape("composeRotations", "b", b, ...a.shape);
  const { tape, size } = a;
  const y = tape.output("compose-rotations", a.shape, [a, b]);
  tape.dispatch(kernels.forward, { a, b, y }, { size }, flatGroups(size));
  tape.onBackward(y, () => {
    const d_y = tape.grad(y);
    if (a.needsGrad) tape.dispatch(kernels.backward_a, { b, d_y, d_a: tape.grad(a) }, { size }, flatGroups(size));
    if (b.needsGrad) tape.dispatch(kernels.backward_b, { a, d_y, d_b: tape.grad(b) }, { size }, flatGroups(size));
  });
  return y;
}
