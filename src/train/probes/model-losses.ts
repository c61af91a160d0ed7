/** The losses in float64 from predictions and labels, and what formula a value of the training step really is. */
import type { Batch } from "../../data/batch";
import { axisAngleFromMatrix } from "../../data/hand/rotations";
import type { HandModel } from "../../data/types";
import type { LossReading, LossTerm, TermEvidence } from "../model-evidence";
import { referenceHand } from "./model-hand";

type Numbers = ArrayLike<number>;

/** What the losses are taken of. */
interface LossInputs {
  readonly keypoints2d: Numbers; // [B, 21, 2]
  readonly keypoints3d: Numbers; // [B, 21, 3]
  readonly vertices: Numbers; // [B, V, 3]
  readonly betas: Numbers; // [B, 10]
  readonly coarsePose: Numbers; // [B, 96] or [B, 48], raw
  readonly coarseRotations: Numbers; // [B, 16, 3, 3]
  readonly coarseBetas: Numbers; // [B, 10]
}

/** A value agrees with a formula within this part of it: sums in float32 are some 1e-6 off, means of millimetres no more. */
const LOSS_TOLERANCE = 1e-3;

const RIGHT: LossReading = { elements: "mean", batch: "mean", unit: 1, truthRootTimes: 1, rotations: "matrices" };

/** Every term beside the contract's value; `found` are the training step's. */
export function compareLosses(
  hand: HandModel,
  inputs: LossInputs,
  batch: Batch,
  microBatches: number,
  found: Readonly<Record<LossTerm, number>>,
): TermEvidence[] {
  const context = { hand, inputs, batch, microBatches, truth: truths(hand, batch) };
  return (Object.keys(READINGS) as LossTerm[]).map((term) => {
    const expected = termValue(term, RIGHT, context);
    const reading = READINGS[term].find((each) => agrees(found[term], termValue(term, each, context)));
    return { term, found: found[term], expected, ...(reading && { reading }) };
  });
}

const agrees = (found: number, value: number): boolean =>
  Math.abs(found - value) <= LOSS_TOLERANCE * Math.max(Math.abs(value), 1e-7);

/** What is tried for each term, the simplest first: fewer deviations from the contract before more. */
const READINGS: Readonly<Record<LossTerm, readonly LossReading[]>> = {
  loss_2d: variants({ units: [1], roots: [1] }),
  loss_3d_joint: variants({ units: [1, 1000, 1_000_000], roots: [1, 2, 0] }),
  loss_3d_vert: variants({ units: [1, 1000, 1_000_000], roots: [1] }),
  shape_prior: variants({ units: [1], roots: [1] }),
  loss_aux: [...variants({ units: [1], roots: [1] }), { ...RIGHT, rotations: "axis-angle" }],
};

function variants(options: {
  readonly units: readonly LossReading["unit"][];
  readonly roots: readonly LossReading["truthRootTimes"][];
}): readonly LossReading[] {
  const all = options.roots.flatMap((truthRootTimes) =>
    options.units.flatMap((unit) =>
      (["mean", "sum"] as const).flatMap((elements) =>
        (["mean", "sum"] as const).map((batch): LossReading => ({ ...RIGHT, truthRootTimes, unit, elements, batch })),
      ),
    ),
  );
  const deviations = (reading: LossReading): number =>
    (Object.keys(RIGHT) as (keyof LossReading)[]).filter((key) => reading[key] !== RIGHT[key]).length;
  return all.sort((a, b) => deviations(a) - deviations(b));
}

interface Context {
  readonly hand: HandModel;
  readonly inputs: LossInputs;
  readonly batch: Batch;
  readonly microBatches: number;
  readonly truth: readonly (ReturnType<typeof referenceHand> | undefined)[];
}

function truths(hand: HandModel, batch: Batch): Context["truth"] {
  return Array.from({ length: batch.size }, (_, row) =>
    batch.hasMano[row] === 1 ? referenceHand(hand, batch.pose, batch.shape, row) : undefined,
  );
}

/** One term as `reading` has it. A sum over the batch is one over all micro-batches of a step, each as the one at hand. */
function termValue(term: LossTerm, reading: LossReading, context: Context): number {
  const { size } = context.batch;
  let total = 0;
  for (let row = 0; row < size; row++) {
    const { sum, count } = ofSample[term](row, reading, context);
    total += (reading.unit * sum) / (reading.elements === "mean" ? count : 1);
  }
  return reading.batch === "mean" ? total / size : total * context.microBatches;
}

interface Sum {
  readonly sum: number;
  readonly count: number;
}

const ofSample: Readonly<Record<LossTerm, (row: number, reading: LossReading, context: Context) => Sum>> = {
  loss_2d: (row, _, { inputs, batch }) => {
    let sum = 0;
    for (let j = 0; j < 21; j++) {
      const [p, t] = [42 * row + 2 * j, 63 * row + 3 * j];
      const weight = batch.joints2d[t + 2];
      if (weight === 0) continue;
      for (let c = 0; c < 2; c++) sum += weight * Math.abs(inputs.keypoints2d[p + c] - batch.joints2d[t + c]);
    }
    return { sum, count: 42 };
  },
  loss_3d_joint: (row, { truthRootTimes }, { inputs, batch }) => {
    let sum = 0;
    const [p, t] = [63 * row, 84 * row];
    for (let j = 0; j < 21; j++) {
      const weight = batch.joints3d[t + 4 * j + 3];
      if (weight === 0) continue;
      for (let c = 0; c < 3; c++) {
        const predicted = inputs.keypoints3d[p + 3 * j + c] - inputs.keypoints3d[p + c];
        const annotated = batch.joints3d[t + 4 * j + c] - truthRootTimes * batch.joints3d[t + c];
        sum += weight * Math.abs(predicted - annotated);
      }
    }
    return { sum, count: 63 };
  },
  loss_3d_vert: (row, _, { hand, inputs, truth }) => {
    const size = 3 * hand.vertexCount;
    const right = truth[row];
    if (!right) return { sum: 0, count: size };
    let sum = 0;
    for (let i = 0; i < size; i++) {
      const predicted = inputs.vertices[size * row + i] - inputs.keypoints3d[63 * row + (i % 3)];
      sum += Math.abs(predicted - (right.vertices[i] - right.joints[i % 3]));
    }
    return { sum, count: size };
  },
  shape_prior: (row, _, { inputs: { betas }, batch }) => {
    const count = betas.length / batch.size;
    let sum = 0;
    for (let i = 0; i < count; i++) sum += betas[count * row + i] ** 2;
    return { sum, count };
  },
  loss_aux: (row, { elements, rotations }, { inputs, batch }) => {
    if (batch.hasMano[row] !== 1) return { sum: 0, count: 1 };
    const turn =
      rotations === "matrices"
        ? squared(inputs.coarseRotations, batch.pose, 144, row)
        : squared(inputs.coarsePose, axisAngles(batch.pose, row), 48, row, 0);
    const shape = squared(inputs.coarseBetas, batch.shape, inputs.coarseBetas.length / batch.size, row);
    const of = ({ sum, count }: Sum): number => (elements === "mean" ? sum / count : sum);
    return { sum: of(turn) + of(shape), count: 1 };
  },
};

function squared(a: Numbers, b: Numbers, count: number, row: number, rowOfB = row): Sum {
  let sum = 0;
  for (let i = 0; i < count; i++) sum += (a[count * row + i] - b[count * rowOfB + i]) ** 2;
  return { sum, count };
}

/** Sixteen rotation matrices of a row as axis-angle vectors, [48], angles in [0, pi]. */
function axisAngles(matrices: Numbers, row: number): Float64Array {
  const out = new Float64Array(48);
  for (let k = 0; k < 16; k++) out.set(axisAngleFromMatrix(matrices, 144 * row + 9 * k), 3 * k);
  return out;
}
