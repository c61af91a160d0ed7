/** NaN and infinities put into every named tensor of a small network while it trains, in this thread. */
import { type Config, tiny } from "../../../src/config";
import type { Batch } from "../../../src/data/batch";
import { random } from "../../../src/data/random";
import { NO_THREADS } from "../../../src/data/sample-pool";
import { syntheticFrameSet } from "../../../src/data/synthetic/frames";
import type { HandModel } from "../../../src/data/types";
import type { Gpu } from "../../../src/gpu/gpu";
import { ProcessGroup } from "../../../src/ranks/group";
import { createGroup } from "../../../src/ranks/group-memory";
import { prepareData } from "../../../src/train/data";
import type { StepRecord } from "../../../src/train/events";
import { evaluationTables } from "../../../src/train/gather";
import { createShadow, readSnapshotState, snapshotBytes } from "../../../src/train/snapshot";
import { Trainer } from "../../../src/train/trainer";

const VALUES = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY] as const;
/** Steps before the poison: moments and statistics are at work. */
const WARM_STEPS = 2;
/** All ranks come out of `run`, as in trainer.ts. */
const REFORM = 4;
/** Without `hasDepth`, a switch that reads as "no" when it is NaN; the loader refuses such a batch. */
const INPUTS = ["image", "depth", "focal", "hasMano", "joints2d", "joints3d", "pose", "shape"] as const;

type Place = "value" | "gradient" | "exp_avg" | "exp_avg_sq" | "input";

interface Poison {
  readonly place: Place;
  readonly name: string;
  readonly value: number;
  readonly size: number;
}

/** What poisons have come to. */
export interface PoisonCount {
  readonly adapter: string;
  tensors: number;
  tried: number;
  /** Refused in the same step, nothing changed, the tensor named. */
  found: number;
  /** Inputs that the network does not look at, such as the depth of a sample without depth: the step is bit by bit the healthy one. */
  unread: number;
  /** Weights, moments or statistics that hold more such numbers than were put in, or other bits than before. */
  poisoned: number;
  /** Runs of three refused steps that ended with weights and moments of the last snapshot, and the sentence. */
  rolledBack: number;
  rollBacks: number;
  readonly sentences: string[];
}

/** One micro-batch of two samples, no drop-path: a step is one replay. */
function smallConfig(): Config {
  const base = tiny();
  return {
    ...base,
    model: { ...base.model, height: 32, width: 32, dim: 16, depth: 1, heads: 2, gcn: [8, 8, 8] },
    data: { ...base.data, threads: 0, overfit: true },
    optim: { ...base.optim, batch: 2, microBatches: 1, warmupSteps: 0 },
    run: { ...base.run, steps: 1000, evaluateEvery: 1000, checkpointEvery: 1000, snapshotEvery: 1000 },
  };
}

type Bits = ReadonlyMap<string, Uint32Array>;

class Subject {
  readonly lines: string[] = [];
  record: StepRecord | undefined;
  /** What is done between the gradients and the update, and to the batch before the step. */
  beforeUpdate: () => void = () => undefined;
  spoilBatch: (batch: Batch) => Batch = (batch) => batch;
  #generations = 0;

  private constructor(readonly trainer: Trainer) {
    const { optimizer, parts } = trainer;
    const step = optimizer.step.bind(optimizer);
    optimizer.step = (rates) => {
      this.beforeUpdate();
      step(rates);
    };
    const batch = parts.train.batch.bind(parts.train);
    parts.train.batch = async (...where) => this.spoilBatch(await batch(...where));
  }

  static async create(gpu: Gpu, hand: HandModel): Promise<Subject> {
    const config = smallConfig();
    const frames = syntheticFrameSet(hand, { frames: 4, seed: 3 });
    const data = await prepareData(frames, config, NO_THREADS, () => undefined);
    let subject: Subject | undefined;
    const clock = { now: () => performance.now() };
    const trainer = await Trainer.create({
      ...{ ...data, name: "poison", config, gpu, hand, dataName: frames.name, clock },
      emit(event) {
        if (event.type === "log") subject?.lines.push(event.line);
        if (event.type === "step" && subject) subject.record = event.record;
      },
    });
    subject = new Subject(trainer);
    return subject;
  }

  /** Makes `count` steps alone. */
  async steps(count: number, shadow = createShadow(this.trainer.layout)): Promise<void> {
    const { trainer } = this;
    const { microBatches, buckets } = trainer;
    const tables = evaluationTables(trainer.parts.val.ids.length);
    const group = new ProcessGroup(
      0,
      createGroup({ worldSize: 1, microBatches, buckets, tables }, ++this.#generations),
    );
    const agree = group.agree.bind(group);
    let made = 0;
    group.agree = (bits) => agree(bits) | (made++ === count ? REFORM : 0);
    await trainer.run({ group, shadow, recordedStep: trainer.step });
  }

  /** All that a step may change. */
  async bits(): Promise<Bits> {
    const { store, optimizer } = this.trainer;
    const { m, v } = await optimizer.readMoments();
    const all = { value: await store.read(), exp_avg: m, exp_avg_sq: v };
    return new Map(
      Object.entries(all).flatMap(([place, tensors]) =>
        [...tensors].map(([name, values]) => [
          `${place} of ${name}`,
          new Uint32Array(values.buffer, values.byteOffset, values.length),
        ]),
      ),
    );
  }

  destroy(): void {
    this.trainer.endThreads();
    this.trainer.destroy();
  }
}

/** The first tensor that is another. */
function difference(one: Bits, other: Bits): string | undefined {
  for (const [name, bits] of one) {
    const found = other.get(name)!;
    if (bits.some((word, i) => word !== found[i])) return name;
  }
  return undefined;
}

/** Every tensor of the subject with every value. */
function allPoisons({ trainer }: Subject, batch: Batch): Poison[] {
  const trainable = trainer.store.parameters.filter((parameter) => parameter.trainable);
  const places: [Place, readonly { readonly name: string; readonly size: number }[]][] = [
    ["value", trainer.store.parameters],
    ["gradient", trainable],
    ["exp_avg", trainable],
    ["exp_avg_sq", trainable],
    ["input", INPUTS.map((name) => ({ name, size: batch[name].length }))],
  ];
  return places.flatMap(([place, tensors]) =>
    tensors.flatMap(({ name, size }) => VALUES.map((value) => ({ place, name, size, value }))),
  );
}

const poisoned = <T extends Float32Array>(values: T, at: number, value: number): T => {
  const copy = values.slice() as T;
  copy[at] = value;
  return copy;
};

/** Readies a poison; what it returns puts it in place, for inputs and gradients in every step that follows. */
async function ready(subject: Subject, { place, name, value, size }: Poison, seed: number): Promise<() => void> {
  const { store, optimizer, parts } = subject.trainer;
  const at = Math.floor(size * random(seed, `poison ${place}`, 0, name).uniform());
  if (place === "value") {
    const values = poisoned((await store.read()).get(name)!, at, value);
    return () => store.write(name, values);
  }
  if (place === "exp_avg" || place === "exp_avg_sq") {
    const { m, v } = await optimizer.readMoments();
    const changed = place === "exp_avg" ? m : v;
    const moments = new Map(changed).set(name, poisoned(changed.get(name)!, at, value));
    const all = place === "exp_avg" ? { m: moments, v } : { m, v: moments };
    return () => optimizer.writeMoments(all, optimizer.stepCount);
  }
  if (place === "gradient") {
    const bucket = store.buckets.find(({ entries }) => entries.some(({ parameter }) => parameter.name === name))!;
    const { offset } = bucket.entries.find(({ parameter }) => parameter.name === name)!;
    return () => {
      subject.beforeUpdate = () => parts.gpu.write(bucket.gradients!, 4 * (offset + at), Float32Array.of(value));
    };
  }
  return () => {
    subject.spoilBatch = (batch) => ({
      ...batch,
      [name]: poisoned(batch[name as (typeof INPUTS)[number]], at, value),
    });
  };
}

const isNamed = (lines: readonly string[], { place, name }: Poison): boolean =>
  // What is put into an input arrives in gradients and losses.
  lines.some((line) => line.includes("the step was not applied") && (place === "input" || line.includes(`"${name}"`)));

/**
 * Puts each value into each tensor, or into `most` of the pairs, evenly chosen, and makes a step; then into one tensor of each
 * place for three steps in a row.
 */
export async function poisonAll(
  gpu: Gpu,
  hand: HandModel,
  { seed, most = Number.POSITIVE_INFINITY }: { readonly seed: number; readonly most?: number },
  onProgress: (count: PoisonCount, all: number) => void = () => undefined,
): Promise<PoisonCount> {
  const subject = await Subject.create(gpu, hand);
  const { trainer } = subject;
  const count: PoisonCount = {
    ...{ adapter: gpu.label, tensors: 0, tried: 0, found: 0, unread: 0, poisoned: 0, rolledBack: 0, rollBacks: 0 },
    sentences: [],
  };
  try {
    await subject.steps(WARM_STEPS);
    const snapshot = new ArrayBuffer(snapshotBytes(trainer.layout));
    await trainer.capture(snapshot);
    const clean = await subject.bits();
    await subject.steps(1);
    const healthy = await subject.bits();
    if (difference(clean, healthy) === undefined) throw new Error("poison: a healthy step changed nothing");
    const all = allPoisons(subject, await trainer.parts.trainPlain.batch(0, 0));
    const stride = Math.max(1, all.length / most);
    const chosen = all.filter((_, i) => Math.floor(i / stride) !== Math.floor((i - 1) / stride));
    count.tensors = new Set(chosen.map(({ place, name }) => place + name)).size;
    const back = (): void => {
      trainer.restore(snapshot);
      subject.beforeUpdate = () => undefined;
      subject.spoilBatch = (batch) => batch;
      subject.lines.length = 0;
    };
    for (const poison of chosen) {
      back();
      const put = await ready(subject, poison, seed);
      put();
      const before = poison.place === "gradient" || poison.place === "input" ? clean : await subject.bits();
      await subject.steps(1);
      const after = await subject.bits();
      count.tried++;
      const who = `${poison.value} in the ${poison.place} of "${poison.name}"`;
      if (subject.record!.non_finite === 0 && poison.place === "input" && difference(healthy, after) === undefined)
        count.unread++;
      else if (subject.record!.non_finite === 0) count.sentences.push(`${who} was not found`);
      else if (!isNamed(subject.lines, poison))
        count.sentences.push(`${who} was not named: ${subject.lines.join("; ")}`);
      else count.found++;
      const changed = subject.record!.non_finite === 0 ? undefined : difference(before, after);
      const hasSpread = subject.record!.non_finite === 0 && difference(healthy, after) !== undefined;
      if (changed !== undefined || hasSpread) {
        count.poisoned++;
        count.sentences.push(`${who}: ${changed ?? "a weight"} is another after the step`);
      }
      onProgress(count, chosen.length);
    }
    for (const place of ["value", "gradient", "exp_avg", "exp_avg_sq", "input"] as const) {
      const poison = all.find((one) => one.place === place)!;
      back();
      const { step } = readSnapshotState(snapshot);
      let sentence = "";
      const put = await ready(subject, poison, seed);
      // Behind the snapshot that a run begins with.
      if (place === "input" || place === "gradient") put();
      else subject.beforeUpdate = put;
      count.rollBacks++;
      await subject.steps(5).catch((error: Error) => {
        sentence = `${error.name}: ${error.message}`;
      });
      const isBack = difference(clean, await subject.bits()) === undefined && trainer.step === step;
      const isTold = sentence.startsWith(
        `DivergedError: 3 steps in a row were refused; the weights are those of step ${step} again`,
      );
      if (isBack && isTold) count.rolledBack++;
      else count.sentences.push(`three refused steps by the ${place} of "${poison.name}" ended with "${sentence}"`);
    }
    return count;
  } finally {
    subject.destroy();
  }
}
