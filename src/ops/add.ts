import wgsl from "../../shaders/add.wgsl?raw";
import flat from "../../shaders/lib/flat.wgsl?raw";
import { flatGroups } from "../autograd/tape";
import { showShape, type Tensor } from "../autograd/tensor";
import { readKernels } from "../gpu/kernel";

const kernels = readKernels("add", wgsl, flat);

/**
 * a + b. b has a's shape, or the shape of a's trailing axes and is repeated along the leading ones (position embedding).
 * Throws when b's shape is neither. Must equal torch's a + b.
 */
export function add(a: Tensor, b: Tensor): Tensor {
  const trailing = a.shape.slice(a.shape.length - b.shape.length);
  if (b.shape.some((n, i) => n !== trailing[i])) {
    throw new Error(
      `add: b has shape ${showShape(b.shape)}, expected the trailing axes of ${showShape(a.shape)} (tensors "${a.name}", "${b.name}")`,
    );
  }
  const { tape } = a;
  const dims = { size: a.size, size_b: b.size };
  const y = tape.output("add", a.shape, [a, b]);
  tape.dispatch(kernels.forward, { a, b, y }, dims, flatGroups(a.size));
  tape.onBackward(y, () => {
    const d_y = tape.grad(y);
    if (a.needsGrad) tape.dispatch(kernels.backward_a, { d_y, d_a: tape.grad(a) }, dims, flatGroups(a.size));
    if (b.needsGrad) tape.dispatch(kernels.backward_b, { d_y, d_b: tape.grad(b) }, dims, flatGroups(b.size));
  });
  return y;
}
