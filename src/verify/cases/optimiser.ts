/** The optimiser, the mean over micro-batches and the statistics of modules, each through its own class. */
import type { Gpu } from "../../gpu/gpu";
import { allKernels, type Kernel } from "../../gpu/kernel";
import { Module } from "../../nn/module";
import { type Group, Parameter } from "../../nn/parameter";
import { ParameterStore } from "../../nn/parameter-store";
import { Accumulation } from "../../optim/accumulation";
import { AdamW } from "../../optim/adamw";
import { ModuleStats } from "../../optim/module-stats";
import { seeded } from "../compare";
import type { Arrays, DeviceCase } from "../types";
import { filled, made, stage } from "./stage";

/** Parameters of both groups, with and without weight decay, of sizes that fill no block of 64; one has its own span. */
class Small extends Module {
  readonly weight = new Parameter([5, 26], { kind: "zeros" });
  readonly bias = new Parameter([5], { kind: "zeros" }, { decay: false });
  readonly block = new Parameter([64], { kind: "zeros" }, { decay: false });
  readonly big = new Parameter([17_000], { kind: "zeros" });
  readonly running = new Parameter([3], { kind: "zeros" }, { trainable: false });

  override groupOf(name: string): Group {
    return name === "weight" || name === "bias" ? "backbone" : "head";
  }
}

const RATES = { backbone: 1e-3, head: 1e-2 };
const STEP = 4;
const WEIGHT_DECAY = 0.05;
const CLIP = 2;

const trained = (): [string, Parameter][] => [...new Small().parameters()].filter(([, { trainable }]) => trainable);
const SIZE = trained().reduce((sum, [, { size }]) => sum + size, 0);

/** One number for each float of all trained parameters, in order. */
const perFloat = (of: (name: string, parameter: Parameter) => number): Float32Array =>
  Float32Array.from(trained().flatMap(([name, parameter]) => Array<number>(parameter.size).fill(of(name, parameter))));

/** A flat array cut into the trained parameters. */
function byName(flat: Float32Array): Map<string, Float32Array<ArrayBuffer>> {
  let at = 0;
  return new Map(
    trained().map(([name, { size }]) => {
      at += size;
      return [name, flat.slice(at - size, at) as Float32Array<ArrayBuffer>];
    }),
  );
}

const joined = (parts: Iterable<Float32Array>): Float32Array =>
  Float32Array.from([...parts].flatMap((part) => [...part]));

const kernelsOf = (...ops: readonly string[]): Kernel[] => allKernels().filter(({ op }) => ops.includes(op));

async function smallStore(gpu: Gpu, p: Float32Array, g: Float32Array): Promise<ParameterStore> {
  const store = await ParameterStore.create(gpu, new Small());
  store.initialize(1);
  for (const [name, values] of byName(p)) store.write(name, values);
  for (const [name, values] of byName(g)) {
    const { buffer, offset } = store.gradient(store.entry(name).parameter);
    gpu.write(buffer, offset, values);
  }
  return store;
}

const trainedOnly = (values: ReadonlyMap<string, Float32Array>): Float32Array =>
  joined(trained().map(([name]) => values.get(name)!));

function adamw(name: string, factor: number, isBroken = false): DeviceCase {
  const p = seeded(SIZE, 1);
  const arrays: Arrays = {
    p,
    g: seeded(SIZE, 2).map((v) => factor * v),
    m: seeded(SIZE, 3).map((v) => 0.01 * v),
    v: seeded(SIZE, 4).map((v) => 1e-3 * (1.5 + v)),
    rate: perFloat((of) => RATES[new Small().groupOf(of)]),
    decay: perFloat((_, { decay }) => (decay ? WEIGHT_DECAY : 0)),
    running: isBroken ? Float32Array.of(1, Number.NaN, 2) : filled(3, 1),
  };
  const constants = {
    ...{ size: SIZE, max_norm: CLIP, beta1: 0.9, beta2: 0.999, eps: 1e-8 },
    ...{ correction1: 1 - 0.9 ** STEP, correction2: 1 - 0.999 ** STEP },
  };
  const norm = stage("norm", [1], constants);
  const scale = stage("scale", [1], constants);
  const m = stage("m_after", [SIZE], constants);
  const v = stage("v_after", [SIZE], constants);
  const sums = ["global-norm.sum_spans", "global-norm.test_state", "global-norm.finish"];
  const all = [...sums, "adamw.update"];
  return {
    op: "adamw",
    name: `${SIZE} parameters, ${name}`,
    kernels: kernelsOf("adamw", "global-norm"),
    arrays,
    expected: {
      "global norm": { ...made(norm), kernels: sums },
      "numbers that are not finite": {
        ...made(stage("nan_count", [1], { size: 3 }, { rename: { p: "running" } })),
        kernels: sums,
      },
      ...(isBroken
        ? // A refused step changes nothing: p + 0 * anything.
          { parameters: { ...made(stage("unchanged", [SIZE])), kernels: all } }
        : {
            "clipping factor": { ...made(norm, scale), kernels: sums },
            moment1: { ...made(norm, scale, m), kernels: all },
            moment2: { ...made(norm, scale, v), kernels: all },
            parameters: { ...made(norm, scale, m, v, stage("p_after", [SIZE], constants)), kernels: all },
          }),
    },
    async run(gpu) {
      const store = await smallStore(gpu, p, arrays.g);
      store.write("running", arrays.running);
      const optimizer = await AdamW.create(store, { weightDecay: WEIGHT_DECAY, clip: CLIP });
      try {
        optimizer.writeMoments({ m: byName(arrays.m), v: byName(arrays.v) }, STEP - 1);
        optimizer.step(RATES);
        const report = await optimizer.readReport();
        const moments = await optimizer.readMoments();
        return {
          "global norm": Float32Array.of(report.norm),
          "clipping factor": Float32Array.of(report.scale),
          "numbers that are not finite": Float32Array.of(report.nonFinite),
          moment1: trainedOnly(moments.m),
          moment2: trainedOnly(moments.v),
          parameters: trainedOnly(await store.read()),
        };
      } finally {
        optimizer.destroy();
        store.destroy();
      }
    },
  };
}

function accumulate(microBatches: number): DeviceCase {
  const leaves = seeded(microBatches * SIZE, 5);
  return {
    op: "accumulate",
    name: `mean of ${microBatches} micro-batches, ${SIZE} gradients`,
    kernels: kernelsOf("accumulate"),
    arrays: { leaves },
    expected: {
      gradients: {
        ...made(stage("y", [SIZE], { count: microBatches, size: SIZE })),
        kernels: ["accumulate.add"],
      },
    },
    async run(gpu) {
      const store = await smallStore(gpu, filled(SIZE, 0), filled(SIZE, 0));
      const accumulation = await Accumulation.create(gpu, store, microBatches, [{ first: 0, end: microBatches }]);
      try {
        accumulation.begin();
        for (let m = 0; m < microBatches; m++) {
          accumulation.beforeMicroBatch();
          for (const [name, values] of byName(leaves.subarray(m * SIZE, (m + 1) * SIZE))) {
            const { buffer, offset } = store.gradient(store.entry(name).parameter);
            gpu.write(buffer, offset, values);
          }
          accumulation.add(m);
        }
        accumulation.finish();
        return { gradients: trainedOnly(await store.read("gradients")) };
      } finally {
        accumulation.destroy();
        store.destroy();
      }
    },
  };
}

function moduleStats(): DeviceCase {
  // Of a parameter of more than 8192 floats only some are looked at; the oracle knows sums over all.
  const looked = trained().filter(([, { size }]) => size <= 8192);
  const sizes = trained().map(([, { size }]) => size);
  const starts = sizes.map((_, i) => sizes.slice(0, i).reduce((sum, size) => sum + size, 0));
  const before = seeded(SIZE, 1);
  const after = before.map((v, i) => (i % 3 === 0 ? v : v * (1 + 2 ** -8)));
  return {
    op: "module-stats",
    name: `${looked.length} parameters before and after a step`,
    kernels: kernelsOf("module-stats"),
    arrays: {
      ...{ g: seeded(SIZE, 2), before, after },
      start: Float32Array.from(starts.slice(0, looked.length)),
      sizes: Float32Array.from(sizes.slice(0, looked.length)),
    },
    expected: {
      figures: { ...made(stage("y", [5, looked.length])), kernels: ["module-stats.keep", "module-stats.measure"] },
    },
    async run(gpu) {
      const store = await smallStore(gpu, before, seeded(SIZE, 2));
      const stats = await ModuleStats.create(store);
      try {
        stats.keep();
        for (const [name, values] of byName(after)) store.write(name, values);
        stats.measure();
        const [bytes] = await gpu.read([stats.range]);
        return { figures: new Float32Array(bytes, 0, 5 * looked.length) };
      } finally {
        stats.destroy();
        store.destroy();
      }
    },
  };
}

/** Cases of what runs once a step. Kernels are known once their modules are loaded, so this is a function. */
export const optimiserCases = (): readonly DeviceCase[] => [
  adamw("clipped", 1),
  adamw("not clipped", 1e-3),
  adamw("a running statistic is NaN", 1, true),
  accumulate(4),
  moduleStats(),
];
