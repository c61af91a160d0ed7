import { type Config, tiny } from "../config";
import { random } from "../data/random";
import type { HandModel } from "../data/types";
import type { Gpu } from "../gpu/gpu";
import { UTNet } from "../model/utnet";
import { ParameterStore } from "../nn/parameter-store";
import { AdamW } from "../optim/adamw";
import { ModuleStats } from "../optim/module-stats";
import { meanParameters, networkShape } from "../train/network";
import { type Recording, record } from "../train/record";
import type { TimedStep } from "./timed-step";

const BATCH = 8;

/** Random images, plausible labels; half of the samples without depth. */
function fillInputs({ plan, inputs, batch }: Recording): void {
  const noise = (size: number, name: string): Float32Array => {
    const numbers = random(1, "bench", 0, name);
    return Float32Array.from({ length: size }, () => 2 * numbers.uniform() - 1);
  };
  for (const t of [inputs.image, inputs.depth, inputs.shape]) plan.write(t, noise(t.size, t.name));
  plan.write(
    inputs.joints2d,
    noise(63 * batch, "joints2d").map((x, i) => (i % 3 === 2 ? 1 : 0.4 * x)),
  );
  plan.write(
    inputs.joints3d,
    noise(84 * batch, "joints3d").map((x, i) => (i % 4 === 3 ? 1 : 0.1 * x + (i % 4 === 2 ? 0.5 : 0))),
  );
  plan.write(
    inputs.pose,
    Float32Array.from({ length: 144 * batch }, (_, i) => ([0, 4, 8].includes(i % 9) ? 1 : 0)),
  );
  plan.write(
    inputs.hasDepth,
    Float32Array.from({ length: batch }, (_, i) => i % 2),
  );
  plan.write(inputs.hasMano, new Float32Array(batch).fill(1));
  plan.write(inputs.focal, new Float32Array(batch).fill(3));
}

/** The training step of the preset `tiny` at batch 8 on random inputs: forward, backward, global norm and AdamW. */
export const prepareTinyStep = (gpu: Gpu, hand: HandModel): Promise<TimedStep> => prepareNetworkStep(gpu, hand, tiny());

/** The training step of a network at batch 8 on random inputs; drop-path's masks stay zero. */
export async function prepareNetworkStep(gpu: Gpu, hand: HandModel, config: Config): Promise<TimedStep> {
  const model = new UTNet(networkShape(config), hand, meanParameters(hand));
  const store = await ParameterStore.create(gpu, model);
  store.initialize(1);
  const stats = await ModuleStats.create(store);
  const [recording, adam] = await Promise.all([
    record(gpu, store, model.train(), BATCH, config.loss),
    AdamW.create(store, config.optim),
  ]);
  fillInputs(recording);
  const { plan, losses } = recording;
  let hostMs = 0;
  return {
    parameters: store.trainableCount,
    dispatches: plan.steps.length + adam.plan.steps.length,
    pipelines: plan.stats.pipelines + adam.plan.stats.pipelines,
    activationBytes: plan.stats.activationBytes,
    flops: plan.stats.flops,
    async step() {
      const start = performance.now();
      adam.prepare({ backbone: config.optim.lrBackbone, head: config.optim.lr });
      const encoder = gpu.device.createCommandEncoder({ label: `${config.preset} step` });
      plan.encode(encoder);
      adam.plan.encode(encoder);
      gpu.device.queue.submit([encoder.finish()]);
      hostMs = performance.now() - start;
      const [values] = await plan.read(losses.total_loss);
      return values[0];
    },
    hostMs: () => hostMs,
    async measure() {
      stats.keep();
      stats.measure();
      stats.read(new Float32Array((await gpu.read([stats.range]))[0]));
    },
    destroy() {
      stats.destroy();
      plan.destroy();
      adam.destroy();
      store.destroy();
    },
  };
}
