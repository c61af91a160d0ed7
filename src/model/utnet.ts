import type { Tensor } from "../autograd/tensor";
import type { HandModel } from "../data/types";
import { Module } from "../nn/module";
import type { Group } from "../nn/parameter";
import * as F from "../ops";
import type { Csr } from "../ops/csr";
import { projectKeypoints, toMapPixels } from "./camera";
import { GraphRefiner } from "./gcn";
import { Mano } from "./mano";
import { normalizedAdjacency, ringAdjacency } from "./mesh-graph";
import { ModalityFusion } from "./modality-fusion";
import type { Hand, Inputs, MeanParameters, Outputs, Quirks, UTNetShape } from "./types";
import { DeconvUpsampler } from "./upsampler";
import { ViTBackbone } from "./vit";

/** Image and depth to hand mesh: ViT, coarse MANO, graph refinement, final MANO. Metres and radians throughout. */
export class UTNet extends Module {
  readonly modalityFusion: ModalityFusion;
  readonly vitBackbone: ViTBackbone;
  readonly deconvUpsampler: DeconvUpsampler;
  readonly gcnRefinement: GraphRefiner;
  readonly #mano: Mano;
  readonly #graph: Csr;

  constructor(
    readonly shape: UTNetShape,
    readonly hand: HandModel,
    mean: MeanParameters,
    readonly quirks: Quirks = new Set(),
  ) {
    super();
    this.modalityFusion = new ModalityFusion(shape, mean);
    this.vitBackbone = new ViTBackbone(shape, mean);
    this.deconvUpsampler = new DeconvUpsampler(shape.dim, shape.scales);
    const features = (shape.scales * shape.dim) / 2 + 3;
    this.gcnRefinement = new GraphRefiner(features, shape.gcn, quirks.has("refine-unzeroed"));
    this.#mano = new Mano(hand, quirks);
    this.#graph = quirks.has("ring-adjacency")
      ? ringAdjacency(hand.vertexCount)
      : normalizedAdjacency(hand.faces, hand.vertexCount);
  }

  get mano(): Mano {
    return this.#mano;
  }

  forward(inputs: Inputs): Outputs {
    const { tape } = inputs.image;
    const tokens = tape.scoped("modality_fusion", () => this.modalityFusion.forward(inputs)); // [B, 18 + N, D]
    const {
      pose,
      shape,
      camera: raw,
      patches,
    } = tape.scoped("vit_backbone", () => this.vitBackbone.forward(tokens, inputs.dropPath));
    const camera = F.positiveCamera(raw); // [B, 3]: s, tx, ty
    const coarseRotations = this.#rotations(pose); // [B, 16, 3, 3]
    const coarse = tape.scoped("coarse", () => this.#mano.forward(this.#seenByMano(coarseRotations), shape));

    const maps = tape.scoped("deconv_upsampler", () => this.deconvUpsampler.forward(this.#toMap(patches)));
    const { features, inMapShare } = tape.scoped("sampling", () => this.#sample(maps, coarse, camera, inputs.focal));
    const { deltaPose, deltaShape } = tape.scoped("gcn_refinement", () =>
      this.gcnRefinement.forward(features, this.#graph),
    );

    const rotations = this.#refine(pose, coarseRotations, deltaPose);
    const betas = F.add(shape, deltaShape);
    const final = tape.scoped("final", () => this.#mano.forward(this.#seenByMano(rotations), betas));
    return {
      keypoints2d: projectKeypoints(final.joints, camera, inputs.focal, this.shape, this.quirks),
      keypoints3d: final.joints,
      vertices: final.vertices,
      rotations,
      betas,
      coarse,
      coarsePose: pose,
      coarseRotations,
      coarseBetas: shape,
      camera,
      deltaPose,
      deltaShape,
      inMapShare,
    };
  }

  override groupOf(name: string): Group {
    // What a pretrained ViT brings: the blocks, the last norm, the RGB patches and their position embedding.
    return /^vit_backbone\.(blocks|last_norm)|^modality_fusion\.rgb_embed/.test(name) ? "backbone" : "head";
  }

  /** Raw pose [B, 16, 6 or 3] to rotation matrices [B, 16, 3, 3]. */
  #rotations(pose: Tensor): Tensor {
    return this.shape.jointRep === "6d" ? F.rot6dToMatrix(pose) : F.axisAngleToMatrix(pose);
  }

  /** quirk axis-angle-round-trip: the original turned matrices into axis-angle and back before every MANO call. */
  #seenByMano(rotations: Tensor): Tensor {
    return this.quirks.has("axis-angle-round-trip")
      ? F.axisAngleToMatrix(F.lossyMatrixToAxisAngle(rotations))
      : rotations;
  }

  /** Patches [B, N, D], rows first, to a map [B, rows, columns, D]. */
  #toMap(patches: Tensor): Tensor {
    const { height, width, patch, dim } = this.shape;
    const [rows, columns] = [height / patch, width / patch];
    const grid = this.quirks.has("map-transposed") ? [columns, rows] : [rows, columns];
    return patches.tape.reshape(patches, [patches.shape[0], ...grid, dim]);
  }

  #sample(
    maps: readonly Tensor[],
    coarse: Hand,
    camera: Tensor,
    focal: Tensor,
  ): { features: Tensor; inMapShare: Tensor } {
    const xy = F.project(coarse.vertices, camera, focal); // [B, V, 2]
    const pixels = maps.map(({ shape: [, rows, columns] }) =>
      toMapPixels(coarse.vertices, xy, camera, rows, columns, this.shape, this.quirks),
    );
    const sampled = maps.map((map, i) => F.gridSample(map, pixels[i])); // [B, V, D/2]
    const shares = maps.map(({ shape: [, rows, columns] }, i) => F.shareInside(pixels[i], columns, rows));
    const fromWrist = F.subtractRoot(coarse.vertices, coarse.joints); // [B, V, 3]
    const weights = maps.map(() => 1 / maps.length);
    return { features: F.concatChannels([...sampled, fromWrist]), inMapShare: F.weightedSum(shares, weights) };
  }

  #refine(pose: Tensor, rotations: Tensor, deltaPose: Tensor): Tensor {
    const { tape } = pose;
    const delta = tape.reshape(deltaPose, [pose.shape[0], 16, 3]);
    if (this.quirks.has("refine-unzeroed") && this.shape.jointRep === "aa")
      return F.axisAngleToMatrix(F.add(pose, delta));
    return F.composeRotations(F.axisAngleToMatrix(delta), rotations); // exp(delta) R
  }
}
