import wgsl from "../../shaders/gelu.wgsl?raw";
import erf from "../../shaders/lib/erf.wgsl?raw";
import flat from "../../shaders/lib/flat.wgsl?raw";
import { flatGroups } from "../autograd/tape";
import type { Tensor } from "../autograd/tensor";
import { readKernels } from "../gpu/kernel";

const kernels = readKernels("gelu", wgsl, flat, erf);

/** x Phi(x), exact (not the tanh form). Hendrycks, Gimpel 2016; must equal torch.nn.functional.gelu(x). */
export function gelu(x: Tensor): Tensor {
  const { tape, size } = x;
  const y = tape.output("gelu", x.shape, [x]);
  tape.dispatch(kernels.forward, { x, y }, { size }, flatGroups(size));
  tape.onBackward(y, () => {
    tape.dispatch(kernels.backward, { x, d_y: tape.grad(y), d_x: tape.grad(x) }, { size }, flatGroups(size));
  });
  return y;
}
