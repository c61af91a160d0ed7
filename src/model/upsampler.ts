import type { Tensor } from "../autograd/tensor";
import { BatchNormRelu, Conv1x1, ConvTranspose2d } from "../nn/layers";
import { Module, Numbered } from "../nn/module";

class Upsample extends Numbered {
  constructor(
    private readonly conv: ConvTranspose2d,
    private readonly norm: BatchNormRelu,
  ) {
    super([conv, norm]);
  }

  forward(x: Tensor): Tensor {
    return this.norm.forward(this.conv.forward(x));
  }
}

/** Feature maps of rising resolution: a 1x1 convolution to D/2 channels, then ConvTranspose, BatchNorm, ReLU for each further scale. */
export class DeconvUpsampler extends Module {
  readonly firstConv: Numbered;
  readonly deconvLayers: readonly Upsample[];
  readonly #first: Conv1x1;

  constructor(dim: number, scales: number) {
    super();
    this.#first = new Conv1x1(dim, dim / 2);
    this.firstConv = new Numbered([this.#first]);
    this.deconvLayers = Array.from(
      { length: scales - 1 },
      () => new Upsample(new ConvTranspose2d(dim / 2, dim / 2), new BatchNormRelu(dim / 2)),
    );
  }

  /** map [B, h, w, D] -> [B, h, w, D/2], [B, 2h, 2w, D/2], [B, 4h, 4w, D/2] */
  forward(map: Tensor): Tensor[] {
    const maps = [this.#first.forward(map)];
    for (const [i, layer] of this.deconvLayers.entries()) {
      maps.push(map.tape.scoped(`deconv_layers.${i}`, () => layer.forward(maps[maps.length - 1])));
    }
    return maps;
  }
}
