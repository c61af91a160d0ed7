import wgsl from "../../shaders/concat-channels.wgsl?raw";
import flat from "../../shaders/lib/flat.wgsl?raw";
import { flatGroups } from "../autograd/tape";
import { expectShape, type Tensor } from "../autograd/tensor";
import { readKernels } from "../gpu/kernel";

const kernels = readKernels("concat-channels", wgsl, flat);

/** Tensors [..., C_i] beside each other, [..., sum of C_i]; must equal torch.cat(parts, -1). Throws when the leading axes differ. */
export function concatChannels(parts: readonly Tensor[]): Tensor {
  if (parts.length === 0) throw new Error("concatChannels: no tensor was given, expected at least one");
  const { tape } = parts[0];
  const leading = parts[0].shape.slice(0, -1);
  for (const [index, x] of parts.entries()) expectShape("concatChannels", `part ${index}`, x, ...leading, -1);
  let total = 0;
  const placed = parts.map((x) => {
    const channels = x.shape[leading.length];
    total += channels;
    return { x, channels, offset: total - channels };
  });
  const y = tape.output("concat-channels", [...leading, total], parts);
  for (const { x, channels, offset } of placed) {
    tape.dispatch(kernels.forward, { x, y }, { size: x.size, channels, total, offset }, flatGroups(x.size));
  }
  tape.onBackward(y, () => {
    for (const { x, channels, offset } of placed) {
      if (!x.needsGrad) continue;
      const dims = { size: x.size, channels, total, offset };
      tape.dispatch(kernels.backward, { d_y: tape.grad(y), d_x: tape.grad(x) }, dims, flatGroups(x.size));
    }
  });
  return y;
}
