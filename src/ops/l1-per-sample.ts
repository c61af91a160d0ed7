import wgsl from "../../shaders/l1-per-sample.wgsl?raw";
import flat from "../../shaders/lib/flat.wgsl?raw";
import reduce from "../../shaders/lib/reduce.wgsl?raw";
import { flatGroups } from "../autograd/tape";
import { expectShape, type Tensor } from "../autograd/tensor";
import { readKernels } from "../gpu/kernel";

const kernels = readKernels("l1-per-sample", wgsl, flat, reduce);

export interface L1Options {
  /** truth is [B, P, C + 1] and its last column weighs each point; a point of confidence 0 is never read. */
  readonly confidence?: boolean;
  /** Subtracts point 0 of pred from pred and point 0 of truth from truth. */
  readonly rootRelative?: boolean;
  /** [B, R, C] and [B, R', C or C + 1]: subtracts their point 0 instead (vertices relative to the wrist joint). */
  readonly roots?: { readonly pred: Tensor; readonly truth: Tensor };
  /** How often truth's root is subtracted; 2 is the quirk double-centring. */
  readonly truthRootTimes?: number;
  /** [B], 0 or 1: a sample of flag 0 contributes 0 and its truth is never read. */
  readonly flag?: Tensor;
  /** Multiplies the sum; 1 / (P C) by default, a mean over the elements. 1 or 1000 give the original's sums and millimetres. */
  readonly factor?: number;
}

/**
 * Weighted L1 distance of pred [B, P, C] to truth [B, P, C or C + 1] of each sample, [B]. The gradient at a difference of 0
 * is 0, as in torch.nn.functional.l1_loss. truth has no gradient. Throws when shapes disagree or truth needs a gradient.
 */
export function l1PerSample(pred: Tensor, truth: Tensor, options: L1Options = {}): Tensor {
  const op = "l1PerSample";
  const { confidence = false, flag, truthRootTimes = 1 } = options;
  const [samples, points, coords] = expectShape(op, "pred", pred, -1, -1, -1);
  const stride = coords + (confidence ? 1 : 0);
  expectShape(op, "truth", truth, samples, points, stride);
  const roots = options.roots ?? (options.rootRelative ? { pred, truth } : undefined);
  if (roots) {
    expectShape(op, "roots.pred", roots.pred, samples, -1, coords);
    expectShape(op, "roots.truth", roots.truth, samples, -1, -1);
    if (roots.truth.shape[2] < coords) expectShape(op, "roots.truth", roots.truth, samples, -1, coords);
  }
  if (flag) expectShape(op, "flag", flag, samples);
  for (const t of [truth, roots?.truth, flag]) {
    if (t?.needsGrad) throw new Error(`${op}: "${t.name}" needs a gradient, but only pred is differentiated`);
  }
  const { tape } = pred;
  const pred_root = roots?.pred ?? pred;
  const truth_root = roots?.truth ?? truth;
  const dims = {
    samples,
    points,
    coords,
    truth_stride: stride,
    root_points: pred_root.shape[1],
    truth_root_floats: truth_root.shape[1] * truth_root.shape[2],
    has_root: roots ? 1 : 0,
    has_flag: flag ? 1 : 0,
    has_confidence: confidence ? 1 : 0,
    times: truthRootTimes,
    factor: options.factor ?? 1 / (points * coords),
  };
  const read = { pred, truth, pred_root, truth_root, flag: flag ?? truth };
  const y = tape.output("l1-per-sample", [samples], [pred, pred_root]);
  tape.dispatch(kernels.forward, { ...read, y }, dims, [samples]);
  tape.onBackward(y, () => {
    const d_y = tape.grad(y);
    if (pred.needsGrad)
      tape.dispatch(kernels.backward_points, { ...read, d_y, d_pred: tape.grad(pred) }, dims, flatGroups(pred.size));
    if (roots && pred_root.needsGrad)
      tape.dispatch(kernels.backward_root, { ...read, d_y, d_pred_root: tape.grad(pred_root) }, dims, [samples]);
  });
  return y;
}
