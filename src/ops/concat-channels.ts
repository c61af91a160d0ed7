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
  const dimsOf = ({ x, channels, offset }: (typeof placed)[number]) => {
    return { size: (x.size / channels) * Math.ceil(channels / 4), channels, total, offset };
  };
  for (const part of placed) {
    const dims = dimsOf(part);
    tape.dispatch(kernels.forward, { x: part.x, y }, dims, flatGroups(dims.size));
  }
  tape.onBackward(y, () => {
    for (const part of placed) {
      if (!part.x.needsGrad) continue;
      const dims = dimsOf(part);
      tape.dispatch(kernels.backward, { d_y: tape.grad(y), d_x: tape.grad(part.x) }, dims, flatGroups(dims.size));
    }
  });
  return y;
}
