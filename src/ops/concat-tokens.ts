import wgsl from "../../shaders/concat-tokens.wgsl?raw";
import flat from "../../shaders/lib/flat.wgsl?raw";
import { flatGroups } from "../autograd/tape";
import { showShape, type Tensor } from "../autograd/tensor";
import { readKernels } from "../gpu/kernel";

const kernels = readKernels("concat-tokens", wgsl, flat);

/**
 * The parts one after the other along the token axis, [B, T1 + T2 + ..., D]. A part is [B, Ti, D], or [Ti, D] and
 * repeated over the batch (learned tokens). Throws when no part has a batch axis, or when B or D differ.
 */
export function concatTokens(parts: readonly Tensor[]): Tensor {
  const batched = parts.find((part) => part.shape.length === 3);
  if (!batched) throw new Error("concatTokens: none of the parts has shape [B, T, D], expected at least one");
  const [batch, , cols] = batched.shape;
  for (const part of parts) {
    const [b, , d] = part.shape.length === 2 ? [batch, ...part.shape] : part.shape;
    if (part.shape.length > 3 || b !== batch || d !== cols) {
      throw new Error(
        `concatTokens: a part has shape ${showShape(part.shape)}, expected [${batch}, any, ${cols}] or [any, ${cols}] (tensor "${part.name}")`,
      );
    }
  }
  const { tape } = batched;
  const counts = parts.map((part) => part.shape[part.shape.length - 2]);
  const tokens = counts.reduce((sum, count) => sum + count, 0);
  const y = tape.output("concat-tokens", [batch, tokens, cols], parts);
  const dims = parts.map((part, i) => ({
    batch,
    tokens,
    start: counts.slice(0, i).reduce((sum, count) => sum + count, 0),
    count: counts[i],
    cols,
    repeated: Number(part.shape.length === 2),
  }));
  for (const [i, part] of parts.entries()) {
    tape.dispatch(kernels.forward, { part, y }, dims[i], flatGroups(batch * counts[i] * cols));
  }
  tape.onBackward(y, () => {
    for (const [i, part] of parts.entries()) {
      if (!part.needsGrad) continue;
      tape.dispatch(kernels.backward, { d_y: tape.grad(y), d_part: tape.grad(part) }, dims[i], flatGroups(part.size));
    }
  });
  return y;
}
