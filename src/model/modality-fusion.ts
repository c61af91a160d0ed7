import type { Tensor } from "../autograd/tensor";
import { gridPositions, LayerNorm, Linear, PatchConv } from "../nn/layers";
import { Module } from "../nn/module";
import { Parameter } from "../nn/parameter";
import * as F from "../ops";
import { InitialParameters } from "./initial-parameters";
import type { Inputs, MeanParameters, UTNetShape } from "./types";
import { whitening } from "./whitening";

/** Patches of an image, normalised: [B, C, S, W] -> [B, N, D]. */
class PatchEmbed extends Module {
  readonly proj: PatchConv;
  readonly norm: LayerNorm;

  constructor(channels: number, { dim, patch }: UTNetShape) {
    super();
    this.proj = new PatchConv(channels, dim, patch);
    this.norm = new LayerNorm(dim);
  }

  forward(image: Tensor): Tensor {
    return this.norm.forward(this.proj.forward(image));
  }
}

/** A learned table of tokens, [1, N, D], under the original's doubled names. */
class PositionEmbedding extends Module {
  readonly posEmbed: Parameter;

  constructor({ height, width, patch, dim }: UTNetShape) {
    super();
    // The original's noise of 0.02 is lost beside normalised patches of size 1: trained from nothing, the network would
    // first have to find out where each patch lies.
    const [rows, columns] = [height / patch, width / patch];
    this.posEmbed = new Parameter([1, rows * columns, dim], gridPositions(rows, columns, dim), { decay: false });
  }
}

class Placeholder extends Module {
  readonly placeholder: Parameter;

  constructor(tokens: number, dim: number) {
    super();
    this.placeholder = new Parameter([1, tokens, dim], { kind: "normal", std: 0.02 }, { decay: false });
  }
}

class RgbEmbed extends Module {
  readonly patchEmbed: PatchEmbed;
  readonly posEmbed: PositionEmbedding;

  constructor(shape: UTNetShape) {
    super();
    this.patchEmbed = new PatchEmbed(3, shape);
    this.posEmbed = new PositionEmbedding(shape);
  }

  forward(image: Tensor): Tensor {
    const patches = this.patchEmbed.forward(image); // [B, N, D]
    return F.add(patches, image.tape.reshape(this.posEmbed.posEmbed.on(image.tape), patches.shape.slice(1)));
  }
}

class DepthEmbed extends Module {
  readonly patchEmbed: PatchEmbed;
  readonly placeholder: Placeholder;

  constructor(tokens: number, shape: UTNetShape) {
    super();
    this.patchEmbed = new PatchEmbed(1, shape);
    this.placeholder = new Placeholder(tokens, shape.dim);
  }
}

/**
 * Mean rotations of the joints to pose tokens. Their differences are all that tells the 16 tokens apart, and as they are, the
 * tokens of two fingers' middle joints differ by a tenth of their length. So at the start what the rotations have in common is
 * cancelled and their differences are made equally large in every direction.
 */
class PoseEmbedding extends Linear {
  constructor(rotations: readonly (readonly number[])[], common: readonly number[], dim: number) {
    const init = { kind: "normal", std: 0.6, inputs: whitening(rotations, 1e-4) } as const;
    const weight = new Parameter([dim, common.length], init, { decay: false });
    super(common.length, dim, { weight, bias: { kind: "cancels", weight, input: common } });
  }
}

/** Image, depth and mean parameters to the token sequence [B, 18 + N, D]: 16 pose tokens, shape, camera, then the patches. */
export class ModalityFusion extends InitialParameters {
  readonly rgbEmbed: RgbEmbed;
  readonly depthEmbed: DepthEmbed;
  readonly poseEmb: PoseEmbedding;
  readonly shapeEmb: Linear;
  readonly camEmb: Linear;

  constructor(shape: UTNetShape, mean: MeanParameters) {
    super(shape.jointRep, mean);
    const tokens = (shape.height / shape.patch) * (shape.width / shape.patch);
    this.rgbEmbed = new RgbEmbed(shape);
    this.depthEmbed = new DepthEmbed(tokens, shape);
    this.poseEmb = new PoseEmbedding(this.meanRotations, this.meanRotation, shape.dim);
    this.shapeEmb = new Linear(10, shape.dim, { decay: false });
    this.camEmb = new Linear(3, shape.dim, { decay: false });
  }

  forward({ image, depth, hasDepth }: Inputs): Tensor {
    const { tape } = image;
    const placeholder = this.depthEmbed.placeholder.placeholder.on(tape);
    const rgb = this.rgbEmbed.forward(image); // [B, N, D]
    // Missing depth may hold NaN: it is blanked before the first kernel multiplies it with anything.
    const known = F.dropPath(depth, hasDepth);
    const patches = F.modalityFusion(rgb, this.depthEmbed.patchEmbed.forward(known), placeholder, hasDepth);

    const { pose, shape, camera } = this.initial(tape); // [16, 6 or 3], [1, 10], [1, 3]
    const front = [this.poseEmb.forward(pose), this.shapeEmb.forward(shape), this.camEmb.forward(camera)];
    return F.concatTokens([...front, patches]); // [B, 18 + N, D]
  }
}
