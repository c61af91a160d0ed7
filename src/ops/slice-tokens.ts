import flat from "../../shaders/lib/flat.wgsl?raw";
import wgsl from "../../shaders/slice-tokens.wgsl?raw";
import { flatGroups } from "../autograd/tape";
import { expectShape, showShape, type Tensor } from "../autograd/tensor";
import { readKernels } from "../gpu/kernel";

const kernels = readKernels("slice-tokens", wgsl, flat);

/** x[:, start : start + count] of x [B, T, D]. Throws when the range leaves T. */
export function sliceTokens(x: Tensor, start: number, count: number): Tensor {
  const [batch, tokens, cols] = expectShape("sliceTokens", "x", x, -1, -1, -1);
  if (start < 0 || count < 1 || start + count > tokens) {
    throw new Error(
      `sliceTokens: tokens ${start} to ${start + count} of x with shape ${showShape(x.shape)}, expected a range within ${tokens} (tensor "${x.name}")`,
    );
  }
  const { tape } = x;
  const dims = { batch, tokens, start, count, cols };
  const y = tape.output("slice-tokens", [batch, count, cols], [x]);
  tape.dispatch(kernels.forward, { x, y }, dims, flatGroups(y.size));
  tape.onBackward(y, () => {
    tape.dispatch(kernels.backward, { d_y: tape.grad(y), d_x: tape.grad(x) }, dims, flatGroups(x.size));
  });
  return y;
}
