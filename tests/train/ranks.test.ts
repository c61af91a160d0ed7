import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { build } from "vite";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Config } from "../../src/config";
import { NO_THREADS } from "../../src/data/sample-pool";
import { syntheticFrameSet } from "../../src/data/synthetic/frames";
import type { Frame } from "../../src/data/types";
import { createGroup } from "../../src/ranks/group-memory";
import type { RankEvent, StepRecord } from "../../src/train/events";
import { evaluationTables } from "../../src/train/gather";
import { launch } from "../../src/train/launch";
import { committedSnapshot, createShadow, readSnapshotState, type ShadowMemory } from "../../src/train/snapshot";
import { testGpu } from "../helpers/gpu";
import { MemoryStorage } from "../helpers/memory-storage";
import { openHand, openHandBytes } from "../helpers/open-hand";
import {
  frameSet,
  type Mischief,
  type TrainAnswer,
  type TrainJob,
  type TrainStart,
  trainConfig,
} from "../helpers/train-job";

const FRAMES = 14;
const MICRO_BATCHES = 4;
const MOST_RANKS = 3;

let frames: Frame[];
let folder = "";
let workers: Worker[] = [];
let one: Alone;

beforeAll(async () => {
  const rendered = syntheticFrameSet(openHand(), { frames: FRAMES, seed: 3 });
  frames = await Promise.all(rendered.ids.map((id) => rendered.read(id)));
  // Below node_modules, where Dawn's package is found.
  const cache = fileURLToPath(new URL("../../node_modules/.cache", import.meta.url));
  await mkdir(cache, { recursive: true });
  folder = await mkdtemp(join(cache, "handloom-train-"));
  await build({
    configFile: false,
    logLevel: "silent",
    build: { ssr: fileURLToPath(new URL("./rank-thread.ts", import.meta.url)), outDir: folder, emptyOutDir: true },
  });
  const [name] = (await readdir(folder)).filter((file) => /^rank-thread\.m?js$/.test(file));
  await writeFile(join(folder, "package.json"), '{"type":"module"}');
  const data: TrainStart = { config: SETTINGS, hand: openHandBytes(), frames };
  workers = Array.from({ length: MOST_RANKS }, () => new Worker(join(folder, name), { workerData: data }));
  const built = workers.map(answerOf);
  one = await alone(SETTINGS);
  await Promise.all(built);
}, 600_000);
afterAll(async () => {
  const ended = workers.map((worker) => new Promise((resolve) => worker.once("exit", resolve)));
  for (const worker of workers) worker.postMessage("close");
  await Promise.all(ended);
  await rm(folder, { recursive: true, force: true });
});

const SETTINGS = trainConfig({ steps: 4, evaluateEvery: 4, checkpointEvery: 4, snapshotEvery: 2 });

interface Shape {
  readonly shadow: ShadowMemory;
  readonly buckets: readonly number[];
  readonly samples: number;
}

interface Alone extends Shape {
  readonly events: readonly RankEvent[];
}

/** The run on one rank, in this thread. */
async function alone(config: Config): Promise<Alone> {
  const events: RankEvent[] = [];
  const emit = (event: RankEvent): void => void events.push(event);
  const clock = { now: () => performance.now(), wallSeconds: () => 1_700_000_000 };
  const parts = { name: "test", config, hand: openHand(), frames: frameSet(frames), emit, clock, threads: NO_THREADS };
  const { trainer } = await launch({ ...parts, gpu: await testGpu(), storage: new MemoryStorage() });
  const shadow = createShadow(trainer.layout);
  await trainer.run({ shadow });
  const { buckets, parts: made } = trainer;
  trainer.endThreads();
  trainer.destroy();
  return { shadow, events, buckets, samples: made.val.ids.length };
}

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

const answerOf = (worker: Worker): Promise<TrainAnswer> =>
  new Promise((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
  });

/** The run on several ranks, from its beginning unless `from` is given. */
async function together(worldSize: number, { from, ...job }: Launch = {}): Promise<Together> {
  const { buckets, samples, shadow: other } = one;
  const shape = { microBatches: MICRO_BATCHES, buckets, tables: evaluationTables(samples) };
  const memory = createGroup({ worldSize, ...shape });
  const shadow = createShadow(other.layout, from);
  const answers = workers.slice(0, worldSize).map((worker, rank) => {
    const answer = answerOf(worker);
    worker.postMessage({ rank, memory, shadow, ...job } satisfies TrainJob);
    return answer;
  });
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
const lines = (events: readonly RankEvent[]): string[] =>
  events.flatMap((event) => (event.type === "log" ? [event.line] : []));

test("2 and 3 ranks make the bits of one: weights, moments, records and evaluation", async () => {
  const [evaluation] = one.events.flatMap((event) => (event.type === "evaluation" ? [event.record] : []));
  for (const worldSize of [2, 3]) {
    const many = await together(worldSize);
    expect(errors(many)).toEqual([]);
    const [{ events }, ...others] = many.answers;
    for (const each of others) expect(each.events).toEqual([]);
    expect(steps(events).map(numbersOf)).toEqual(steps(one.events).map(numbersOf));
    expect(steps(events).map(({ ranks }) => ranks)).toEqual(Array(4).fill(worldSize));
    const [found] = events.flatMap((event) => (event.type === "evaluation" ? [event.record] : []));
    expect({ ...found, ms: 0 }).toEqual({ ...evaluation, ms: 0 });
    expect(lines(events)).toContain(`Evaluated on ${evaluation.samples} samples from all ${worldSize} ranks`);
    expect(readSnapshotState(committedSnapshot(many.shadow)!).step).toBe(4);
    expect(sha(many)).toBe(sha(one));
  }
});

test("any rank may ask all to come out; another number of ranks goes on, and tells nothing twice", async () => {
  const first = await together(2, { mischief: { rank: 1, reformAfter: 3 } });
  for (const answer of first.answers) expect(answer).toMatchObject({ end: { kind: "reform", step: 3 } });
  const second = await together(3, { from: committedSnapshot(first.shadow), recordedStep: 3 });
  expect(errors(second)).toEqual([]);
  expect(steps(second.answers[0].events).map(({ step }) => step)).toEqual([4]);
  expect(sha(second)).toBe(sha(one));
});

test("a NaN of one rank: all refuse the step, the rank and its micro-batches are named, three in a row end the run", async () => {
  const single = await together(2, { mischief: { rank: 1, nanSteps: [2] } });
  expect(errors(single)).toEqual([]);
  const [{ events }] = single.answers;
  expect(steps(events).map(({ non_finite }) => non_finite)).toEqual([0, 1, 0, 0]);
  expect(lines(events).filter((line) => line.includes("not finite"))).toEqual([
    expect.stringMatching(
      /^step 2: 1 gradients are not finite; the step was not applied: 1 in the gradient of ".+"; made by rank 1 in micro-batches 2 to 3$/,
    ),
  ]);
  expect(readSnapshotState(committedSnapshot(single.shadow)!)).toMatchObject({ step: 4, optimizerStep: 3 });
  const thrice = await together(2, { mischief: { rank: 1, nanSteps: [2, 3, 4] } });
  expect(errors(thrice)).toHaveLength(2);
  expect(errors(thrice)[0]).toMatch(/^3 steps in a row were refused; the weights are those of step 2 again; step 4: /);
  expect(thrice.answers[0].events.at(-1)).toMatchObject({ type: "snapshot", step: 2 });
});

test("a rank whose weights differ is named at the checkpoint; on mixed adapters it takes rank 0's", async () => {
  const mischief = { rank: 1, changeAfter: 2 };
  const differs = await together(2, { mischief });
  expect(errors(differs)).toHaveLength(2);
  expect(errors(differs)[0]).toContain("step 4: rank 1 has other weights than rank 0");
  const mixed = await together(2, { mischief, mixedAdapters: true });
  expect(errors(mixed)).toEqual([]);
});

// The last one: a trainer that was asked to stop does not train any more.
test("any rank may ask all to stop, with a checkpoint", async () => {
  const stopped = await together(2, { mischief: { rank: 1, stopAfter: 1 } });
  for (const answer of stopped.answers) expect(answer).toMatchObject({ end: { kind: "stopped", step: 1 } });
  expect(stopped.answers[0].events.at(-1)).toMatchObject({ type: "snapshot", step: 1 });
});
