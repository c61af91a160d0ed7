import { describe, expect, it } from "vitest";
import { Module } from "../../src/nn/module";
import { type Group, Parameter } from "../../src/nn/parameter";
import { ParameterStore } from "../../src/nn/parameter-store";
import { AdamW } from "../../src/optim/adamw";
import { ModuleStats } from "../../src/optim/module-stats";
import { pseudoRandom } from "../helpers/check-op";
import { testGpu } from "../helpers/gpu";

class Small extends Module {
  readonly weight = new Parameter([7, 33], { kind: "normal", std: 1 });
  readonly scale = new Parameter([1], { kind: "ones" });
  readonly stays = new Parameter([130], { kind: "normal", std: 1 });
  readonly big = new Parameter([30_001], { kind: "normal", std: 1 });
  readonly running = new Parameter([3], { kind: "ones" }, { trainable: false });

  override groupOf(name: string): Group {
    return name === "weight" ? "backbone" : "head";
  }
}

const squares = (values: ArrayLike<number>): number => Array.from(values).reduce((sum, x) => sum + x * x, 0);

describe("module statistics", () => {
  it("are the norms of gradient, weight and change, and say what stays", async () => {
    const gpu = await testGpu();
    const store = await ParameterStore.create(gpu, new Small());
    store.initialize(1);
    const optimizer = await AdamW.create(store, { weightDecay: 0.05, clip: 1, frozen: (name) => name === "stays" });
    const stats = await ModuleStats.create(store);
    const gradients = new Map<string, Float32Array>();
    for (const { gradients: buffer, floats, entries } of store.buckets) {
      if (!buffer) continue;
      const all = new Float32Array(floats).fill(Number.NaN);
      for (const { parameter, offset } of entries) {
        gradients.set(parameter.name, Float32Array.from(pseudoRandom(parameter.size, offset + 1)));
        all.set(gradients.get(parameter.name)!, offset);
      }
      gpu.device.queue.writeBuffer(buffer, 0, all);
    }
    const before = await store.read();
    stats.keep();
    optimizer.step({ backbone: 1e-3, head: 1e-2 });
    stats.measure();
    const after = await store.read();
    const found = stats.read(new Float32Array((await gpu.read([stats.range]))[0]));

    expect(found.map(({ name }) => name)).toEqual(["weight", "scale", "stays", "big"]);
    for (const { name, size, gradient2, weight2, update2, nonFinite } of found) {
      const change = before.get(name)!.map((x, i) => after.get(name)![i] - x);
      const within = size > 8192 ? 0.05 : 1e-4;
      for (const [is, should] of [
        [gradient2, squares(gradients.get(name)!)],
        [weight2, squares(before.get(name)!)],
        [update2, squares(change)],
      ])
        expect(Math.abs(is - should), `${name} ${is} ${should}`).toBeLessThanOrEqual(within * should);
      expect(nonFinite).toBe(0);
    }
    expect(found.map(({ changed }) => changed)).toEqual([231, 1, 0, 8192]);
    expect(found.map(({ group }) => group)).toEqual(["backbone", "head", "head", "head"]);

    const bad = before.get("weight")!.slice();
    bad[40] = Number.NaN;
    store.write("weight", bad);
    stats.keep();
    stats.measure();
    const [weight] = stats.read(new Float32Array((await gpu.read([stats.range]))[0]));
    expect(weight.nonFinite).toBe(1);
    expect(Number.isFinite(weight.weight2)).toBe(true);
    stats.destroy();
    optimizer.destroy();
    store.destroy();
  });
});
