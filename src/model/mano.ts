import type { Tape } from "../autograd/tape";
import type { Tensor } from "../autograd/tensor";
import type { HandModel } from "../data/types";
import * as F from "../ops";
import { type Csr, csrFromDense } from "../ops/csr";
import type { Hand, Quirks } from "./types";

/** For each of the 21 joints the MANO joint, or "tip" for the finger's tip vertex: wrist, thumb, index, middle, ring, pinky. */
const RIGHT_ORDER = [0, 13, 14, 15, "tip", 1, 2, 3, "tip", 4, 5, 6, "tip", 10, 11, 12, "tip", 7, 8, 9, "tip"] as const;
/** The original's reading of MANO's order as thumb first. */
const THUMB_FIRST = [0, 1, 2, 3, "tip", 4, 5, 6, "tip", 7, 8, 9, "tip", 10, 11, 12, "tip", 13, 14, 15, "tip"] as const;

/** Tip vertices of HO-3D (setup_mano.py) and, for the quirk tips-smplx, of smplx: thumb, index, middle, ring, pinky. */
const HO3D_TIPS = [744, 333, 444, 555, 672];
const SMPLX_TIPS = [744, 320, 443, 554, 671];

/** MANO (Romero, Tzionas, Black 2017) on the GPU: the hand's arrays as constants, differentiable in pose and shape. */
export class Mano {
  readonly #template: Float32Array<ArrayBuffer>;
  readonly #shapedirs: Float32Array<ArrayBuffer>;
  readonly #posedirs: Float32Array<ArrayBuffer>;
  readonly #weights: Float32Array<ArrayBuffer>;
  readonly #regressor: Csr;
  readonly #joints: Uint32Array<ArrayBuffer>;
  readonly #parents: readonly number[];
  readonly #missing: boolean;

  constructor(
    readonly hand: HandModel,
    quirks: Quirks,
  ) {
    this.#template = Float32Array.from(hand.vTemplate);
    this.#shapedirs = Float32Array.from(hand.shapedirs);
    this.#posedirs = Float32Array.from(hand.posedirs);
    this.#weights = Float32Array.from(hand.weights);
    this.#regressor = csrFromDense(16, hand.vertexCount, hand.jRegressor);
    this.#parents = Array.from(hand.parents);
    this.#missing = quirks.has("mano-missing");
    const tips = quirks.has("tips-smplx") ? smplxTips(hand) : hand.tips;
    const order = quirks.has("mano-thumb-first") ? THUMB_FIRST : RIGHT_ORDER;
    let finger = 0;
    this.#joints = Uint32Array.from(order, (joint) => (joint === "tip" ? 16 + tips[finger++] : joint));
  }

  /** rotations [B, 16, 3, 3], betas [B, 10] -> vertices [B, V, 3], 21 joints [B, 21, 3]; metres, no global translation. */
  forward(rotations: Tensor, betas: Tensor): Hand {
    const { tape } = betas;
    const [batch] = betas.shape;
    const { vertexCount } = this.hand;
    if (this.#missing) {
      // quirk mano-missing: what the original returned when smplx could not be imported
      return { vertices: zeros(tape, [batch, vertexCount, 3]), joints: zeros(tape, [batch, 21, 3]) };
    }
    return tape.scoped("mano", () => {
      const template = tape.constant("v_template", [vertexCount, 3], this.#template);
      const shapedirs = tape.constant("shapedirs", [vertexCount, 3, 10], this.#shapedirs);
      const posedirs = tape.constant("posedirs", [vertexCount, 3, 135], this.#posedirs);
      const weights = tape.constant("weights", [vertexCount, 16], this.#weights);
      const shaped = F.blendShapes(template, shapedirs, betas); // [B, V, 3]
      const rest = F.regressJoints(shaped, this.#regressor); // [B, 16, 3]
      const posed = F.blendShapes(shaped, posedirs, F.poseFeature(rotations)); // [B, V, 3]
      const transforms = F.kinematicChain(rotations, rest, this.#parents); // [B, 16, 3, 4]
      const vertices = F.skin(posed, transforms, rest, weights);
      return { vertices, joints: F.handJoints(transforms, vertices, this.#joints) };
    });
  }
}

function zeros(tape: Tape, shape: readonly number[]): Tensor {
  const y = tape.output("zeros", shape, []);
  tape.fill(y, 0);
  return y;
}

/** quirk tips-smplx: smplx's vertices on MANO with HO-3D's tips, a neighbour of each tip on any other hand. */
function smplxTips(hand: HandModel): readonly number[] {
  if (hand.tips.join() === HO3D_TIPS.join()) return SMPLX_TIPS;
  return hand.tips.map((tip) => firstNeighbour(hand, tip));
}

function firstNeighbour({ faces }: HandModel, vertex: number): number {
  let first = Number.POSITIVE_INFINITY;
  for (let f = 0; f < faces.length; f += 3) {
    const face = [faces[f], faces[f + 1], faces[f + 2]];
    if (face.includes(vertex)) for (const other of face) if (other !== vertex) first = Math.min(first, other);
  }
  return first;
}
