import { describe, expect, it } from "vitest";
import { tiny } from "../../src/config";
import { UTNet } from "../../src/model/utnet";
import { ParameterStore } from "../../src/nn/parameter-store";
import { AdamW } from "../../src/optim/adamw";
import { meanParameters, networkShape } from "../../src/train/network";
import { type Recording, record } from "../../src/train/record";
import { pseudoRandom } from "../helpers/check-op";
import { testGpu } from "../helpers/gpu";
import { openHand } from "../helpers/open-hand";

const BATCH = 4;

/** Random images, plausible labels; half of the samples without depth. */
function fillInputs({ plan, inputs, batch }: Recording): void {
  const noise = (size: number, seed: number): Float32Array => Float32Array.from(pseudoRandom(size, seed));
  for (const [i, t] of [inputs.image, inputs.depth, inputs.shape].entries()) plan.write(t, noise(t.size, i + 1));
  plan.write(
    inputs.joints2d,
    noise(63 * batch, 5).map((x, i) => (i % 3 === 2 ? 1 : 0.4 * x)),
  );
  plan.write(
    inputs.joints3d,
    noise(84 * batch, 6).map((x, i) => (i % 4 === 3 ? 1 : 0.1 * x + (i % 4 === 2 ? 0.5 : 0))),
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

describe("the first step of the tiny preset", () => {
  it("gives every parameter a finite, non-zero gradient once the heads have left zero", async () => {
    const gpu = await testGpu();
    const config = tiny();
    const hand = openHand();
    const model = new UTNet(networkShape(config), hand, meanParameters(hand));
    const store = await ParameterStore.create(gpu, model);
    store.initialize(1);
    const recording = await record(gpu, store, model.train(), BATCH, config.loss);
    expect(recording.plan.untouched.map((p) => p.name)).toEqual([]);
    fillInputs(recording);
    recording.plan.run();
    const zero = (gradients: Map<string, Float32Array>): string[] =>
      [...gradients].filter(([, g]) => g.every((x) => x === 0)).map(([name]) => name);
    const first = await store.read("gradients");
    for (const [name, gradient] of first) expect(gradient.every(Number.isFinite), name).toBe(true);
    // The refinement starts as the identity: what lies before its zero last layers learns from the second step on.
    const behindZeroHeads = /^gcn_refinement\.(gcn|pose_head\.0|shape_head\.0)|^deconv_upsampler/;
    expect(zero(first).filter((name) => !behindZeroHeads.test(name))).toEqual([]);

    const optimizer = await AdamW.create(store, config.optim);
    optimizer.step({ backbone: 1e-3, head: 1e-3 });
    recording.plan.run();
    const second = await store.read("gradients");
    for (const [name, gradient] of second) expect(gradient.every(Number.isFinite), name).toBe(true);
    expect(zero(second)).toEqual([]);
    optimizer.destroy();
    recording.plan.destroy();
    store.destroy();
  });
});
