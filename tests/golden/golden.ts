/**
 * Reads the golden files that make_golden.py wrote, and compares a run with them. Weights, images and depth come from
 * pseudoRandom with the manifest's seeds; everything else that goes in is stored.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { expect } from "vitest";
import { readHandAsset } from "../../src/data/hand/asset";
import type { HandModel } from "../../src/data/types";
import { expectClose, pseudoRandom } from "../helpers/check-op";

type Values = Float32Array<ArrayBuffer>;
type ByName = ReadonlyMap<string, Values>;

/** One entry of the state dict: offset + scale * pseudoRandom(size, seed); an array of offsets is repeated. */
export interface GoldenParameter {
  readonly name: string;
  readonly shape: readonly number[];
  readonly seed: number;
  readonly scale: number;
  readonly offset: number | readonly number[];
  readonly trainable: boolean;
  readonly decay: boolean;
}

interface ModelEntry {
  readonly height: number;
  readonly width: number;
  readonly patch: number;
  readonly dim: number;
  readonly depth: number;
  readonly heads: number;
  readonly gcn: readonly number[];
  readonly scales: number;
  readonly joint_rep: "6d" | "aa";
  readonly hand: string;
  readonly parameters: readonly GoldenParameter[];
}

interface Seeded {
  readonly seed: number;
  readonly scale: number;
}

interface CaseEntry {
  readonly name: string;
  readonly file: string;
  readonly model: string;
  readonly quirks: readonly string[];
  readonly batch: number;
  readonly mode: "train" | "eval";
  /** Whether gradients and weights are stored whole or as samples with their norms. */
  readonly stored: "full" | "samples";
  readonly image: Seeded;
  readonly depth: Seeded;
  /** Parameters whose gradient is exactly zero. */
  readonly zeroGradient: readonly string[];
}

interface Manifest {
  readonly hands: Readonly<Record<string, { readonly file: string; readonly sha256: string }>>;
  readonly lossWeights: Readonly<Record<LossTerm, number>>;
  readonly optimiser: {
    readonly learningRate: number;
    readonly weightDecay: number;
    readonly betas: readonly [number, number];
    readonly eps: number;
    readonly clip: number;
    readonly steps: number;
  };
  readonly samples: { readonly gradient: number; readonly after: number };
  readonly models: Readonly<Record<string, ModelEntry>>;
  readonly cases: readonly CaseEntry[];
}

type LossTerm = "loss_2d" | "loss_3d_joint" | "loss_3d_vert" | "shape_prior" | "loss_aux";

/** One golden configuration: what goes in and what must come out. */
export interface Golden extends CaseEntry {
  readonly shape: ModelEntry;
  readonly hand: HandModel;
  readonly parameters: readonly GoldenParameter[];
  readonly lossWeights: Manifest["lossWeights"];
  readonly optimiser: Manifest["optimiser"];
  /** The whole state dict before the first step. */
  readonly initial: ByName;
  /** By the names of docs/model.md. */
  readonly inputs: ByName;
  /** `output.*`, `loss.*`, `state.*`, `gradient.*`, `after.*`, `gradient_norms`, `after_norms`, `grad_norms`, `totals`. */
  readonly arrays: ByName;
}

/** What a run of the model gave, by the names of docs/model.md and the parameters' names. */
export interface GoldenRun {
  readonly outputs: ByName;
  readonly losses: ByName;
  /** Running statistics after the first forward in training. */
  readonly state: ByName;
  readonly gradients?: ByName;
  /** Weights and running statistics after the optimiser's steps. */
  readonly after?: ByName;
  /** Global gradient norm before clipping, and total loss, of each step. */
  readonly gradNorms?: readonly number[];
  readonly totals?: readonly number[];
}

const here = (file: string): URL => new URL(file, import.meta.url);

function readManifest(): Manifest {
  return JSON.parse(readFileSync(here("manifest.json"), "utf8")) as Manifest;
}

/** The configurations' names, in the manifest's order. */
export const goldenNames = (): readonly string[] => readManifest().cases.map(({ name }) => name);

function bytesOf(file: string): ArrayBuffer {
  const { buffer, byteOffset, byteLength } = readFileSync(here(file));
  return buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer;
}

function readArrays(file: string): Map<string, Values> {
  const bytes = bytesOf(file);
  const start = 8 + Number(new DataView(bytes).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(bytes, 8, start - 8))) as Record<
    string,
    { readonly dtype: string; readonly data_offsets: readonly [number, number] }
  >;
  const arrays = new Map<string, Values>();
  for (const [name, { dtype, data_offsets }] of Object.entries(header)) {
    if (dtype !== "F32") throw new Error(`${file}: "${name}" is ${dtype}, expected F32`);
    const [begin, end] = data_offsets;
    arrays.set(name, new Float32Array(bytes.slice(start + begin, start + end)));
  }
  return arrays;
}

/** Throws when the file is not the one that the golden numbers were made with. */
function readHand({ hands }: Manifest, name: string): HandModel {
  const { file, sha256 } = hands[name];
  const bytes = bytesOf(file);
  const found = createHash("sha256").update(new Uint8Array(bytes)).digest("hex");
  if (found !== sha256) {
    throw new Error(`${file} has changed since the golden files were made; run python3 tests/golden/make_golden.py`);
  }
  return readHandAsset(bytes, file);
}

const sizeOf = (shape: readonly number[]): number => shape.reduce((product, n) => product * n, 1);

function made(size: number, { seed, scale, offset = 0 }: Seeded & { readonly offset?: number | readonly number[] }) {
  const offsets = typeof offset === "number" ? [offset] : offset;
  return Float32Array.from(pseudoRandom(size, seed), (r, i) => offsets[i % offsets.length] + scale * r);
}

function inputsOf(entry: CaseEntry, { height, width }: ModelEntry, arrays: ByName): Map<string, Values> {
  const inputs = new Map<string, Values>();
  for (const [name, values] of arrays) if (name.startsWith("input.")) inputs.set(name.slice(6), values);
  const pixels = height * width;
  const depth = made(entry.batch * pixels, entry.depth);
  for (const [b, has] of inputs.get("hasDepth")!.entries()) {
    if (has === 0) depth.fill(Number.NaN, b * pixels, (b + 1) * pixels);
  }
  return inputs.set("image", made(entry.batch * 3 * pixels, entry.image)).set("depth", depth);
}

/** Reads one configuration. Throws for a name that the manifest does not have. */
export function readGolden(name: string): Golden {
  const manifest = readManifest();
  const entry = manifest.cases.find((item) => item.name === name);
  if (!entry) throw new Error(`no golden configuration "${name}"; there are ${goldenNames().join(", ")}`);
  const shape = manifest.models[entry.model];
  const arrays = readArrays(entry.file);
  return {
    ...entry,
    shape,
    hand: readHand(manifest, shape.hand),
    parameters: shape.parameters,
    lossWeights: manifest.lossWeights,
    optimiser: manifest.optimiser,
    initial: new Map(shape.parameters.map((p) => [p.name, made(sizeOf(p.shape), p)])),
    inputs: inputsOf(entry, shape, arrays),
    arrays,
  };
}

/** The entries under `prefix.`, without the prefix, in the file's order (sorted by name). */
export function group(golden: Golden, prefix: string): [string, Values][] {
  const all = [...golden.arrays].filter(([name]) => name.startsWith(`${prefix}.`));
  return all.map(([name, values]) => [name.slice(prefix.length + 1), values]);
}

const norm = (values: ArrayLike<number>): number => Math.sqrt(Array.from(values).reduce((sum, x) => sum + x * x, 0));

function spread(values: Values, most: number): Values {
  if (values.length <= most) return values;
  return Float32Array.from({ length: most }, (_, i) => values[Math.floor((i * values.length) / most)]);
}

function pick(run: ByName, name: string): Values {
  const values = run.get(name);
  if (!values) throw new Error(`the run has no "${name}"; it has ${[...run.keys()].join(", ")}`);
  return values;
}

/** Whole arrays, or the samples and the norm of each. */
function expectStored(golden: Golden, prefix: "gradient" | "after", run: ByName, tolerance: number): void {
  const { samples } = readManifest();
  const norms = golden.arrays.get(`${prefix}_norms`)!;
  const largest = Math.max(...norms);
  for (const [i, [name, want]] of group(golden, prefix).entries()) {
    const got = pick(run, name);
    const what = `${golden.name}: ${prefix} of ${name}`;
    expect(got.every(Number.isFinite), `${what} is finite`).toBe(true);
    if (prefix === "gradient" && golden.zeroGradient.includes(name)) {
      expect(norm(got), `${what}: norm`).toBe(0);
      continue;
    }
    expect(Math.abs(norm(got) - norms[i]) / norms[i], `${what}: norm ${norm(got)}, expected ${norms[i]}`).toBeLessThan(
      tolerance,
    );
    const shown = golden.stored === "full" ? got : spread(got, samples[prefix]);
    // A gradient that is rounding beside the others is held to the largest.
    if (norm(want) > 1e-7 * largest) expectClose(what, shown, want, tolerance);
  }
}

/**
 * Fails unless a run equals the golden one: norm(difference) / norm(expected) of every output, loss, statistic, gradient
 * and of the weights after the optimiser's steps.
 */
export function expectGolden(golden: Golden, run: GoldenRun, tolerance = 1e-4): void {
  for (const [name, want] of group(golden, "output")) {
    const got = pick(run.outputs, name);
    if (norm(want) === 0) expect(norm(got), `${golden.name}: ${name} is zero`).toBe(0);
    else expectClose(`${golden.name}: ${name}`, got, want, tolerance);
  }
  for (const [name, want] of group(golden, "loss")) {
    const got = pick(run.losses, name);
    if (want[0] === 0) expect(got[0], `${golden.name}: ${name}`).toBe(0);
    else expectClose(`${golden.name}: ${name}`, got, want, tolerance);
  }
  for (const [name, want] of group(golden, "state"))
    expectClose(`${golden.name}: ${name}`, pick(run.state, name), want, tolerance);
  if (golden.mode === "eval") return;
  if (!run.gradients || !run.after || !run.gradNorms || !run.totals) {
    throw new Error(`${golden.name}: a run in training needs gradients, after, gradNorms and totals`);
  }
  expectStored(golden, "gradient", run.gradients, tolerance);
  expectClose(`${golden.name}: gradient norms`, run.gradNorms, golden.arrays.get("grad_norms")!, tolerance);
  expectClose(`${golden.name}: total losses`, run.totals, golden.arrays.get("totals")!, tolerance);
  expectStored(golden, "after", run.after, tolerance);
}
