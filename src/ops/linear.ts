import erf from "../../shaders/lib/erf.wgsl?raw";
import wgsl from "../../shaders/linear.wgsl?raw";
import type { Tape } from "../autograd/tape";
import { expectShape, showShape, type Tensor } from "../autograd/tensor";
import { readKernels } from "../gpu/kernel";
import { gemm } from "./gemm";
import { type GemmSizes, sliceLength } from "./gemm-tiles";
import { COLUMN_CHUNK, columnSumParts, orderedSum, orderedSums } from "./ordered-sum";

/** ACTIVATION in linear.wgsl. */
const ACTIVATIONS = { none: 0, gelu: 1, relu: 2 } as const;
const kernels = readKernels("linear", wgsl, erf);

export interface LinearOptions {
  readonly activation?: "none" | "gelu" | "relu";
  /** [..., out], added last. */
  readonly residual?: Tensor;
  /** [B], one factor per sample of the leading axis: drop-path, 0 or 1 / keep. Has no gradient. */
  readonly rowScale?: Tensor;
}

/**
 * residual + rowScale * activation(x weight^T + bias), x [..., in], weight [out, in], bias [out] -> [..., out].
 * A sample whose rowScale is 0 gets exactly its residual. Must equal torch.nn.functional.linear, then gelu or relu.
 * Throws when a shape does not fit.
 */
export function linear(x: Tensor, weight: Tensor, bias?: Tensor, options: LinearOptions = {}): Tensor {
  const { activation = "none", residual, rowScale } = options;
  const inner = x.shape[x.shape.length - 1];
  const [out] = expectShape("linear", "weight", weight, -1, inner);
  if (bias) expectShape("linear", "bias", bias, out);
  const shape = [...x.shape.slice(0, -1), out];
  if (residual) expectShape("linear", "residual", residual, ...shape);
  if (rowScale) expectShape("linear", "rowScale", rowScale, x.shape[0]);

  const { tape } = x;
  const rows = x.size / inner;
  const y = tape.output("linear", shape, [x, weight, ...(bias ? [bias] : []), ...(residual ? [residual] : [])]);
  const keepsPre = activation === "gelu" || (activation === "relu" && (residual || rowScale));
  const pre = keepsPre ? tape.scratch("linear.pre", shape) : undefined;
  const epilogue = { activation, bias, residual, rowScale, pre };
  gemm(tape, "nt", x, weight, y, { m: rows, n: out, k: inner }, { epilogue });

  tape.onBackward(y, () => {
    const d_y = tape.grad(y);
    const isPlain = activation === "none" && !rowScale;
    const d_residual = residual?.needsGrad ? residual : undefined;
    const { d_pre, part } =
      isPlain && !d_residual
        ? { d_pre: d_y, part: undefined }
        : backwardPass(tape, { d_y, pre: pre ?? y, rows, out, isPlain, activation, rowScale, residual: d_residual });
    if (x.needsGrad) gemm(tape, "nn", d_pre, weight, tape.grad(x), { m: rows, n: inner, k: out });
    weightGradient(tape, d_pre, x, weight, bias, part);
  });
  return y;
}

interface BackwardPass {
  readonly d_y: Tensor;
  readonly pre: Tensor;
  readonly rows: number;
  readonly out: number;
  readonly isPlain: boolean;
  readonly activation: keyof typeof ACTIVATIONS;
  readonly rowScale?: Tensor;
  readonly residual?: Tensor;
}

/** One pass over d_y: d_pre where it differs from d_y, d_residual, and d_bias summed over chunks of rows. */
function backwardPass(tape: Tape, from: BackwardPass): { d_pre: Tensor; part: Tensor } {
  const { d_y, pre, rows, out, isPlain, activation, rowScale, residual } = from;
  const chunks = Math.ceil(rows / COLUMN_CHUNK);
  const part = tape.scratch("linear.d_bias_part", [chunks, out]);
  const d_pre = isPlain ? d_y : tape.scratch("linear.d_pre", [rows, out]);
  const kernel = isPlain ? "backward_residual" : residual ? "backward_pre_residual" : "backward_pre";
  tape.dispatch(
    kernels[kernel],
    {
      d_y,
      part,
      ...(isPlain ? {} : { pre, row_scale: rowScale ?? d_y, d_pre }),
      ...(residual ? { d_residual: tape.grad(residual) } : {}),
    },
    { rows, cols: out, rows_per_sample: rowScale ? rows / rowScale.size : 1 },
    [Math.ceil(out / 64), chunks],
    { constants: { ACTIVATION: ACTIVATIONS[activation], HAS_ROW_SCALE: Number(rowScale !== undefined) } },
  );
  return { d_pre, part };
}

/**
 * Records d_weight = d_y^T x and d_bias = column sums of d_y, where wanted; weight.size is out * in. Large sums are split
 * into slices whose length is a constant of the shape, and added in order. `biasPart` [chunks, out]: the column sums of
 * chunks of rows where the caller has them already. Throws when x or d_y does not fit the weight.
 */
export function weightGradient(
  tape: Tape,
  d_y: Tensor,
  x: Tensor,
  weight: Tensor,
  bias: Tensor | undefined,
  biasPart?: Tensor,
): void {
  const out = weight.shape[0];
  const inner = weight.size / out;
  const rows = x.size / inner;
  if (rows * out !== d_y.size)
    throw new Error(
      `weightGradient: d_y ${showShape(d_y.shape)} and x ${showShape(x.shape)} do not fit weight ${showShape(weight.shape)}`,
    );
  const part = bias?.needsGrad ? (biasPart ?? columnSumParts(tape, d_y, rows, out)) : undefined;
  const sizes: GemmSizes = { m: out, n: inner, k: rows };
  const slice = sliceLength(sizes);
  const slices = Math.ceil(rows / slice);
  if (weight.needsGrad && slices > 1) {
    const products = tape.scratch("linear.d_weight_part", [slices, out, inner]);
    gemm(tape, "tn", d_y, x, products, sizes, { slice });
    if (bias && part) orderedSums(tape, products, tape.grad(weight), part, tape.grad(bias));
    else orderedSum(tape, products, tape.grad(weight));
    return;
  }
  if (weight.needsGrad) gemm(tape, "tn", d_y, x, tape.grad(weight), sizes);
  if (bias && part) orderedSum(tape, part, tape.grad(bias));
}
