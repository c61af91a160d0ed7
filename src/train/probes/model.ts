import type { Tensor } from "../../autograd/tensor";
import type { Batch } from "../../data/batch";
import type { LossWeights } from "../../model/losses";
import type { UTNet } from "../../model/utnet";
import type { ParameterStore } from "../../nn/parameter-store";
import type { LossTerm, ModelEvidence, PredictionEvidence } from "../model-evidence";
import type { Recording } from "../record";
import { writeBatch } from "../recording-io";
import { gradientsOf, keepState, largestOfHeads, openHeads, probeShares, probeSlopes } from "./model-gradients";
import { compareDecoder, sweepRotations, vertexGapMm } from "./model-hand";
import { compareGraph, compareProjection, compareSampling, probePatches, samplingOf } from "./model-image";
import { compareLosses } from "./model-losses";
import { Replay } from "./model-replay";

type Numbers = ArrayLike<number>;

/** What is probed: a trainer's own network, weights and compiled plans. */
export interface ModelParts {
  readonly model: UTNet;
  readonly store: ParameterStore;
  readonly training: Recording;
  readonly evaluation: Recording;
  readonly weights: LossWeights;
  /** Micro-batches of a step. */
  readonly microBatches: number;
}

export interface ProbeOptions {
  /** Batches of the training loader as the training plan takes them, one at least; `probeBatchCount` says how many are of use. */
  readonly batches: readonly Batch[];
  /** Steps that were made. */
  readonly step: number;
  /** Nothing was trained or loaded: the weights are as drawn. `step` 0 when undefined. */
  readonly isFresh?: boolean;
  /** Also gradient shares of the terms and finite differences, some ten to forty passes. */
  readonly expensive?: boolean;
  /** Milliseconds that only grow, to tell what the probes cost. */
  readonly clock?: { now(): number };
}

/** Training batches that fill one of the evaluation plan. */
export const probeBatchCount = ({ training, evaluation }: Pick<ModelParts, "training" | "evaluation">): number =>
  Math.max(1, Math.ceil(evaluation.batch / training.batch));

/**
 * Measures on one batch what network, losses and gradients really do. Looks at tensors and at the mathematics of docs/model.md
 * in float64, not at how the network was configured. Replays the compiled plans and leaves weights, running statistics and
 * optimiser as they were; gradients and inputs are those of the probes afterwards. Nothing else may use the plans meanwhile.
 */
export async function probeModel(parts: ModelParts, options: ProbeOptions): Promise<ModelEvidence> {
  const { store } = parts;
  const state = await keepState(store);
  try {
    return await new Probes(parts, options).run();
  } finally {
    state.restore();
  }
}

class Probes {
  readonly #ms: Record<string, number> = {};
  readonly #training: Replay;
  readonly #evaluation: Replay;
  /** Samples for the evaluation plan, of which the first `#rows` are different ones. */
  readonly #shown: Batch;
  readonly #rows: number;

  constructor(
    private readonly parts: ModelParts,
    private readonly options: ProbeOptions,
  ) {
    const { batches } = options;
    if (batches.length === 0) throw new Error("probeModel: no batch was given, expected one at least");
    this.#training = new Replay(parts.training.plan);
    this.#evaluation = new Replay(parts.evaluation.plan);
    const places = batches.flatMap((batch) => Array.from({ length: batch.count }, (_, row) => ({ batch, row })));
    this.#rows = Math.min(parts.evaluation.batch, places.length);
    this.#shown = gatherRows(places, parts.evaluation.batch);
  }

  async run(): Promise<ModelEvidence> {
    const { step, isFresh = step === 0, expensive = false } = this.options;
    const { joints, xy, ...hand } = await this.#timed("hand", () => this.#hand());
    const batchChange = await this.#timed("batch", () => this.#batchChange(joints, xy));
    const patches = await this.#timed("patches", () => this.#patches());
    const { losses, gradients } = await this.#timed("training", () => this.#lossesAndGradients());
    const { store, training, weights } = this.parts;
    const shares = expensive
      ? await this.#timed("shares", () => probeShares(store, training, weights, this.#training))
      : null;
    const slopes = expensive ? await this.#timed("slopes", () => probeSlopes(store, training, this.#training)) : null;
    const samples = this.#shown.ids.slice(0, this.#rows);
    const rest = { ...{ patches, losses, gradients, batchChange, shares, slopes }, ms: this.#ms };
    return { kind: "model", step, isFresh, samples, ...hand, ...rest };
  }

  async #timed<T>(name: string, probe: () => Promise<T>): Promise<T> {
    const { clock } = this.options;
    const started = clock?.now() ?? 0;
    const result = await probe();
    if (clock) this.#ms[name] = clock.now() - started;
    return result;
  }

  /** Everything that one evaluation of the batch says, and the sweep that goes on from it. */
  async #hand(): Promise<
    Pick<ModelEvidence, "decoder" | "prediction" | "graph" | "sampling" | "projection" | "rotations"> &
      Record<"joints" | "xy", Float32Array>
  > {
    const { model, evaluation, store } = this.parts;
    const { hand, shape } = model;
    const { outputs, losses } = evaluation;
    writeBatch(evaluation, this.#shown);
    const sampling = samplingOf(this.#evaluation);
    const read = await this.#read(this.#evaluation, {
      joints: outputs.keypoints3d,
      xy: outputs.keypoints2d,
      vertices: outputs.vertices,
      camera: outputs.camera,
      rotations: outputs.rotations,
      betas: outputs.betas,
      insideShare: outputs.inMapShare,
      coarseVertices: outputs.coarse.vertices,
      coarseJoints: outputs.coarse.joints,
      coarseRotations: outputs.coarseRotations,
      coarseBetas: outputs.coarseBetas,
      deltaPose: outputs.deltaPose,
      deltaShape: outputs.deltaShape,
      truthJoints: losses.truth.joints,
      pixels: sampling?.pixels ?? outputs.inMapShare,
    });
    const { rotations, betas, vertices, camera } = read;
    const focal = this.#focal(evaluation, this.#shown);
    const coarse = {
      vertices: read.coarseVertices,
      rotations: read.coarseRotations,
      betas: read.coarseBetas,
    };
    const predictionMm = Math.max(
      vertexGapMm(hand, coarse, this.#rows),
      vertexGapMm(hand, { vertices, rotations, betas }, this.#rows),
    );
    return {
      joints: read.joints,
      xy: read.xy,
      decoder: compareDecoder(hand, this.#shown, read.truthJoints),
      prediction: this.#prediction(read, await largestOfHeads(store)),
      graph: compareGraph(this.#evaluation, hand),
      sampling: sampling
        ? compareSampling(
            { pixels: read.pixels, map: sampling.map.shape, insideShare: read.insideShare[0] },
            read.coarseVertices,
            camera,
            focal,
            shape,
          )
        : null,
      projection: compareProjection(read.xy, read.joints, camera, focal, shape),
      rotations: { predictionMm, sweep: await sweepRotations(hand, evaluation, this.#evaluation) },
    };
  }

  #focal({ focal, batch }: Recording, { focal: own }: Batch): Numbers {
    return focal === undefined ? own : new Float32Array(batch).fill(focal);
  }

  #prediction(
    read: Readonly<
      Record<"joints" | "vertices" | "betas" | "xy" | "coarseJoints" | "deltaPose" | "deltaShape", Float32Array>
    >,
    heads: number,
  ): PredictionEvidence {
    const rows = this.#rows;
    const { joints, vertices, betas, xy } = read;
    const all = [joints, vertices, xy];
    const std = (values: Float32Array): number => stdOverRows(values, this.parts.evaluation.batch, rows);
    const largest = (values: Float32Array): number => values.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
    let moved = 0;
    for (let j = 0; j < 21 * rows; j++) {
      moved += Math.hypot(...[0, 1, 2].map((c) => joints[3 * j + c] - read.coarseJoints[3 * j + c]));
    }
    return {
      samples: rows,
      nonFinite: all.reduce((sum, values) => sum + values.filter((x) => !Number.isFinite(x)).length, 0),
      isZero: joints.every((x) => x === 0) && vertices.every((x) => x === 0),
      std: { jointsMm: 1000 * std(joints), verticesMm: 1000 * std(vertices), betas: std(betas), xy: std(xy) },
      spread: {
        predicted: spreadOf(xy, 2, rows),
        annotated: spreadOf(this.#shown.joints2d, 3, rows),
      },
      refinement: {
        pose: largest(read.deltaPose),
        shape: largest(read.deltaShape),
        jointsMm: (1000 * moved) / (21 * rows),
        heads,
      },
      isDifferentiable: this.parts.training.outputs.keypoints3d.needsGrad,
    };
  }

  /** The last different sample among the others, joints [B, 21, 3] and xy [B, 21, 2], and among copies of itself. */
  async #batchChange(joints: Float32Array, xy: Float32Array): Promise<ModelEvidence["batchChange"]> {
    const { evaluation, model } = this.parts;
    const row = this.#rows - 1;
    if (row === 0) return null;
    writeBatch(evaluation, gatherRows([{ batch: this.#shown, row }], evaluation.batch));
    this.#evaluation.run(0, this.#evaluation.writtenBy(evaluation.outputs.keypoints2d));
    const { keypoints3d, keypoints2d } = evaluation.outputs;
    const [jointsAlone, xyAlone] = await evaluation.plan.read(keypoints3d, keypoints2d);
    const gap = (a: Float32Array, b: Float32Array, size: number): number => {
      let most = 0;
      for (let i = 0; i < size; i++) {
        const each = Math.abs(a[size * row + i] - b[i]);
        if (!(each <= most)) most = each;
      }
      return most;
    };
    return {
      jointsMm: 1000 * gap(joints, jointsAlone, 63),
      xyPx: model.shape.height * gap(xy, xyAlone, 42),
      sample: this.#shown.ids[row],
    };
  }

  #patches(): Promise<ModelEvidence["patches"]> {
    const { evaluation, model } = this.parts;
    return probePatches(evaluation, this.#evaluation, this.#shown, model.shape);
  }

  /** Inputs of the training plan, no branch dropped. */
  #writeTraining(batch: Batch): void {
    const { training } = this.parts;
    writeBatch(training, batch);
    for (const mask of training.inputs.dropPath ?? []) training.plan.write(mask, new Float32Array(mask.size).fill(1));
  }

  /** One forward and one backward pass, with the refinement's heads open. */
  async #lossesAndGradients(): Promise<Pick<ModelEvidence, "losses" | "gradients">> {
    const { store, training } = this.parts;
    const [batch] = this.options.batches;
    const heads = await openHeads(store);
    try {
      this.#writeTraining(batch);
      const { losses, coarse } = await this.#losses(batch);
      this.#training.run(this.#training.forwardEnd, training.plan.steps.length);
      const depth = { some: batch.hasDepth.includes(1), all: !batch.hasDepth.includes(0) };
      const gradients = await gradientsOf(store, training, depth);
      const aux = losses.terms.find(({ term }) => term === "loss_aux");
      const isRight = aux?.reading?.rotations === "matrices";
      return { losses: { ...losses, auxOfEqual: isRight ? null : await this.#auxOfEqual(batch, coarse) }, gradients };
    } finally {
      heads.restore();
    }
  }

  /** Labels that are the prediction itself. */
  async #auxOfEqual(batch: Batch, coarse: Pick<Batch, "pose" | "shape">): Promise<number> {
    const { plan, losses } = this.parts.training;
    this.#writeTraining({ ...batch, ...coarse });
    this.#training.forward();
    const [aux] = await plan.read(losses.loss_aux);
    this.#writeTraining(batch);
    return aux[0];
  }

  async #losses(
    batch: Batch,
  ): Promise<{ losses: Omit<ModelEvidence["losses"], "auxOfEqual">; coarse: Pick<Batch, "pose" | "shape"> }> {
    const { training, model, microBatches } = this.parts;
    const { outputs, losses } = training;
    const inputs = {
      keypoints2d: outputs.keypoints2d,
      keypoints3d: outputs.keypoints3d,
      vertices: outputs.vertices,
      betas: outputs.betas,
      coarsePose: outputs.coarsePose,
      coarseRotations: outputs.coarseRotations,
      coarseBetas: outputs.coarseBetas,
    };
    const values = {
      loss_2d: losses.loss_2d,
      loss_3d_joint: losses.loss_3d_joint,
      loss_3d_vert: losses.loss_3d_vert,
      shape_prior: losses.shape_prior,
      loss_aux: losses.loss_aux,
      total: losses.total_loss,
    };
    const of = await this.#read(this.#training, { ...inputs, ...values });
    const found = Object.fromEntries(Object.keys(values).map((name) => [name, of[name as keyof typeof values][0]]));
    const terms = found as Record<LossTerm | "total", number>;
    return {
      losses: {
        batch: batch.size,
        microBatches,
        terms: compareLosses(model.hand, of, batch, microBatches, terms),
        total: terms.total,
        weighted: training.totalOf(terms),
      },
      coarse: { pose: of.coarseRotations, shape: of.coarseBetas },
    };
  }

  /** One forward pass, tensors by the names given. */
  async #read<Name extends string>(
    replay: Replay,
    tensors: Readonly<Record<Name, Tensor>>,
  ): Promise<Record<Name, Float32Array<ArrayBuffer>>> {
    const names = Object.keys(tensors) as Name[];
    const values = await replay.forwardReading(names.map((name) => tensors[name]));
    return Object.fromEntries(names.map((name, i) => [name, values[i]])) as Record<Name, Float32Array<ArrayBuffer>>;
  }
}

/** `size` rows, those given over and over, as one batch. */
function gatherRows(places: readonly { readonly batch: Batch; readonly row: number }[], size: number): Batch {
  const rows = Array.from({ length: size }, (_, i) => places[i % places.length]);
  const stack = (name: "image" | "depth" | "principal" | "joints2d" | "joints3d" | "pose" | "shape"): Float32Array => {
    const length = rows[0].batch[name].length / rows[0].batch.size;
    const out = new Float32Array(size * length);
    rows.forEach(({ batch, row }, i) => {
      out.set(batch[name].subarray(row * length, (row + 1) * length), i * length);
    });
    return out;
  };
  const each = (name: "hasDepth" | "focal" | "hasMano"): Float32Array =>
    Float32Array.from(rows, ({ batch, row }) => batch[name][row]);
  return {
    size,
    count: size,
    ids: rows.map(({ batch, row }) => batch.ids[row]),
    image: stack("image"),
    depth: stack("depth"),
    hasDepth: each("hasDepth"),
    focal: each("focal"),
    principal: stack("principal"),
    joints2d: stack("joints2d"),
    joints3d: stack("joints3d"),
    hasMano: each("hasMano"),
    pose: stack("pose"),
    shape: stack("shape"),
    cropFromImage: Float64Array.from(
      rows.flatMap(({ batch, row }) => [...batch.cropFromImage.subarray(6 * row, 6 * row + 6)]),
    ),
  };
}

/** Standard deviation of each element of [B, ...] over the first `rows` rows, mean over the elements. */
function stdOverRows(values: Float32Array, batch: number, rows: number): number {
  const size = values.length / batch;
  let total = 0;
  for (let i = 0; i < size; i++) {
    let sum = 0;
    for (let row = 0; row < rows; row++) sum += values[row * size + i];
    let squares = 0;
    for (let row = 0; row < rows; row++) squares += (values[row * size + i] - sum / rows) ** 2;
    total += Math.sqrt(squares / rows);
  }
  return total / size;
}

/** Distance of a hand's 21 points [B, 21, stride], of which x and y count, from their mean: root mean square, mean over rows. */
function spreadOf(values: Float32Array, stride: number, rows: number): number {
  let total = 0;
  for (let row = 0; row < rows; row++) {
    const at = (j: number, c: number): number => values[(row * 21 + j) * stride + c];
    let squares = 0;
    for (const c of [0, 1]) {
      let sum = 0;
      for (let j = 0; j < 21; j++) sum += at(j, c) / 21;
      for (let j = 0; j < 21; j++) squares += (at(j, c) - sum) ** 2 / 21;
    }
    total += Math.sqrt(squares);
  }
  return total / rows;
}
