import flat from "../../shaders/lib/flat.wgsl?raw";
import wgsl from "../../shaders/lossy-matrix-to-axis-angle.wgsl?raw";
import { flatGroups } from "../autograd/tape";
import { showShape, type Tensor } from "../autograd/tensor";
import { readKernels } from "../gpu/kernel";

const kernels = readKernels("lossy-matrix-to-axis-angle", wgsl, flat);

/**
 * Matrices x [..., 3, 3] to axis-angle [..., 3] with the original's defects: zero without a gradient below 1e-3 rad, wrong
 * near pi with a gradient in the thousands. For the quirk `axis-angle-round-trip` and nothing else.
 * Throws when x does not end in 3, 3.
 */
export function lossyMatrixToAxisAngle(x: Tensor): Tensor {
  if (x.shape[x.shape.length - 1] !== 3 || x.shape[x.shape.length - 2] !== 3) {
    throw new Error(
      `lossyMatrixToAxisAngle: x has shape ${showShape(x.shape)}, expected [..., 3, 3] (tensor "${x.name}")`,
    );
  }
  const { tape } = x;
  const count = x.size / 9;
  const y = tape.output("lossy-matrix-to-axis-angle", x.shape.slice(0, -1), [x]);
  tape.dispatch(kernels.forward, { x, y }, { count }, flatGroups(count));
  tape.onBackward(y, () => {
    tape.dispatch(kernels.backward, { x, d_y: tape.grad(y), d_x: tape.grad(x) }, { count }, flatGroups(count));
  });
  return y;
}
