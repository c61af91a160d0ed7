/** Gradients of one batch: which parameters get none, how much of them each term makes, and whether differences agree. */
import type { LossWeights } from "../../model/losses";
import type { ParameterStore } from "../../nn/parameter-store";
import type { GradientEvidence, LossTerm, SlopeEvidence, TermShare } from "../model-evidence";
import type { Recording } from "../record";
import type { Replay } from "./model-replay";

/** Gradients are read in parts of this size, so that a large network does not need its own size in host memory. */
const READ_BYTES = 64 * 2 ** 20;

/** Calls `look` with each trainable parameter's gradient. */
export async function eachGradient(
  store: ParameterStore,
  look: (name: string, values: Float32Array<ArrayBuffer>) => void,
): Promise<void> {
  const all = store.parameters.filter(({ trainable }) => trainable);
  for (let first = 0; first < all.length; ) {
    let end = first;
    let bytes = 0;
    while (end < all.length && (end === first || bytes + 4 * all[end].size <= READ_BYTES)) bytes += 4 * all[end++].size;
    const some = all.slice(first, end);
    const read = await store.gpu.read(some.map((p) => ({ ...store.gradient(p), sizeBytes: 4 * p.size })));
    some.forEach(({ name }, i) => {
      look(name, new Float32Array(read[i]));
    });
    first = end;
  }
}

/** "vit_backbone.blocks.3.attn.qkv.weight" -> "vit_backbone.blocks": what a person would freeze, or forget to train. */
const moduleOf = (name: string): string => name.split(".").slice(0, 2).join(".");

function squaresOf(values: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] * values[i];
  return sum;
}

/** Last layers of the refinement's heads, whose zeros keep everything before them from learning. */
const HEADS = ["pose_head", "shape_head"].map((head) => `gcn_refinement.${head}.2.weight`);
const TRIAL = 1e-2;

/**
 * Where the refinement's heads are zero, as they start, gives them small numbers, so that what lies behind them gets a gradient
 * too; `restore` puts the zeros back.
 */
export async function openHeads(store: ParameterStore): Promise<{ restore(): void }> {
  const known = new Set(store.names);
  const values = await readParameters(
    store,
    HEADS.filter((name) => known.has(name)),
  );
  const areZero = [...values.values()].every((each) => each.every((x) => x === 0));
  if (!areZero) return { restore: () => undefined };
  for (const [name, each] of values) {
    store.write(
      name,
      each.map((_, i) => TRIAL * Math.sin(1 + i * 1.7)),
    );
  }
  return {
    restore(): void {
      for (const [name, each] of values) store.write(name, each);
    },
  };
}

/**
 * What the store holds after a backward pass of `training` on a batch of which some, or all, samples have a depth image. The
 * heads must have been open.
 */
export async function gradientsOf(
  store: ParameterStore,
  { plan }: Recording,
  depth: { readonly some: boolean; readonly all: boolean },
): Promise<GradientEvidence> {
  const zero: string[] = [];
  const nonFinite: string[] = [];
  const squares = new Map<string, number>();
  await eachGradient(store, (name, gradient) => {
    const sum = squaresOf(gradient);
    squares.set(moduleOf(name), (squares.get(moduleOf(name)) ?? 0) + sum);
    if (!Number.isFinite(sum) && !gradient.every(Number.isFinite)) nonFinite.push(name);
    else if (!isExcused(name, depth) && gradient.every((x) => x === 0)) zero.push(name);
  });
  const total = [...squares.values()].reduce((sum, x) => sum + x, 0);
  return {
    norm: Math.sqrt(total),
    modules: Object.fromEntries([...squares].map(([name, sum]) => [name, Math.sqrt(sum)])),
    parameters: store.parameters.filter(({ trainable }) => trainable).length,
    zero,
    nonFinite,
    untouched: plan.untouched.map(({ name }) => name),
  };
}

/** A batch without depth has no gradient for its patches, one with nothing but depth none for the placeholder. */
const isExcused = (name: string, { some, all }: { readonly some: boolean; readonly all: boolean }): boolean =>
  (name.startsWith("modality_fusion.depth_embed.patch_embed") && !some) ||
  (name.startsWith("modality_fusion.depth_embed.placeholder") && all);

async function readParameters(
  store: ParameterStore,
  names: readonly string[],
): Promise<Map<string, Float32Array<ArrayBuffer>>> {
  const parameters = names.map((name) => store.entry(name).parameter);
  const read = await store.gpu.read(parameters.map((p) => ({ ...store.value(p), sizeBytes: 4 * p.size })));
  return new Map(names.map((name, i) => [name, new Float32Array(read[i])]));
}

/** Largest number of the heads' last layers, weights and biases: 0 while the refinement is the identity. */
export async function largestOfHeads(store: ParameterStore): Promise<number> {
  const known = new Set(store.names);
  const names = HEADS.flatMap((name) => [name, name.replace(/weight$/, "bias")]).filter((name) => known.has(name));
  if (names.length === 0) return 0;
  let largest = 0;
  for (const values of (await readParameters(store, names)).values()) {
    for (const x of values) largest = Math.max(largest, Math.abs(x));
  }
  return largest;
}

/** Values of everything that is not trained, running statistics first of all; `write` puts them back. */
export async function keepState(store: ParameterStore): Promise<{ restore(): void }> {
  const names = store.parameters.filter(({ trainable }) => !trainable).map(({ name }) => name);
  const values = await readParameters(store, names);
  return {
    restore(): void {
      for (const [name, each] of values) store.write(name, each);
    },
  };
}

const WEIGHTS: Readonly<Record<LossTerm, keyof LossWeights>> = {
  loss_2d: "w2d",
  loss_3d_joint: "w3dJoint",
  loss_3d_vert: "w3dVert",
  shape_prior: "wPrior",
  loss_aux: "wAux",
};

/**
 * The gradient of each term alone, as it is weighted: the backward pass is run once for each, with the others' derivative set
 * to zero where the total hands it out. Empty where no gradient leaves the total.
 */
export async function probeShares(
  store: ParameterStore,
  { plan, losses }: Recording,
  weights: LossWeights,
  replay: Replay,
): Promise<TermShare[]> {
  const start = replay.dispatchesOf("weighted-sum", "backward").at(0);
  if (!start) return [];
  const { tape } = plan;
  const handed = Object.entries(start.dispatch.tensors).filter(([name]) => name.startsWith("d_x"));
  const terms = (Object.keys(WEIGHTS) as LossTerm[]).flatMap((term) => {
    const gradient = tape.hasGrad(losses[term]) ? tape.grad(losses[term]) : undefined;
    const isHanded = handed.some(([, t]) => t.storage === gradient?.storage);
    return gradient && isHanded && weights[WEIGHTS[term]] !== 0 ? [{ term, gradient }] : [];
  });
  const norms: { term: LossTerm; norm: number }[] = [];
  for (const { term, gradient } of terms) {
    replay.run(0, start.index + 1);
    for (const other of terms) if (other.gradient !== gradient) plan.write(other.gradient, new Float32Array(1));
    replay.run(start.index + 1, plan.steps.length);
    let sum = 0;
    await eachGradient(store, (_, values) => {
      sum += squaresOf(values);
    });
    norms.push({ term, norm: Math.sqrt(sum) });
  }
  const all = norms.reduce((sum, { norm }) => sum + norm, 0);
  return norms.map(({ term, norm }) => ({ term, norm, share: all > 0 ? norm / all : 0 }));
}

/** Part of the loss by which a module's step should change it: far above float32's noise, small enough to be straight. */
const CHANGE = 2e-3;
/** A step is at most this part of the module's weights, and one that changes the loss by less than this part says nothing. */
const LARGEST_STEP = 1e-2;
const LEAST_CHANGE = 5e-5;

/**
 * Moves each module along its own gradient, a little forth and back, and compares the change of the loss with the gradient's
 * norm. Weights are written back bit by bit. The training plan must have run on the inputs it holds.
 */
export async function probeSlopes(
  store: ParameterStore,
  { plan, losses }: Recording,
  replay: Replay,
): Promise<SlopeEvidence[]> {
  plan.run();
  const loss = async (): Promise<number> => {
    replay.forward();
    return (await plan.read(losses.total_loss))[0][0];
  };
  const modules = new Map<string, string[]>();
  for (const { name, trainable } of store.parameters) {
    if (trainable) modules.set(moduleOf(name), [...(modules.get(moduleOf(name)) ?? []), name]);
  }
  const gradients = new Map<string, Float32Array<ArrayBuffer>>();
  await eachGradient(store, (name, values) => void gradients.set(name, values));
  const total = Math.abs(await loss());
  const out: SlopeEvidence[] = [];
  for (const [module, names] of modules) {
    const norm = Math.sqrt(names.reduce((sum, name) => sum + squaresOf(gradients.get(name)!), 0));
    const values = await readParameters(store, names);
    const length = Math.sqrt([...values.values()].reduce((sum, each) => sum + squaresOf(each), 0));
    const step = Math.min((CHANGE * total) / norm, LARGEST_STEP * Math.max(length, 0.1));
    if (!(step * norm > LEAST_CHANGE * total)) continue;
    const at = async (sign: number): Promise<number> => {
      for (const name of names) {
        const gradient = gradients.get(name)!;
        store.write(
          name,
          values.get(name)!.map((x, i) => x + (sign * step * gradient[i]) / norm),
        );
      }
      return loss();
    };
    try {
      out.push({ module, backward: norm, difference: ((await at(1)) - (await at(-1))) / (2 * step) });
    } finally {
      for (const [name, each] of values) store.write(name, each);
    }
  }
  return out;
}
