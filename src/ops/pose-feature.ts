import flat from "../../shaders/lib/flat.wgsl?raw";
import wgsl from "../../shaders/pose-feature.wgsl?raw";
import { flatGroups } from "../autograd/tape";
import { expectShape, type Tensor } from "../autograd/tensor";
import { readKernels } from "../gpu/kernel";

const kernels = readKernels("pose-feature", wgsl, flat);

/**
 * What drives MANO's pose correctives: R_k - I, row-major, of every joint but the root. x [B, K, 3, 3] to [B, 9 (K - 1)].
 * Romero, Tzionas, Black 2017. Throws when x has another shape.
 */
export function poseFeature(x: Tensor): Tensor {
  const [batch, joints] = expectShape("poseFeature", "x", x, -1, -1, 3, 3);
  const { tape } = x;
  const y = tape.output("pose-feature", [batch, 9 * (joints - 1)], [x]);
  tape.dispatch(kernels.forward, { x, y }, { size: y.size, joints }, flatGroups(y.size));
  tape.onBackward(y, () => {
    const gradients = { d_y: tape.grad(y), d_x: tape.grad(x) };
    tape.dispatch(kernels.backward, gradients, { size: x.size, joints }, flatGroups(x.size));
  });
  return y;
}
