import wgsl from "../../shaders/graph-conv.wgsl?raw";
import flat from "../../shaders/lib/flat.wgsl?raw";
import { flatGroups } from "../autograd/tape";
import { expectShape, type Tensor } from "../autograd/tensor";
import { readKernels } from "../gpu/kernel";
import { type Csr, csrTensors, transposeCsr } from "./csr";

const kernels = readKernels("graph-conv", wgsl, flat);

/**
 * A x for a constant sparse matrix A [R, V]: x [B, V, C] to [B, R, C]; graph convolution without its weights
 * (Kipf, Welling 2017). The backward gathers along the transpose of A, which need not be symmetric.
 * Throws when x does not have as many vertices as A has columns.
 */
export function graphConv(x: Tensor, matrix: Csr): Tensor {
  const [batch, , channels] = expectShape("graphConv", "x", x, -1, matrix.columns, -1);
  const y = x.tape.output("graph-conv", [batch, matrix.rows, channels], [x]);
  gather("graph", x, y, matrix);
  x.tape.onBackward(y, () => gather("graph.transposed", x.tape.grad(y), x.tape.grad(x), transposeCsr(matrix)));
  return y;
}

function gather(name: string, x: Tensor, y: Tensor, matrix: Csr): void {
  const { tape } = x;
  const { rows, columns } = matrix;
  const channels = x.shape[2];
  const sparse = csrTensors(tape, name, matrix);
  const flops = 2 * x.shape[0] * channels * matrix.column.length;
  if (channels % 4 === 0) {
    const dims = { size: y.size / 4, rows, columns, channels: channels / 4 };
    tape.dispatch(kernels.gather4, { ...sparse, x4: x, y4: y }, dims, flatGroups(dims.size), { flops });
  } else {
    const dims = { size: (y.size / channels) * Math.ceil(channels / 4), rows, columns, channels };
    tape.dispatch(kernels.gather, { ...sparse, x, y }, dims, flatGroups(dims.size), { flops });
  }
}
