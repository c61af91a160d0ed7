import { createHash } from "node:crypto";
import { Worker } from "node:worker_threads";
import { afterAll, beforeAll, expect, test } from "vitest";
import { syntheticFrameSet } from "../../src/data/synthetic/frames";
import type { Frame } from "../../src/data/types";
import { createGroup } from "../../src/ranks/group-memory";
import type { EvaluationRecord, RankEvent, StepRecord } from "../../src/train/events";
import { evaluationTables } from "../../src/train/gather";
import { committedSnapshot, createShadow, readSnapshotState, type ShadowMemory } from "../../src/train/snapshot";
import { type BuiltPrograms, buildPrograms } from "../helpers/built-programs";
import { openHand, openHandBytes } from "../helpers/open-hand";
import {
  type Mischief,
  type TrainAnswer,
  type TrainJob,
  type TrainShape,
  type TrainStart,
  trainConfig,
} from "../helpers/train-job";

const FRAMES = 14;
const MICRO_BATCHES = 4;
const MOST_RANKS = 3;

let frames: Frame[];
let programs: BuiltPrograms;
let workers: Worker[] = [];
let shape: TrainShape;
let one: Together;

beforeAll(async () => {
  const rendered = syntheticFrameSet(openHand(), { frames: FRAMES, seed: 3 });
  frames = await Promise.all(rendered.ids.map((id) => rendered.read(id)));
  programs = await buildPrograms("tests/train/rank-thread.ts");
  const data: TrainStart = { config: SETTINGS, hand: openHandBytes(), frames };
  workers = Array.from({ length: MOST_RANKS }, () => new Worker(programs.path("rank-thread"), { workerData: data }));
  [shape] = await Promise.all(workers.map((worker) => answerOf<TrainShape>(worker)));
  one = await alone();
}, 600_000);
afterAll(async () => {
  const ended = workers.map((worker) => new Promise((resolve) => worker.once("exit", resolve)));
  for (const worker of workers) worker.postMessage("close");
  await Promise.all(ended);
  await programs.remove();
});

const SETTINGS = trainConfig({ steps: 3, evaluateEvery: 3, checkpointEvery: 3, snapshotEvery: 2 });

interface Launch {
  readonly from?: ArrayBufferLike;
  readonly mischief?: Mischief;
  readonly mixedAdapters?: boolean;
  readonly recordedStep?: number;
}

interface Together {
  readonly answers: readonly TrainAnswer[];
  readonly shadow: ShadowMemory;
}

const answerOf = <T>(worker: Worker): Promise<T> =>
  new Promise((resolve, reject) => {
    worker.once("error", reject);
    worker.once("message", (answer: T) => {
      worker.off("error", reject);
      resolve(answer);
    });
  });

function ask(worker: Worker, job: TrainJob): Promise<TrainAnswer> {
  const answer = answerOf<TrainAnswer>(worker);
  worker.postMessage(job);
  return answer;
}

/** The run on one rank, without a group. */
async function alone(): Promise<Together> {
  const shadow = createShadow(shape.layout);
  return { answers: [await ask(workers[0], { rank: 0, shadow })], shadow };
}

/** The run on several ranks, from its beginning unless `from` is given. */
async function together(worldSize: number, { from, ...job }: Launch = {}): Promise<Together> {
  const { buckets, samples, layout } = shape;
  const tables = evaluationTables(samples);
  const memory = createGroup({ worldSize, microBatches: MICRO_BATCHES, buckets, tables });
  const shadow = createShadow(layout, from);
  const members = workers.slice(0, worldSize);
  const answers = members.map((worker, rank) => ask(worker, { rank, memory, shadow, ...job }));
  return { answers: await Promise.all(answers), shadow };
}

const sha = ({ shadow }: { readonly shadow: ShadowMemory }): string =>
  createHash("sha256")
    .update(new Uint8Array(committedSnapshot(shadow)!))
    .digest("hex");
const errors = ({ answers }: Together): string[] => answers.flatMap((each) => ("error" in each ? [each.error] : []));
const numbersOf = ({ ms, host_ms, ranks, ...rest }: StepRecord): unknown => rest;
const steps = (events: readonly RankEvent[]): StepRecord[] =>
  events.flatMap((event) => (event.type === "step" ? [event.record] : []));
const evaluations = (events: readonly RankEvent[]): EvaluationRecord[] =>
  events.flatMap((event) => (event.type === "evaluation" ? [event.record] : []));
const lines = (events: readonly RankEvent[]): string[] =>
  events.flatMap((event) => (event.type === "log" ? [event.line] : []));

test("2 and 3 ranks make the bits of one: weights, moments, records and evaluation", async () => {
  expect(errors(one)).toEqual([]);
  const [{ events: expected }] = one.answers;
  const [evaluation] = evaluations(expected);
  for (const worldSize of [2, 3]) {
    const many = await together(worldSize);
    expect(errors(many)).toEqual([]);
    const [{ events }, ...others] = many.answers;
    for (const each of others) expect(each.events).toEqual([]);
    expect(steps(events).map(numbersOf)).toEqual(steps(expected).map(numbersOf));
    expect(steps(events).map(({ ranks }) => ranks)).toEqual(Array(3).fill(worldSize));
    expect({ ...evaluations(events)[0], ms: 0 }).toEqual({ ...evaluation, ms: 0 });
    expect(lines(events)).toContain(`Evaluated on ${evaluation.samples} samples from all ${worldSize} ranks`);
    const times = events.flatMap((event) => (event.type === "times" ? [[event.step, event.times.length]] : []));
    expect(times).toEqual([[2, worldSize]]);
    expect(readSnapshotState(committedSnapshot(many.shadow)!).step).toBe(3);
    expect(sha(many)).toBe(sha(one));
  }
});

test("any rank may ask all to come out; another number of ranks goes on, and tells nothing twice", async () => {
  const first = await together(2, { mischief: { rank: 1, reformAfter: 2 } });
  // The request is seen at the beginning of the step after it.
  for (const answer of first.answers) expect(answer).toMatchObject({ end: { kind: "reform", step: 2 } });
  const second = await together(3, { from: committedSnapshot(first.shadow), recordedStep: 2 });
  expect(errors(second)).toEqual([]);
  expect(steps(second.answers[0].events).map(({ step }) => step)).toEqual([3]);
  expect(sha(second)).toBe(sha(one));
});

test("a NaN of one rank: all refuse the step, the rank and its micro-batches are named, three in a row end the run", async () => {
  const single = await together(2, { mischief: { rank: 1, nanSteps: [2] } });
  expect(errors(single)).toEqual([]);
  const [{ events }] = single.answers;
  expect(steps(events).map(({ non_finite }) => non_finite)).toEqual([0, 1, 0]);
  expect(lines(events).filter((line) => line.includes("not finite"))).toEqual([
    expect.stringMatching(
      /^step 2: 1 gradients are not finite; the step was not applied: 1 in the gradient of ".+"; made by rank 1 in micro-batches 2 to 3$/,
    ),
  ]);
  expect(readSnapshotState(committedSnapshot(single.shadow)!)).toMatchObject({ step: 3, optimizerStep: 2 });
  const thrice = await together(2, { mischief: { rank: 1, nanSteps: [1, 2, 3] } });
  expect(errors(thrice)).toHaveLength(2);
  // The snapshot of step 2 was taken after two refused steps.
  for (const error of errors(thrice))
    expect(error).toMatch(/^3 steps in a row were refused; the weights are those of step 2 again; step 3: /);
  expect(thrice.answers[0].events.at(-1)).toMatchObject({ type: "snapshot", step: 2 });
});

test("a rank whose weights differ is named at the checkpoint; on mixed adapters it takes rank 0's", async () => {
  const mischief = { rank: 1, changeAfter: 2 };
  const differs = await together(2, { mischief });
  expect(errors(differs)).toHaveLength(2);
  expect(errors(differs)[0]).toContain("step 3: rank 1 has other weights than rank 0");
  const mixed = await together(2, { mischief, mixedAdapters: true });
  expect(errors(mixed)).toEqual([]);
});

// The last one: a trainer that was asked to stop does not train any more.
test("any rank may ask all to stop, with a checkpoint", async () => {
  const stopped = await together(2, { mischief: { rank: 1, stopAfter: 1 } });
  for (const answer of stopped.answers) expect(answer).toMatchObject({ end: { kind: "stopped", step: 1 } });
  expect(stopped.answers[0].events.at(-1)).toMatchObject({ type: "snapshot", step: 1 });
});
