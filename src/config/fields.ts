import type { AugmentOptions } from "../data/augment";
import type { DataConfig, LossConfig, ModelConfig, OptimConfig, RunConfig } from "./types";

/** What a value must be. Bounds are included unless `above` says otherwise. */
export type Field =
  | {
      readonly kind: "whole" | "number";
      readonly note: string;
      readonly min: number;
      readonly max: number;
      /** `min` itself is not allowed. */
      readonly above?: boolean;
      /** May be null in a file: undefined in the config. */
      readonly optional?: boolean;
    }
  | { readonly kind: "wholes"; readonly note: string; readonly min: number; readonly max: number }
  | { readonly kind: "choice"; readonly note: string; readonly choices: readonly string[] }
  | { readonly kind: "flag"; readonly note: string };

type Fields<T> = { readonly [K in keyof Required<T>]: Field };

const whole = (note: string, min: number, max: number): Field => ({ kind: "whole", note, min, max });
const number = (note: string, min: number, max: number): Field => ({ kind: "number", note, min, max });
const positive = (note: string, max: number): Field => ({ kind: "number", note, min: 0, max, above: true });
const choice = (note: string, ...choices: string[]): Field => ({ kind: "choice", note, choices });

const model: Fields<ModelConfig> = {
  height: whole("px, side of the square crop", 16, 4096),
  width: whole("px, columns of it that the model sees", 16, 4096),
  patch: whole("px", 1, 64),
  dim: whole("width of the tokens", 4, 8192),
  depth: whole("transformer blocks", 1, 256),
  heads: whole("attention heads", 1, 256),
  gcn: { kind: "wholes", note: "widths of the graph layers", min: 1, max: 8192 },
  scales: whole("feature maps", 1, 4),
  jointRep: choice("how rotations are written", "6d", "aa"),
  dropPath: number("of the last block", 0, 0.99),
  camera: choice("metric: the data's focal length; pretend: 5000/256", "metric", "pretend"),
};

const augment: Fields<AugmentOptions> = {
  rotation: number("+- rad in the image plane", 0, Math.PI),
  rotationRate: number("probability of a turn", 0, 1),
  scale: number("size 1 +- this", 0, 0.9),
  shift: number("+- share of the crop's side", 0, 1),
  shiftRate: number("probability of a shift", 0, 1),
  brightness: number("1 +- this", 0, 1),
  contrast: number("1 +- this", 0, 1),
  saturation: number("1 +- this", 0, 1),
  hue: number("+- rad", 0, Math.PI),
  channelGain: number("1 +- this", 0, 1),
  occlusion: number("probability of a hiding patch", 0, 1),
  occlusionSize: number("its largest side, share of the crop", 0, 1),
  depthNoise: number("m, standard deviation", 0, 1),
  depthHoles: number("share of lost readings", 0, 1),
  depthShift: number("+- m, centre of the depth cube", 0, 1),
  dropDepth: number("probability of a sample without depth", 0, 1),
};

const data: Fields<Omit<DataConfig, "augment">> = {
  boxScale: positive("crop over the joints' box", 10),
  depthCube: positive("m, side of the depth cube", 10),
  splitBy: choice("never divided between training and validation", "recording", "sequence", "frame"),
  valFraction: positive("share of frames for validation", 0.99),
  overfit: { kind: "flag", note: "train and validate on the same frames" },
  threads: {
    kind: "whole",
    note: "that make samples, null: processors - 1, at most 4",
    min: 0,
    max: 64,
    optional: true,
  },
  memoryMiB: whole("MiB of records kept, the rest is read again every epoch", 0, 1_048_576),
};

const optim: Fields<OptimConfig> = {
  batch: whole("samples per step, all ranks", 1, 65_536),
  microBatches: {
    kind: "whole",
    note: "parts of a batch, a power of two, null: 4, 2 or 1, as divides it",
    min: 1,
    max: 65_536,
    optional: true,
  },
  lr: number("peak, heads", 0, 10),
  lrBackbone: number("peak, transformer", 0, 10),
  minLr: number("end of the cosine", 0, 10),
  warmupSteps: whole("steps", 0, 1e9),
  weightDecay: number("decoupled", 0, 10),
  clip: { kind: "number", note: "largest gradient norm, null: none", min: 0, max: 1e30, above: true, optional: true },
  beta1: number("Adam", 0, 0.999999),
  beta2: number("Adam", 0, 0.9999999),
  eps: positive("Adam", 1),
};

const loss: Fields<LossConfig> = {
  w2d: number("2D joints, mean L1, crop sides", 0, 1e9),
  w3dJoint: number("3D joints, mean L1, m", 0, 1e9),
  w3dVert: number("vertices, mean L1, m", 0, 1e9),
  wPrior: number("mean of betas squared", 0, 1e9),
  wAux: number("coarse rotations and betas, squared", 0, 1e9),
};

const optionalSteps = (note: string): Field => ({ kind: "whole", note, min: 1, max: 1e12, optional: true });

const run: Fields<RunConfig> = {
  seed: whole("of every random choice", 0, 0xffffffff),
  steps: optionalSteps("of the run, null: by epochs"),
  epochs: whole("when steps is null", 1, 1e6),
  evaluateEvery: optionalSteps("steps, null: every epoch"),
  checkpointEvery: optionalSteps("steps, null: every epoch"),
  keepEvery: optionalSteps("steps, checkpoints kept for ever, null: none"),
  snapshotEvery: whole("steps between copies in memory, to go on from after a fault", 1, 1e9),
  sampleEvery: whole("steps between shown samples", 1, 1e9),
};

/** Every field by its path, "optim.lr" or "data.augment.rotation", in the order of a file. */
export const FIELDS: ReadonlyMap<string, Field> = new Map([
  ...paths("model", model),
  ...paths("data", data),
  ...paths("data.augment", augment),
  ...paths("optim", optim),
  ...paths("loss", loss),
  ...paths("run", run),
]);

function paths(section: string, fields: Readonly<Record<string, Field>>): [string, Field][] {
  return Object.entries(fields).map(([key, field]) => [`${section}.${key}`, field]);
}

/** Why `value` is not what `field` wants, as the end of a sentence; undefined when it is. */
export function complaint(field: Field, value: unknown): string | undefined {
  const found = JSON.stringify(value) ?? String(value);
  switch (field.kind) {
    case "flag":
      return typeof value === "boolean" ? undefined : `is ${found}, expected true or false`;
    case "choice":
      return field.choices.includes(value as string)
        ? undefined
        : `is ${found}, expected ${field.choices.join(" or ")}`;
    case "wholes":
      return Array.isArray(value) && value.length > 0 && value.every((n) => isWhole(n, field))
        ? undefined
        : `is ${found}, expected a list of whole numbers from ${field.min} to ${field.max}`;
    default: {
      if (value === undefined && field.optional) return undefined;
      const fits = field.kind === "whole" ? isWhole(value, field) : isNumber(value, field);
      const from = `${field.above ? "above" : "from"} ${field.min} to ${field.max}`;
      const what = `${field.kind === "whole" ? "a whole number" : "a number"} ${from}${field.optional ? " or null" : ""}`;
      return fits ? undefined : `is ${typeof value === "number" ? value : found}, expected ${what}`;
    }
  }
}

const isNumber = (value: unknown, { min, max, above }: { min: number; max: number; above?: boolean }): boolean =>
  typeof value === "number" && Number.isFinite(value) && value <= max && (above ? value > min : value >= min);

const isWhole = (value: unknown, range: { min: number; max: number; above?: boolean }): boolean =>
  Number.isSafeInteger(value) && isNumber(value, range);
