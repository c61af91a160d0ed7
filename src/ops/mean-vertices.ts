import flat from "../../shaders/lib/flat.wgsl?raw";
import wgsl from "../../shaders/mean-vertices.wgsl?raw";
import { flatGroups } from "../autograd/tape";
import { expectShape, type Tensor } from "../autograd/tensor";
import { readKernels } from "../gpu/kernel";

const kernels = readKernels("mean-vertices", wgsl, flat);

/** Mean over the vertices of x [B, V, C], [B, C]; must equal torch's x.mean(1). Throws when x does not have three axes. */
export function meanVertices(x: Tensor): Tensor {
  const [batch, vertices, channels] = expectShape("meanVertices", "x", x, -1, -1, -1);
  const { tape } = x;
  const y = tape.output("mean-vertices", [batch, channels], [x]);
  tape.dispatch(kernels.forward, { x, y }, { size: y.size, vertices, channels }, flatGroups(y.size));
  tape.onBackward(y, () => {
    const gradients = { d_y: tape.grad(y), d_x: tape.grad(x) };
    tape.dispatch(kernels.backward, gradients, { size: x.size, vertices, channels }, flatGroups(x.size));
  });
  return y;
}
