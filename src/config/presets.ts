import { DEFAULT_AUGMENT } from "../data/augment";
import type { Config, ModelConfig, OptimConfig, PresetName } from "./types";

const VIT: Omit<ModelConfig, "dim" | "depth" | "heads" | "dropPath"> = {
  height: 256,
  width: 192,
  patch: 16,
  gcn: [512, 256, 256],
  scales: 3,
  jointRep: "6d",
  camera: "metric",
};

// UTNet clips at 1; with these loss weights that would clip every step, 20 only the outliers.
const ADAMW = { weightDecay: 0.05, clip: 20, beta1: 0.9, beta2: 0.999, eps: 1e-8, minLr: 1e-6 } as const;

function preset(
  name: PresetName,
  model: Omit<ModelConfig, keyof typeof VIT> & Partial<ModelConfig>,
  optim: Omit<OptimConfig, keyof typeof ADAMW | "microBatches">,
): Config {
  return {
    preset: name,
    model: { ...VIT, ...model },
    data: {
      boxScale: 1.5,
      depthCube: 0.28,
      splitBy: "recording",
      valFraction: 0.1,
      overfit: false,
      threads: undefined,
      memoryMiB: 1024,
      augment: DEFAULT_AUGMENT,
    },
    optim: { ...ADAMW, microBatches: undefined, ...optim },
    loss: { w2d: 0.5, w3dJoint: 10, w3dVert: 10, wPrior: 0.001, wAux: 0.5 },
    run: {
      seed: 1,
      steps: undefined,
      epochs: 100,
      evaluateEvery: undefined,
      checkpointEvery: undefined,
      keepEvery: undefined,
      snapshotEvery: 10,
      sampleEvery: 10,
    },
    quirks: [],
  };
}

/** 128 x 96, about 1 M parameters: the demo, tests, any adapter. */
export const tiny = (): Config =>
  preset(
    "tiny",
    { height: 128, width: 96, dim: 96, depth: 4, heads: 3, gcn: [64, 64, 64], dropPath: 0 },
    { batch: 16, lr: 1e-3, lrBackbone: 1e-3, warmupSteps: 20 },
  );

/** 22 M parameters and heads: a laptop. */
const small = (): Config =>
  preset(
    "small",
    { dim: 384, depth: 12, heads: 6, dropPath: 0.1 },
    { batch: 16, lr: 5e-4, lrBackbone: 5e-4, warmupSteps: 500 },
  );

/** 86 M parameters and heads: a desktop GPU. */
const base = (): Config =>
  preset(
    "base",
    { dim: 768, depth: 12, heads: 12, dropPath: 0.2 },
    { batch: 32, lr: 1e-4, lrBackbone: 1e-5, warmupSteps: 1000 },
  );

/** The original's own size, 647 M parameters: a large GPU. */
const huge = (): Config =>
  preset(
    "huge",
    { dim: 1280, depth: 32, heads: 16, dropPath: 0.55 },
    { batch: 32, lr: 1e-4, lrBackbone: 1e-5, warmupSteps: 1000 },
  );

export const PRESETS: Readonly<Record<PresetName, () => Config>> = { tiny, small, base, huge };

export const PRESET_NAMES = Object.keys(PRESETS) as readonly PresetName[];
