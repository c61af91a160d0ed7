import flat from "../../shaders/lib/flat.wgsl?raw";
import wgsl from "../../shaders/skin.wgsl?raw";
import { flatGroups } from "../autograd/tape";
import { expectShape, type Tensor } from "../autograd/tensor";
import { readKernels } from "../gpu/kernel";

const kernels = readKernels("skin", wgsl, flat);
const CHUNK_VERTICES = 64;

/**
 * Linear blend skinning of x [B, V, 3] by the joints' global transforms [B, K, 3, 4] about their rest places [B, K, 3],
 * weights [V, K]: [B, V, 3]. Loper et al. 2015, eq. 2.
 * Throws for other shapes, and when the weights need a gradient: they are data.
 */
export function skin(x: Tensor, transforms: Tensor, rest: Tensor, weights: Tensor): Tensor {
  const [batch, vertices] = expectShape("skin", "x", x, -1, -1, 3);
  const [, joints] = expectShape("skin", "transforms", transforms, batch, -1, 3, 4);
  expectShape("skin", "rest", rest, batch, joints, 3);
  expectShape("skin", "weights", weights, vertices, joints);
  if (weights.needsGrad) throw new Error(`skin: weights have no gradient, but "${weights.name}" asks for one`);

  const { tape } = x;
  const chunks = Math.ceil(vertices / CHUNK_VERTICES);
  const dims = { batch, vertices, joints, chunks };
  const y = tape.output("skin", x.shape, [x, transforms, rest]);
  tape.dispatch(kernels.forward, { x, transforms, rest, weights, y }, dims, flatGroups(batch * vertices));
  tape.onBackward(y, () => {
    const d_y = tape.grad(y);
    if (x.needsGrad) {
      const gradients = { transforms, weights, d_y, d_x: tape.grad(x) };
      tape.dispatch(kernels.backward_input, gradients, dims, flatGroups(batch * vertices));
    }
    if (!transforms.needsGrad && !rest.needsGrad) return;
    const part = tape.scratch("skin.part", [chunks, batch, joints, 3, 4]);
    const grid = [Math.ceil((batch * joints) / 64), chunks] as const;
    tape.dispatch(kernels.backward_chunks, { x, rest, weights, d_y, part }, dims, grid);
    if (transforms.needsGrad) {
      const d_transforms = tape.grad(transforms);
      tape.dispatch(kernels.backward_transforms, { part, d_transforms }, dims, flatGroups(3 * batch * joints));
    }
    if (rest.needsGrad) {
      tape.dispatch(
        kernels.backward_rest,
        { part, transforms, d_rest: tape.grad(rest) },
        dims,
        flatGroups(batch * joints),
      );
    }
  });
  return y;
}
