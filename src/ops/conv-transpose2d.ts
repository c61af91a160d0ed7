import wgsl from "../../shaders/conv-transpose2d.wgsl?raw";
import flat from "../../shaders/lib/flat.wgsl?raw";
import { flatGroups, type Tape } from "../autograd/tape";
import { expectShape, type Tensor } from "../autograd/tensor";
import { readKernels } from "../gpu/kernel";
import { gemm } from "./gemm";
import { sliceLength } from "./gemm-tiles";

const kernels = readKernels("conv-transpose2d", wgsl, flat);
const TAPS = 16;

export interface ConvTranspose2dOptions {
  /** Memory for the products of every input pixel with the taps; more taps than fit are done one group after the other. */
  readonly columnBytes?: number;
}

/**
 * Transposed convolution, kernel 4, stride 2, padding 1, no bias, on channel-last maps: x [B, H, W, in], weight
 * [in, out, 4, 4] -> [B, 2 H, 2 W, out]. Must equal torch.nn.functional.conv_transpose2d.
 * Throws when a shape does not fit, or when `out` is not a multiple of 4.
 */
export function convTranspose2d(x: Tensor, weight: Tensor, options: ConvTranspose2dOptions = {}): Tensor {
  const [batch, height, width, inChannels] = expectShape("convTranspose2d", "x", x, -1, -1, -1, -1);
  const [, outChannels] = expectShape("convTranspose2d", "weight", weight, inChannels, -1, 4, 4);
  if (outChannels % 4 !== 0) {
    throw new Error(
      `convTranspose2d: weight has ${outChannels} output channels, expected a multiple of 4 (tensor "${weight.name}")`,
    );
  }
  const { tape } = x;
  const rows = batch * height * width;
  const taps = tapsAtOnce(rows * outChannels * 4, options.columnBytes ?? 64 * 2 ** 20);
  const fields = { height, width, in_channels: inChannels, out_channels: outChannels, taps };
  const sizes = { rows, inChannels, cols: taps * outChannels };
  const y = tape.output("conv-transpose2d", [batch, 2 * height, 2 * width, outChannels], [x, weight]);

  const groups = Array.from({ length: TAPS / taps }, (_, group) => {
    const dims = { ...fields, first: group * taps, slices: 0 };
    const arranged = tape.scratch("conv-transpose2d.arranged", [inChannels, taps, outChannels]);
    const col = tape.scratch("conv-transpose2d.col", [rows, taps, outChannels]);
    tape.dispatch(kernels.arrange, { weight, arranged }, { ...dims, size: arranged.size }, flatGroups(arranged.size));
    gemm(tape, "nn", x, arranged, col, { m: rows, n: sizes.cols, k: inChannels });
    tape.dispatch(kernels.forward, { col, y }, { ...dims, size: y.size / 4 }, flatGroups(y.size / 4));
    return { dims, arranged };
  });

  tape.onBackward(y, () => {
    const d_y = tape.grad(y);
    const whole = tape.scratch("conv-transpose2d.whole", [TAPS / taps, inChannels, taps, outChannels]);
    for (const { dims, arranged } of groups) {
      const d_col = tape.scratch("conv-transpose2d.d_col", [rows, taps, outChannels]);
      const columnDims = { ...dims, size: d_col.size / 4 };
      tape.dispatch(kernels.backward_columns, { d_y, d_col }, columnDims, flatGroups(columnDims.size));
      if (x.needsGrad) gemm(tape, "nt", d_col, arranged, tape.grad(x), { m: rows, n: inChannels, k: sizes.cols });
      if (weight.needsGrad) weightProducts(tape, x, d_col, whole, sizes, dims);
    }
    if (!weight.needsGrad) return;
    const dims = { ...fields, first: 0, slices: 0, size: weight.size };
    const gradients = { d_whole: whole, d_weight: tape.grad(weight) };
    tape.dispatch(kernels.backward_weight, gradients, dims, flatGroups(weight.size));
  });
  return y;
}

/** The largest power of two up to 16 whose columns fit; one tap at a time when none does. */
function tapsAtOnce(bytesPerTap: number, columnBytes: number): number {
  let taps = TAPS;
  while (taps > 1 && taps * bytesPerTap > columnBytes) taps /= 2;
  return taps;
}

/** Records one group of taps of d_w = x^T d_col, in slices of the rows whose length depends on the shape alone. */
function weightProducts(
  tape: Tape,
  x: Tensor,
  d_col: Tensor,
  whole: Tensor,
  { rows, inChannels, cols }: { rows: number; inChannels: number; cols: number },
  dims: Readonly<Record<string, number>>,
): void {
  const product = { m: inChannels, n: cols, k: rows };
  const slice = sliceLength(product);
  const slices = Math.ceil(rows / slice);
  const part = tape.scratch("conv-transpose2d.d_weight_part", [slices, inChannels, cols]);
  gemm(tape, "tn", x, d_col, part, product, { slice });
  const size = inChannels * cols;
  tape.dispatch(kernels.backward_slices, { part, whole }, { ...dims, size, slices }, flatGroups(size));
}
