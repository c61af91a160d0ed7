import type { Tensor } from "../autograd/tensor";
import { cos, sin } from "../data/math";
import * as F from "../ops";
import { Module } from "./module";
import { type Init, Parameter } from "./parameter";

const ZEROS: Init = { kind: "zeros" };
const ONES: Init = { kind: "ones" };

/** PyTorch's default for Linear and Conv: kaiming_uniform(a = sqrt 5), that is uniform within 1/sqrt(fan in). */
export const torchDefault = (fanIn: number): Init => ({ kind: "uniform", bound: 1 / Math.sqrt(fanIn) });

/** Xavier uniform with a gain: uniform within gain * sqrt(6 / (in + out)). */
export const xavier = (fanIn: number, fanOut: number, gain = 1): Init => ({
  kind: "uniform",
  bound: gain * Math.sqrt(6 / (fanIn + fanOut)),
});

/** torch.nn.Linear: x [..., in] -> x W^T + b [..., out]; an activation and a residual are fused into the kernel. */
export class Linear extends Module {
  readonly weight: Parameter;
  readonly bias: Parameter;

  constructor(
    inFeatures: number,
    outFeatures: number,
    init: { weight?: Init | Parameter; bias?: Init; decay?: boolean } = {},
  ) {
    super();
    const fallback = torchDefault(inFeatures);
    this.weight =
      init.weight instanceof Parameter
        ? init.weight
        : new Parameter([outFeatures, inFeatures], init.weight ?? fallback, { decay: init.decay ?? true });
    this.bias = new Parameter([outFeatures], init.bias ?? fallback, { decay: false });
  }

  forward(x: Tensor, options?: F.LinearOptions): Tensor {
    return F.linear(x, this.weight.on(x.tape), this.bias.on(x.tape), options);
  }
}

/**
 * Sine and cosine position embedding of a rows x columns grid, [rows * columns, dim] (Vaswani et al. 2017 along each axis;
 * MAE's fixed embedding): the first half of the channels tells the row, the second the column. Throws unless dim % 4 is 0.
 */
export function gridPositions(rows: number, columns: number, dim: number): Init {
  if (dim % 4 !== 0) throw new Error(`position embedding: dim is ${dim}, expected a multiple of 4`);
  const quarter = dim / 4;
  const axis = (place: number): number[] => {
    const angles = Array.from({ length: quarter }, (_, i) => place / 10_000 ** (i / quarter));
    return [...angles.map(sin), ...angles.map(cos)];
  };
  const places = Array.from({ length: rows * columns }, (_, n) => [Math.floor(n / columns), n % columns]);
  return { kind: "values", values: places.flatMap(([row, column]) => [...axis(row), ...axis(column)]) };
}

/** torch.nn.LayerNorm over the last axis. */
export class LayerNorm extends Module {
  readonly weight: Parameter;
  readonly bias: Parameter;

  constructor(
    dim: number,
    private readonly eps = 1e-6,
  ) {
    super();
    this.weight = new Parameter([dim], ONES, { decay: false });
    this.bias = new Parameter([dim], ZEROS, { decay: false });
  }

  forward(x: Tensor): Tensor {
    return F.layerNorm(x, this.weight.on(x.tape), this.bias.on(x.tape), this.eps);
  }
}

/** torch.nn.Conv2d with kernel = stride = patch: image [B, C, H, W] -> tokens [B, N, D], rows first. */
export class PatchConv extends Module {
  readonly weight: Parameter;
  readonly bias: Parameter;

  constructor(channels: number, dim: number, patch: number) {
    super();
    const fanIn = channels * patch * patch;
    this.weight = new Parameter([dim, channels, patch, patch], xavier(fanIn, dim));
    this.bias = new Parameter([dim], ZEROS, { decay: false });
  }

  forward(image: Tensor): Tensor {
    return F.patchEmbed(image, this.weight.on(image.tape), this.bias.on(image.tape));
  }
}

/** torch.nn.Conv2d with a 1x1 kernel, on channel-last maps [..., in] -> [..., out]. */
export class Conv1x1 extends Module {
  readonly weight: Parameter;
  readonly bias: Parameter;

  constructor(inChannels: number, outChannels: number) {
    super();
    this.weight = new Parameter([outChannels, inChannels, 1, 1], torchDefault(inChannels));
    this.bias = new Parameter([outChannels], torchDefault(inChannels), { decay: false });
  }

  forward(x: Tensor): Tensor {
    const [out, channels] = this.weight.shape;
    const weight = x.tape.reshape(this.weight.on(x.tape), [out, channels]);
    return F.linear(x, weight, this.bias.on(x.tape));
  }
}

/** torch.nn.ConvTranspose2d(kernel 4, stride 2, padding 1, bias False), channel-last. */
export class ConvTranspose2d extends Module {
  readonly weight: Parameter;

  constructor(inChannels: number, outChannels: number) {
    super();
    // Each output pixel sees 2 x 2 of the 4 x 4 taps.
    this.weight = new Parameter([inChannels, outChannels, 4, 4], {
      kind: "normal",
      std: Math.sqrt(2 / (4 * inChannels)),
    });
  }

  /** x [B, H, W, in] -> [B, 2H, 2W, out] */
  forward(x: Tensor): Tensor {
    return F.convTranspose2d(x, this.weight.on(x.tape));
  }
}

/** torch.nn.BatchNorm2d on channel-last maps, with a ReLU after it fused in. */
export class BatchNormRelu extends Module {
  readonly weight: Parameter;
  readonly bias: Parameter;
  readonly runningMean: Parameter;
  readonly runningVar: Parameter;
  readonly numBatchesTracked: Parameter;

  constructor(channels: number) {
    super();
    this.weight = new Parameter([channels], ONES, { decay: false });
    this.bias = new Parameter([channels], ZEROS, { decay: false });
    this.runningMean = new Parameter([channels], ZEROS, { trainable: false });
    this.runningVar = new Parameter([channels], ONES, { trainable: false });
    this.numBatchesTracked = new Parameter([], ZEROS, { trainable: false, storedAs: "i64" });
  }

  forward(x: Tensor): Tensor {
    const { tape } = x;
    return F.batchNorm(
      x,
      this.weight.on(tape),
      this.bias.on(tape),
      this.runningMean.on(tape),
      this.runningVar.on(tape),
      {
        training: this.training,
        activation: "relu",
        numBatchesTracked: this.numBatchesTracked.on(tape),
      },
    );
  }
}
