/**
 * What a network and its losses do on a batch, as numbers: measured before the first step, without a look at the
 * configuration's quirks. Plain JSON; a number that is not finite reads as null there and as NaN here.
 * Metres and radians are named `...Metres` and `...Radians`, millimetres and pixels `...Mm` and `...Px`. Letters as in docs/model.md.
 */
import type { LossName } from "./events";

export type LossTerm = Exclude<LossName, "total_loss">;

export interface ModelEvidence {
  readonly kind: "model";
  readonly step: number;
  /** The weights are as they were drawn: nothing was trained or loaded. */
  readonly isFresh: boolean;
  /** Samples of the probed batch. */
  readonly samples: readonly string[];
  readonly decoder: DecoderEvidence;
  readonly prediction: PredictionEvidence;
  readonly graph: GraphEvidence | null;
  readonly sampling: SamplingEvidence | null;
  readonly patches: PatchEvidence | null;
  readonly projection: ProjectionEvidence;
  readonly rotations: RotationEvidence;
  readonly losses: LossEvidence;
  readonly gradients: GradientEvidence;
  readonly batchChange: BatchChangeEvidence | null;
  /** Of the expensive probes, null unless asked for. */
  readonly shares: readonly TermShare[] | null;
  readonly slopes: readonly SlopeEvidence[] | null;
  /** Milliseconds of each probe. */
  readonly ms: Readonly<Record<string, number>>;
}

/** The 21 joints that the network's hand makes of annotated parameters, beside others for the same parameters. */
export interface JointComparison {
  /** Samples that it is a mean over. */
  readonly n: number;
  /** Mean distance of each joint, [21]. */
  readonly perJointMm: readonly number[];
  /** Place j of the network's joints holds joint `assignment[j]` of the other: the assignment of least mean distance, [21]. */
  readonly assignment: readonly number[];
  /** Mean distance under that assignment. */
  readonly assignedMm: number;
}

export interface DecoderEvidence {
  /** Against MANO's formulas in float64 on the same parameters. */
  readonly reference: JointComparison | null;
  /** Against the annotated joints, both relative to the wrist. */
  readonly annotation: JointComparison | null;
}

export interface PredictionEvidence {
  readonly samples: number;
  /** Predicted numbers that are not finite. */
  readonly nonFinite: number;
  /** All joints and vertices are exactly zero. */
  readonly isZero: boolean;
  /** Standard deviation over the batch, mean over the elements. */
  readonly std: { readonly jointsMm: number; readonly verticesMm: number; readonly betas: number; readonly xy: number };
  /** Standard deviation over the joints of one hand in the image, in units of the crop. */
  readonly spread: { readonly predicted: number; readonly annotated: number };
  readonly refinement: RefinementEvidence;
  /** Whether a gradient can flow from the predicted joints to any parameter. */
  readonly isDifferentiable: boolean;
}

/** Largest residuals, mean distance of refined from coarse joints, and largest number in the last layers that make them. */
export interface RefinementEvidence {
  readonly pose: number;
  readonly shape: number;
  readonly jointsMm: number;
  readonly heads: number;
}

/** The graph that the refinement really works on. Edges are undirected, self-loops apart. */
export interface GraphEvidence {
  readonly vertices: number;
  readonly edges: number;
  readonly meshEdges: number;
  readonly shared: number;
  readonly selfLoops: number;
}

export interface SamplingEvidence {
  /** Rows and columns of the first map, and of the image's patches. */
  readonly map: readonly [rows: number, columns: number];
  readonly patches: readonly [rows: number, columns: number];
  /** Share of the samples inside their map, as it is logged. */
  readonly insideShare: number;
  /** Share inside, were each vertex sampled where it projects to. */
  readonly projectedShare: number;
  /** Mean distance between where vertices are sampled and where they project to, pixels of the first map. */
  readonly offsetPx: number;
}

/** A light patch on a grey image, and the place of the map that answers most. */
export interface PatchEvidence {
  readonly tried: number;
  readonly found: number;
  /** Answers elsewhere, at the place to which an exchange of rows and columns moves them. */
  readonly exchanged: number;
  readonly places: readonly { readonly at: readonly [number, number]; readonly answers: readonly [number, number] }[];
}

export interface ProjectionEvidence {
  /** Predicted 2D joints against the formula on the predicted 3D joints, camera and focal length; pixels of the crop. */
  readonly meanPx: number;
  readonly maxPx: number;
  /** Least-squares factor from the formula to what was predicted, x and y; 1 is right. */
  readonly factor: readonly [number, number];
  /** Image height and width in pixels. */
  readonly image: readonly [height: number, width: number];
}

export interface RotationEvidence {
  /** Vertices of the prediction against MANO's formulas on the predicted rotations and betas, worst of coarse and final. */
  readonly predictionMm: number;
  /** The same for given rotations of the wrist: worst vertex over some axes. */
  readonly sweep: readonly { readonly angleRadians: number; readonly maxMm: number }[];
}

/** How a term was reduced, if that is what its value says. */
export interface LossReading {
  readonly elements: "mean" | "sum";
  readonly batch: "mean" | "sum";
  /** 1: metres (or units of the crop), 1000: millimetres, 1000000: millimetres times 1000. */
  readonly unit: 1 | 1000 | 1000000;
  /** How often the annotated wrist is subtracted; 1 is right. */
  readonly truthRootTimes: 0 | 1 | 2;
  /** What the auxiliary term compares. */
  readonly rotations: "matrices" | "axis-angle";
}

export interface TermEvidence {
  readonly term: LossTerm;
  /** What the training step computes, and the contract's formula in float64 on the same predictions. */
  readonly found: number;
  readonly expected: number;
  /** The simplest formula that gives `found`; undefined when none of those tried does. */
  readonly reading?: LossReading;
}

export interface LossEvidence {
  /** Samples of a micro-batch, and micro-batches of a step. */
  readonly batch: number;
  readonly microBatches: number;
  readonly terms: readonly TermEvidence[];
  /** `loss_aux` where the annotation is the prediction itself; null where the term is its formula's, which says it. */
  readonly auxOfEqual: number | null;
  /** Total and the weighted sum of its terms. */
  readonly total: number;
  readonly weighted: number;
}

/** Of a backward pass in which the refinement's heads were given small numbers where they were zero. */
export interface GradientEvidence {
  /** Norm over all parameters, and of each module ("vit_backbone.blocks"). */
  readonly norm: number;
  readonly modules: Readonly<Record<string, number>>;
  readonly parameters: number;
  /** Parameters whose gradient is exactly zero though nothing about weights and batch says that it must be. */
  readonly zero: readonly string[];
  readonly nonFinite: readonly string[];
  /** Parameters that no kernel of the backward pass writes. */
  readonly untouched: readonly string[];
}

/** A sample's prediction among others and among copies of itself. */
export interface BatchChangeEvidence {
  readonly jointsMm: number;
  readonly xyPx: number;
  readonly sample: string;
}

/** One term's gradient, as it is weighted. */
export interface TermShare {
  readonly term: LossTerm;
  readonly norm: number;
  /** Of the sum of the terms' norms. */
  readonly share: number;
}

/** Slope of the loss along a module's gradient: as the backward pass says, and by finite difference. */
export interface SlopeEvidence {
  readonly module: string;
  readonly backward: number;
  readonly difference: number;
}
