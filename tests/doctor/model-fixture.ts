/** Small networks on rendered frames, with any faults, for the probes of the doctor. */

import type { Config } from "../../src/config";
import { tiny } from "../../src/config";
import type { Batch } from "../../src/data/batch";
import { NO_THREADS } from "../../src/data/sample-pool";
import { syntheticFrameSet } from "../../src/data/synthetic/frames";
import { UTNet } from "../../src/model/utnet";
import { ParameterStore } from "../../src/nn/parameter-store";
import { AdamW } from "../../src/optim/adamw";
import { prepareData } from "../../src/train/data";
import type { ModelEvidence } from "../../src/train/model-evidence";
import { fixedFocal, meanParameters, networkShape } from "../../src/train/network";
import { type ModelParts, type ProbeOptions, probeModel } from "../../src/train/probes/model";
import { type Recording, record } from "../../src/train/record";
import { writeBatch } from "../../src/train/recording-io";
import { testGpu } from "../helpers/gpu";
import { openHand } from "../helpers/open-hand";
import { frameSet } from "../helpers/train-job";

const FRAMES = 12;

/** A network of 4 x 3 patches and few channels; rows and columns differ, so that an exchange shows. */
export function smallConfig(
  change: { readonly model?: Partial<Config["model"]>; readonly batch?: number } = {},
): Config {
  const base = tiny();
  const { model, batch = 4 } = change;
  return {
    ...base,
    model: { ...base.model, height: 64, width: 48, dim: 24, depth: 1, heads: 2, gcn: [16, 16, 16], ...model },
    optim: { ...base.optim, batch, microBatches: 2 },
  };
}

const rendered = new Map<number, ReturnType<typeof renderOnce>>();
const renderOnce = async (seed: number) => {
  const set = syntheticFrameSet(openHand(), { frames: FRAMES, seed });
  return Promise.all(set.ids.map((id) => set.read(id)));
};
const framesOf = (seed: number): ReturnType<typeof renderOnce> => {
  if (!rendered.has(seed)) rendered.set(seed, renderOnce(seed));
  return rendered.get(seed)!;
};

/** Two augmented training batches of half a step each. */
export async function batchesOf(config: Config, seed: number): Promise<Batch[]> {
  const { train } = await prepareData(frameSet(await framesOf(seed)), config, NO_THREADS, () => undefined);
  const batches = [await train.batch(0, 0), await train.batch(0, 1)];
  train.close();
  return batches;
}

/** A network with its plans. */
export interface Built extends ModelParts {
  readonly config: Config;
  destroy(): void;
}

export async function build(config: Config, seed: number): Promise<Built> {
  const gpu = await testGpu();
  const hand = openHand();
  const model = new UTNet(networkShape(config), hand, meanParameters(hand), new Set<string>(config.quirks));
  const store = await ParameterStore.create(gpu, model);
  store.initialize(seed);
  const focal = fixedFocal(config);
  const { batch } = config.optim;
  const training = await record(gpu, store, model.train(), batch / 2, config.loss, { focal, microBatches: 2 });
  const evaluation = await record(gpu, store, model.eval(), batch, config.loss, { focal });
  model.train();
  const destroy = (): void => {
    training.plan.destroy();
    evaluation.plan.destroy();
    store.destroy();
  };
  return { config, model, store, training, evaluation, weights: config.loss, microBatches: 2, destroy };
}

/** Some steps of training on one batch. */
export async function trainSteps(built: Built, batch: Batch, steps: number): Promise<void> {
  const optimizer = await AdamW.create(built.store, built.config.optim);
  for (let step = 0; step < steps; step++) {
    write(built.training, batch);
    built.training.plan.run();
    optimizer.step({ backbone: 1e-3, head: 1e-3 });
  }
  await built.store.gpu.idle();
  optimizer.destroy();
}

function write(recording: Recording, batch: Batch): void {
  writeBatch(recording, batch);
  for (const mask of recording.inputs.dropPath ?? []) recording.plan.write(mask, new Float32Array(mask.size).fill(1));
}

/** What the probes say of a network with these faults, for each seed of weights and data; expensive ones for the first alone. */
export async function evidenceOf(
  config: Config,
  seeds: readonly number[],
  options: Partial<ProbeOptions> & { readonly trained?: number } = {},
): Promise<ModelEvidence[]> {
  const { trained = 0, ...others } = options;
  const built = await build(config, seeds[0]);
  const out: ModelEvidence[] = [];
  try {
    for (const seed of seeds) {
      const batches = await batchesOf({ ...config, quirks: [] }, seed);
      built.store.initialize(seed);
      if (trained > 0) await trainSteps(built, batches[1], trained);
      const expensive = others.expensive === true && seed === seeds[0];
      out.push(await probeModel(built, { batches, step: trained, ...others, expensive }));
    }
    return out;
  } finally {
    built.destroy();
  }
}
