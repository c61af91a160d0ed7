import { describe, expect, it } from "vitest";
import { Plan } from "../../src/autograd/plan";
import { Tape } from "../../src/autograd/tape";
import type { Tensor } from "../../src/autograd/tensor";
import { computeLosses } from "../../src/model/losses";
import type { Outputs } from "../../src/model/types";
import { UTNet } from "../../src/model/utnet";
import { ParameterStore } from "../../src/nn/parameter-store";
import { AdamW } from "../../src/optim/adamw";
import { expectGolden, type Golden, type GoldenRun, goldenNames, readGolden } from "../golden/golden";
import { testGpu } from "../helpers/gpu";

type ByName = Map<string, Float32Array<ArrayBuffer>>;

const MEAN = { pose: new Float32Array(48), shape: new Float32Array(10), camera: new Float32Array(3) };

/** The model of a golden configuration in a store that holds its weights. Throws when the state dicts differ. */
async function build(golden: Golden): Promise<{ model: UTNet; store: ParameterStore }> {
  const { shape, hand, quirks, initial, parameters } = golden;
  const model = new UTNet({ ...shape, jointRep: shape.joint_rep, dropPath: 0.25 }, hand, MEAN, new Set(quirks));
  model.train(golden.mode === "train");
  const store = await ParameterStore.create(await testGpu(), model);
  expect([...store.names].sort(), "keys of the state dict").toEqual([...initial.keys()].sort());
  for (const { name, shape: size, trainable, decay } of parameters) {
    const { parameter } = store.entry(name);
    expect(parameter.shape, name).toEqual(size);
    expect(parameter.trainable, `${name} is trained`).toBe(trainable);
    if (trainable) expect(parameter.decay, `${name} decays`).toBe(decay);
    store.write(name, initial.get(name)!);
  }
  return { model, store };
}

function namedOutputs(outputs: Outputs): Record<string, Tensor> {
  return {
    keypoints_2d: outputs.keypoints2d,
    keypoints_3d: outputs.keypoints3d,
    vertices: outputs.vertices,
    rotations: outputs.rotations,
    betas: outputs.betas,
    coarse_rotations: outputs.coarseRotations,
    coarse_betas: outputs.coarseBetas,
    coarse_pose: outputs.coarsePose,
    coarse_vertices: outputs.coarse.vertices,
    coarse_keypoints_3d: outputs.coarse.joints,
    cam: outputs.camera,
    delta_pose: outputs.deltaPose,
    delta_shape: outputs.deltaShape,
    in_map_share: outputs.inMapShare,
  };
}

/** Forward, losses and, in training, backward on one tape; `inputs` by the names of docs/model.md, drop-path row by row. */
function record(golden: Golden, model: UTNet) {
  const { batch: B, shape, lossWeights: w, mode } = golden;
  const tape = new Tape(golden.name);
  const inputs = {
    image: tape.input("image", [B, 3, shape.height, shape.width]),
    depth: tape.input("depth", [B, 1, shape.height, shape.width]),
    hasDepth: tape.input("hasDepth", [B]),
    focal: tape.input("focal", [B]),
    joints2d: tape.input("joints2d", [B, 21, 3]),
    joints3d: tape.input("joints3d", [B, 21, 4]),
    hasMano: tape.input("hasMano", [B]),
    pose: tape.input("pose", [B, 16, 3, 3]),
    poseAxisAngle: tape.input("poseAxisAngle", [B, 48]),
    shape: tape.input("shape", [B, 10]),
  };
  const dropPath = Array.from({ length: 2 * shape.depth }, (_, i) => tape.input(`dropPath.${i}`, [B]));
  const outputs = model.forward(mode === "train" ? { ...inputs, dropPath } : inputs);
  const weights = {
    w2d: w.loss_2d,
    w3dJoint: w.loss_3d_joint,
    w3dVert: w.loss_3d_vert,
    wPrior: w.shape_prior,
    wAux: w.loss_aux,
  };
  const {
    truth: _,
    perSample: __,
    ...losses
  } = computeLosses(outputs, inputs, model.mano, weights, new Set(golden.quirks));
  if (mode === "train") tape.backward(losses.total_loss);
  return { tape, inputs, dropPath, outputs: namedOutputs(outputs), losses };
}

async function readAll(plan: Plan, tensors: Readonly<Record<string, Tensor>>): Promise<ByName> {
  const values = await plan.read(...Object.values(tensors));
  return new Map(Object.keys(tensors).map((name, i) => [name, values[i]]));
}

/** Runs a configuration as make_golden.py does: the first step's numbers, then the weights after all steps. */
async function run(golden: Golden): Promise<GoldenRun> {
  const { model, store } = await build(golden);
  const { tape, inputs, dropPath, outputs, losses } = record(golden, model);
  const plan = await Plan.compile(await testGpu(), tape, store, { reuse: false });
  for (const [name, tensor] of Object.entries(inputs)) plan.write(tensor, golden.inputs.get(name)!);
  const masks = golden.inputs.get("dropPath")!;
  for (const [i, mask] of dropPath.entries()) plan.write(mask, masks.slice(i * golden.batch, (i + 1) * golden.batch));

  plan.run();
  const first = {
    outputs: await readAll(plan, outputs),
    losses: await readAll(plan, losses),
    state: await store.read(),
  };
  if (golden.mode === "eval") {
    plan.destroy();
    store.destroy();
    return first;
  }
  const gradients = await store.read("gradients");
  const { weightDecay, clip, learningRate, betas, eps, steps } = golden.optimiser;
  const optimiser = await AdamW.create(store, { weightDecay, clip, beta1: betas[0], beta2: betas[1], eps });
  const gradNorms: number[] = [];
  const totals: number[] = [];
  for (let step = 0; step < steps; step++) {
    if (step > 0) plan.run();
    totals.push((await plan.read(losses.total_loss))[0][0]);
    optimiser.step({ backbone: learningRate, head: learningRate });
    gradNorms.push((await optimiser.readReport()).norm);
  }
  const after = await store.read();
  optimiser.destroy();
  plan.destroy();
  store.destroy();
  return { ...first, gradients, after, gradNorms, totals };
}

describe("UTNet equals its PyTorch twin", () => {
  for (const name of goldenNames()) {
    it(name, async () => {
      const golden = readGolden(name);
      expectGolden(golden, await run(golden));
    });
  }
});
