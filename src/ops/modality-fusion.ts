import flat from "../../shaders/lib/flat.wgsl?raw";
import wgsl from "../../shaders/modality-fusion.wgsl?raw";
import { flatGroups } from "../autograd/tape";
import { expectShape, type Tensor } from "../autograd/tensor";
import { readKernels } from "../gpu/kernel";

const kernels = readKernels("modality-fusion", wgsl, flat);

/**
 * rgb + (hasDepth ? depth : placeholder): rgb and depth [B, N, D], placeholder [1, N, D], hasDepth [B] 0 or 1.
 * A sample without depth never reads its depth and gives it a gradient of exactly 0. Throws when a shape does not fit.
 */
export function modalityFusion(rgb: Tensor, depth: Tensor, placeholder: Tensor, hasDepth: Tensor): Tensor {
  const [batch, tokens, cols] = expectShape("modalityFusion", "rgb", rgb, -1, -1, -1);
  expectShape("modalityFusion", "depth", depth, batch, tokens, cols);
  expectShape("modalityFusion", "placeholder", placeholder, 1, tokens, cols);
  expectShape("modalityFusion", "hasDepth", hasDepth, batch);
  const { tape } = rgb;
  const dims = { batch, size: tokens * cols };
  const groups = flatGroups(rgb.size);
  const y = tape.output("modality-fusion", rgb.shape, [rgb, depth, placeholder]);
  tape.dispatch(kernels.forward, { rgb, depth, placeholder, has_depth: hasDepth, y }, dims, groups);
  tape.onBackward(y, () => {
    const d_y = tape.grad(y);
    const has_depth = hasDepth;
    if (rgb.needsGrad) tape.dispatch(kernels.backward_rgb, { d_y, d_rgb: tape.grad(rgb) }, dims, groups);
    if (depth.needsGrad) {
      tape.dispatch(kernels.backward_depth, { has_depth, d_y, d_depth: tape.grad(depth) }, dims, groups);
    }
    if (!placeholder.needsGrad) return;
    const d_placeholder = tape.grad(placeholder);
    tape.dispatch(kernels.backward_placeholder, { has_depth, d_y, d_placeholder }, dims, flatGroups(dims.size));
  });
  return y;
}
