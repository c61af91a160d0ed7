import wgsl from "../../shaders/affine2d.wgsl?raw";
import flat from "../../shaders/lib/flat.wgsl?raw";
import { flatGroups } from "../autograd/tape";
import { expectShape, type Tensor } from "../autograd/tensor";
import { readKernels } from "../gpu/kernel";

const kernels = readKernels("affine2d", wgsl, flat);

/** x * scale + offset for points x [B, P, 2] and constant pairs: crop coordinates to a map's pixels. Throws when x is not [B, P, 2]. */
export function affine2d(
  x: Tensor,
  scale: readonly [x: number, y: number],
  offset: readonly [x: number, y: number],
): Tensor {
  const [batch, points] = expectShape("affine2d", "x", x, -1, -1, 2);
  const { tape } = x;
  const size = batch * points;
  const dims = { size, scale_x: scale[0], scale_y: scale[1], offset_x: offset[0], offset_y: offset[1] };
  const y = tape.output("affine2d", x.shape, [x]);
  tape.dispatch(kernels.forward, { x, y }, dims, flatGroups(size));
  tape.onBackward(y, () => {
    tape.dispatch(kernels.backward, { d_y: tape.grad(y), d_x: tape.grad(x) }, dims, flatGroups(size));
  });
  return y;
}
