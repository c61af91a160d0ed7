import wgsl from "../../shaders/batch-norm.wgsl?raw";
import flat from "../../shaders/lib/flat.wgsl?raw";
import { flatGroups } from "../autograd/tape";
import { expectShape, showShape, type Tensor } from "../autograd/tensor";
import { readKernels } from "../gpu/kernel";

const kernels = readKernels("batch-norm", wgsl, flat);

export interface BatchNormOptions {
  /** True: statistics of the batch, and the running ones are updated. False: the running statistics, left alone. */
  readonly training: boolean;
  /** Share of the new statistics in the running ones; 0.1 by default. */
  readonly momentum?: number;
  /** Added to the variance; 1e-5 by default. */
  readonly eps?: number;
  /** [], one is added in training. */
  readonly numBatchesTracked?: Tensor;
  readonly activation?: "none" | "relu";
}

/**
 * Normalises each channel of x [..., C] over all leading axes, then scales by weight [C] and shifts by bias [C]; ReLU after
 * it where asked. Ioffe, Szegedy 2015; must equal torch.nn.functional.batch_norm, running statistics [C] included.
 * Throws when a shape does not fit, when C is not a multiple of 4, or when training on one row.
 */
export function batchNorm(
  x: Tensor,
  weight: Tensor,
  bias: Tensor,
  runningMean: Tensor,
  runningVar: Tensor,
  options: BatchNormOptions,
): Tensor {
  const { training, momentum = 0.1, eps = 1e-5, numBatchesTracked, activation = "none" } = options;
  const channels = x.shape[x.shape.length - 1];
  const rows = x.size / channels;
  for (const [name, t] of Object.entries({ weight, bias, runningMean, runningVar }))
    expectShape("batchNorm", name, t, channels);
  if (channels % 4 !== 0)
    throw new Error(`batchNorm: x has ${channels} channels, expected a multiple of 4 (tensor "${x.name}")`);
  if (training && rows < 2)
    throw new Error(`batchNorm: x has shape ${showShape(x.shape)}, one row, training needs two (tensor "${x.name}")`);

  const { tape } = x;
  const channels4 = channels / 4;
  // As many chunks as rows in a chunk: the two stages of a sum are equally long.
  const chunk = Math.max(16, Math.ceil(Math.sqrt(rows)));
  const chunks = Math.ceil(rows / chunk);
  const unbiased = training ? rows / (rows - 1) : 1;
  const dims = { rows, channels4, chunk, chunks, eps, momentum, unbiased, training: Number(training) };
  const constants = { RELU: Number(activation === "relu") };
  const perChannel = [Math.ceil(channels4 / 64)] as const;
  const perChunk = flatGroups(chunks * channels4);
  const perElement = flatGroups(rows * channels4);

  const y = tape.output("batch-norm", x.shape, [x, weight, bias]);
  const stats = tape.scratch("batch-norm.stats", [2, channels]);
  const running = { running_mean: runningMean, running_var: runningVar };
  if (training) {
    const part = tape.scratch("batch-norm.part", [chunks, channels]);
    tape.dispatch(kernels.mean_chunks, { x, part }, dims, perChunk);
    tape.dispatch(kernels.mean, { part, stats }, dims, perChannel);
    tape.dispatch(kernels.variance_chunks, { x, saved: stats, part }, dims, perChunk);
    tape.dispatch(kernels.variance, { part, stats, ...running }, dims, perChannel);
    if (numBatchesTracked) tape.dispatch(kernels.count, { batches: numBatchesTracked }, dims, [1]);
  } else {
    tape.dispatch(kernels.running_stats, { stats, ...running }, dims, perChannel);
  }
  tape.dispatch(kernels.forward, { x, saved: stats, weight, bias, y }, dims, perElement, { constants });

  tape.onBackward(y, () => {
    const d_y = tape.grad(y);
    const sums = tape.scratch("batch-norm.sums", [2, channels]);
    const relu = activation === "relu" ? { out: y } : { out: d_y };
    if (training || weight.needsGrad || bias.needsGrad) {
      const part = tape.scratch("batch-norm.d_part", [chunks, 2, channels]);
      tape.dispatch(kernels.backward_chunks, { x, saved: stats, d_y, ...relu, part }, dims, perChunk, { constants });
      const d_weight = weight.needsGrad ? tape.grad(weight) : tape.scratch("batch-norm.unused", [channels]);
      const d_bias = bias.needsGrad ? tape.grad(bias) : tape.scratch("batch-norm.unused", [channels]);
      tape.dispatch(kernels.backward_weight, { part, sums, d_weight, d_bias }, dims, perChannel);
    }
    if (!x.needsGrad) return;
    const known = { x, saved: stats, weight, d_y, ...relu, row_sums: training ? sums : stats };
    tape.dispatch(kernels.backward_input, { ...known, d_x: tape.grad(x) }, dims, perElement, { constants });
  });
  return y;
}
