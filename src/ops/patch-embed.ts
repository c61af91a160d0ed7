import flat from "../../shaders/lib/flat.wgsl?raw";
import wgsl from "../../shaders/patch-embed.wgsl?raw";
import { flatGroups } from "../autograd/tape";
import { expectShape, showShape, type Tensor } from "../autograd/tensor";
import { readKernels } from "../gpu/kernel";
import { linear } from "./linear";

const kernels = readKernels("patch-embed", wgsl, flat);

/** The patches of x [B, C, H, W] as rows [B, H / P * W / P, C * P * P], row by row over the image. */
function patches(x: Tensor, patch: number): Tensor {
  const [batch, channels, height, width] = x.shape;
  const { tape, size } = x;
  const dims = { size, channels, height, width, side: patch };
  const y = tape.output("patches", [batch, (height / patch) * (width / patch), channels * patch * patch], [x]);
  tape.dispatch(kernels.forward, { x, y }, dims, flatGroups(size));
  tape.onBackward(y, () => {
    tape.dispatch(kernels.backward, { d_y: tape.grad(y), d_x: tape.grad(x) }, dims, flatGroups(size));
  });
  return y;
}

/**
 * Image [B, C, H, W] to tokens [B, N, D], N = H / P * W / P row by row over the image; weight [D, C, P, P], bias [D].
 * Dosovitskiy et al. 2021; must equal torch.nn.Conv2d with kernel and stride P, then flatten(2).transpose(1, 2).
 * Throws when P does not divide the image or a shape does not fit.
 */
export function patchEmbed(image: Tensor, weight: Tensor, bias: Tensor): Tensor {
  const [, channels, height, width] = expectShape("patchEmbed", "image", image, -1, -1, -1, -1);
  const [out, , patch] = expectShape("patchEmbed", "weight", weight, -1, channels, -1, -1);
  expectShape("patchEmbed", "weight", weight, out, channels, patch, patch);
  if (height % patch !== 0 || width % patch !== 0) {
    throw new Error(
      `patchEmbed: image has shape ${showShape(image.shape)}, expected height and width divisible by ${patch} (tensor "${image.name}")`,
    );
  }
  const rows = patches(image, patch);
  return linear(rows, image.tape.reshape(weight, [out, channels * patch * patch]), bias);
}
