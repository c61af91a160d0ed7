/** Predictions with known errors, and a rank that gathers them: the same alone and in a thread. */
import { random } from "../../src/data/random";
import { ProcessGroup } from "../../src/ranks/group";
import type { GroupMemory } from "../../src/ranks/group-memory";
import {
  batchesOf,
  type Gathered,
  type GatherGroup,
  gather,
  type Predicted,
  type PredictedSample,
} from "../../src/train/gather";
import { TERMS } from "../../src/train/score-rows";

export const VERTICES = 9;
const BATCH = 4;

export interface GatherJob {
  /** Evaluations one after the other, each of so many samples. */
  readonly sizes: readonly number[];
  readonly quirks?: readonly string[];
  readonly alsoWithoutDepth?: boolean;
  readonly wantsPredictions?: boolean;
  /** What the last rank does wrong in each evaluation. */
  readonly fault?: "skips" | "doubles" | "pads" | "shifts" | "throws";
}

export interface GatherStart {
  readonly rank: number;
  readonly memory: GroupMemory;
  readonly job: GatherJob;
}

export type GatherAnswer = { readonly results: readonly string[] } | { readonly error: string };

export const isNonFinite = (place: number): boolean => place % 7 === 3;
export const hasMesh = (place: number): boolean => place % 5 !== 1;
export const hasDepth = (place: number): boolean => place % 4 !== 2;

/** Of sequences of 10, and not in the order of their places. */
export const idOf = (place: number): string =>
  `S${Math.floor(place / 10) % 3}/${String((place * 37) % 1000).padStart(4, "0")}`;
export const idsOf = (samples: number): string[] => Array.from({ length: samples }, (_, place) => idOf(place));

export const MEAN_POSE = Float64Array.from({ length: 63 }, (_, i) => (i < 3 ? 0 : 0.01 * i));

/** Off by up to 1 cm, without depth by up to 3 cm. Some are not finite, some have no mesh, one is a point and one a mirror image. */
export function predictionOf(place: number, isHidden = false): Predicted {
  const generator = random(7, "gather", isHidden ? 1 : 0, idOf(place));
  const draw = (scale: number): number => scale * (generator.uniform() - 0.5);
  const truth = random(7, "truth", 0, idOf(place));
  const points = (count: number): Float32Array =>
    Float32Array.from({ length: 3 * count }, (_, i) => 0.1 * truth.uniform() + (i % 3 === 2 ? 0.5 : 0));
  const [truthJoints, truthVertices] = [points(21), points(VERTICES)];
  const near = (of: Float32Array): Float32Array => of.map((x) => x + draw(isHidden ? 0.06 : 0.02));
  let joints = near(truthJoints);
  if (place % 50 === 9) joints = joints.map((_, i) => joints[i % 3]);
  if (place % 50 === 12) joints = truthJoints.map((x, i) => (i % 3 === 0 ? -x : x));
  if (isNonFinite(place)) joints[5] = place % 2 === 0 ? Number.NaN : Number.POSITIVE_INFINITY;
  return {
    id: idOf(place),
    modality: hasDepth(place) && !isHidden ? "RGB-D" : "RGB",
    joints,
    vertices: near(truthVertices),
    truthJoints: Float64Array.from(truthJoints),
    truthVertices: hasMesh(place) ? truthVertices : undefined,
    // Of very different sizes, so that their sum depends on its order.
    terms: Object.fromEntries(TERMS.map((name) => [name, Math.fround(Math.exp(40 * generator.uniform() - 20))])),
  };
}

function sampleOf(place: number, { alsoWithoutDepth }: GatherJob): PredictedSample {
  const withoutDepth = alsoWithoutDepth && hasDepth(place) ? predictionOf(place, true) : undefined;
  return { place, given: predictionOf(place), withoutDepth };
}

/** A rank's samples, as a loader deals them: every n-th batch. */
async function* samplesOf(group: GatherGroup, samples: number, job: GatherJob): AsyncGenerator<PredictedSample> {
  const fault = group.rank === group.worldSize - 1 ? job.fault : undefined;
  const own = batchesOf(group, Math.ceil(samples / BATCH));
  for (const index of own) {
    await new Promise((resolve) => setTimeout(resolve, 0));
    for (let place = index * BATCH; place < Math.min(samples, (index + 1) * BATCH); place++) {
      const isFirst = place === own[0] * BATCH;
      if (isFirst && fault === "throws") throw new Error("injected");
      if (isFirst && fault === "skips") continue;
      if (isFirst && fault === "shifts") yield { ...sampleOf(place, job), place: place + 1 };
      else yield sampleOf(place, job);
      if (isFirst && fault === "doubles") yield sampleOf(place, job);
    }
  }
  if (fault === "pads") yield sampleOf(0, job);
}

/** Gathers one evaluation. */
export function gatherJob(group: GatherGroup | undefined, samples: number, job: GatherJob): Promise<Gathered> {
  const own = samplesOf(
    group ?? { rank: 0, worldSize: 1, table: () => expectNever(), beat: () => undefined },
    samples,
    job,
  );
  return gather(own, idsOf(samples), MEAN_POSE, {
    group,
    quirks: new Set(job.quirks),
    alsoWithoutDepth: job.alsoWithoutDepth,
    vertices: job.wantsPredictions ? VERTICES : undefined,
    measure: { columns: 2, of: ({ id, joints }) => [Number(id.slice(-4)), joints[0]] },
  });
}

function expectNever(): never {
  throw new Error("a table was asked of a rank that only deals samples");
}

/** A result as text, in which numbers that are not finite are seen. */
export const textOf = (gathered: Gathered): string =>
  JSON.stringify(gathered, (_, value: unknown) => {
    if (ArrayBuffer.isView(value)) return [...(value as unknown as Iterable<number>)].map(String);
    return typeof value === "number" && !Number.isFinite(value) ? String(value) : value;
  });

/** Runs the job and answers; an error of this rank ends the group. */
export async function runGatherRank({ rank, memory, job }: GatherStart): Promise<GatherAnswer> {
  const group = new ProcessGroup(rank, memory);
  try {
    const results: string[] = [];
    for (const samples of job.sizes) results.push(textOf(await gatherJob(group, samples, job)));
    group.leave();
    return { results };
  } catch (error) {
    group.abort(error);
    return { error: (error as Error).message };
  }
}
