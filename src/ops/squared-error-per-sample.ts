import flat from "../../shaders/lib/flat.wgsl?raw";
import reduce from "../../shaders/lib/reduce.wgsl?raw";
import wgsl from "../../shaders/squared-error-per-sample.wgsl?raw";
import { flatGroups } from "../autograd/tape";
import { expectShape, type Tensor } from "../autograd/tensor";
import { readKernels } from "../gpu/kernel";

const kernels = readKernels("squared-error-per-sample", wgsl, flat, reduce);

export interface SquaredErrorOptions {
  /** [B], 0 or 1: a sample of flag 0 contributes 0 and its truth is never read. */
  readonly flag?: Tensor;
  /** Multiplies the sum; 1 / (elements per sample) by default, a mean as in torch.nn.functional.mse_loss. */
  readonly factor?: number;
}

/**
 * Squared distance of pred [B, ...] to truth of the same shape, of each sample, [B]; `undefined` for truth means zeros
 * (the shape prior: mean of betas squared). truth has no gradient. Throws when shapes disagree or truth needs a gradient.
 */
export function squaredErrorPerSample(
  pred: Tensor,
  truth: Tensor | undefined,
  options: SquaredErrorOptions = {},
): Tensor {
  const op = "squaredErrorPerSample";
  const samples = pred.shape[0];
  const size = pred.size / samples;
  const { flag, factor = 1 / size } = options;
  if (truth) expectShape(op, "truth", truth, ...pred.shape);
  if (flag) expectShape(op, "flag", flag, samples);
  for (const t of [truth, flag]) {
    if (t?.needsGrad) throw new Error(`${op}: "${t.name}" needs a gradient, but only pred is differentiated`);
  }
  const { tape } = pred;
  const dims = { samples, size, has_truth: truth ? 1 : 0, has_flag: flag ? 1 : 0, factor };
  const read = { pred, truth: truth ?? pred, flag: flag ?? pred };
  const y = tape.output("squared-error-per-sample", [samples], [pred]);
  tape.dispatch(kernels.forward, { ...read, y }, dims, [samples]);
  tape.onBackward(y, () => {
    const d_y = tape.grad(y);
    tape.dispatch(kernels.backward, { ...read, d_y, d_pred: tape.grad(pred) }, dims, flatGroups(pred.size));
  });
  return y;
}
