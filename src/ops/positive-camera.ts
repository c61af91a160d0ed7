import flat from "../../shaders/lib/flat.wgsl?raw";
import wgsl from "../../shaders/positive-camera.wgsl?raw";
import { flatGroups } from "../autograd/tape";
import { expectShape, type Tensor } from "../autograd/tensor";
import { readKernels } from "../gpu/kernel";

const kernels = readKernels("positive-camera", wgsl, flat);

/**
 * Weak-perspective camera (scale, tx, ty) [B, 3] from raw numbers [B, 3]: softplus keeps the scale positive, so that the
 * depth 2 f / scale has one sign. Must equal torch's softplus on the first number. Throws when x is not [B, 3].
 */
export function positiveCamera(x: Tensor): Tensor {
  expectShape("positiveCamera", "x", x, -1, 3);
  const { tape, size } = x;
  const y = tape.output("positive-camera", x.shape, [x]);
  tape.dispatch(kernels.forward, { x, y }, { size }, flatGroups(size));
  tape.onBackward(y, () => {
    tape.dispatch(kernels.backward, { x, d_y: tape.grad(y), d_x: tape.grad(x) }, { size }, flatGroups(size));
  });
  return y;
}
