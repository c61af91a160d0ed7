import { describe, expect, it } from "vitest";
import { Module } from "../../src/nn/module";
import { type Group, Parameter } from "../../src/nn/parameter";
import { ParameterStore } from "../../src/nn/parameter-store";
import { AdamW, type AdamWOptions, type ParameterBuckets } from "../../src/optim/adamw";
import { expectClose, pseudoRandom } from "../helpers/check-op";
import { testGpu } from "../helpers/gpu";

class Small extends Module {
  readonly weight = new Parameter([5, 26], { kind: "normal", std: 1 });
  readonly bias = new Parameter([5], { kind: "normal", std: 1 }, { decay: false });
  readonly scale = new Parameter([1], { kind: "ones" });
  readonly block = new Parameter([64], { kind: "normal", std: 1 }, { decay: false });
  readonly big = new Parameter([20_000], { kind: "normal", std: 1 });
  readonly running = new Parameter([3], { kind: "ones" }, { trainable: false });

  override groupOf(name: string): Group {
    return name === "weight" || name === "bias" ? "backbone" : "head";
  }
}

const RATES = [
  { backbone: 1e-3, head: 1e-2 },
  { backbone: 2e-3, head: 8e-3 },
  { backbone: 3e-3, head: 6e-3 },
  { backbone: 2e-3, head: 5e-3 },
  { backbone: 1e-3, head: 3e-3 },
];
const OPTIONS: AdamWOptions = { weightDecay: 0.05, clip: 2 };

async function makeStore(): Promise<ParameterStore> {
  const store = await ParameterStore.create(await testGpu(), new Small());
  store.initialize(1);
  return store;
}

/** Gradients of a step, written with NaN in the padding: nobody may read that. */
function writeGradients(store: ParameterStore, step: number, magnitude: number): Map<string, Float32Array> {
  const written = new Map<string, Float32Array>();
  for (const bucket of store.buckets) {
    if (!bucket.gradients) continue;
    const all = new Float32Array(bucket.floats).fill(Number.NaN);
    for (const { parameter, offset } of bucket.entries) {
      const g = Float32Array.from(pseudoRandom(parameter.size, 10 * step + offset / 64), (x) => magnitude * x);
      all.set(g, offset);
      written.set(parameter.name, g);
    }
    store.gpu.device.queue.writeBuffer(bucket.gradients, 0, all);
  }
  return written;
}

/** torch.nn.utils.clip_grad_norm_ and torch.optim.AdamW in float64. */
class Reference {
  readonly m = new Map<string, Float64Array>();
  readonly v = new Map<string, Float64Array>();
  t = 0;

  constructor(
    readonly p: Map<string, Float64Array>,
    readonly options: AdamWOptions,
  ) {}

  step(gradients: Map<string, Float32Array>, rates: { backbone: number; head: number }): number {
    this.t++;
    const model = new Small();
    const { clip = Number.POSITIVE_INFINITY, weightDecay } = this.options;
    let squares = 0;
    for (const g of gradients.values()) for (const x of g) squares += x * x;
    const norm = Math.sqrt(squares);
    const scale = Math.min(1, clip / (norm + 1e-6));
    for (const [name, parameter] of model.parameters()) {
      const g = gradients.get(name);
      if (!g || this.options.frozen?.(name)) continue;
      const p = this.p.get(name)!;
      const m = this.m.get(name) ?? new Float64Array(p.length);
      const v = this.v.get(name) ?? new Float64Array(p.length);
      const lr = rates[model.groupOf(name)];
      for (let i = 0; i < p.length; i++) {
        const x = scale * g[i];
        m[i] = 0.9 * m[i] + 0.1 * x;
        v[i] = 0.999 * v[i] + 0.001 * x * x;
        if (parameter.decay) p[i] *= 1 - lr * weightDecay;
        p[i] -= ((lr / (1 - 0.9 ** this.t)) * m[i]) / (Math.sqrt(v[i]) / Math.sqrt(1 - 0.999 ** this.t) + 1e-8);
      }
      this.m.set(name, m);
      this.v.set(name, v);
    }
    return norm;
  }
}

async function referenceOf(store: ParameterStore, options: AdamWOptions): Promise<Reference> {
  const values = await store.read();
  return new Reference(new Map([...values].map(([name, x]) => [name, Float64Array.from(x)])), options);
}

async function expectSame(store: ParameterStore, optimizer: AdamW, reference: Reference): Promise<void> {
  const values = await store.read();
  const { m, v } = await optimizer.readMoments();
  for (const [name, expected] of reference.p) {
    expectClose(name, values.get(name)!, expected, 2e-6);
    if (!reference.m.has(name)) continue;
    expectClose(`m of ${name}`, m.get(name)!, reference.m.get(name)!, 2e-6);
    expectClose(`v of ${name}`, v.get(name)!, reference.v.get(name)!, 2e-6);
  }
}

const bytesOf = async (store: ParameterStore, optimizer: AdamW): Promise<string> => {
  const { m, v } = await optimizer.readMoments();
  const arrays = [...(await store.read()).values(), ...m.values(), ...v.values()];
  return arrays.map((x) => Buffer.from(x.buffer).toString("base64")).join();
};

describe("AdamW", () => {
  it("five steps, some of them clipped, equal torch's formulas; four dispatches", async () => {
    const store = await makeStore();
    const optimizer = await AdamW.create(store, OPTIONS);
    expect(optimizer.plan.tape.dispatches.map((d) => d.kernel.name)).toEqual([
      "global-norm.sum_spans",
      "global-norm.test_state",
      "global-norm.finish",
      "adamw.update",
    ]);
    const reference = await referenceOf(store, OPTIONS);
    for (const [step, rates] of RATES.entries()) {
      const magnitude = step % 2 === 0 ? 3 : 0.01;
      const norm = reference.step(writeGradients(store, step, magnitude), rates);
      optimizer.step(rates);
      const report = await optimizer.readReport();
      expect(Math.abs(report.norm / norm - 1)).toBeLessThan(1e-5);
      expect(Math.abs(report.scale / Math.min(1, 2 / (norm + 1e-6)) - 1)).toBeLessThan(1e-5);
      expect(report).toMatchObject({ nonFinite: 0, clipped: norm > 2 });
    }
    expect(optimizer.stepCount).toBe(5);
    await expectSame(store, optimizer, reference);
    const [padding] = await store.gpu.read([{ buffer: store.buckets[0].values, offset: 4 * 130, sizeBytes: 4 * 62 }]);
    expect(new Float32Array(padding).every((x) => x === 0)).toBe(true);
    optimizer.destroy();
    store.destroy();
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
    "a gradient of %d changes no byte, and is counted",
    async (bad) => {
      const store = await makeStore();
      const optimizer = await AdamW.create(store, OPTIONS);
      writeGradients(store, 1, 1);
      optimizer.step(RATES[0]);
      const before = await bytesOf(store, optimizer);
      const { buffer, offset } = store.gradient(store.entry("big").parameter);
      for (const i of [3, 19_999]) store.gpu.device.queue.writeBuffer(buffer, offset + 4 * i, Float32Array.of(bad));
      optimizer.step(RATES[0]);
      expect((await optimizer.readReport()).nonFinite).toBe(2);
      expect(await bytesOf(store, optimizer)).toBe(before);
      writeGradients(store, 2, 1);
      optimizer.step(RATES[0]);
      expect(await bytesOf(store, optimizer)).not.toBe(before);
      optimizer.destroy();
      store.destroy();
    },
  );

  it("a NaN or an infinity anywhere refuses the step, changes no byte and is named", async () => {
    const store = await makeStore();
    const { gpu, buckets } = store;
    const optimizer = await AdamW.create(store, OPTIONS);
    writeGradients(store, 1, 1);
    optimizer.step(RATES[0]);
    expect((await optimizer.readReport()).nonFinite).toBe(0);
    expect(await optimizer.findNonFinite()).toEqual([]);
    const { moments } = optimizer as unknown as { moments: Map<string, { m: GPUBuffer; v: GPUBuffer }> };
    const { m, v } = moments.get("bias")!;
    const [trained, state] = buckets;
    // The last float of a parameter, and of the whole bucket; the running statistics lie in a bucket of their own.
    const places = [
      { what: "gradient", name: "big", buffer: trained.gradients!, place: 19_999 },
      { what: "value", name: "weight", buffer: trained.values, place: 129 },
      { what: "value", name: "block", buffer: trained.values, place: 63 },
      { what: "value", name: "running", buffer: state.values, place: 2 },
      { what: "exp_avg", name: "bias", buffer: m, place: 4 },
      { what: "exp_avg_sq", name: "big", buffer: v, place: 16_384 },
    ];
    for (const { what, name, buffer, place } of places) {
      const offset = 4 * (store.entry(name).offset + place);
      const [kept] = await gpu.read([{ buffer, offset, sizeBytes: 4 }]);
      for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
        gpu.write(buffer, offset, Float32Array.of(bad));
        const before = await bytesOf(store, optimizer);
        optimizer.step(RATES[1]);
        expect((await optimizer.readReport()).nonFinite, `${bad} as ${what} of ${name}`).toBe(1);
        expect(await bytesOf(store, optimizer)).toBe(before);
        expect(await optimizer.findNonFinite()).toEqual([{ name, what, count: 1 }]);
      }
      gpu.write(buffer, offset, new Float32Array(kept));
    }
    const before = await bytesOf(store, optimizer);
    optimizer.step(RATES[1]);
    expect((await optimizer.readReport()).nonFinite).toBe(0);
    expect(await bytesOf(store, optimizer)).not.toBe(before);
    optimizer.destroy();
    store.destroy();
  });

  it("a sum of squares beyond f32 counts as non-finite", async () => {
    const store = await makeStore();
    const optimizer = await AdamW.create(store, OPTIONS);
    writeGradients(store, 1, 1e25);
    const before = await bytesOf(store, optimizer);
    optimizer.step(RATES[0]);
    expect((await optimizer.readReport()).nonFinite).toBe(1);
    expect(await bytesOf(store, optimizer)).toBe(before);
    optimizer.destroy();
    store.destroy();
  });

  it("two buckets, no clipping, one frozen parameter", async () => {
    const [a, b] = [await makeStore(), await makeStore()];
    const options: AdamWOptions = { weightDecay: 0.1, frozen: (name) => name === "big" };
    const both: ParameterBuckets = { gpu: a.gpu, buckets: [...a.buckets, ...b.buckets] };
    const optimizer = await AdamW.create(both, options);
    const reference = await referenceOf(b, options);
    const gradients = writeGradients(b, 1, 1);
    writeGradients(a, 1, 2);
    const norm = reference.step(gradients, RATES[0]);
    optimizer.step(RATES[0]);
    const report = await optimizer.readReport();
    expect(Math.abs(report.norm / (norm * Math.sqrt(5)) - 1)).toBeLessThan(1e-5);
    expect(report).toMatchObject({ scale: 1, clipped: false });
    await expectSame(b, optimizer, reference);
    for (const store of [a, b]) store.destroy();
    optimizer.destroy();
  });

  it("always clipping scales a small gradient up to the norm", async () => {
    const store = await makeStore();
    const optimizer = await AdamW.create(store, { weightDecay: 0, clip: 1, alwaysClip: true });
    writeGradients(store, 1, 1e-3);
    optimizer.step(RATES[0]);
    const { norm, scale, clipped } = await optimizer.readReport();
    expect(scale * norm).toBeCloseTo(1, 4);
    expect(clipped).toBe(true);
    optimizer.destroy();
    store.destroy();
  });

  it("goes on bit for bit from saved moments, and refuses others by name", async () => {
    const [straight, resumed] = [await makeStore(), await makeStore()];
    const first = await AdamW.create(straight, OPTIONS);
    const second = await AdamW.create(resumed, OPTIONS);
    writeGradients(straight, 1, 1);
    first.step(RATES[0]);
    second.writeMoments(await first.readMoments(), first.stepCount);
    for (const [name, values] of await straight.read()) resumed.write(name, values);
    for (const [store, optimizer] of [
      [straight, first],
      [resumed, second],
    ] as const) {
      writeGradients(store, 2, 1);
      optimizer.step(RATES[1]);
    }
    expect(await bytesOf(resumed, second)).toBe(await bytesOf(straight, first));
    const { m, v } = await first.readMoments();
    expect(() => second.writeMoments({ m: new Map([...m, ["bias", new Float32Array(4)]]), v }, 1)).toThrow(
      'optimiser state: m of "bias" has 4 numbers, expected 5',
    );
    expect(() => second.writeMoments({ m, v: new Map([...v, ["other", new Float32Array(4)]]) }, 1)).toThrow(
      'optimiser state: v of "other", which the model does not have',
    );
    for (const x of [first, second, straight, resumed]) x.destroy();
  });
});
