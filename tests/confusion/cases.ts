/** The runs of the table: every fault alone, pairs of faults, and runs in which all is well. */
import { type Config, PRESETS, QUIRK_NAMES, tiny } from "../../src/config";
import type { QuirkName } from "../../src/config/quirks";
import { permutation } from "../../src/data/random";
import { actsOn, type DataKind, EXPECTED, PAIRS } from "./expected";

export interface Case {
  /** "single/bgr/ho3d/2": what a program that goes on knows it by. */
  readonly key: string;
  readonly kind: "single" | "pair" | "healthy";
  /** For people: what is special about it. */
  readonly title: string;
  readonly data: DataKind;
  readonly config: Config;
  readonly ranks: number;
  /** The run is stopped after its second step and gone on with. */
  readonly resumes: boolean;
  /** The frames have no depth images. */
  readonly isColourOnly: boolean;
  /** Is stopped after this step. */
  readonly until: number | undefined;
  /** Ends before the first step. */
  readonly isPreflightOnly: boolean;
}

const STEPS = 4;

type Change = {
  readonly [K in "model" | "data" | "optim" | "run"]?: Partial<Config[K]>;
};

/** `base` in a run of four steps with two evaluations. */
function shortRun(base: Config, seed: number, change: Change = {}): Config {
  return {
    ...base,
    model: { ...base.model, ...change.model },
    data: { ...base.data, valFraction: 0.25, threads: 0, ...change.data },
    optim: { ...base.optim, ...change.optim },
    run: { ...base.run, seed, steps: STEPS, evaluateEvery: 2, checkpointEvery: 2, ...change.run },
  };
}

/**
 * The smallest network that has all parts: 4 x 3 patches, so that an exchange of rows and columns shows, and one block; batches
 * of 4, which ranks cut into more parts; a backbone that learns slower than the heads.
 */
function smallestRun(seed: number, change: Change = {}): Config {
  const base = tiny();
  return shortRun(
    {
      ...base,
      model: { ...base.model, height: 64, width: 48, dim: 24, depth: 1, heads: 2, gcn: [16, 16, 16] },
      optim: { ...base.optim, batch: 4, microBatches: 1, lrBackbone: 1e-4, warmupSteps: 3 },
    },
    seed,
    change,
  );
}

const plain = { until: undefined, ranks: 1, resumes: false, isColourOnly: false, isPreflightOnly: false } as const;

/** A run of the smallest network with these faults, set up so that they can show. */
function faulty(kind: "single" | "pair", quirks: readonly QuirkName[], data: DataKind, seed: number): Case {
  const wants = quirks.map((quirk) => EXPECTED[quirk]);
  const jointRep = wants.find((each) => each.jointRep !== undefined)?.jointRep;
  const ranks = Math.max(...wants.map((each) => each.ranks ?? 1));
  const change: Change = { model: jointRep && { jointRep }, optim: { microBatches: ranks } };
  return {
    ...plain,
    key: [kind, quirks.join("+"), data, seed].join("/"),
    kind,
    title: quirks.join(" and "),
    data,
    config: { ...smallestRun(seed, change), quirks },
    ranks,
    resumes: wants.some(({ resumes }) => resumes),
    // Faults of data and network have to be found in the first three batches, those of a run in two evaluations.
    until: wants.some(({ isOfRun }) => isOfRun) ? undefined : 3,
  };
}

export const singles = (
  seeds: readonly number[],
  kinds: readonly DataKind[],
  quirks: readonly QuirkName[] = QUIRK_NAMES,
): Case[] =>
  seeds.flatMap((seed) =>
    quirks.flatMap((quirk) =>
      kinds.filter((data) => actsOn(quirk, data)).map((data) => faulty("single", [quirk], data, seed)),
    ),
  );

/** So many different pairs of faults, drawn from all that can be had together; of the data that both act on either kind. */
export function pairs(count: number, seed: number): Case[] {
  const seen = new Set<string>();
  const drawn: Case[] = [];
  for (const place of permutation(PAIRS.length, seed, 0)) {
    if (drawn.length === count) break;
    const { quirks, data } = PAIRS[place];
    if (seen.has(quirks.join())) continue;
    seen.add(quirks.join());
    // One seed of data and weights for all: what is drawn is the pair.
    drawn.push(faulty("pair", quirks, data, seed));
  }
  return drawn;
}

const STRONG = {
  ...{ rotation: Math.PI, scale: 0.4, shift: 0.2, brightness: 0.5, contrast: 0.5, saturation: 0.5, hue: 0.5 },
  ...{ channelGain: 0.3, occlusion: 1, occlusionSize: 0.6, depthNoise: 0.01, depthHoles: 0.3, depthShift: 0.03 },
};

const { augment } = tiny().data;

type Healthy = Partial<Omit<Case, "key" | "kind" | "config">> & {
  readonly change?: Change;
  readonly preset?: "tiny" | "small";
};

/** Runs in which all is well, each in another way. */
const HEALTHY: readonly Healthy[] = [
  { title: "6D" },
  { title: "6D", data: "ho3d" },
  { title: "axis-angle", change: { model: { jointRep: "aa" } } },
  { title: "axis-angle", data: "ho3d", change: { model: { jointRep: "aa" } } },
  { title: "frames without depth images", isColourOnly: true },
  {
    title: "no sample shows its depth",
    data: "ho3d",
    change: { data: { augment: { ...augment, dropDepth: 1 } } },
  },
  { title: "2 ranks", data: "ho3d", ranks: 2, change: { optim: { microBatches: 2 } } },
  { title: "3 ranks, axis-angle", ranks: 3, change: { model: { jointRep: "aa" }, optim: { microBatches: 4 } } },
  { title: "4 ranks", data: "ho3d", ranks: 4, change: { optim: { microBatches: 4 } } },
  { title: "batches of 2", change: { optim: { batch: 2 } } },
  { title: "batches of 1", data: "ho3d", change: { optim: { batch: 1, microBatches: 1 } } },
  { title: "the first 12 steps", change: { run: { steps: 12 } } },
  { title: "the first 12 steps, axis-angle", data: "ho3d", change: { run: { steps: 12 }, model: { jointRep: "aa" } } },
  { title: "stopped and gone on with", resumes: true },
  { title: "strong augmentation", data: "ho3d", change: { data: { augment: { ...augment, ...STRONG } } } },
  { title: "a pretended focal length", change: { model: { camera: "pretend" } } },
  { title: "two blocks with drop-path", data: "ho3d", change: { model: { depth: 2, dropPath: 0.3 } } },
  { title: "preset tiny, batches of 8", preset: "tiny", change: { optim: { batch: 8, microBatches: 2 } } },
  {
    title: "preset tiny, batches of 4",
    preset: "tiny",
    data: "ho3d",
    change: { optim: { batch: 4, microBatches: 2 } },
  },
  {
    title: "preset small, batches of 2, before the first step",
    preset: "small",
    isPreflightOnly: true,
    change: { optim: { batch: 2, microBatches: 1 } },
  },
];

/** Seeds of the healthy runs begin after those of the faulty ones; a few, so that their frames are rendered once. */
const HEALTHY_SEED = 11;
const HEALTHY_SEEDS = 3;

/** The first so many; after the last the list begins again with other seeds. */
export function healthy(count: number): Case[] {
  return Array.from({ length: count }, (_, i) => {
    const { change, preset, data = "synthetic", ...special } = HEALTHY[i % HEALTHY.length];
    const seed = HEALTHY_SEED + ((i >> 1) % HEALTHY_SEEDS);
    const config = preset === undefined ? smallestRun(seed, change) : shortRun(PRESETS[preset](), seed, change);
    return { ...plain, title: "", ...special, key: `healthy/${i + 1}`, kind: "healthy", data, config };
  });
}
