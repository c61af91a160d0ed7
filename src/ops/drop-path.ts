import wgsl from "../../shaders/drop-path.wgsl?raw";
import flat from "../../shaders/lib/flat.wgsl?raw";
import { flatGroups } from "../autograd/tape";
import { expectShape, type Tensor } from "../autograd/tensor";
import { readKernels } from "../gpu/kernel";

const kernels = readKernels("drop-path", wgsl, flat);

/**
 * x [B, ...] times mask [B], per sample; exactly 0 where the mask is 0, even for NaN. The mask (0 or 1 / keep) has no
 * gradient. Huang et al. 2016; must equal timm's DropPath for the same mask. Throws when the mask is not [B].
 */
export function dropPath(x: Tensor, mask: Tensor): Tensor {
  const [batch] = expectShape("dropPath", "mask", mask, x.shape[0]);
  const { tape, size } = x;
  const dims = { size, per_sample: size / batch };
  const y = tape.output("drop-path", x.shape, [x]);
  tape.dispatch(kernels.forward, { x, mask, y }, dims, flatGroups(size));
  tape.onBackward(y, () => {
    tape.dispatch(kernels.backward, { mask, d_y: tape.grad(y), d_x: tape.grad(x) }, dims, flatGroups(size));
  });
  return y;
}
