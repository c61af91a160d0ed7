import wgsl from "../../shaders/layer-norm.wgsl?raw";
import reduce from "../../shaders/lib/reduce.wgsl?raw";
import { expectShape, type Tensor } from "../autograd/tensor";
import { readKernels } from "../gpu/kernel";

const kernels = readKernels("layer-norm", wgsl, reduce);
const CHUNK_ROWS = 64;
const ROWS_PER_GROUP = 32;

/**
 * Normalises the last axis of x [..., C], then scales by weight [C] and shifts by bias [C].
 * Ba, Kiros, Hinton 2016; must equal torch.nn.functional.layer_norm.
 */
export function layerNorm(x: Tensor, weight: Tensor, bias: Tensor, eps = 1e-6): Tensor {
  const cols = x.shape[x.shape.length - 1];
  const rows = x.size / cols;
  expectShape("layerNorm", "weight", weight, cols);
  expectShape("layerNorm", "bias", bias, cols);

  const { tape } = x;
  const chunks = Math.ceil(rows / CHUNK_ROWS);
  const dims = { rows, cols, chunks, eps };
  const y = tape.output("layer-norm", x.shape, [x, weight, bias]);
  const mean = tape.scratch("layer-norm.mean", [rows]);
  const rstd = tape.scratch("layer-norm.rstd", [rows]);

  const byRows = tape.style === "cpu" && cols % 4 === 0;
  const groups = Math.ceil(rows / ROWS_PER_GROUP);
  if (byRows) {
    const bound = { x4: x, weight4: weight, bias4: bias, y4: y, mean, rstd };
    tape.dispatch(kernels.forward_rows, bound, dims, [groups]);
  } else tape.dispatch(kernels.forward, { x, weight, bias, y, mean, rstd }, dims, [rows]);
  tape.onBackward(y, () => {
    const d_y = tape.grad(y);
    if (x.needsGrad && byRows) {
      const bound = { x4: x, weight4: weight, mean, rstd, d_y4: d_y, d_x4: tape.grad(x) };
      tape.dispatch(kernels.backward_input_rows, bound, dims, [groups]);
    } else if (x.needsGrad) {
      tape.dispatch(kernels.backward_input, { x, weight, mean, rstd, d_y, d_x: tape.grad(x) }, dims, [rows]);
    }
    if (!weight.needsGrad && !bias.needsGrad) return;
    const part = tape.scratch("layer-norm.part", [chunks, 2, cols]);
    const columns = Math.ceil(cols / 64);
    tape.dispatch(kernels.backward_chunks, { x, mean, rstd, d_y, part }, dims, [columns, chunks]);
    tape.dispatch(kernels.backward_weight, { part, d_weight: tape.grad(weight), d_bias: tape.grad(bias) }, dims, [
      columns,
    ]);
  });
  return y;
}
