import flat from "../../shaders/lib/flat.wgsl?raw";
import wgsl from "../../shaders/subtract-root.wgsl?raw";
import { flatGroups } from "../autograd/tape";
import { expectShape, type Tensor } from "../autograd/tensor";
import { readKernels } from "../gpu/kernel";

const kernels = readKernels("subtract-root", wgsl, flat);

/**
 * Points x [B, P, 3] relative to a root: root [B, 3], or joint `index` of root [B, J, 3], which may be x itself.
 * Throws for other shapes, and for an index that root does not have.
 */
export function subtractRoot(x: Tensor, root: Tensor, index = 0): Tensor {
  const [batch, points] = expectShape("subtractRoot", "x", x, -1, -1, 3);
  if (root.shape.length === 2) expectShape("subtractRoot", "root", root, batch, 3);
  else expectShape("subtractRoot", "root", root, batch, -1, 3);
  const joints = root.size / (3 * batch);
  if (!(Number.isInteger(index) && index >= 0 && index < joints))
    throw new Error(`subtractRoot: index is ${index}, expected 0 to ${joints - 1} (tensor "${root.name}")`);
  const { tape, size } = x;
  const dims = { size, points, joints, index };
  const y = tape.output("subtract-root", x.shape, [x, root]);
  tape.dispatch(kernels.forward, { x, root, y }, dims, flatGroups(size));
  tape.onBackward(y, () => {
    const d_y = tape.grad(y);
    if (x.needsGrad) tape.dispatch(kernels.backward_points, { d_y, d_x: tape.grad(x) }, dims, flatGroups(size));
    if (root.needsGrad) {
      const rootDims = { ...dims, size: root.size };
      tape.dispatch(kernels.backward_root, { d_y, d_root: tape.grad(root) }, rootDims, flatGroups(root.size));
    }
  });
  return y;
}
