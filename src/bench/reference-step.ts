import { Plan } from "../autograd/plan";
import { Tape } from "../autograd/tape";
import type { Tensor } from "../autograd/tensor";
import type { Gpu } from "../gpu/gpu";
import { Block } from "../model/vit";
import { LayerNorm, Linear, PatchConv } from "../nn/layers";
import { Module } from "../nn/module";
import { type Init, Parameter } from "../nn/parameter";
import { ParameterStore } from "../nn/parameter-store";
import * as F from "../ops";
import { AdamW } from "../optim/adamw";
import type { TimedStep } from "./timed-step";

/** A ViT small enough for a CPU adapter, whose losses are known from PyTorch for numbers that anybody can generate. */
const BATCH = 8;
const HEIGHT = 128;
const WIDTH = 96;
const CHANNELS = 4;
const PATCH = 16;
const DIM = 192;
const DEPTH = 4;
const HEADS = 3;
const HIDDEN = 4 * DIM;
const LEARNED = 18;
const OUTPUTS = 61;
const PATCHES = (HEIGHT / PATCH) * (WIDTH / PATCH);
const TOKENS = LEARNED + PATCHES;
const RATE = 1e-3;

/** Losses of PyTorch 1.13 on the CPU at steps 1, 2 and 10. */
export const EXPECTED_LOSSES: ReadonlyMap<number, number> = new Map([
  [1, 1.348704],
  [2, 1.629754],
  [10, 0.180935],
]);
export const LOSS_TOLERANCE = 3e-6;

/** Floating-point operations of a step: the forward's matrix products, three times. */
const REFERENCE_FLOPS =
  3 *
  BATCH *
  (PATCHES * 2 * PATCH * PATCH * CHANNELS * DIM +
    DEPTH * (TOKENS * 2 * (4 * DIM * DIM + 2 * DIM * HIDDEN) + 4 * TOKENS * TOKENS * DIM) +
    2 * DIM * OUTPUTS);

const ZEROS: Init = { kind: "zeros" };

class ReferenceViT extends Module {
  readonly patchEmbed = new PatchConv(CHANNELS, DIM, PATCH);
  readonly tokens = new Parameter([LEARNED, DIM], ZEROS);
  readonly position = new Parameter([TOKENS, DIM], ZEROS);
  readonly blocks = Array.from({ length: DEPTH }, () => new Block(DIM, HEADS));
  readonly norm = new LayerNorm(DIM);
  readonly head = new Linear(DIM, OUTPUTS);

  forward(image: Tensor): Tensor {
    const { tape } = image;
    const patches = this.patchEmbed.forward(image); // [B, 48, D]
    let x = F.add(F.concatTokens([this.tokens.on(tape), patches]), this.position.on(tape)); // [B, 66, D]
    for (const block of this.blocks) x = block.forward(x, []);
    return this.head.forward(this.norm.forward(F.sliceTokens(x, 0, 1))); // [B, 1, 61]
  }
}

/** Uniform numbers in [-1, 1): mulberry32 from the seed 12345, as the PyTorch reference was given. */
function* randomNumbers(): Generator<number, never> {
  let state = 12345;
  for (;;) {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    yield ((t ^ (t >>> 14)) >>> 0) / 2 ** 31 - 1;
  }
}

/** The numbers of the reference in its own order and layouts: weights [in, out], patches and images channel last. */
class ReferenceNumbers {
  readonly #random = randomNumbers();

  uniform(count: number, bound: number): Float32Array<ArrayBuffer> {
    return Float32Array.from({ length: count }, () => this.#random.next().value * bound);
  }

  /** Weight [out, in] from numbers drawn as [in, out]. */
  weight(inner: number, out: number): Float32Array<ArrayBuffer> {
    const drawn = this.uniform(inner * out, Math.sqrt(3 / inner));
    return Float32Array.from({ length: inner * out }, (_, i) => drawn[(i % inner) * out + Math.floor(i / inner)]);
  }
}

/** Channel-last [count, positions, channels] to [count, channels, positions]. */
function channelsFirst(from: Float32Array, positions: number, channels: number): Float32Array<ArrayBuffer> {
  return Float32Array.from({ length: from.length }, (_, i) => {
    const position = i % positions;
    const channel = Math.floor(i / positions) % channels;
    const item = Math.floor(i / (positions * channels));
    return from[(item * positions + position) * channels + channel];
  });
}

interface ReferenceData {
  readonly weights: ReadonlyMap<string, Float32Array<ArrayBuffer>>;
  readonly image: Float32Array<ArrayBuffer>;
  readonly target: Float32Array<ArrayBuffer>;
}

function referenceData(): ReferenceData {
  const numbers = new ReferenceNumbers();
  const weights = new Map<string, Float32Array<ArrayBuffer>>();
  const linear = (name: string, inner: number, out: number): void => {
    weights.set(`${name}.weight`, numbers.weight(inner, out));
    weights.set(`${name}.bias`, new Float32Array(out));
  };
  const norm = (name: string): void => {
    weights.set(`${name}.weight`, new Float32Array(DIM).fill(1));
    weights.set(`${name}.bias`, new Float32Array(DIM));
  };
  linear("patch_embed", PATCH * PATCH * CHANNELS, DIM);
  const patchWeight = channelsFirst(weights.get("patch_embed.weight")!, PATCH * PATCH, CHANNELS);
  weights.set("patch_embed.weight", patchWeight);
  weights.set("tokens", numbers.uniform(LEARNED * DIM, 0.5));
  weights.set("position", numbers.uniform(TOKENS * DIM, 0.5));
  for (let i = 0; i < DEPTH; i++) {
    norm(`blocks.${i}.norm1`);
    linear(`blocks.${i}.attn.qkv`, DIM, 3 * DIM);
    linear(`blocks.${i}.attn.proj`, DIM, DIM);
    norm(`blocks.${i}.norm2`);
    linear(`blocks.${i}.mlp.fc1`, DIM, HIDDEN);
    linear(`blocks.${i}.mlp.fc2`, HIDDEN, DIM);
  }
  norm("norm");
  linear("head", DIM, OUTPUTS);
  const image = channelsFirst(numbers.uniform(BATCH * HEIGHT * WIDTH * CHANNELS, 1), HEIGHT * WIDTH, CHANNELS);
  return { weights, image, target: numbers.uniform(BATCH * OUTPUTS, 1) };
}

/** Records, compiles and fills the reference step on `gpu`. */
export async function prepareReferenceStep(gpu: Gpu): Promise<TimedStep> {
  const model = new ReferenceViT();
  const store = await ParameterStore.create(gpu, model);
  const data = referenceData();
  for (const name of store.names) store.write(name, data.weights.get(name)!);

  const tape = new Tape("reference step", { style: gpu.kernelStyle });
  const image = tape.input("image", [BATCH, CHANNELS, HEIGHT, WIDTH]);
  const target = tape.input("target", [BATCH, 1, OUTPUTS]);
  const loss = F.batchMean(F.squaredErrorPerSample(model.forward(image), target));
  tape.backward(loss);
  tape.keep(loss);
  const [plan, adam] = await Promise.all([
    Plan.compile(gpu, tape, store),
    AdamW.create(store, { weightDecay: 0, eps: 1e-8 }),
  ]);
  plan.write(image, data.image);
  plan.write(target, data.target);
  let hostMs = 0;
  return {
    parameters: store.trainableCount,
    dispatches: plan.steps.length + adam.plan.steps.length,
    pipelines: plan.stats.pipelines + adam.plan.stats.pipelines,
    activationBytes: plan.stats.activationBytes,
    flops: REFERENCE_FLOPS,
    async step() {
      const start = performance.now();
      adam.prepare({ backbone: RATE, head: RATE });
      const encoder = gpu.device.createCommandEncoder({ label: "reference step" });
      plan.encode(encoder);
      adam.plan.encode(encoder);
      gpu.device.queue.submit([encoder.finish()]);
      hostMs = performance.now() - start;
      const [values] = await plan.read(loss);
      return values[0];
    },
    hostMs: () => hostMs,
    destroy() {
      plan.destroy();
      adam.destroy();
      store.destroy();
    },
  };
}
