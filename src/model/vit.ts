import type { Tensor } from "../autograd/tensor";
import { LayerNorm, Linear, xavier } from "../nn/layers";
import { Module } from "../nn/module";
import type { Init } from "../nn/parameter";
import * as F from "../ops";
import { InitialParameters } from "./initial-parameters";
import type { MeanParameters, UTNetShape } from "./types";

const ZEROS: Init = { kind: "zeros" };
/** Xavier uniform, as the first ViT (Dosovitskiy et al. 2021); timm's fixed 0.02 is too small for narrow networks. */
const vitLinear = (inFeatures: number, outFeatures: number, fanOut = outFeatures): Linear =>
  new Linear(inFeatures, outFeatures, { weight: xavier(inFeatures, fanOut), bias: ZEROS });

class Attention extends Module {
  readonly qkv: Linear;
  readonly proj: Linear;

  constructor(
    dim: number,
    private readonly heads: number,
  ) {
    super();
    this.qkv = vitLinear(dim, 3 * dim, dim);
    this.proj = vitLinear(dim, dim);
  }

  /** x [B, T, D] -> residual + rowScale * attention(x), [B, T, D] */
  forward(x: Tensor, branch: F.LinearOptions): Tensor {
    const qkv = this.qkv.forward(x); // [B, T, 3D]
    return this.proj.forward(F.attention(qkv, this.heads), branch);
  }
}

class Mlp extends Module {
  readonly fc1: Linear;
  readonly fc2: Linear;

  constructor(dim: number, hidden: number) {
    super();
    this.fc1 = vitLinear(dim, hidden);
    this.fc2 = vitLinear(hidden, dim);
  }

  forward(x: Tensor, branch: F.LinearOptions): Tensor {
    return this.fc2.forward(this.fc1.forward(x, { activation: "gelu" }), branch);
  }
}

/** Pre-norm transformer block; the residual sum and the drop-path mask are fused into each branch's last kernel. */
export class Block extends Module {
  readonly norm1: LayerNorm;
  readonly attn: Attention;
  readonly norm2: LayerNorm;
  readonly mlp: Mlp;

  constructor(dim: number, heads: number) {
    super();
    this.norm1 = new LayerNorm(dim);
    this.attn = new Attention(dim, heads);
    this.norm2 = new LayerNorm(dim);
    this.mlp = new Mlp(dim, 4 * dim);
  }

  /** `masks`: drop-path of the two branches, [B] each. */
  forward(x: Tensor, masks: readonly (Tensor | undefined)[]): Tensor {
    const { tape } = x;
    const y = tape.scoped("attn", () => this.attn.forward(this.norm1.forward(x), { residual: x, rowScale: masks[0] }));
    return tape.scoped("mlp", () => this.mlp.forward(this.norm2.forward(y), { residual: y, rowScale: masks[1] }));
  }
}

export interface ViTOutputs {
  readonly pose: Tensor; // [B, 16, 6 or 3], raw
  readonly shape: Tensor; // [B, 10]
  readonly camera: Tensor; // [B, 3], raw
  readonly patches: Tensor; // [B, N, D]
}

/** Transformer over [pose x 16, shape, camera, patches]; decodes coarse pose, shape and camera from the front tokens. */
export class ViTBackbone extends InitialParameters {
  readonly blocks: readonly Block[];
  readonly lastNorm: LayerNorm;
  readonly decPose: Linear;
  readonly decShape: Linear;
  readonly decCam: Linear;

  constructor({ dim, depth, heads, jointRep }: UTNetShape, mean: MeanParameters) {
    super(jointRep, mean);
    const decoder = (out: number): Linear => new Linear(dim, out, { weight: xavier(dim, out, 0.01), bias: ZEROS });
    this.blocks = Array.from({ length: depth }, () => new Block(dim, heads));
    this.lastNorm = new LayerNorm(dim);
    this.decPose = decoder(jointRep === "6d" ? 6 : 3);
    this.decShape = decoder(10);
    this.decCam = decoder(3);
  }

  /** tokens [B, 18 + N, D]; `dropPath`: two masks [B] for each block. */
  forward(tokens: Tensor, dropPath: readonly Tensor[] = []): ViTOutputs {
    const { tape } = tokens;
    const [batch, count, dim] = tokens.shape;
    let x = tokens;
    for (const [i, block] of this.blocks.entries()) {
      x = tape.scoped(`blocks.${i}`, () => block.forward(x, [dropPath[2 * i], dropPath[2 * i + 1]]));
    }
    x = this.lastNorm.forward(x);

    const { pose, shape, camera } = this.initial(tape);
    const token = (at: number): Tensor => tape.reshape(F.sliceTokens(x, at, 1), [batch, dim]);
    return {
      pose: F.add(this.decPose.forward(F.sliceTokens(x, 0, 16)), pose),
      shape: F.add(this.decShape.forward(token(16)), tape.reshape(shape, [10])),
      camera: F.add(this.decCam.forward(token(17)), tape.reshape(camera, [3])),
      patches: F.sliceTokens(x, 18, count - 18),
    };
  }
}
